"""
Looking at an image that was built: in the registry if it was pushed, else in the image store.

Off the hot path: takes two or three processes, so 0.2 s and more.

Sources: docker/buildx commands/imagetools/inspect.go; docker/cli command/image/history.go.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stagebuild.backends.imagedocuments import history_of, stored_history
from stagebuild.distribution.manifests import platform_manifests, platform_name
from stagebuild.model.images import ImageFacts
from stagebuild.model.references import Reference
from stagebuild.model.values import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.base import SolveResponse
    from stagebuild.planning.spec import BuildSpec

Ask = Callable[[Sequence[str]], bytes | None]
"""Runs a program and returns its output; None when it failed."""

_ASK_S = 60.0


def asking(environ: Mapping[str, str]) -> Ask:
    """Return what asks programs in the environment given."""

    def ask(argv: Sequence[str]) -> bytes | None:
        try:
            done = subprocess.run(
                argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_ASK_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    return ask


def facts_of_built(
    spec: BuildSpec, response: SolveResponse, *, docker: str, command: Sequence[str], ask: Ask
) -> ImageFacts | None:
    """
    Return what the image of a build says of itself; None when there is none to be seen.

    Args:
        spec: What was built.
        response: What the engine answered.
        docker: The docker command.
        command: What runs buildx.
        ask: Runs programs.
    """
    named = spec.tags[0] if spec.tags else spec.repository
    pushed = spec.push or any(output.pushes for output in spec.outputs)
    if pushed and response.digest is not None and named is not None:
        reference = f"{Reference.parse(named).familiar_name}@{response.digest}"
        return facts_of_pushed(reference, command=command, ask=ask)
    stored = response.digest or response.image_id
    if stored is None:
        return None
    manifest = None if response.is_index else response.digest
    return facts_of_stored(stored, manifest, docker=docker, ask=ask)


def facts_of_pushed(reference: str, *, command: Sequence[str], ask: Ask) -> ImageFacts | None:
    """
    Return what a registry's image says of itself; None when it can't be had.

    Args:
        reference: ``repository@sha256:…``.
        command: What runs buildx.
        ask: Runs programs.
    """
    inspect = (*command, "imagetools", "inspect")
    top = _json(ask((*inspect, "--raw", reference)))
    if top is None:
        return None
    repository, _, digest = reference.rpartition("@")
    by_platform = platform_manifests(top)
    manifest, first = top, reference
    if by_platform:
        first = f"{repository}@{next(iter(by_platform.values()))}"
        manifest = _json(ask((*inspect, "--raw", first))) or {}
    config = _json(ask((*inspect, "--format", "{{json .Image}}", first)))
    if config is None:
        return None
    if not by_platform:
        by_platform = {platform_name(config): Digest(digest)}
    return ImageFacts(
        history=tuple(history_of(config, manifest.get("layers") or ())),
        compressed=True,
        platform_digests=by_platform,
    )


def facts_of_stored(
    image: str, digest: Digest | None, *, docker: str, ask: Ask
) -> ImageFacts | None:
    """
    Return what the image store knows of an image; None when it has none such.

    Args:
        image: Its ID, digest or tag.
        digest: Of its manifest, or None where the store has no manifests or it is of an index.
        docker: The docker command.
        ask: Runs programs.
    """
    inspected = _json(ask((docker, "image", "inspect", "--format", "{{json .}}", image)))
    said = ask((docker, "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image))
    if inspected is None or said is None:
        return None
    entries = [json.loads(line) for line in said.splitlines() if line.strip()]
    layers = (inspected.get("RootFS") or {}).get("Layers") or []
    named = {"os": inspected.get("Os"), **{k.lower(): v for k, v in inspected.items()}}
    return ImageFacts(
        history=tuple(stored_history(entries[::-1], layers)),
        compressed=False,
        platform_digests={} if digest is None else {platform_name(named): digest},
    )


def _json(content: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(content or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
