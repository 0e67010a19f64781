"""The folders that a build takes files from, each walked once, and only when something is taken."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from stagebuild.context.ignorefile import read_ignorefile
from stagebuild.context.walk import walk
from stagebuild.errors import ContextError
from stagebuild.fingerprint.filedigests import FileDigests, digests_path
from stagebuild.fingerprint.selecting import KnownSelection, select
from stagebuild.fingerprint.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.fingerprint.selecting import Selection


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

    def select(
        self,
        folder: str,
        source: str,
        *,
        is_context: bool,
        includes: tuple[str, ...] = (),
        excludes: tuple[str, ...] = (),
        wildcards: bool = True,
    ) -> Selection:
        """Return what a source path selects of a folder; the rest is as ``selecting.select``."""
        tree = self.tree(folder, is_context=is_context)
        return select(tree, source, includes=includes, excludes=excludes, wildcards=wildcards)


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
        self._trees: dict[tuple[str, bool], Tree] = {}
        self._digests: dict[tuple[str, bool], FileDigests] = {}

    def tree(self, folder: str, *, is_context: bool) -> Tree:
        """
        Return a folder's tree, without what its ignore file leaves out.

        Raises:
            ContextError: It can't be read, or its ignore file is wrong.
        """
        key = folder, is_context
        if key not in self._trees:
            self._trees[key] = self._walked(folder, is_context=is_context)
        return self._trees[key]

    def select(
        self,
        folder: str,
        source: str,
        *,
        is_context: bool,
        includes: tuple[str, ...] = (),
        excludes: tuple[str, ...] = (),
        wildcards: bool = True,
    ) -> Selection:
        """
        Return what a source path selects of a folder, as every ``Trees`` does.

        In a folder of which nothing has changed its digest is known from the last time.
        """
        found = partial(
            super().select,
            folder,
            source,
            is_context=is_context,
            includes=includes,
            excludes=excludes,
            wildcards=wildcards,
        )
        self.tree(folder, is_context=is_context)
        digests = self._digests[folder, is_context]
        what = repr((source, includes, excludes, wildcards))

        known = digests.selected(what)
        if known is not None:
            return KnownSelection(digest=known, again=found)
        selection = found()
        digests.keep_selected(what, selection.digest)
        return selection

    def _walked(self, folder: str, *, is_context: bool) -> Tree:
        dockerfile = self._dockerfile if is_context else os.path.join(folder, "Dockerfile")  # noqa: PTH118 - pathlib is not loaded on this path
        ignored = read_ignorefile(folder, dockerfile=dockerfile)
        root = os.fsencode(os.path.realpath(folder))
        kept = None if self._environ is None else digests_path(root, self._environ)
        digests = FileDigests(root, kept)
        self._digests[folder, is_context] = digests
        noted: dict[bytes, tuple[int, int, int, int]] = {}
        try:
            excludes = None if ignored is None else ignored.compiled()
            tree = Tree(walk(root, excludes=excludes, noted=noted), digests.digest)
        except OSError as error:
            raise ContextError(f"can't be read: {error.strerror}", path=folder) from error
        digests.note(noted)
        return tree

    def changed_since(self, since_s: float) -> bool:
        """
        Say whether anything that was walked may have changed since a moment, by the change times.

        What came, went or was renamed changes its folder. Within a clock tick of the moment the
        answer is yes.
        """
        since_ns = int((since_s - _TICK_S) * 1e9)
        for key, tree in self._trees.items():
            digests = self._digests[key]
            for path in (b"", *tree.below(b"")):
                try:
                    found = os.lstat(digests.root + b"/" + path)
                except OSError:
                    return True
                if found.st_ctime_ns >= since_ns:
                    return True
        return False

    def save(self) -> None:
        """Keep the digests of what was read."""
        for digests in self._digests.values():
            digests.save()

    @property
    def read(self) -> int:
        """How many files were read, as opposed to known."""
        return sum(digests.read for digests in self._digests.values())
