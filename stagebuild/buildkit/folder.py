"""
A folder of this machine as a tree that can be sent: the plain walk.

Include patterns and follow-paths are read as names and shell globs, which is what the engine asks
for when it fetches a Dockerfile or what a ``COPY`` names. The full pattern rules of a
``.dockerignore`` are not this room's subject; what needs them is refused, not guessed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.buildkit.packets import GO_DEVICE, GO_DIRECTORY, GO_SYMLINK, GO_TYPE, Stat, go_mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GLOB = frozenset(b"*?[\\")


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
        for pattern in (*excludes, *includes):
            if pattern.startswith("!") or "**" in pattern:
                raise ValueError(f"the plain walk can't read the pattern {pattern!r}")
        wanted = [*includes, *self._followed(follow_paths)]
        if not excludes and (not wanted or {"", ".", "/"} & set(wanted)):
            return self._walk({})
        drop = _Names(excludes)
        take = _Names(wanted) if wanted else None
        return self._walk_some(b"", drop, take, {}, [])

    def open(self, path: bytes) -> int:
        """Return a file descriptor of a file; a symbolic link is not followed."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._root + b"/" + path, flags)

    def _followed(self, paths: Sequence[str]) -> list[str]:
        """Return paths, and where the symbolic links in them lead to within the folder."""
        found: list[str] = []
        waiting = [path.strip("/") for path in paths]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            found.append(path)
            parts = path.split("/")
            for count in range(1, len(parts) + 1):
                target = self._link_target(parts[:count])
                if target is not None:
                    waiting.append("/".join([target, *parts[count:]]).strip("/"))
                    break
        return found

    def _link_target(self, parts: Sequence[str]) -> str | None:
        """Return where a symbolic link leads to, as a path within the folder; None for others."""
        full = os.path.join(self._root, *map(os.fsencode, parts))  # noqa: PTH118 - bytes
        try:
            target = os.fsdecode(os.readlink(full))  # noqa: PTH115 - bytes
        except OSError:
            return None
        above = "/" if target.startswith("/") else "/" + "/".join(parts[:-1])
        return os.path.normpath(f"{above}/{target}").strip("/")

    def _listed(self, folder: bytes) -> list[os.DirEntry[bytes]]:
        with os.scandir(self._root + b"/" + folder if folder else self._root) as listing:
            return sorted(listing, key=_name, reverse=True)

    def _walk(self, links: dict[int, bytes]) -> Iterator[Stat]:
        """Give everything, without a call for each level of folders: that would double the time."""
        start = len(self._root) + 1
        waiting = self._listed(b"")
        while waiting:
            item = waiting.pop()
            full = item.path
            entry = read_stat(full[start:], full, item.stat(follow_symlinks=False), links)
            yield entry
            if entry.mode & GO_DIRECTORY:
                waiting += self._listed(entry.path)

    def _walk_some(
        self,
        folder: bytes,
        drop: _Names,
        take: _Names | None,
        links: dict[int, bytes],
        above: list[Stat],
    ) -> Iterator[Stat]:
        """Give what patterns leave, and the folders above it (``above``: those not given yet)."""
        for item in reversed(self._listed(folder)):
            path = folder + b"/" + item.name if folder else item.name
            is_folder = item.is_dir(follow_symlinks=False)
            taken = take is None or take.match(path)
            entered = take is not None and is_folder and take.may_hold(path)
            if drop.match(path) or not (taken or entered):
                continue
            entry = read_stat(path, item.path, item.stat(follow_symlinks=False), links)
            if taken:
                yield from above
                above.clear()
                yield entry
                if is_folder:
                    yield from self._walk_some(path, drop, None, links, above)
            else:
                above.append(entry)
                yield from self._walk_some(path, drop, take, links, above)
                if above and above[-1] is entry:
                    above.pop()


def _name(item: os.DirEntry[bytes]) -> bytes:
    return item.name


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
    names = os.listxattr(full, follow_symlinks=False)
    if not mode & GO_TYPE and found.st_nlink == 1 and not names:
        return Stat(path, mode, found.st_size, found.st_mtime_ns)
    linkname = b""
    if mode & GO_SYMLINK:
        linkname = os.readlink(full)  # noqa: PTH115 - bytes, which Path has not
    elif found.st_nlink > 1 and not mode & GO_DIRECTORY:
        first = links.setdefault(found.st_ino, path)
        linkname = b"" if first == path else first
    return Stat(
        path,
        mode,
        0 if mode & GO_DIRECTORY else found.st_size,
        found.st_mtime_ns,
        linkname,
        os.major(found.st_rdev) if mode & GO_DEVICE else 0,
        os.minor(found.st_rdev) if mode & GO_DEVICE else 0,
        {name: os.getxattr(full, name, follow_symlinks=False) for name in names} or None,
    )


class _Names:
    """Paths as names and globs, component by component."""

    def __init__(self, patterns: Sequence[str]) -> None:
        cleaned = (pattern.strip("/").removeprefix("./") for pattern in patterns)
        self._patterns = [os.fsencode(pattern).split(b"/") for pattern in cleaned]

    def match(self, path: bytes) -> bool:
        """Say whether a path is one of these, or below one."""
        parts = path.split(b"/")
        return any(
            len(pattern) <= len(parts) and all(map(_same, parts, pattern))
            for pattern in self._patterns
        )

    def may_hold(self, folder: bytes) -> bool:
        """Say whether something in a folder may be one of these."""
        parts = folder.split(b"/")
        return any(
            len(pattern) > len(parts) and all(map(_same, parts, pattern))
            for pattern in self._patterns
        )


def _same(part: bytes, pattern: bytes) -> bool:
    if not _GLOB.intersection(pattern):
        return part == pattern
    from fnmatch import fnmatchcase  # noqa: PLC0415 - only where there are globs

    return fnmatchcase(part, pattern)
