"""A folder of this machine as a tree that can be sent to an engine."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from stagebuild.context.followpaths import with_followed
from stagebuild.context.patterns import Patterns
from stagebuild.context.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.context.filestat import Stat

# What stands in a file's place by now may be a pipe, and opening one would wait for a writer.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


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
        Give the entries that are asked for, parents first, names in byte order.

        Args:
            excludes: Patterns of what to leave out.
            includes: Patterns of what to give; none for everything.
            follow_paths: Paths to give besides, with the symbolic links on the way.

        Raises:
            BadPattern: A pattern means nothing to the engine.
            OSError: Something that is wanted can't be read.
        """
        wanted = with_followed(self._root, includes=includes, follow_paths=follow_paths)
        yield from walk(
            self._root,
            excludes=Patterns(excludes) if excludes else None,
            includes=Patterns(wanted) if wanted else None,
        )

    def open(self, path: bytes) -> int:
        """
        Return a file descriptor of a file's content, which the caller closes.

        A symbolic link is not followed. A socket, which is told of as a regular file, is empty.

        Raises:
            OSError: It can't be opened.
        """
        try:
            return os.open(self._root + b"/" + path, _FLAGS)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return os.open(os.devnull, _FLAGS)
