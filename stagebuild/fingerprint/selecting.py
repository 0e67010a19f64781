"""
What a COPY, ADD or bind mount selects of a tree, and the digest of exactly that.

Source: moby/buildkit cache/contenthash/checksum.go (Checksum, includedPaths, shouldIncludePath);
solver/llbsolver/ops/file.go (addSelector).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from stagebuild.context.filestat import GO_SYMLINK
from stagebuild.context.goglob import compiled_glob, has_wildcard
from stagebuild.context.paths import cleaned
from stagebuild.context.patterns import Patterns
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stagebuild.fingerprint.trees import Tree


@frozen(kw_only=False)
class Pick:
    """
    A path of a source, and the patterns that choose below it.

    Attributes:
        path: As in the instruction.
        includes: Patterns of ``--parents``.
        excludes: Patterns of ``--exclude``.
        wildcards: Whether the path may have wildcards.
    """

    path: str = "/"
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    wildcards: bool = False


@frozen
class Selection:
    """
    Files of a tree.

    Attributes:
        digest: Equal when the engine would find the same content; hexadecimal.
        paths: The entries, in the order of the walk: folders too.
        tree: What they are files of, or None where nothing is there, so that the engine refuses
            the step.
    """

    digest: str
    paths: tuple[bytes, ...]
    tree: Tree | None = field(default=None, repr=False, compare=False)

    def listing(self) -> dict[str, str]:
        """
        Return what tells one state of each entry from another, by path: mode, then content.

        Of a folder it is its mode alone: what is in it has lines of its own.
        """
        if self.tree is None:
            return {}
        return {_text(path): self.tree.described(path) for path in self.paths}


@frozen
class KnownSelection(Selection):
    """
    Files of a tree of which the digest alone is known; the rest is found when asked for.

    Attributes:
        again: Finds them.
    """

    paths: tuple[bytes, ...] = ()
    again: Callable[[], Selection] = field(repr=False, compare=False)

    def listing(self) -> dict[str, str]:
        """Return what ``Selection.listing`` does."""
        return self.again().listing()


_NOTHING = Selection(digest="missing", paths=())


def select(tree: Tree, pick: Pick) -> Selection:
    """
    Return what is picked of a context's tree.

    Raises:
        OSError: A file can't be read.
        BadPattern: A pattern means nothing to the engine.
    """
    path = cleaned(f"/{pick.path}").strip("/")
    is_pattern = pick.wildcards and has_wildcard(path)
    if not is_pattern and not pick.includes and not pick.excludes:
        return _whole(tree, _bytes(path))
    included = _Filter(pick.includes, pick.excludes)
    if is_pattern:
        prefix, found = _matching(tree, path, included)
    else:
        prefix = path
        base = tree.resolved(_bytes(path), follow_last=False)
        if base is None:
            return _NOTHING
        found = list(_filtered(tree, base, included))
    return _listed(tree, found, prefix=_bytes(prefix), source=_bytes(path))


def _whole(tree: Tree, path: bytes) -> Selection:
    """Return the selection of a plain path, a link at its end followed."""
    led = tree.resolved(path, follow_last=True)
    if led is None:
        return _NOTHING
    below = tuple(tree.below(led)) if tree.is_folder(led) else ()
    paths = (led, *below) if led else below
    return Selection(digest=_hex(tree.digest(led)), paths=paths, tree=tree)


class _Filter:
    """Include and exclude patterns, which count from where the source path ends."""

    def __init__(self, includes: Sequence[str], excludes: Sequence[str]) -> None:
        self._includes = Patterns(includes) if includes else None
        self._excludes = Patterns(excludes) if excludes else None

    def takes(self, path: bytes, bits: tuple[int, int]) -> tuple[bool, tuple[int, int]]:
        """Say whether a path is taken, and return what patterns know of what is below."""
        included, excluded = bits
        if self._includes is not None:
            matched, included = self._includes.match_in(path, included)
            if not matched:
                return False, (included, excluded)
        if self._excludes is not None:
            matched, excluded = self._excludes.match_in(path, excluded)
            if matched:
                return False, (included, excluded)
        return True, (included, excluded)


def _filtered(tree: Tree, base: bytes, chosen: _Filter) -> Iterator[tuple[bytes, bool]]:
    """
    Give what the patterns leave of ``base``, and the folders above it, each before what it holds.

    The pair's second part says whether a link is followed: only the base itself is.
    """
    start = len(base) + 1 if base else 0
    above: list[tuple[bytes, tuple[int, int], list[bool]]] = []
    paths = [base, *tree.below(base)] if tree.is_folder(base) else [base]
    for path in paths:
        while above and above[-1][0] and not path.startswith(above[-1][0] + b"/"):
            above.pop()
        bits = above[-1][1] if above else (0, 0)
        taken, bits = chosen.takes(path[start:] if path != base else b"", bits)
        is_folder = tree.is_folder(path)
        if taken:
            for folder, _, given in above:
                if not given[0]:
                    given[0] = True
                    yield folder, False
            yield path, path == base
        if is_folder:
            above.append((path, bits, [taken]))


def _matching(tree: Tree, pattern: str, chosen: _Filter) -> tuple[str, list[tuple[bytes, bool]]]:
    """Return the part of the pattern before wildcards, and what the pattern leaves."""
    names = pattern.split("/")
    plain: list[str] = []
    for name in names:
        if has_wildcard(name):
            break
        plain.append(name)
    prefix = "/".join(plain)
    start = tree.resolved(_bytes(prefix), follow_last=True)
    if start is None:
        return prefix, []
    match = compiled_glob(pattern).match
    found: list[tuple[bytes, bool]] = []
    last: bytes | None = None
    cut = len(start) + 1 if start else 0
    for path in tree.below(start):
        if last is not None and path.startswith(last + b"/"):
            continue
        shown = f"{prefix}/{_text(path[cut:])}" if prefix else _text(path[cut:])
        if match(shown):
            last = path
            found += _filtered(tree, path, chosen)
    return prefix, found


def _listed(
    tree: Tree, found: list[tuple[bytes, bool]], *, prefix: bytes, source: bytes
) -> Selection:
    """Return the selection of single entries: each with its name, without what is in a folder."""
    parts: list[bytes] = []
    paths: list[bytes] = []
    digest = b""
    for path, follows in found:
        entry = tree.get(path)
        if entry is not None and entry.mode & GO_SYMLINK and follows:
            led = tree.resolved(path, follow_last=True)
            digest = b"gone" if led is None else tree.digest(led)
        elif tree.is_folder(path):
            digest = tree.header(path)
        else:
            digest = tree.digest(path)
        parts += (path.removeprefix(prefix), b"\0", digest, b"\n")
        paths.append(path)
    if len(paths) == 1 and _name(source) == _name(paths[0]):
        return Selection(digest=_hex(digest), paths=tuple(paths), tree=tree)
    return Selection(
        digest=sha256(b"".join(parts)).hexdigest(), paths=tuple(filter(None, paths)), tree=tree
    )


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _hex(digest: bytes) -> str:
    return sha256(digest).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
