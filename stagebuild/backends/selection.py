"""Which backend builds, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.cachecare import CacheCaringBackend
from stagebuild.backends.masking import MaskingBackend
from stagebuild.backends.onlybuildx import reason_for_buildx
from stagebuild.backends.retrying import RetryingBackend
from stagebuild.backends.timelimits import TimeLimitedBackend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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

    ``auto`` is the engine's own protocol, which is the fastest, unless a build is for one of
    buildx's builders or asks for what only buildx does, and buildx is installed.

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
        name, reason = _fastest(tuple(specs), environ)
    masked = MaskingBackend(_backend(name, environ), environ=environ)
    return Selected(TimeLimitedBackend(RetryingBackend(CacheCaringBackend(masked))), reason)


def _fastest(specs: Sequence[BuildSpec], environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the fastest backend that has all that is asked for, and why it is that."""
    reason = reason_for_buildx(specs, environ)
    if reason is None:
        return "sdk", "it is the fastest, and has all that is asked for"
    from stagebuild.backends.buildx.discovery import has_buildx

    if has_buildx("docker", environ):
        return "buildx", reason
    return "sdk", "there is no docker buildx"


def _backend(name: str, environ: Mapping[str, str]) -> Backend:
    # ruff: noqa: PLC0415 - one of them is needed
    if name == "sdk":
        from stagebuild.backends.sdk import SdkBackend

        return SdkBackend(environ=environ)
    from stagebuild.backends.buildx import BuildxBackend

    return BuildxBackend(environ=environ)
