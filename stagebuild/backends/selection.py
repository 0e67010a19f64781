"""Which backend builds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.backends.base import Backend


def select_backend(*, environ: Mapping[str, str] | None = None) -> Backend:
    """
    Return the backend that builds when the caller names none.

    Args:
        environ: The process environment that it finds docker, the engine and secrets through;
            this process' own when not given.
    """
    # ruff: noqa: PLC0415 - their imports are needed only now
    from stagebuild.backends.buildx import BuildxBackend
    from stagebuild.backends.cachecare import CacheCaringBackend
    from stagebuild.backends.masking import MaskingBackend
    from stagebuild.backends.retrying import RetryingBackend
    from stagebuild.backends.timelimits import TimeLimitedBackend

    environ = os.environ if environ is None else environ
    masked = MaskingBackend(BuildxBackend(environ=environ), environ=environ)
    return TimeLimitedBackend(RetryingBackend(CacheCaringBackend(masked)))
