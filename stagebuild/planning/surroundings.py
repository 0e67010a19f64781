"""
What planning may know of the world besides the project: the one place where it comes in.

Planning is pure: it asks a ``Surroundings``, which tests make of plain values and functions.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

from stagebuild.planning.git import read_commit, read_git
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.planning.git import CommitFacts, GitFacts


@frozen
class Surroundings:
    """
    The process and its machine, as far as a plan depends on them.

    Attributes:
        environ: The process environment.
        now_s: The time of ``${date.…}``, in seconds since 1970.
        folder: The current folder, absolute; paths in messages are shown relative to it.
        git: Returns the facts of the checkout around a folder, or raises GitUnavailable. Called
            at most once for a plan, and only when a variable asks for it.
        read_bytes: Returns a file's content, or raises OSError.
        is_folder: Whether a path is a folder.
        is_file: Whether a path is there and is no folder.
        commit: Returns what else there is to say of the checkout, as ``git`` does.
    """

    environ: Mapping[str, str]
    now_s: float
    folder: str
    git: Callable[[str], GitFacts]
    read_bytes: Callable[[str], bytes]
    is_folder: Callable[[str], bool]
    is_file: Callable[[str], bool]
    commit: Callable[[str], CommitFacts] = read_commit

    @classmethod
    def current(cls) -> Self:
        """Return those of this process, now; ``SOURCE_DATE_EPOCH`` sets the time."""
        environ = dict(os.environ)
        epoch = environ.get("SOURCE_DATE_EPOCH", "")
        return cls(
            environ=environ,
            now_s=float(epoch) if epoch.isascii() and epoch.isdigit() else time.time(),
            folder=os.getcwd(),  # noqa: PTH109 - text all the way, for speed
            git=read_git,
            read_bytes=_read_bytes,
            is_folder=os.path.isdir,
            is_file=_is_file,
        )

    def without_file(self, path: str) -> Self:
        """Return those in which there is no file at ``path``."""
        return replaced(self, is_file=lambda asked: asked != path and self.is_file(asked))


def _read_bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - text paths all the way, for speed
        return file.read()


def _is_file(path: str) -> bool:
    return os.path.exists(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112 - see above
