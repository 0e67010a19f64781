"""
A folder of this machine as a tree that can be sent: the plain walk.

Include patterns and follow-paths are read as names and shell globs, which is what the engine asks
for when it fetches a Dockerfile or what a ``COPY`` names. The full pattern rules of a
``.dockerignore`` are not this room's subject; what needs them is refused, not guessed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.buildkit.packets import GO_DIRECTORY, GO_SYMLINK, Stat, go_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_GLOB = frozenset("*?[\\")


class Folder:
    """
    A folder.

    Args:
        root: Its path; a symbolic link is followed.
    """

    def __init__(self, root: str) -> None:
        self._root = os.fsencode(os.path.realpath(root))

    def entries(
        self, *, excludes: Sequence[str], includes: Sequence[str], follow_paths: Sequence[str]
    ) -> Iterator[Stat]:
        """
        Give the entries that are asked for.

        Raises:
            ValueError: A pattern needs more than names and globs.
            OSError: An entry can't be read.
        """
        for pattern in excludes:
            if pattern.startswith("!") or "**" in pattern:
                raise ValueError(f"the plain walk can't read the pattern {pattern!r}")
        drop = _matcher(excludes) if excludes else None
        wanted = [*includes, *follow_paths]
        take = _matcher(wanted) if wanted and not {"", ".", "/"} & set(wanted) else None
        walk = self._walk(b"", drop, {})
        return walk if take is None else _with_parents(walk, take)

    def open(self, path: bytes) -> int:
        """Return a file descriptor of a file; a symbolic link is not followed."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._root + b"/" + path, flags)

    def _walk(
        self, folder: bytes, drop: Callable[[bytes], bool] | None, links: dict[int, bytes]
    ) -> Iterator[Stat]:
        with os.scandir(self._root + b"/" + folder if folder else self._root) as listing:
            found = sorted(listing, key=lambda item: item.name)
        prefix = folder + b"/" if folder else b""
        for item in found:
            path = prefix + item.name
            if drop is not None and drop(path):
                continue
            yield read_stat(path, item.path, item.stat(follow_symlinks=False), links)
            if item.is_dir(follow_symlinks=False):
                yield from self._walk(path, drop, links)


def read_stat(path: bytes, full: bytes, found: os.stat_result, links: dict[int, bytes]) -> Stat:
    """
    Return the entry of a file.

    Args:
        path: Within the tree.
        full: On this machine.
        found: Its ``lstat``.
        links: Path by inode of files met before that have several names; added to.

    Raises:
        OSError: A symbolic link or the extended attributes can't be read.
    """
    mode = go_mode(found.st_mode)
    linkname = b""
    if mode & GO_SYMLINK:
        linkname = os.readlink(full)  # noqa: PTH115 - bytes, which Path has not
    elif found.st_nlink > 1 and not mode & GO_DIRECTORY:
        linkname = links.setdefault(found.st_ino, path)
        if linkname == path:
            linkname = b""
    names = os.listxattr(full, follow_symlinks=False)
    return Stat(
        path,
        mode,
        0 if mode & GO_DIRECTORY else found.st_size,
        found.st_mtime_ns,
        linkname,
        os.major(found.st_rdev) if found.st_rdev else 0,
        os.minor(found.st_rdev) if found.st_rdev else 0,
        {name: os.getxattr(full, name, follow_symlinks=False) for name in names} or None,
    )


def _matcher(patterns: Sequence[str]) -> Callable[[bytes], bool]:
    """Return whether a path or one of its parents is one of the patterns."""
    import fnmatch  # noqa: PLC0415 - only where there are patterns
    import re  # noqa: PLC0415

    parts = [fnmatch.translate(pattern.strip("/").removeprefix("./")) for pattern in patterns]
    whole = re.compile("|".join(f"(?:{part})" for part in parts))

    def matches(path: bytes) -> bool:
        text = os.fsdecode(path)
        while text:
            if whole.match(text):
                return True
            text = text.rpartition("/")[0]
        return False

    return matches


def _with_parents(walk: Iterator[Stat], take: Callable[[bytes], bool]) -> Iterator[Stat]:
    """Give the entries taken, and each folder above them once, before them."""
    above: list[Stat] = []
    for entry in walk:
        while above and not entry.path.startswith(above[-1].path + b"/"):
            above.pop()
        if take(entry.path):
            yield from (folder for folder in above if folder.path)
            above = [folder._replace(path=folder.path) for folder in above[:0]]
            yield entry
        elif entry.mode & GO_DIRECTORY:
            above.append(entry)
