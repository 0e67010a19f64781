"""
Follow-paths: paths that an engine asks for, with every symbolic link on the way.

For ``COPY app/config /etc/`` the engine asks for ``app/config``. If ``app`` is a link to
``src/app``, it needs the link and ``src/app/config``; both become include patterns. An absolute
target counts from the tree's root, and ``..`` stops there.

Source: tonistiigi/fsutil followlinks.go.
"""

from __future__ import annotations

import errno
import os
import stat as statmode
from typing import TYPE_CHECKING

from stagebuild.context.goglob import compiled_glob, has_wildcard
from stagebuild.context.paths import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ABSENT = (errno.ENOENT, errno.ENOTDIR)
_MOST_LINKS = 255


def with_followed(
    root: bytes, *, includes: Sequence[str], follow_paths: Sequence[str]
) -> list[str]:
    """
    Return include patterns for a walk.

    Args:
        root: Of the tree, without links.
        includes: Patterns.
        follow_paths: Paths, which may have wildcards, to be included with the links on the way.

    Returns:
        Patterns; none at all means everything.

    Raises:
        OSError: A folder on the way can't be read.
    """
    if not follow_paths:
        return list(includes)
    followed = _without_covered(sorted(_followed(root, follow_paths), key=_bytes))
    if not followed:
        return list(includes)
    return _without_covered([*includes, *followed])


def real_path(root: bytes, path: bytes) -> bytes:
    """
    Return where a path leads when every link is followed within the tree.

    Raises:
        OSError: Nothing is there, or it is a circle.
    """
    waiting = path.split(b"/")[::-1]
    done: list[bytes] = []
    links = 0
    while waiting:
        name = waiting.pop()
        if name == b"..":
            done = done[:-1]
        elif name not in (b"", b"."):
            full = b"/".join((root, *done, name))
            if statmode.S_ISLNK(os.lstat(full).st_mode):
                target = os.readlink(full)  # noqa: PTH115 - bytes, which Path has not
                done = [] if target.startswith(b"/") else done
                waiting += target.split(b"/")[::-1]
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), full)
            else:
                done.append(name)
    return b"/".join(done)


def _followed(root: bytes, paths: Iterable[str]) -> set[str]:
    """Return the paths and the links on the way, each link as a path of its own."""
    found: set[str] = set()
    waiting = [cleaned(f"./{path}") for path in paths][::-1]
    while waiting:
        names = waiting.pop().split("/")
        for position in range(1, len(names) + 1):
            current = "/".join(names[:position])
            targets = _targets(root, current)
            if not targets and position < len(names):
                continue
            if current not in found and targets:
                rest = names[position:]
                waiting += [cleaned("./" + "/".join((target, *rest))) for target in targets][::-1]
            found.add(current)
            break
    return found


def _targets(root: bytes, path: str) -> list[str]:
    """Return where a path leads, from the root, if it is a link; for a wildcard, all that match."""
    folder, _, name = path.rpartition("/")
    if not has_wildcard(name):
        target = _target(root, path)
        return [] if target is None else [target]
    pattern = compiled_glob(name)
    full = b"/".join((root, _bytes(folder)))
    if folder and os.path.islink(full):  # noqa: PTH114 - bytes; its name has a wildcard in it
        return []
    try:
        with os.scandir(full) as listing:
            names = sorted(item.name for item in listing if item.is_symlink())
    except OSError as error:
        if error.errno in _ABSENT:
            return []
        raise
    matching = [text for text in map(_text, names) if pattern.match(text)]
    targets = (_target(root, f"{folder}/{text}" if folder else text) for text in matching)
    return [target for target in targets if target is not None]


def _target(root: bytes, path: str) -> str | None:
    if path == ".." or path.startswith("../"):
        return None  # nothing outside of the tree is looked at
    try:
        target = _text(os.readlink(b"/".join((root, _bytes(path)))))  # noqa: PTH115 - bytes
    except OSError as error:
        if error.errno in (*_ABSENT, errno.EINVAL):  # EINVAL: it is no link
            return None
        raise
    above = "" if target.startswith("/") else path.rpartition("/")[0]
    return cleaned(f"/{above}/{target}")


def _without_covered(patterns: Iterable[str]) -> list[str]:
    """
    Return patterns without those below the one before; none if one is the root itself.

    fsutil means to be given them sorted, and is not: what is below any other one stays.
    """
    kept: list[str] = []
    last = ""
    for pattern in patterns:
        if pattern == ".":
            return []
        if not pattern.startswith(f"{last}/"):
            kept.append(pattern)
            last = pattern
    return kept


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
