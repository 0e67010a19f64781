"""Images in a registry. Source: the OCI distribution specification, pull."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from stagebuild.distribution.errors import RegistryError
from stagebuild.errors import ImageUnreadable
from stagebuild.model import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.distribution import Repository

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
        try:
            found = self._repository.manifest(digest)
            document = None if found is None else found.document
        except (RegistryError, OSError, ValueError) as error:
            raise _not_given(digest, error) from error
        if document is None:
            raise ImageUnreadable(f"the registry has no {digest}")
        return document

    def config(self, digest: str) -> dict[str, Any]:
        """Return a configuration."""
        try:
            return self._repository.config(Digest.parse(digest))
        except (RegistryError, OSError, ValueError) as error:
            raise _not_given(digest, error) from error

    @contextlib.contextmanager
    def open(self, digest: str) -> Iterator[Iterator[bytes]]:
        """Give a layer in pieces."""
        try:
            with self._repository.blob(Digest.parse(digest)) as content:
                yield iter(lambda: content.read(_PIECE_BYTES), b"")
        except (RegistryError, OSError) as error:
            raise _not_given(digest, error) from error


def _not_given(digest: str, error: Exception) -> ImageUnreadable:
    reason = error.message if isinstance(error, RegistryError) else error
    return ImageUnreadable(f"the registry did not give {digest}: {reason}")
