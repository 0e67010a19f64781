"""Images in a registry. Source: the OCI distribution specification, pull."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.backends.sdk.registryview import Repository

_PIECE_BYTES = 256 << 10


class RegistryBlobs:
    """
    The blobs of a repository.

    Args:
        repository: Of a registry.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def manifest(self, digest: str) -> dict[str, Any]:
        """Return a manifest or an index; a tag will do, too."""
        return self._document(f"manifests/{digest}")

    def config(self, digest: str) -> dict[str, Any]:
        """Return a configuration."""
        return self._document(f"blobs/{digest}")

    @contextlib.contextmanager
    def open(self, digest: str) -> Iterator[Iterator[bytes]]:
        """Give a layer in pieces."""
        try:
            with self._repository.open(f"blobs/{digest}") as answer:
                yield iter(lambda: answer.read(_PIECE_BYTES), b"")
        except (URLError, OSError) as error:
            raise ImageUnreadable(f"the registry did not give {digest}: {error}") from error

    def _document(self, path: str) -> dict[str, Any]:
        try:
            return self._repository.document(path)
        except (URLError, OSError, ValueError, KeyError) as error:
            raise ImageUnreadable(f"the registry did not give {path}: {error}") from error
