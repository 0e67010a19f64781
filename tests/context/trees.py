"""Random trees, patterns and ``.dockerignore`` files, of names that make patterns interesting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

NAMES = [b"a", b"b", b"c", b"ab", b"x.c", b"a.c", b"a-b", b"lib", "é".encode(), b"[a]", b"a b"]
ODD_NAMES = [*NAMES, b"*", b"a|b", b"\xff", b"a\nb", b"!a", b"q?", b"{2}", b"$"]

_PARTS = ["a", "b", "c", "ab", "x.c", "a.c", "lib", "*", "**", "*.c", "a*", "?", "[a-c]", "[^a]"]
_ODD_PARTS = [
    *_PARTS,
    "é",
    "\udcff",
    "..",
    ".",
    r"\*",
    "[[]a]",
    "l?b",
    r"\[a\]",
    "a|b*",
    "{2}",
    "^a*",
]
_ODD_PARTS += [r"\d", r"[\w-]*", "[*]", "[?]", "[a", "a{2}*", "[[:alpha:]]", r"\Qa*", "[z-a]", "+b"]

# A file of a tree: its path, what it is, and a link's target or a file's permissions.
Item = tuple[bytes, str, bytes]


def random_pattern(rng: random.Random, *, odd: bool) -> str:
    """Return a pattern; an odd one may mean nothing."""
    parts = _ODD_PARTS if odd else _PARTS
    pattern = "/".join(rng.choice(parts) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))
    if rng.random() < 0.1:
        pattern += "/"
    return f"!{pattern}" if rng.random() < 0.3 else pattern


def random_tree(rng: random.Random, names: Sequence[bytes], *, links: bool) -> list[Item]:
    """Return what is in a tree, folders before what is in them."""
    items: list[Item] = []
    _grow(rng, names, b"", items, links=links)
    return items


def _grow(
    rng: random.Random, names: Sequence[bytes], folder: bytes, items: list[Item], *, links: bool
) -> None:
    for name in rng.sample(names, rng.randint(1, 5)):
        path = folder + name
        chance = rng.random()
        if chance < 0.4 and path.count(b"/") < 3:
            items.append((path, "folder", b""))
            _grow(rng, names, path + b"/", items, links=links)
        elif chance < 0.6 and links:
            up = rng.choice([b"", b"", b"/", b"../"])
            target = b"/".join(rng.choice(names) for _ in range(rng.randint(1, 2)))
            items.append((path, "symlink", up + target))
        elif chance < 0.7 and links and (files := [it for it in items if it[1] == "file"]):
            items.append((path, "hardlink", rng.choice(files)[0]))
        elif chance < 0.75 and links:
            items.append((path, "fifo", b""))
        else:
            items.append((path, "file", rng.choice([b"644", b"644", b"4755", b"2600", b"1777"])))


def plant(root: Path, items: Sequence[Item]) -> None:
    """Make a tree in a folder."""
    for path, kind, more in items:
        full = root / os.fsdecode(path)
        match kind:
            case "folder":
                full.mkdir(0o755)
            case "symlink":
                full.symlink_to(os.fsdecode(more))
            case "hardlink":
                full.hardlink_to(root / os.fsdecode(more))
            case "fifo":
                os.mkfifo(full, 0o644)
            case _:
                full.write_bytes(path)
                full.chmod(int(more, 8))
