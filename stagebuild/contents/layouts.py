"""Images in an OCI layout, a folder. Source: the OCI image specification, image-layout.md."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from stagebuild.contents.manifests import json_object
from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE_BYTES = 256 << 10


class LayoutBlobs:
    """
    The blobs of a layout.

    Args:
        folder: Of the layout.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def top(self) -> str:
        """
        Return the digest of the layout's only image.

        Raises:
            ImageUnreadable: It has none, or several.
        """
        index = json_object(self._read(f"{self._folder}/index.json"), "the layout's index")
        digests = {str(entry.get("digest")) for entry in index.get("manifests") or ()}
        if len(digests) != 1:
            raise ImageUnreadable(f"{self._folder}: a layout with {len(digests)} images, not one")
        return digests.pop()

    def manifest(self, digest: str) -> dict[str, Any]:
        """Return a manifest or an index."""
        return json_object(self._read(self._path(digest)), digest)

    config = manifest

    @contextlib.contextmanager
    def open(self, digest: str) -> Iterator[Iterator[bytes]]:
        """Give a layer in pieces."""
        path = self._path(digest)
        try:
            file = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115 - pathlib is not loaded on this path
        except OSError as error:
            raise ImageUnreadable(f"{path}: {error.strerror}") from error
        with file:
            yield iter(lambda: file.read(_PIECE_BYTES), b"")

    def _path(self, digest: str) -> str:
        algorithm, _, encoded = digest.partition(":")
        return f"{self._folder}/blobs/{algorithm}/{encoded}"

    def _read(self, path: str) -> bytes:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - as above
                return file.read()
        except OSError as error:
            raise ImageUnreadable(f"{path}: {error.strerror}") from error
