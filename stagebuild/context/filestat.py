"""
One entry of a tree, as BuildKit's file transfer tells it.

Source: tonistiigi/fsutil types/stat.proto, stat_unix.go; Go's io/fs.FileMode.
"""

from __future__ import annotations

import stat as statmode
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# Go's FileMode bits, which differ from the system's above the nine permission bits.
GO_DIRECTORY = 1 << 31
GO_SYMLINK = 1 << 27
GO_DEVICE = 1 << 26
GO_FIFO = 1 << 25
GO_SOCKET = 1 << 24
GO_SETUID = 1 << 23
GO_SETGID = 1 << 22
GO_CHARACTER_DEVICE = 1 << 21
GO_STICKY = 1 << 20
GO_TYPE = (
    GO_DIRECTORY | GO_SYMLINK | GO_DEVICE | GO_FIFO | GO_SOCKET | GO_CHARACTER_DEVICE | 1 << 19
)


class Stat(NamedTuple):
    """
    One entry of a tree. Owners are not told: everything in a context belongs to root.

    Attributes:
        path: Relative to the tree's root, ``/`` between names, as the file system's bytes.
        mode: Go's FileMode: type and special bits as above, permissions in the low nine.
        size: In bytes; 0 for a folder. A hard link has its file's real size.
        mtime_ns: Modification time, nanoseconds since the epoch.
        linkname: A symbolic link's target; for any other file, the path of an earlier entry that
            is the same file.
        devmajor: Of a device.
        devminor: Of a device.
        xattrs: Extended attributes by name.
    """

    path: bytes
    mode: int
    size: int
    mtime_ns: int
    linkname: bytes = b""
    devmajor: int = 0
    devminor: int = 0
    xattrs: Mapping[str, bytes] | None = None


def go_mode(mode: int) -> int:
    """Return a system's file mode as Go's FileMode."""
    known = GO_MODES.get(mode)
    return GO_MODES.setdefault(mode, _go_mode(mode)) if known is None else known


GO_MODES: dict[int, int] = {}
"""What ``go_mode`` has answered: a tree has few different modes, and a look here needs no call."""


def _go_mode(mode: int) -> int:
    kind = statmode.S_IFMT(mode)
    go = mode & 0o777 | _GO_TYPES.get(kind, 0)
    if mode & statmode.S_ISUID:
        go |= GO_SETUID
    if mode & statmode.S_ISGID:
        go |= GO_SETGID
    if mode & statmode.S_ISVTX:
        go |= GO_STICKY
    return go


def system_mode(mode: int) -> int:
    """Return the permission and special bits of Go's FileMode as a system's."""
    bits = mode & 0o777
    if mode & GO_SETUID:
        bits |= statmode.S_ISUID
    if mode & GO_SETGID:
        bits |= statmode.S_ISGID
    if mode & GO_STICKY:
        bits |= statmode.S_ISVTX
    return bits


# A socket is sent as if it were an empty regular file (fsutil stat.go: "Clear the socket bit").
_GO_TYPES = {
    statmode.S_IFDIR: GO_DIRECTORY,
    statmode.S_IFLNK: GO_SYMLINK,
    statmode.S_IFBLK: GO_DEVICE,
    statmode.S_IFCHR: GO_DEVICE | GO_CHARACTER_DEVICE,
    statmode.S_IFIFO: GO_FIFO,
}
