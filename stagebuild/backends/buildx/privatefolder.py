"""
A folder for one build, that nobody else can look into and that never stays behind.

``tempfile`` does the same and more, and takes 10 ms to import: it brings ``random`` and, through
``shutil``, every compression module.

What a process that was killed leaves behind, the next one removes. Whether a folder's owner is
alive is told by a lock on it, which the kernel takes back from the dead; a process id would lie
where containers share ``/tmp``.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import TYPE_CHECKING

from stagebuild.backends.leftovers import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "stagebuild-"
_RANDOM_BYTES = 8
_NAME = rf"{_PREFIX}[0-9a-f]{{{2 * _RANDOM_BYTES}}}"

# A folder without a lock may be one that its owner is just making.
_MAKING_S = 60.0

_MODE = 0o700

_swept: set[str] = set()


@contextlib.contextmanager
def private_folder(parent: str | None = None) -> Iterator[str]:
    """
    Give a new folder, and remove it with the files in it.

    The first time in a process, folders whose owner was killed are removed, too.

    Args:
        parent: Where to make it; the folder of ``TMPDIR``, else ``/tmp``, when not given.

    Raises:
        OSError: It can't be made.
    """
    parent = parent or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - see below
    if parent not in _swept:
        _swept.add(parent)
        sweep(parent)
    # The name can't be guessed, and mkdir takes none that exists.
    path = f"{parent}/{_PREFIX}{os.urandom(_RANDOM_BYTES).hex()}"
    os.mkdir(path, _MODE)  # noqa: PTH102 - pathlib is not loaded on this path
    with at_once(lambda: _remove(path)):
        lock = os.open(path, os.O_RDONLY)
        try:
            flock(lock, LOCK_EX)
            yield path
        finally:
            _remove(path)
            os.close(lock)


def sweep(parent: str) -> None:
    """
    Remove the folders of owners that are no more; what can't be looked at stays.

    Only what can be nothing else: by name, user and permissions, and with nothing but files in it.
    """
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if _is_ours(entry) and _is_left(entry.path):
                    _remove(entry.path)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    if not entry.name.startswith(_PREFIX) or not entry.is_dir(follow_symlinks=False):
        return False
    import re  # noqa: PLC0415 - there rarely is any

    facts = entry.stat(follow_symlinks=False)
    return (
        re.fullmatch(_NAME, entry.name) is not None
        and facts.st_uid == os.getuid()
        and stat.S_IMODE(facts.st_mode) == _MODE
    )


def _is_left(path: str) -> bool:
    """Whether a folder's owner is gone."""
    lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        flock(lock, LOCK_EX | LOCK_NB)
        with os.scandir(path) as entries:
            if not all(entry.is_file(follow_symlinks=False) for entry in entries):
                return False
        return time.time() - os.fstat(lock).st_mtime > _MAKING_S
    except BlockingIOError:
        return False
    finally:
        os.close(lock)


def _remove(path: str) -> None:
    # buildx writes beside the file and renames, so one that was killed leaves a second one.
    with contextlib.suppress(FileNotFoundError):
        with os.scandir(path) as entries:
            for entry in entries:
                os.unlink(entry.path)  # noqa: PTH108 - see above
        os.rmdir(path)  # noqa: PTH106 - see above
