"""Two images -> what is in one and not in the other. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stagebuild.contents.merging import folders_of
from stagebuild.secrecy import BLOT, is_secret_like
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stagebuild.contents.image import ImageContent
    from stagebuild.contents.merging import Placed
    from stagebuild.contents.tarheaders import Entry


class Tree(NamedTuple):
    """
    A file, or a folder with all that is in it, that only one image has.

    Attributes:
        path: With ``/`` in front; a folder's ends with one.
        files: How many files it has.
        size_bytes: What they weigh.
    """

    path: str
    files: int
    size_bytes: int


class Changed(NamedTuple):
    """
    Something that both have, in another form.

    Attributes:
        name: A path, a package, a variable, …
        first: As the first image has it.
        second: As the second one does.
    """

    name: str
    first: str
    second: str


@frozen
class Side:
    """
    What only one of two images has.

    Attributes:
        trees: Files and folders, the heaviest first.
        packages: As ``dpkg gcc 12.2``.
        executables: Names of what can be run.
        env: Variables, ``NAME=VALUE``; a value that looks like a secret is blotted out.
        labels: ``NAME=VALUE``.
    """

    trees: tuple[Tree, ...]
    packages: tuple[str, ...]
    executables: tuple[str, ...]
    env: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """What its files weigh."""
        return sum(tree.size_bytes for tree in self.trees)


@frozen
class Comparison:
    """
    Two images, compared; files by kind, size and mode, not by what is in them.

    Attributes:
        first: What only the first one has.
        second: What only the second one has.
        files: Files that both have, in another form.
        packages: Packages that both have, in another version.
        env: Variables with another value.
        labels: Labels with another value.
        settings: User, folder, entrypoint and command, where they differ.
    """

    first: Side
    second: Side
    files: tuple[Changed, ...]
    packages: tuple[Changed, ...]
    env: tuple[Changed, ...]
    labels: tuple[Changed, ...]
    settings: tuple[Changed, ...]


def compared(first: ImageContent, second: ImageContent) -> Comparison:
    """Return what two images have that the other one lacks, and what differs."""
    variables, others = _blotted(first.env), _blotted(second.env)
    return Comparison(
        first=_side(first, second),
        second=_side(second, first),
        files=tuple(_changed_files(first.files, second.files)),
        packages=_changed(_versions(first), _versions(second)),
        env=tuple(
            Changed(name, variables[name], others[name])
            for name in sorted(variables.keys() & others.keys())
            if first.env[name] != second.env[name]
        ),
        labels=_changed(first.labels, second.labels),
        settings=_changed(_settings(first), _settings(second)),
    )


def _side(own: ImageContent, other: ImageContent) -> Side:
    versions, theirs = _versions(own), _versions(other)
    env = _blotted(own.env)
    return Side(
        trees=tuple(_trees(own.files, other.files)),
        packages=tuple(
            f"{name} {version}".strip()
            for name, version in sorted(versions.items())
            if name not in theirs
        ),
        executables=tuple(sorted(_names(own) - _names(other))),
        env=tuple(f"{name}={env[name]}" for name in sorted(env.keys() - other.env.keys())),
        labels=tuple(
            f"{name}={own.labels[name]}" for name in sorted(own.labels.keys() - other.labels.keys())
        ),
    )


def _names(image: ImageContent) -> set[str]:
    return {path.rpartition("/")[2] for path in image.executables()}


def _versions(image: ImageContent) -> dict[str, str]:
    return {f"{package.manager} {package.name}": package.version for package in image.packages}


def _blotted(env: Mapping[str, str]) -> dict[str, str]:
    return {name: BLOT if is_secret_like(name, value) else value for name, value in env.items()}


def _settings(image: ImageContent) -> dict[str, str]:
    return {
        "user": image.user or "root",
        "workdir": image.workdir,
        "entrypoint": " ".join(image.entrypoint) or "none",
        "command": " ".join(image.command) or "none",
    }


def _changed(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[Changed, ...]:
    return tuple(
        Changed(name, first[name], second[name])
        for name in sorted(first.keys() & second.keys())
        if first[name] != second[name]
    )


def _changed_files(first: Mapping[str, Placed], second: Mapping[str, Placed]) -> Iterator[Changed]:
    for path in sorted(first.keys() & second.keys()):
        one, other = first[path].entry, second[path].entry
        if one[1:] != other[1:]:
            yield Changed(f"/{path}", _form(one), _form(other))


def _form(entry: Entry) -> str:
    owner = f"{entry.uid}:{entry.gid}"
    link = f" -> {entry.link}" if entry.link else ""
    return f"{entry.kind} {entry.mode:04o} {owner} {entry.size_bytes} B{link}"


def _trees(own: Mapping[str, Placed], other: Mapping[str, Placed]) -> Iterable[Tree]:
    """Return what only one has, each under the highest folder that the other one lacks."""
    counts: dict[str, list[int]] = {}
    for path, placed in own.items():
        if path in other:
            continue
        top = path
        for folder in folders_of(path):
            if not folder or folder in other:
                break
            top = folder
        count = counts.setdefault(top, [0, 0])
        if placed.entry.kind != "folder":
            count[0] += 1
            count[1] += placed.entry.size_bytes
    trees = [
        Tree(f"/{path}/" if _is_folder(own, path) else f"/{path}", files, size)
        for path, (files, size) in counts.items()
    ]
    return sorted(trees, key=lambda tree: (-tree.size_bytes, tree.path))


def _is_folder(files: Mapping[str, Placed], path: str) -> bool:
    return path not in files or files[path].entry.kind == "folder"
