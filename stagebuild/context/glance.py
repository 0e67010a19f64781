"""
A look at a folder that tells one state of it from another, at half the cost of a walk.

Nothing is put in order, and extended attributes and links are not read: whoever changes one of
them changes the entry's change time.
"""

from __future__ import annotations

import stat as statmode
from typing import TYPE_CHECKING

from stagebuild.context.walk import GONE, PatternPair, listed, start_of_paths

if TYPE_CHECKING:
    import os

    from stagebuild.context.patterns import Patterns
    from stagebuild.context.walk import Noted

_ISDIR = statmode.S_ISDIR


def glance(root: bytes, *, excludes: Patterns | None = None) -> Noted:
    """
    Return what a walk of a folder would note: size, times and inode of every entry, by its path.

    Args:
        root: The folder.
        excludes: What to leave out.

    Raises:
        OSError: Something that is wanted can't be read; ``filename`` tells what.
        BadPattern: A pattern means nothing to the engine.
    """
    noted: Noted = {}
    if excludes is None:
        _see_everything(root, noted)
    else:
        _see_selected(root, PatternPair(excludes, None), noted)
    return noted


def _see_everything(root: bytes, noted: Noted) -> None:
    start = start_of_paths(root)
    waiting = [root]
    while waiting:
        for item in listed(waiting.pop()):
            found = _stat(item)
            if found is None:
                continue
            path = item.path
            noted[path[start:]] = (
                found.st_size,
                found.st_mtime_ns,
                found.st_ino,
                found.st_ctime_ns,
            )
            if _ISDIR(found.st_mode):
                waiting.append(path)


def _see_selected(root: bytes, pair: PatternPair, noted: Noted) -> None:
    start = start_of_paths(root)
    waiting = [(root, (0, 0), True)]
    while waiting:
        folder, above, is_wanted = waiting.pop()
        for item in listed(folder, may_be_closed=not is_wanted):
            path = item.path[start:]
            is_folder = item.is_dir(follow_symlinks=False)
            wanted, entered, bits = pair.judge(path, above, is_folder=is_folder)
            found = _stat(item) if wanted or entered else None
            if found is None:
                continue
            noted[path] = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
            if entered:
                waiting.append((item.path, bits, wanted))


def _stat(item: os.DirEntry[bytes]) -> os.stat_result | None:
    try:
        return item.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise
