"""``import stagebuild as sb``: every name is there, typed, documented, and costs nothing unused."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import stagebuild as sb

SOURCE = Path(sb.__file__)
NAMES = [name for name in sb.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_exists_and_is_documented(name: str) -> None:
    value = getattr(sb, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse(SOURCE.read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == set(NAMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        sb.biuld  # noqa: B018 - the look-up is the test


@pytest.mark.parametrize(
    "code",
    ["import stagebuild", "import stagebuild as sb; sb.Environment; sb.load; sb.plan_builds"],
)
def test_heavy_libraries_are_not_imported_before_they_are_needed(code: str) -> None:
    heavy = ["rich", "structlog", "python_on_whales", "docker", "pydantic", "jsonschema"]
    check = f"{code}\nimport sys; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
