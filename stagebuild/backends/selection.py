"""Which backend builds, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.cachecare import CacheCaringBackend
from stagebuild.backends.masking import MaskingBackend
from stagebuild.backends.requirements import stores_images
from stagebuild.backends.retrying import RetryingBackend
from stagebuild.backends.timelimits import TimeLimitedBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.backends.base import Backend
    from stagebuild.planning.spec import BuildSpec

BACKENDS = ("auto", "sdk", "buildx")
"""What can be asked for."""


class Selected(NamedTuple):
    """
    A backend, and why it is this one.

    Attributes:
        backend: What builds.
        reason: Half a sentence for people.
    """

    backend: Backend
    reason: str


def select_backend(
    name: str = "auto",
    *,
    environ: Mapping[str, str] | None = None,
    specs: Iterable[BuildSpec] = (),
) -> Selected:
    """
    Return the backend called ``name``; connects to nothing.

    What it builds is cleaned of secrets, tried again where that may help, and ended in time.

    ``auto`` is buildx where it is installed, and the engine's own protocol where it is not, or
    where images are to be reproducible and no builder is named: buildx can't have that of the
    engine's own BuildKit.

    Args:
        name: One of BACKENDS.
        environ: The process environment that it finds docker, the engine and secrets through;
            this process' own when not given.
        specs: What is to be built, as far as it is known.

    Raises:
        ValueError: There is no such backend.
    """
    environ = os.environ if environ is None else environ
    if name not in BACKENDS:
        raise ValueError(f'no backend "{name}"; there are: {", ".join(BACKENDS)}')
    reason = "it was asked for"
    if name == "auto":
        from stagebuild.backends.buildx.discovery import has_buildx

        name = "buildx" if has_buildx("docker", environ) else "sdk"
        reason = "it is installed" if name == "buildx" else "there is no docker buildx"
        if name == "buildx" and _in_engine_alone(specs, environ):
            name, reason = "sdk", "images are to be reproducible, in the engine's own store"
    masked = MaskingBackend(_backend(name, environ), environ=environ)
    return Selected(TimeLimitedBackend(RetryingBackend(CacheCaringBackend(masked))), reason)


def _in_engine_alone(specs: Iterable[BuildSpec], environ: Mapping[str, str]) -> bool:
    """Say whether a reproducible image is asked of the engine, and nothing of another builder."""
    wanted = list(specs)
    named = environ.get("BUILDX_BUILDER") or any(spec.builder for spec in wanted)
    return not named and any(spec.reproducible and stores_images(spec) for spec in wanted)


def _backend(name: str, environ: Mapping[str, str]) -> Backend:
    # ruff: noqa: PLC0415 - one of them is needed
    if name == "sdk":
        from stagebuild.backends.sdk import SdkBackend

        return SdkBackend(environ=environ)
    from stagebuild.backends.buildx import BuildxBackend

    return BuildxBackend(environ=environ)
