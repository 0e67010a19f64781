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
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from stagebuild.buildkit.errors import CallFailed, Status
from stagebuild.buildkit.packets import (
    ERROR,
    FINISH,
    NO_MORE_ENTRIES,
    REQUEST,
    content_end,
    content_parts,
    error_packet,
    finish_packet,
    read_packet,
    stat_packet,
)
from stagebuild.buildkit.sentfile import CHUNK_BYTES, SentFile
from stagebuild.buildkit.session import FILE_SYNC
from stagebuild.context.filestat import GO_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.buildkit.grpc import Metadata
    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service
    from stagebuild.context.filestat import Stat

_ENTRIES_AT_ONCE = 512
_ENTRIES_BESIDE_CONTENTS = 16
_FILE_COST_BYTES = 256  # what a file takes besides its content, about


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
        return {FILE_SYNC: self._serve}

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
        self._file: SentFile | None = None
        self._number = 0  # of the file

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
        """
        Send some more.

        With a context that the engine has not seen it has two things to do, which it does side by
        side as long as it has both: to make the files that the entries tell of, 128 of which may
        wait, and to fill them. So there come as many entries as contents.
        """
        out: list[bytes | memoryview] = []
        try:
            ended = self._add_contents(out)
            if self._entries is not None:
                beside = max(ended, _ENTRIES_BESIDE_CONTENTS)
                self._add_entries(self._entries, out, most=beside if out else _ENTRIES_AT_ONCE)
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

    def _add_entries(
        self, entries: Iterator[Stat], out: list[bytes | memoryview], *, most: int
    ) -> None:
        files, number = self._files, self._count
        for entry in islice(entries, most):
            if not entry.mode & GO_TYPE:
                files[number] = entry.path
            number += 1
            out.append(stat_packet(entry))
        if number - self._count < most:
            self._entries = None
            out.append(NO_MORE_ENTRIES)
        self._count = number

    def _add_contents(self, out: list[bytes | memoryview]) -> int:
        """Add some contents that were requested; return how many files ended with it."""
        ended = 0
        room = CHUNK_BYTES
        while room > 0:
            if self._file is None:
                if not self._wanted:
                    break
                self._number = self._wanted.popleft()
                path = self._files.pop(self._number, None)
                if path is None:
                    raise CallFailed(Status.INVALID_ARGUMENT, f"invalid file id {self._number}")
                self._file = SentFile(self._tree, path)
            chunk = self._file.read()
            out += content_parts(self._number, chunk)
            room -= len(chunk) + _FILE_COST_BYTES
            if self._file.at_end:
                out.append(content_end(self._number))
                self._file.close()
                self._file = None
                ended += 1
        return ended


def _words(error: Exception) -> str:
    if isinstance(error, CallFailed):
        return error.message
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)
