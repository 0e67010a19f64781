"""Building with ``docker buildx build``: one child process per build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.backends.buildx.backend import BuildxBackend

__all__ = ["BuildxBackend"]

# Who only asks whether buildx is there pays for none of what runs it.
__getattr__ = names_from(__name__, {"BuildxBackend": "backend"})
