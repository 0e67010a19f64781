"""
A folder for one build, that nobody else can look into and that never stays behind.

``tempfile`` does the same and more, and takes 10 ms to import: it brings ``random`` and, through
``shutil``, every compression module.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def private_folder(parent: str | None = None) -> Iterator[str]:
    """
    Give a new folder, and remove it with the files in it.

    Args:
        parent: Where to make it; the folder of ``TMPDIR``, else ``/tmp``, when not given.

    Raises:
        OSError: It can't be made.
    """
    path = f"{parent or os.environ.get('TMPDIR') or '/tmp'}/stagebuild-{os.urandom(8).hex()}"  # noqa: S108 - the name can't be guessed, and mkdir takes none that exists
    os.mkdir(path, 0o700)  # noqa: PTH102 - pathlib is not loaded on this path
    try:
        yield path
    finally:
        _remove(path)


def _remove(path: str) -> None:
    # buildx writes beside the file and renames, so one that was killed leaves a second one.
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(path):
            os.unlink(entry.path)  # noqa: PTH108 - see above
        os.rmdir(path)  # noqa: PTH106 - see above
