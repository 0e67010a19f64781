"""The tables of docs/reference/dockerignore.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stagebuild.context.ignorefile import parse_ignorefile

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "dockerignore.md"
CODE = re.compile(r"`([^`]+)`")


def rows(*heads: str) -> list[list[list[str]]]:
    """Return the rows of the tables with these heads, each cell as the code in it."""
    found: list[list[list[str]]] = []
    tables = PAGE.read_text().split("\n\n")
    for table in tables:
        lines = table.strip().splitlines()
        if lines[0] == f"| {' | '.join(heads)} |":
            cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
            found += [[CODE.findall(cell.replace(r"\|", "|")) for cell in row] for row in cells]
    return found


PATTERNS = rows("Pattern", "Matches", "Does not match")
LISTS = rows("Patterns", "Sent", "Not sent")


def test_the_tables_are_found() -> None:
    assert len(PATTERNS) == 17
    assert len(LISTS) == 4


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: row[0][0])
def test_a_pattern_matches_what_the_page_says(row: list[list[str]]) -> None:
    compiled = parse_ignorefile(row[0][0].encode()).compiled()
    assert [path for path in row[1] if not compiled.match(path.encode())] == []
    assert [path for path in row[2] if compiled.match(path.encode())] == []


@pytest.mark.parametrize("row", LISTS, ids=lambda row: " ".join(row[0]))
def test_a_list_sends_what_the_page_says(row: list[list[str]]) -> None:
    compiled = parse_ignorefile("\n".join(row[0]).encode()).compiled()
    assert [path for path in row[1] if compiled.match(path.encode())] == []
    assert [path for path in row[2] if not compiled.match(path.encode())] == []
