"""The folders that a build takes files from, each walked once, and only when something is taken."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from stagebuild.context.glance import glance
from stagebuild.context.ignorefile import read_ignorefile
from stagebuild.context.walk import walk
from stagebuild.errors import ContextError
from stagebuild.fingerprint.filedigests import FileDigests, digests_path
from stagebuild.fingerprint.selecting import KnownSelection, select
from stagebuild.fingerprint.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.context.patterns import Patterns
    from stagebuild.context.walk import Noted
    from stagebuild.fingerprint.selecting import Pick, Selection


_TICK_S = 0.02
"""File systems tell the time by the kernel's tick, a hundredth of a second at worst."""


class Trees(ABC):
    """What a fingerprint takes files from."""

    @abstractmethod
    def tree(self, folder: str, *, is_context: bool) -> Tree:
        """
        Return a folder's tree, without what its ignore file leaves out.

        Raises:
            ContextError: It can't be read, or its ignore file is wrong.
        """

    def select(self, folder: str, pick: Pick, *, is_context: bool) -> Selection:
        """
        Return what is picked of a folder.

        Raises:
            ContextError: As of ``tree``.
            OSError: A file can't be read.
            BadPattern: A pattern means nothing to the engine.
        """
        return select(self.tree(folder, is_context=is_context), pick)


class Folders(Trees):
    """
    Trees of folders.

    Args:
        dockerfile: The Dockerfile; ``<Dockerfile>.dockerignore`` counts for the build context.
        environ: The process environment, for where file digests are kept; None keeps none.
    """

    def __init__(self, dockerfile: str, environ: Mapping[str, str] | None) -> None:
        self._dockerfile = dockerfile
        self._environ = environ
        self._seen: dict[tuple[str, bool], _Seen] = {}
        self._trees: dict[tuple[str, bool], Tree] = {}

    def tree(self, folder: str, *, is_context: bool) -> Tree:
        """
        Return a folder's tree, without what its ignore file leaves out.

        Raises:
            ContextError: It can't be read, or its ignore file is wrong.
        """
        key = folder, is_context
        if key not in self._trees:
            with _reading(folder):
                self._trees[key] = self._look(folder, is_context=is_context).walked()
        return self._trees[key]

    def select(self, folder: str, pick: Pick, *, is_context: bool) -> Selection:
        """
        Return what is picked of a folder, as every ``Trees`` does.

        In a folder of which nothing has changed its digest is known from the last time.
        """
        found = partial(super().select, folder, pick, is_context=is_context)
        with _reading(folder):
            digests = self._look(folder, is_context=is_context).digests
        what = repr(pick)
        known = digests.selected(what)
        if known is not None:
            return KnownSelection(digest=known, again=found)
        selection = found()
        digests.keep_selected(what, selection.digest)
        return selection

    def _look(self, folder: str, *, is_context: bool) -> _Seen:
        """Return what is seen of a folder, at a glance to begin with."""
        key = folder, is_context
        if key not in self._seen:
            dockerfile = self._dockerfile if is_context else None
            ignored = read_ignorefile(folder, dockerfile=dockerfile)
            root = os.fsencode(os.path.realpath(folder))
            kept = None if self._environ is None else digests_path(root, self._environ)
            excludes = None if ignored is None else ignored.compiled()
            self._seen[key] = _Seen(FileDigests(root, kept), excludes)
        return self._seen[key]

    def changed_since(self, since_s: float) -> bool:
        """
        Say whether anything that was seen may have changed since a moment, by the change times.

        What came, went or was renamed changes its folder. Within a clock tick of the moment the
        answer is yes.
        """
        return any(seen.changed_since(since_s) for seen in self._seen.values())

    def may_be_mixed(self, since_s: float) -> bool:
        """
        Say whether what was seen since a moment may be a mixture of two states of a folder.

        A folder that was just as it is remembered was that all the time until it was looked at.
        """
        return any(seen.changed_since(since_s) for seen in self._seen.values() if not seen.is_known)

    def save(self) -> None:
        """Keep the digests of what was read."""
        for seen in self._seen.values():
            seen.digests.save()

    @property
    def read(self) -> int:
        """How many files were read, as opposed to known."""
        return sum(seen.digests.read for seen in self._seen.values())


class _Seen:
    """
    What is seen of one folder: at a glance, and by a walk once that does not do.

    Args:
        digests: Of its files.
        excludes: What its ignore file leaves out.

    Attributes:
        digests: As given.
        is_known: Whether it was at every look just as it was remembered before the first.

    Raises:
        OSError: It can't be read.
    """

    def __init__(self, digests: FileDigests, excludes: Patterns | None) -> None:
        self.digests = digests
        self._excludes = excludes
        self._noted: Noted = {}
        if digests.keeps_selections:
            self._noted = glance(digests.root, excludes=excludes)
            digests.note(self._noted)
        self.is_known = digests.is_known

    def walked(self) -> Tree:
        """Return the folder's tree, of a walk that is done now."""
        noted: Noted = {}
        tree = Tree(
            walk(self.digests.root, excludes=self._excludes, noted=noted), self.digests.digest
        )
        self._noted = noted
        self.digests.note(noted)
        self.is_known = self.is_known and self.digests.is_known
        return tree

    def changed_since(self, since_s: float) -> bool:
        """Say whether an entry, or the folder itself, may have changed since a moment."""
        since_ns = int((since_s - _TICK_S) * 1e9)
        try:
            now = glance(self.digests.root, excludes=self._excludes)
            own_ns = os.lstat(self.digests.root).st_ctime_ns
        except OSError:
            return True
        return (
            own_ns >= since_ns
            or now != self._noted
            or any(ctime >= since_ns for _, _, _, ctime in now.values())
        )


@contextmanager
def _reading(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ContextError(f"can't be read: {error.strerror}", path=folder) from error
