"""One layer: its entries, what it removes from the layers below, what its lists of packages say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.contents.streams import unpacked
from stagebuild.contents.tarheaders import read_entries
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.contents.streams import ByteStream
    from stagebuild.contents.tarheaders import Entry

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MOST_KEPT_BYTES = 16 << 20
_LISTS = re.compile(
    r"var/lib/dpkg/status"
    r"|var/lib/dpkg/status\.d/[^/]+"
    r"|(?:usr/)?lib/apk/db/installed"
    r"|(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+/package\.json"
)


@frozen
class Layer:
    """
    What one layer does to the file system.

    Attributes:
        entries: What it puts there, by path; the last one of a path counts.
        removed: Paths that it takes away, with all that is below them.
        emptied: Folders that it begins anew: nothing in them comes from below.
        lists: What is in its lists of packages, by path.
        size_bytes: Of its files, unpacked.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    removed: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()
    lists: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    size_bytes: int = 0


def read_layer(stream: ByteStream) -> Layer:
    """
    Read a layer to its end, whatever it is packed with.

    Raises:
        ImageUnreadable: It is no archive.

    Source: the OCI image specification, layer.md, "Whiteouts".
    """
    entries: dict[str, Entry] = {}
    removed: set[str] = set()
    emptied: set[str] = set()
    lists: dict[str, bytes] = {}
    size = 0
    for entry, content in read_entries(unpacked(stream), _is_list):
        folder, _, name = entry.path.rpartition("/")
        if name.startswith(_WHITEOUT):
            if name == _OPAQUE:
                emptied.add(folder)
            else:
                hidden = name.removeprefix(_WHITEOUT)
                removed.add(f"{folder}/{hidden}" if folder else hidden)
            continue
        entries[entry.path] = entry
        size += entry.size_bytes
        if content is not None:
            lists[entry.path] = content
    return Layer(
        entries=entries,
        removed=frozenset(removed),
        emptied=frozenset(emptied),
        lists=lists,
        size_bytes=size,
    )


def _is_list(entry: Entry) -> bool:
    path = entry.path
    if not path.endswith(("package.json", "installed", "status")) and "status.d/" not in path:
        return False
    return entry.size_bytes <= _MOST_KEPT_BYTES and _LISTS.fullmatch(path) is not None
