"""A room of the tool imports from rooms above it only, and from nothing but Python."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import tools.engine

FOLDER = Path(tools.engine.__file__).parent
ROOMS = re.findall(r"^    (\w+)/?  +\S", tools.engine.__doc__ or "", re.MULTILINE)


def room_of(path: Path) -> str:
    return path.relative_to(FOLDER).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Give the dotted names that a module imports, `a.b` for `from a import b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_in_the_plan() -> None:
    rooms = {room_of(path) for path in FOLDER.rglob("*.py")} - {"__init__", "__main__"}
    assert rooms == set(ROOMS)


def test_arrows_point_one_way() -> None:
    for path in FOLDER.rglob("*.py"):
        if room_of(path) in ROOMS:
            place = ROOMS.index(room_of(path))
            ours = [name.split(".")[2] for name in imported(path) if name.startswith("tools.")]
            assert all(ROOMS.index(name) <= place for name in ours), path


def test_nothing_but_python_is_needed() -> None:
    for path in FOLDER.rglob("*.py"):
        others = {name.split(".")[0] for name in imported(path)} - {"tools"}
        assert others <= sys.stdlib_module_names, path


def test_rooms_are_small() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in FOLDER.rglob("*.py")}
    assert max(lengths.values()) <= 300
