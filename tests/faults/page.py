"""Tables in the documentation that a harness writes, each between two marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def row(cells: Iterable[object]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)])


def write(page: Path, name: str, text: str) -> None:
    """Put a text between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``."""
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    old = page.read_text("utf-8")
    new, count = re.subn(
        f"({re.escape(begin)}\n).*?({re.escape(end)})",
        lambda marks: f"{marks[1]}{text}\n{marks[2]}",
        old,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{page} has no marks for {name!r}")
    page.write_text(new, "utf-8")
