"""
The world as it was at a commit: for planning its files, for fingerprints its folders.

What has not changed is what is there now; only the rest comes from git. So what git does not track
(ignored files, what lies outside of the checkout) counts as unchanged.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.context.filestat import GO_DIRECTORY, GO_SYMLINK, Stat
from stagebuild.context.ignorefile import IgnoreFile, parse_ignorefile
from stagebuild.context.ignoreplaces import ignoreplaces
from stagebuild.context.walk import walk
from stagebuild.errors import ContextError
from stagebuild.fingerprint.filedigests import FileDigests, digests_path
from stagebuild.fingerprint.folders import Trees
from stagebuild.fingerprint.trees import Tree
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.changes.checkout import Blob, Checkout
    from stagebuild.context.patterns import Patterns
    from stagebuild.planning import Surroundings

_LINK = 0o120000
_MOST_LINKS = 40


class EarlierFiles:
    """
    The files as they were.

    Args:
        checkout: What has changed since.
        now: The files as they are.
    """

    def __init__(self, checkout: Checkout, now: Surroundings) -> None:
        self._checkout = checkout
        self._now = now

    def surroundings(self) -> Surroundings:
        """Return the surroundings in which a plan was made then; all but the files is as now."""
        return replaced(
            self._now, read_bytes=self.read_bytes, is_folder=self.is_folder, is_file=self.is_file
        )

    def read_bytes(self, path: str) -> bytes:
        """
        Return what a file held.

        Raises:
            OSError: It was not there, or can't be read.
        """
        for _ in range(_MOST_LINKS):
            real = self._real(path)
            blob = self._blob(real)
            if blob is None:
                return self._now.read_bytes(path)
            content = self._checkout.content(blob)
            if blob.mode != _LINK:
                return content
            path = os.path.join(os.path.dirname(real), os.fsdecode(content))  # noqa: PTH118, PTH120 - text paths, as planning has them
        raise OSError(f"too many links at {path}")

    def is_file(self, path: str) -> bool:
        """Say whether a path was there and no folder."""
        try:
            return self._blob(self._real(path)) is not None or self._now.is_file(path)
        except FileNotFoundError:
            return False

    def is_folder(self, path: str) -> bool:
        """Say whether a path was a folder; one whose files are all new counts as one, too."""
        if self._now.is_folder(path):
            return True
        within = self._checkout.within(self._real(path))
        changed = self._checkout.changed.items()
        return within is not None and any(
            blob is not None and other.startswith(within + b"/") for other, blob in changed
        )

    def _blob(self, real: str) -> Blob | None:
        """Return what git has of a path that has changed, None for any other one."""
        within = self._checkout.within(real)
        if within is None or within not in self._checkout.changed:
            return None
        blob = self._checkout.changed[within]
        if blob is None:
            raise FileNotFoundError(2, "No such file or directory", real)
        return blob

    def _real(self, path: str) -> str:
        """Return a path without links; a link that has changed itself is left."""
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - as above
        beside = f"{os.path.realpath(folder)}/{name}"
        within = self._checkout.within(beside)
        return beside if within in self._checkout.changed else os.path.realpath(path)


class EarlierFolders(Trees):
    """
    The folders as they were, for the fingerprint of a build.

    Args:
        files: The files as they were.
        checkout: What has changed since.
        dockerfile: The Dockerfile.
        environ: The process environment, for where file digests are kept.
    """

    def __init__(
        self,
        files: EarlierFiles,
        checkout: Checkout,
        *,
        dockerfile: str,
        environ: Mapping[str, str],
    ) -> None:
        self._files = files
        self._checkout = checkout
        self._dockerfile = dockerfile
        self._environ = environ
        self._trees: dict[tuple[str, bool], Tree] = {}

    def tree(self, folder: str, *, is_context: bool) -> Tree:
        """
        Return a folder's tree, without what its ignore file left out.

        Raises:
            ContextError: It can't be read, or its ignore file was wrong.
        """
        key = folder, is_context
        if key not in self._trees:
            try:
                self._trees[key] = self._walked(folder, is_context=is_context)
            except OSError as error:
                raise ContextError(f"can't be read: {error.strerror}", path=folder) from error
        return self._trees[key]

    def _walked(self, folder: str, *, is_context: bool) -> Tree:
        ignored = self._ignored(folder, is_context=is_context)
        excludes = None if ignored is None else ignored.compiled()
        real = os.path.realpath(folder)
        root = os.fsencode(real)
        digests = FileDigests(root, digests_path(root, self._environ))
        here = self._checkout.within(real)
        if here is None:
            return Tree(walk(root, excludes=excludes), digests.digest)
        prefix = here + b"/" if here else b""
        changed = {
            path.removeprefix(prefix): blob
            for path, blob in self._checkout.changed.items()
            if path.startswith(prefix)
        }
        there_now = list(walk(root, excludes=excludes)) if os.path.isdir(real) else []  # noqa: PTH112 - as above
        entries = {entry.path: entry for entry in _kept(there_now, changed)}
        for path, blob in changed.items():
            if blob is None:
                continue
            is_taken = not _excluded(path, excludes)
            for parent in _parents(path):
                if is_taken or not _excluded(parent, excludes):
                    entries.setdefault(parent, Stat(parent, GO_DIRECTORY | 0o755, 0, 0))
            if is_taken:
                entries[path] = self._stat(path, blob)
        in_order = sorted(entries.values(), key=lambda entry: entry.path.split(b"/"))
        return Tree(in_order, lambda path: _content(changed.get(path)) or digests.digest(path))

    def _stat(self, path: bytes, blob: Blob) -> Stat:
        if blob.mode == _LINK:
            return Stat(path, GO_SYMLINK | 0o777, 0, 0, self._checkout.content(blob))
        return Stat(path, blob.mode & 0o777, 0, 0)

    def _ignored(self, folder: str, *, is_context: bool) -> IgnoreFile | None:
        dockerfile = self._dockerfile if is_context else None
        for path in map("/".join, ignoreplaces(folder, dockerfile)):
            try:
                return parse_ignorefile(self._files.read_bytes(path), path=path)
            except OSError:
                continue
        return None


def _kept(entries: list[Stat], changed: Mapping[bytes, Blob | None]) -> Iterator[Stat]:
    """Yield the entries that were there: not what is new, nor folders of nothing else."""
    old = [e for e in entries if changed.keys().isdisjoint((*_parents(e.path), e.path))]
    holding = {path for entry in entries for path in _parents(entry.path)[-1:]}
    held: set[bytes] = set()
    for entry in old:
        if entry.path not in holding:
            held.update(_parents(entry.path))
    return (entry for entry in old if entry.path not in holding or entry.path in held)


def _content(blob: Blob | None) -> bytes | None:
    """Return what stands for the digest of what a changed file held: it differs from now's."""
    return None if blob is None else b"git " + blob.name.encode()


def _excluded(path: bytes, excludes: Patterns | None) -> bool:
    if excludes is None:
        return False
    matched, bits = False, 0
    for each in (*_parents(path), path):
        matched, bits = excludes.match_in(each, bits)
    return matched


def _parents(path: bytes) -> list[bytes]:
    """Return the folders that a path is in, the outermost first."""
    names = path.split(b"/")
    return [b"/".join(names[:depth]) for depth in range(1, len(names))]
