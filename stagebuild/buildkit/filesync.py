"""
Sending a folder: the build context, the Dockerfile's folder, named contexts.

The engine asks for a folder by name, with patterns. We tell it of every entry, parents first, names
within a folder in byte order; it compares with its copy from last time and requests, by the
entry's place in that list, the contents of what is new; it says when it has all it wants.

::

    engine                               here
      DiffCopy(dir-name, patterns)  →
                                    ←    STAT a/   STAT a/x   STAT b   …   STAT (none: the end)
      REQ 1                         →
                                    ←    DATA 1 …  DATA 1 (empty: its end)
      FIN                           →
                                    ←    FIN

One message a file each way is the cost of it, so the messages are put together by hand here, many
to a write, and nothing is kept but the paths that can still be requested.

What a folder's entries are is for the caller to know (``stagebuild.context``): this is how they are
told.

Source: tonistiigi/fsutil send.go, receive.go, validator.go; moby/buildkit session/filesync.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.packets import (
    ERROR,
    FINISH,
    NO_MORE_ENTRIES,
    REQUEST,
    data_packet,
    error_packet,
    finish_packet,
    read_packet,
    stat_packet,
)
from stagebuild.context.filestat import GO_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.buildkit.grpc import Metadata
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service
    from stagebuild.context.filestat import Stat

_CHUNK_BYTES = 256 << 10
_ENTRIES_AT_ONCE = 512
_READ_TRIES = 3


class Tree(Protocol):
    """A folder that can be sent."""

    def entries(
        self, *, excludes: Sequence[str], includes: Sequence[str], follow_paths: Sequence[str]
    ) -> Iterator[Stat]:
        """
        Give the entries that the patterns leave, without the root itself, parents first.

        Args:
            excludes: ``.dockerignore`` patterns.
            includes: Patterns of which one must match; empty for everything.
            follow_paths: Paths included besides, their symbolic links followed.

        Raises:
            OSError: An entry can't be read.
            ValueError: A pattern can't be read.
        """

    def open(self, path: bytes) -> int:
        """
        Return a file descriptor open for reading, which the caller closes.

        Raises:
            OSError: It can't be opened.
        """


class FileSync:
    """
    Folders by the names that a build asks for: ``context``, ``dockerfile``, named contexts.

    Args:
        trees: Folders by name.
    """

    def __init__(self, trees: Mapping[str, Tree]) -> None:
        self._trees = trees

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the one service."""
        del loop
        return {"/moby.filesync.v1.FileSync/DiffCopy": self._serve}

    def _serve(self, call: Served) -> None:
        options = decoded_options(call.metadata)
        name = (options.get("dir-name") or [""])[0]
        tree = self._trees.get(name)
        if tree is None:
            raise CallFailed(Status.NOT_FOUND, f'no access allowed to dir "{name}"')
        entries = tree.entries(
            excludes=options.get("exclude-patterns", ()),
            includes=options.get("include-patterns", ()),
            follow_paths=options.get("followpaths", ()),
        )
        sender = Sender(call, tree, entries)
        call.on_message = sender.on_message
        call.on_finished = sender.on_finished
        call.on_given_up = sender.close
        call.stream.producer = sender.produce


def decoded_options(metadata: Metadata) -> dict[str, list[str]]:
    """Return the request's metadata, URL-unescaped where ``<key>-encoded`` says so."""
    options = dict(metadata)
    for key in metadata:
        flag = metadata.get(f"{key}-encoded")
        if flag and flag[0].lower() in ("1", "t", "true"):
            from urllib.parse import unquote_plus  # noqa: PLC0415 - names beyond ASCII are rare

            values = metadata[key]
            options[key] = [unquote_plus(value, errors="surrogateescape") for value in values]
    return options


