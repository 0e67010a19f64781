"""Building with ``docker buildx build``: one child process per build."""

from stagebuild.backends.buildx.backend import BuildxBackend

__all__ = ["BuildxBackend"]
