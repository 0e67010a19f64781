"""
Which packages an image has, by the lists that package managers keep in it. Pure.

Sources: dpkg(1), /var/lib/dpkg/status; distroless, status.d; apk-tools, apk-package.5, installed;
npm, package.json; PyPA, "Recording installed projects".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.contents.merging import merged_lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stagebuild.contents.layers import Layer
    from stagebuild.contents.merging import Placed

_DIST_INFO = re.compile(r"(?:.*/)?(?:site|dist)-packages/([^/]+?)-([^/-]+)\.(?:dist|egg)-info")


class Package(NamedTuple):
    """
    A package.

    Attributes:
        manager: ``dpkg``, ``apk``, ``npm`` or ``pip``.
        name: As its manager has it.
        version: The same; empty where it does not say.
        path: Where in the image it says so.
        layer: Place of the layer that brought it, 0 for the lowest.
    """

    manager: str
    name: str
    version: str
    path: str
    layer: int = 0


def packages_in(layers: Sequence[Layer], there: Mapping[str, Placed]) -> tuple[Package, ...]:
    """
    Return the packages of an image, by manager and name.

    A manager's list is written anew as a whole by every step that installs: a package is from the
    layer whose list had it first.

    Args:
        layers: From the base up.
        there: What is there in the end, by path.
    """
    first: dict[tuple[str, str, str], int] = {}
    for place, layer in enumerate(layers):
        for package in packages_of(layer.lists, layer.entries):
            first.setdefault(package[:3], place)
    return tuple(
        package._replace(layer=first.get(package[:3], 0))
        for package in packages_of(merged_lists(layers, there), there)
    )


def packages_of(lists: Mapping[str, bytes], paths: Iterable[str]) -> tuple[Package, ...]:
    """
    Return the packages that lists tell of, by manager and name.

    Args:
        lists: What is in the managers' lists, by path.
        paths: All paths that there are.
    """
    found: set[Package] = set()
    for path, content in lists.items():
        if path.startswith("var/lib/dpkg/"):
            if not path.endswith(".md5sums"):
                found.update(_dpkg(path, content))
        elif path.endswith("package.json"):
            found.update(_npm(path, content))
        else:
            found.update(_apk(path, content))
    for path in paths:
        if path.endswith("-info"):
            named = _DIST_INFO.fullmatch(path)
            if named is not None:
                found.add(Package("pip", named[1].replace("_", "-").lower(), named[2], path))
    return tuple(sorted(found))


def _dpkg(path: str, content: bytes) -> Iterator[Package]:
    for paragraph in content.decode(errors="replace").split("\n\n"):
        fields = dict(_fields(paragraph, ": "))
        status = fields.get("Status", "install ok installed")
        if "Package" in fields and status.endswith(" installed"):
            yield Package("dpkg", fields["Package"], fields.get("Version", ""), path)


def _apk(path: str, content: bytes) -> Iterator[Package]:
    for paragraph in content.decode(errors="replace").split("\n\n"):
        fields = dict(_fields(paragraph, ":"))
        if "P" in fields:
            yield Package("apk", fields["P"], fields.get("V", ""), path)


def _fields(paragraph: str, separator: str) -> Iterator[tuple[str, str]]:
    for line in paragraph.splitlines():
        name, found, value = line.partition(separator)
        if found and not line[:1].isspace():
            yield name, value.strip()


def _npm(path: str, content: bytes) -> Iterator[Package]:
    folder = path.removesuffix("/package.json").rpartition("node_modules/")[2]
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    version = told.get("version") if isinstance(told, dict) else None
    yield Package("npm", folder, version if isinstance(version, str) else "", path)
