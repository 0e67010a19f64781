"""Looking at an image in a registry, or in the engine's store by docker-py. Off the hot path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.backends.imagedocuments import history_of, stored_history
from stagebuild.backends.sdk.engineapi import api_client
from stagebuild.distribution.manifests import platform_manifests, platform_name
from stagebuild.errors import EngineUnavailable
from stagebuild.model.images import ImageFacts
from stagebuild.model.references import Reference
from stagebuild.model.values import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import SolveResponse
    from stagebuild.backends.sdk.dockerconfig import EngineHost
    from stagebuild.distribution import Repository


def facts_of_pushed(
    name: str, digest: Digest, look_up: Callable[[str], tuple[str, str]]
) -> ImageFacts | None:
    """Return what a registry knows of an image; None when it can't be had."""
    from stagebuild.distribution import Repository  # noqa: PLC0415 - imports urllib
    from stagebuild.distribution.errors import RegistryError  # noqa: PLC0415 - the same

    reference = Reference.parse(name)
    try:
        return _facts(Repository(reference.domain, reference.path, credentials=look_up), digest)
    except (RegistryError, OSError, ValueError, KeyError):
        return None


def _facts(repository: Repository, digest: Digest) -> ImageFacts | None:
    top = repository.manifest(digest)
    if top is None:
        return None
    by_platform = platform_manifests(top.document)
    first = next(iter(by_platform.values()), None)
    manifest = top if first is None else repository.manifest(first)
    if manifest is None:
        return None
    document = manifest.document
    config = repository.config(Digest.parse(document["config"]["digest"]))
    return ImageFacts(
        history=tuple(history_of(config, document.get("layers") or ())),
        compressed=True,
        platform_digests=by_platform or {platform_name(config): digest},
    )


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
    layers = (inspected.get("RootFS") or {}).get("Layers") or []
    named = {key.lower(): value for key, value in inspected.items()}
    is_manifest = response.digest is not None and not response.is_index
    return ImageFacts(
        history=tuple(stored_history(entries[::-1], layers)),
        compressed=False,
        platform_digests={platform_name(named): response.digest}
        if is_manifest and response.digest is not None
        else {},
    )
