"""
Layers, from the base up -> the file system that a container sees. Pure.

Source: the OCI image specification, layer.md, "Applying Changesets".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from stagebuild.contents.layers import Layer
    from stagebuild.contents.tarheaders import Entry


class Placed(NamedTuple):
    """
    A file, and the layer that it is from.

    Attributes:
        entry: The file.
        layer: Place of the layer, 0 for the lowest.
    """

    entry: Entry
    layer: int


def merged(layers: Sequence[Layer]) -> dict[str, Placed]:
    """Return what there is when all layers are applied, by path."""
    there: dict[str, Placed] = {}
    for place, layer in enumerate(layers):
        _take_away(there, layer)
        for path, entry in layer.entries.items():
            there[path] = Placed(entry, place)
    return there


def merged_lists(layers: Sequence[Layer], there: Mapping[str, Placed]) -> dict[str, bytes]:
    """Return what is in the lists of packages that there are in the end, by path."""
    return {
        path: content
        for place, layer in enumerate(layers)
        for path, content in layer.lists.items()
        if path in there and there[path].layer == place
    }


def _take_away(there: dict[str, Placed], layer: Layer) -> None:
    removed = set(layer.removed)
    for path, entry in layer.entries.items():
        below = there.get(path)
        if below is not None and below.entry.kind == "folder" and entry.kind != "folder":
            removed.add(path)  # a file in a folder's place takes what was in it, too
    if not removed and not layer.emptied:
        return
    gone = [
        path
        for path in there
        if path in removed or any(f in removed or f in layer.emptied for f in folders_of(path))
    ]
    for path in gone:
        del there[path]


def folders_of(path: str) -> Iterator[str]:
    """Give the folders that a path is in, the root last, as the empty text."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def count_bytes(files: Collection[Placed]) -> int:
    """Return what files weigh together."""
    return sum(placed.entry.size_bytes for placed in files)
