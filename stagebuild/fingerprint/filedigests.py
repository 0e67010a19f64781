"""
Digests of files, and of selections of them, kept from call to call.

What has not changed is not read again, and where nothing at all has, not even added up again.

A file counts as unchanged when its size, modification time, inode and change time are those that it
had when it was read. A file that was changed within the clock's granularity of being read could be
changed again without a trace, so what is that young is not kept: git's rule for racy entries.

Source: git's Documentation/technical/racy-git.txt.
"""

from __future__ import annotations

import marshal
import os
import stat as statmode
import time
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

_FORMAT = 3
_BEFORE_HEAD = Struct(">II")
"""The head's check sum and length in bytes."""

_YOUNG_NS = 2_000_000_000
"""A second is what coarse file systems tell apart; another one is for clocks that differ."""

_CHUNK_BYTES = 1 << 18
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

_MOST_SELECTIONS = 200

Facts = tuple[int, int, int, int]
"""Size, modification time, inode and change time."""

Kept = dict[bytes, tuple[int, int, int, int, bytes]]


class Selected(NamedTuple):
    """
    Digests of selections.

    Attributes:
        state: Of the whole folder when they were taken.
        digests: By what was selected.
    """

    state: bytes
    digests: dict[str, str]


class FileDigests:
    """
    Digests of the files of one folder.

    Args:
        root: The folder.
        path: Where digests are kept, or None to keep none.

    Attributes:
        root: As given.
        read: How many files were read.
    """

    def __init__(self, root: bytes, path: str | None) -> None:
        self.root = root
        self._path = path
        self._selected = Selected(b"", {}) if path is None else _load_selected(path, root)
        self._kept: Kept | None = None
        self._new: Kept = {}
        self._noted: Mapping[bytes, Facts] = {}
        self._state = b""
        self._is_new = False
        self.read = 0

    def note(self, facts: Mapping[bytes, Facts]) -> None:
        """
        Take over what a walk or a glance saw of every entry.

        From then on a file that was seen as it was kept is not looked at again, and selections are
        kept for this very state of the folder.
        """
        self._noted = facts
        # Version 2: later ones tell which values are one object, which is not the same every time.
        self._state = sha256(marshal.dumps(sorted(facts.items()), 2)).digest()

    @property
    def keeps_selections(self) -> bool:
        """Whether selections are kept of some state of the folder."""
        return bool(self._selected.state)

    @property
    def is_known(self) -> bool:
        """Whether the folder is in the state for which selections are kept."""
        return bool(self._state) and self._selected.state == self._state

    def selected(self, what: str) -> str | None:
        """Return the digest that a selection has in this state of the folder, or None."""
        return self._selected.digests.get(what) if self.is_known else None

    def keep_selected(self, what: str, digest: str) -> None:
        """Keep the digest of a selection for this state of the folder."""
        if not self.is_known:
            if not self._state or self._is_young():
                return
            self._selected = Selected(self._state, {})
        if len(self._selected.digests) < _MOST_SELECTIONS:
            self._selected.digests[what] = digest
            self._is_new = True

    def _is_young(self) -> bool:
        oldest_ns = time.time_ns() - _YOUNG_NS
        return any(
            mtime >= oldest_ns or ctime >= oldest_ns for _, mtime, _, ctime in self._noted.values()
        )

    def digest(self, path: bytes) -> bytes:
        """
        Return the SHA-256 of a regular file's content; a path within the folder.

        Raises:
            OSError: It can't be read.
        """
        if self._kept is None:
            self._kept = {} if self._path is None else _load_kept(self._path, self.root)
        kept = self._kept.get(path)
        if kept is not None and kept[:4] == self._noted.get(path):
            return kept[4]
        full = self.root + b"/" + path
        found = os.lstat(full)
        facts = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
        if kept is not None and kept[:4] == facts:
            return kept[4]
        digest = _read(full, found)
        self.read += 1
        youngest_ns = max(found.st_mtime_ns, found.st_ctime_ns)
        after = os.lstat(full)
        same = (after.st_size, after.st_mtime_ns, after.st_ino, after.st_ctime_ns) == facts
        if same and youngest_ns < time.time_ns() - _YOUNG_NS:
            self._new[path] = (*facts, digest)
        return digest

    def save(self) -> None:
        """Keep what was read. A file that can't be written is passed over: it costs time alone."""
        if self._path is None or not (self._new or self._is_new):
            return
        temporary = f"{self._path}.{os.getpid()}"
        kept = _load_kept(self._path, self.root) if self._kept is None else self._kept
        files = marshal.dumps(kept | self._new)
        head = marshal.dumps((_FORMAT, self.root, tuple(self._selected), crc32(files)))
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - pathlib is not loaded on this path
            with open(temporary, "wb") as file:  # noqa: PTH123 - as above
                file.write(_BEFORE_HEAD.pack(crc32(head), len(head)) + head + files)
            os.replace(temporary, self._path)  # noqa: PTH105 - as above
        except OSError:
            return
        self._kept, self._new, self._is_new = kept | self._new, {}, False


def digests_path(root: bytes, environ: Mapping[str, str]) -> str:
    """Return where the digests of a folder's files are kept, in the user's cache folder."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - as above
    folder = environ.get("XDG_CACHE_HOME") or f"{home}/.cache"
    return f"{folder}/stagebuild/files/{crc32(root):08x}{crc32(root[::-1]):08x}"


def _read(full: bytes, found: os.stat_result) -> bytes:
    if not statmode.S_ISREG(found.st_mode) or not found.st_size:
        return sha256(b"").digest()
    digest = sha256()
    descriptor = os.open(full, _FLAGS)
    try:
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return digest.digest()


def _load_selected(path: str, root: bytes) -> Selected:
    """Return what was kept of selections; nothing when the file is of no use."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            found = _head(file, root)
    except OSError:
        return Selected(b"", {})
    return Selected(b"", {}) if found is None else found[0]


def _load_kept(path: str, root: bytes) -> Kept:
    """Return what was kept of files, which takes a while for many; nothing as above."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            found = _head(file, root)
            files = file.read()
    except OSError:
        return {}
    if found is None or crc32(files) != found[1]:
        return {}
    kept: Kept = marshal.loads(files)  # noqa: S302 - our own file, checked above
    return kept


def _head(file: BinaryIO, root: bytes) -> tuple[Selected, int] | None:
    """Return the selections and the files' check sum; None if damaged or of another folder."""
    start = file.read(_BEFORE_HEAD.size)
    if len(start) < _BEFORE_HEAD.size:
        return None
    checked, length = _BEFORE_HEAD.unpack(start)
    head = file.read(length)
    if crc32(head) != checked:
        return None
    try:
        found = marshal.loads(head)  # noqa: S302 - our own file, checked above
    except (ValueError, TypeError, EOFError):
        return None
    if not isinstance(found, tuple) or found[:2] != (_FORMAT, root):
        return None
    return Selected(*found[2]), found[3]
