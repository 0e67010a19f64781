"""A file while its content is sent: it must be one content, not the half of one and of another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import CallFailed, Status

if TYPE_CHECKING:
    from stagebuild.buildkit.filesync import Tree

CHUNK_BYTES = 256 << 10
_READ_TRIES = 3


class SentFile:
    """
    A file being sent, that must not change meanwhile.

    Args:
        tree: Where it is.
        path: Within the tree.

    Raises:
        OSError: It can't be opened.

    Attributes:
        at_end: Whether nothing follows what was read.
    """

    def __init__(self, tree: Tree, path: bytes) -> None:
        self.at_end = False
        self._path = path
        self._descriptor = tree.open(path)
        self._before = os.fstat(self._descriptor)
        self._sent = 0

    def read(self) -> bytes:
        """
        Return the next chunk; empty at the end, unless that was known before.

        A file of one chunk is read again when it changed meanwhile; a larger one can't be, since
        its beginning is sent.

        Raises:
            CallFailed: It changed while it was being sent.
        """
        for _ in range(_READ_TRIES):
            chunk = os.read(self._descriptor, CHUNK_BYTES)
            if len(chunk) == CHUNK_BYTES:
                break
            now = os.fstat(self._descriptor)
            if _same(self._before, now):
                self.at_end = not chunk or self._sent + len(chunk) == now.st_size
                break
            if self._sent:
                raise self._changed()
            self._before = now
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        else:
            raise self._changed()
        self._sent += len(chunk)
        return chunk

    def _changed(self) -> CallFailed:
        shown = os.fsdecode(self._path)
        return CallFailed(
            Status.ABORTED,
            f"{shown} changed while it was being sent; "
            "name it in .dockerignore, or build when nothing writes to it",
        )

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def _same(before: os.stat_result, now: os.stat_result) -> bool:
    return (before.st_mtime_ns, before.st_size) == (now.st_mtime_ns, now.st_size)