class Sender:
    """One transfer: a source of packets, which are made when the connection has room for them."""

    def __init__(self, call: Served, tree: Tree, entries: Iterator[Stat]) -> None:
        self._call = call
        self._tree = tree
        self._entries: Iterator[Stat] | None = entries
        self._count = 0
        self._files: dict[int, bytes] = {}
        self._wanted: deque[int] = deque()
        self._file: _OpenFile | None = None

    def on_message(self, data: bytes) -> None:
        """Take a packet of the engine's."""
        kind, number, words = read_packet(data)
        if kind == REQUEST:
            self._wanted.append(number)
            self._call.stream.producer = self.produce
        elif kind == FINISH:
            self._call.send_framed(finish_packet())
            self._call.end()
            self.close()
        elif kind == ERROR:
            self.close()
            raise CallFailed(Status.UNKNOWN, words.decode("utf-8", "replace"))

    def on_finished(self) -> None:
        """The engine has nothing more to say: without a FIN it gave up."""
        self.close()
        self._call.end(Status.CANCELED, "the transfer was given up")

    def close(self) -> None:
        """Let go of what is open."""
        self._call.stream.producer = None
        self._entries = None
        self._wanted.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def produce(self) -> None:
        """Send some more: entries first, since only the whole list lets the engine end."""
        out: list[bytes] = []
        try:
            if self._entries is not None:
                self._add_entries(self._entries, out)
            self._add_contents(out)
        except (OSError, ValueError, CallFailed) as error:
            words = _words(error)
            out.append(error_packet(words))
            self._call.send_framed(b"".join(out))
            self._call.end(Status.UNKNOWN, words)
            self.close()
            return
        self._call.send_framed(b"".join(out))
        if self._entries is None and not self._wanted and self._file is None:
            self._call.stream.producer = None

    def _add_entries(self, entries: Iterator[Stat], out: list[bytes]) -> None:
        files, number = self._files, self._count
        for entry in entries:
            if not entry.mode & GO_TYPE:
                files[number] = entry.path
            number += 1
            out.append(stat_packet(entry))
            if not number % _ENTRIES_AT_ONCE:
                self._count = number
                return
        self._count = number
        self._entries = None
        out.append(NO_MORE_ENTRIES)

    def _add_contents(self, out: list[bytes]) -> None:
        room = _CHUNK_BYTES
        while room > 0:
            if self._file is None:
                if not self._wanted:
                    return
                number = self._wanted.popleft()
                path = self._files.pop(number, None)
                if path is None:
                    raise CallFailed(Status.INVALID_ARGUMENT, f"invalid file id {number}")
                self._file = _OpenFile(self._tree, path, number)
            chunk = self._file.read()
            out.append(data_packet(self._file.number, chunk))
            room -= len(chunk) + 256
            if not chunk:
                self._file.close()
                self._file = None


class _OpenFile:
    """A file being sent, that must not change meanwhile."""

    def __init__(self, tree: Tree, path: bytes, number: int) -> None:
        self.number = number
        self._path = path
        self._descriptor = tree.open(path)
        self._before = os.fstat(self._descriptor)
        self._sent = 0

    def read(self) -> bytes:
        """
        Return the next chunk, empty at the end.

        A file of one chunk is read again when it changed meanwhile; a larger one can't be, since
        its beginning is sent.

        Raises:
            CallFailed: It changed while it was being sent.
        """
        for _ in range(_READ_TRIES):
            chunk = os.read(self._descriptor, _CHUNK_BYTES)
            at_end = not chunk or (self._sent == 0 and len(chunk) < _CHUNK_BYTES)
            if not at_end:
                break
            now = os.fstat(self._descriptor)
            if _same(self._before, now):
                break
            self._before = now
            if self._sent:
                raise self._changed()
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
        os.close(self._descriptor)


def _same(before: os.stat_result, now: os.stat_result) -> bool:
    return (before.st_mtime_ns, before.st_size) == (now.st_mtime_ns, now.st_size)


def _words(error: Exception) -> str:
    if isinstance(error, CallFailed):
        return error.message
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)
