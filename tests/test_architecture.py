"""The house: imports point one way, and each third-party library stays in its room."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent / "stagebuild"

# A module imports from rooms above its own, or from its own. docs/explanation/design.md draws it.
ROOMS = (
    "version",
    "lazily",
    "values",
    "errors",
    "model",
    "dockerfile",
    "context",
    "config",
    "locks",
    "planning",
    "secrecy",
    "fingerprint",
    "changes",
    "progress",
    "buildkit",
    "distribution",
    "timeline",
    "backends",
    "sizes",
    "result",
    "runevents",
    "failures",
    "observing",
    "registry",
    "history",
    "promotion",
    "contents",
    "budgets",
    "checks",
    "starting",
    "interop",
    "doctor",
    "forecast",
    "skipping",
    "report",
    "sinks",
    "scheduling",
    "runner",
    "testing",
    "__init__",
    "cli",
    "__main__",
)

THIRD_PARTIES = {
    "docker": "backends.sdk",
    "h2": "buildkit",
    "hpack": "buildkit",
    "isal": "contents.streams",
    "python_on_whales": "backends.buildx",
    "requests": "backends.sdk",  # docker's own HTTP library, for its exceptions and adapters
    "rich": "sinks.console",
    "structlog": "sinks.log",
    "tenacity": "backends.retrying",
    "yaml": "interop.yamltext",
    "zstandard": "contents.streams",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the dotted name below the package, as ``backends.buildx.argv``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that ``path`` imports when it runs; what only types need is no arrow."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_its_own_room_and_those_above(path: Path) -> None:
    own = name_of(path).partition(".")[0]
    assert own in ROOMS, f"{own} is a new room: give it a place in ROOMS and in design.md"
    for imported in imports_of(path):
        package, _, rest = imported.partition(".")
        if package != "stagebuild":
            continue
        room = rest.partition(".")[0] or "__init__"
        assert ROOMS.index(room) <= ROOMS.index(own), f"{own} imports {imported}, which is below it"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_third_party_libraries_stay_in_their_room(path: Path) -> None:
    for imported in imports_of(path):
        package = imported.partition(".")[0]
        if package in sys.stdlib_module_names or package in ("stagebuild", "__future__"):
            continue
        assert package in THIRD_PARTIES, f"{package} is a new library: give it a room"
        room = THIRD_PARTIES[package]
        assert f"{name_of(path)}.".startswith(f"{room}."), f"{package} belongs to {room}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_has_one_subject(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, "by 300 lines it has two subjects: split it"
