"""
A build context as the engine sees it: its entries, and digests that tell what the engine's tell.

A digest here is not the engine's, but two are equal when the engine's are: they are made of the
same things, mode and type, link target, devices, extended attributes, and the content's digest.
Owners are left out, since everything in a context belongs to root, and so is the modification time.

Source: moby/buildkit cache/contenthash (checksum.go, filehash.go, tarsum.go).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from stagebuild.context.filestat import GO_DIRECTORY, GO_SYMLINK, GO_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stagebuild.context.filestat import Stat

_MOST_LINKS = 255
_ROOT = b""


class Tree:
    """
    The entries of a folder.

    Args:
        entries: Parents first; paths relative, without the root itself.
        content: Returns the digest of a regular file's content, by path.
    """

    def __init__(self, entries: Iterable[Stat], content: Callable[[bytes], bytes]) -> None:
        self._entries = {entry.path: entry for entry in entries}
        self._contents: dict[bytes, bytes] = {}
        self._read = content
        self._below: dict[bytes, list[bytes]] | None = None
        self._digests: dict[bytes, bytes] = {}

    def get(self, path: bytes) -> Stat | None:
        """Return the entry of a path; None for the root and for what is not there."""
        return self._entries.get(path)

    def exists(self, path: bytes) -> bool:
        """Say whether there is something; the root always is."""
        return not path or path in self._entries

    def is_folder(self, path: bytes) -> bool:
        """Say whether a path is a folder, links not followed."""
        entry = self._entries.get(path)
        return not path if entry is None else bool(entry.mode & GO_DIRECTORY)

    def below(self, path: bytes) -> Iterator[bytes]:
        """Give the paths of everything in a folder, parents first, in the order of the walk."""
        if not path:
            yield from self._entries
            return
        for child in self._children(path):
            yield child
            if self.is_folder(child):
                yield from self.below(child)

    def resolved(self, path: bytes, *, follow_last: bool) -> bytes | None:
        """
        Return where a path leads when links are followed within the tree, or None if nowhere.

        Args:
            path: Relative to the root.
            follow_last: Whether a link at the very end is followed too.
        """
        waiting = [name for name in path.split(b"/") if name not in (b"", b".")][::-1]
        done: list[bytes] = []
        links = 0
        while waiting:
            name = waiting.pop()
            if name == b"..":
                done = done[:-1]
                continue
            here = b"/".join((*done, name))
            entry = self._entries.get(here)
            if entry is None:
                return None
            if entry.mode & GO_SYMLINK and (waiting or follow_last):
                links += 1
                if links > _MOST_LINKS:
                    return None
                if entry.linkname.startswith(b"/"):
                    done = []
                waiting += [one for one in entry.linkname.split(b"/") if one not in (b"", b".")][
                    ::-1
                ]
            else:
                done.append(name)
        return b"/".join(done)

    def header(self, path: bytes) -> bytes:
        """Return what is told of an entry besides its content; nothing of the root."""
        entry = self._entries.get(path)
        return b"" if entry is None else _header(entry)

    def digest(self, path: bytes) -> bytes:
        """
        Return the digest of an entry, of a folder with everything in it; links are not followed.

        Raises:
            OSError: A file can't be read.
        """
        known = self._digests.get(path)
        if known is not None:
            return known
        if self.is_folder(path):
            parts = [self.header(path)]
            for child in self._children(path):
                parts += (child.rpartition(b"/")[2], b"\0", self.digest(child))
            made = sha256(b"".join(parts)).digest()
        else:
            entry = self._entries[path]
            made = _header(entry)
            if not entry.mode & GO_TYPE:
                made += self._content(path)
            if len(made) > _PLAIN_BYTES:
                made = sha256(made).digest()
        self._digests[path] = made
        return made

    def described(self, path: bytes) -> str:
        """Return an entry's mode, and what tells its content or link target from another."""
        entry = self._entries[path]
        mode = f"{entry.mode & 0o777:o}"
        if entry.mode & GO_DIRECTORY:
            return f"{mode} folder"
        if entry.mode & GO_SYMLINK:
            return f"link {entry.linkname.decode(errors='surrogateescape')}"
        if entry.mode & GO_TYPE:
            return f"{mode} device"
        return f"{mode} {self._content(path).hex()[:16]}"

    def _content(self, path: bytes) -> bytes:
        known = self._contents.get(path)
        if known is None:
            known = self._contents[path] = self._read(path)
        return known

    def _children(self, path: bytes) -> list[bytes]:
        if self._below is None:
            self._below = {}
            for each in self._entries:
                self._below.setdefault(each.rpartition(b"/")[0], []).append(each)
        return self._below.get(path, [])


_PLAIN_BYTES = 64


def _header(entry: Stat) -> bytes:
    mode = entry.mode | 0o777 if entry.mode & GO_SYMLINK else entry.mode
    head = b"%x" % mode
    if entry.mode & GO_SYMLINK:
        head += b"l" + entry.linkname
    if entry.devmajor or entry.devminor:
        head += b"d%d:%d" % (entry.devmajor, entry.devminor)
    for name, value in sorted((entry.xattrs or {}).items()):
        if name == "security.capability" or not name.startswith(("security.", "system.")):
            head += b"x%s=%d:%s" % (name.encode(errors="surrogateescape"), len(value), value)
    return head + b"\0"
