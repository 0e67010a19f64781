"""What is forbidden and there: executables, packages and paths, and the layer that brought each."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.contents.image import ImageContent

_KINDS = ("executable", "package", "path")


class Offense(NamedTuple):
    """
    Something that must not be there.

    Attributes:
        name: For people: ``/usr/bin/gcc``, ``package pip 24.0``.
        layer: Place of the layer that it is from, 0 for the lowest; None when nobody knows.
    """

    name: str
    layer: int | None


def found_of(pattern: str, image: ImageContent) -> Iterator[Offense]:
    """
    Give what a pattern forbids and an image has.

    Args:
        pattern: A name, or a path with a ``/`` in it; ``executable:``, ``package:`` or ``path:``
            in front says what is meant.
        image: What is in it.
    """
    kind, colon, name = pattern.partition(":")
    if not colon or kind not in _KINDS:
        kind, name = ("path" if "/" in pattern else ""), pattern
    if kind == "path":
        yield from _paths(name, image)
    if kind in ("", "executable"):
        yield from _executables(name, image)
    if kind in ("", "package"):
        yield from _packages(name, image)


def _paths(pattern: str, image: ImageContent) -> Iterator[Offense]:
    for path in image.matching(pattern):
        yield Offense(f"/{path}", image.files[path].layer)


def _executables(pattern: str, image: ImageContent) -> Iterator[Offense]:
    for path in image.executables():
        if fnmatchcase(path.rpartition("/")[2], pattern):
            yield Offense(f"/{path}", image.files[path].layer)


def _packages(pattern: str, image: ImageContent) -> Iterator[Offense]:
    for package in image.packages:
        if fnmatchcase(package.name, pattern):
            said = (package.manager, "package", package.name, package.version)
            yield Offense(" ".join(filter(None, said)), package.layer)
