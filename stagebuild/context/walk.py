"""
A folder, walked: every entry that patterns leave, parents first, names in byte order.

That order is part of BuildKit's protocol. A folder that is not meant itself, but has something in
it that is, comes just before the first such entry.

Source: tonistiigi/fsutil fs.go, filter.go, stat.go, stat_unix.go.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.context.filestat import (
    GO_DEVICE,
    GO_DIRECTORY,
    GO_MODES,
    GO_SYMLINK,
    GO_TYPE,
    Stat,
    go_mode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.context.patterns import Patterns

    Entry = os.DirEntry[bytes]
    Links = dict[tuple[int, int], bytes]
    Noted = dict[bytes, tuple[int, int, int, int]]

GONE = (errno.ENOENT, errno.ENOTDIR)
_listxattr = os.listxattr
_HIDDEN_XATTRS = "com.apple."


def walk(
    root: bytes,
    *,
    excludes: Patterns | None = None,
    includes: Patterns | None = None,
    noted: Noted | None = None,
) -> Iterator[Stat]:
    """
    Give the entries of a folder, without the folder itself.

    What vanishes meanwhile is left out. The time is that of the system calls, one ``lstat`` and
    one ``listxattr`` a file: a folder in which no pattern can match is not entered.

    Args:
        root: The folder.
        excludes: What to leave out.
        includes: What to give; None for everything.
        noted: Gets, of every entry, what tells its state from another: size, modification time,
            inode and change time.

    Raises:
        OSError: Something that is wanted can't be read; ``filename`` tells what.
        BadPattern: A pattern means nothing to the engine.
    """
    if excludes is None and includes is None:
        return _everything(root, noted)
    return _selected(root, PatternPair(excludes, includes), noted)


def _everything(root: bytes, noted: Noted | None) -> Iterator[Stat]:
    """Give everything, with as few calls for an entry as there can be."""
    start = start_of_paths(root)
    links: Links = {}
    waiting = _last_first(listed(root))
    while waiting:
        item = waiting.pop()
        entry = _stat(item, item.path[start:], links, noted)
        if entry is not None:
            yield entry
            if entry.mode & GO_DIRECTORY:
                waiting += _last_first(listed(item.path))


class PatternPair:
    """Exclude and include patterns together; their bits make one value, a pair."""

    def __init__(self, excludes: Patterns | None, includes: Patterns | None) -> None:
        self._excludes = excludes
        self._includes = includes

    def judge(
        self, path: bytes, bits: tuple[int, int], *, is_folder: bool
    ) -> tuple[bool, bool, tuple[int, int]]:
        """
        Return what to do with an entry.

        Args:
            path: Of the entry.
            bits: Of the folder that it is in.
            is_folder: Whether it is a folder itself.

        Returns:
            Whether it is wanted, whether something in it may be, and its bits.
        """
        excluded, included = bits
        wanted, entered = True, is_folder
        if self._includes is not None:
            wanted, included = self._includes.match_in(path, included)
            entered = is_folder and (wanted or self._includes.may_match_below(path))
        if self._excludes is not None and (wanted or entered):
            left_out, excluded = self._excludes.match_in(path, excluded)
            if left_out:
                wanted = False
                entered = entered and self._excludes.may_match_below(path, exceptions=True)
        return wanted, entered, (excluded, included)


class _Level(NamedTuple):
    """
    A folder being walked.

    Attributes:
        items: What is left of it, the next one last.
        bits: What the patterns know of it.
        unsent: Its entry if that is given only when something in it is.
    """

    items: list[Entry]
    bits: tuple[int, int]
    unsent: Stat | None


def _selected(root: bytes, pair: PatternPair, noted: Noted | None) -> Iterator[Stat]:
    start = start_of_paths(root)
    links: Links = {}
    unsent: list[Stat] = []
    levels = [_Level(_last_first(listed(root)), (0, 0), None)]
    while levels:
        items, bits, held = levels[-1]
        if not items:
            levels.pop()
            if unsent and unsent[-1] is held:
                unsent.pop()
            continue
        item = items.pop()
        path = item.path[start:]
        is_folder = item.is_dir(follow_symlinks=False)
        wanted, entered, bits = pair.judge(path, bits, is_folder=is_folder)
        entry = _stat(item, path, links, noted) if wanted or entered else None
        if entry is None:
            continue
        if wanted:
            yield from unsent
            unsent.clear()
            yield entry
        else:
            unsent.append(entry)
        if entered:
            below = listed(item.path, may_be_closed=not wanted)
            levels.append(_Level(_last_first(below), bits, None if wanted else entry))


def start_of_paths(root: bytes) -> int:
    """Return where in an entry's full path the path within the tree begins."""
    return len(root) if root.endswith(b"/") else len(root) + 1


def listed(folder: bytes, *, may_be_closed: bool = False) -> list[Entry]:
    """
    Return what is in a folder, in no order; nothing if the folder is gone.

    Args:
        folder: Its path.
        may_be_closed: Whether a folder that can't be listed is taken for an empty one.
    """
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except OSError as error:
        if error.errno in GONE or (may_be_closed and error.errno == errno.EACCES):
            return []
        raise


def _last_first(entries: list[Entry]) -> list[Entry]:
    entries.sort(key=_name, reverse=True)
    return entries


_name = attrgetter("name")


def _stat(item: Entry, path: bytes, links: Links, noted: Noted | None) -> Stat | None:
    """
    Return an entry, or None if it is gone.

    Args:
        item: As listed.
        path: Within the tree.
        links: Paths of files met before that have several names; added to.
        noted: As for ``walk``.
    """
    full = item.path
    try:
        found = item.stat(follow_symlinks=False)
        names = _listxattr(full, follow_symlinks=False)
    except OSError as error:
        if error.errno in GONE:
            return None
        if error.errno != errno.ENOTSUP:  # only listxattr says that
            raise
        names = []
    if noted is not None:
        noted[path] = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
    mode = GO_MODES.get(found.st_mode) or go_mode(found.st_mode)
    if not (mode & GO_TYPE or names) and found.st_nlink == 1:
        return Stat(path, mode, found.st_size, found.st_mtime_ns)
    linkname = b""
    if mode & GO_SYMLINK:
        try:
            linkname = os.readlink(full)  # noqa: PTH115 - bytes, which Path has not
        except FileNotFoundError:
            return None
    elif found.st_nlink > 1 and not mode & GO_DIRECTORY:
        first = links.setdefault((found.st_dev, found.st_ino), path)
        linkname = first if first != path else b""
    device = found.st_rdev if mode & GO_DEVICE else 0
    return Stat(
        path,
        mode,
        0 if mode & GO_DIRECTORY else found.st_size,
        found.st_mtime_ns,
        linkname,
        os.major(device),
        os.minor(device),
        _xattrs(full, names) if names else None,
    )


def _xattrs(full: bytes, names: list[str]) -> dict[str, bytes] | None:
    """Return extended attributes; one that can't be read is left out, as fsutil does."""
    found: dict[str, bytes] = {}
    for name in names:
        if not name.startswith(_HIDDEN_XATTRS):
            with suppress(OSError):
                found[name] = os.getxattr(full, name, follow_symlinks=False)
    return found or None
