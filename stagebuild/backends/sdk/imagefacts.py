"""Looking at an image in the engine's store, by docker-py. Off the hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.backends.sdk.engineapi import api_client
from stagebuild.errors import EngineUnavailable
from stagebuild.model.images import HistoryEntry, ImageFacts
from stagebuild.model.references import Reference
from stagebuild.model.values import Platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import SolveResponse
    from stagebuild.backends.sdk.dockerconfig import EngineHost
    from stagebuild.model import Digest


def facts_of_pushed(
    name: str, digest: Digest, look_up: Callable[[str], tuple[str, str]]
) -> ImageFacts | None:
    """Return what a registry knows of an image; None when it can't be had."""
    from stagebuild.backends.sdk.registryview import Repository  # noqa: PLC0415 - imports urllib

    reference = Reference.parse(name)
    repository = f"{reference.domain}/{reference.path}"
    return Repository(repository, look_up(reference.domain)).facts(digest)


def facts_of_stored(engine: EngineHost, response: SolveResponse) -> ImageFacts | None:
    """Return what the image store knows of a build's image; None when it has none such."""
    stored = response.digest or response.image_id
    if stored is None:
        return None
    from docker.errors import DockerException  # noqa: PLC0415 - 150 ms, see the package

    try:
        client = api_client(engine)
    except EngineUnavailable:
        return None
    try:
        inspected = client.inspect_image(stored)  # type: ignore[no-untyped-call]  # no types there
        entries = client.history(stored)  # type: ignore[no-untyped-call]
    except DockerException:
        return None
    finally:
        client.close()
    layers = iter((inspected.get("RootFS") or {}).get("Layers") or ())
    history = []
    for entry in reversed(entries):
        size = int(entry.get("Size") or 0)
        text = str(entry.get("CreatedBy") or "")
        has_layer = size > 0 or text.startswith(("RUN ", "COPY ", "ADD ", "WORKDIR "))
        history.append(
            HistoryEntry(
                created_by=text,
                size_bytes=size if has_layer else None,
                digest=next(layers, None) if has_layer else None,
            )
        )
    parts = (inspected.get("Os"), inspected.get("Architecture"), inspected.get("Variant"))
    platform = "/".join(part for part in parts if part)
    is_manifest = response.digest is not None and not response.is_index
    return ImageFacts(
        history=tuple(history),
        compressed=False,
        platform_digests={str(Platform.parse(platform)): response.digest}
        if is_manifest and response.digest is not None
        else {},
    )
