"""
``python -m tests.faults.table [PAGE]``: run every cell and write the table into the page.

Ends with 1, and the cells in question on stderr, when something is not as it should be.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import engine_named
from tests.faults import page
from tests.faults.cells import ALL, run_cells
from tests.faults.lab import PHASES
from tests.faults.verdicts import mistakes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.cells import Cell
    from tests.faults.lab import Outcome

ENGINE = "28.5"


def main() -> int:
    """Run, write, judge."""
    engine = engine_named(ENGINE)
    outcomes, left = run_cells(ALL, engine)
    wrong = {cell: mistakes(cell, outcome) for cell, outcome in outcomes.items()}
    for cell, words in wrong.items():
        if words:
            sys.stderr.write(f"{cell}: {'; '.join(words)}\n")
    if len(sys.argv) > 1:
        page.write(Path(sys.argv[1]), "faults", _told(outcomes))
    sys.stderr.writelines(f"left: {thing}\n" for thing in left)
    return int(bool(left) or any(wrong.values()))


def _told(outcomes: Mapping[Cell, Outcome]) -> str:
    """Return the table, and above it what it is of."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for cell, outcome in outcomes.items():
        name = f"{cell.fault.name}, for ever" if cell.lasts else cell.fault.name
        found.setdefault((name, cell.backend), {})[cell.phase] = _words(outcome)
    rows = [(*key, *(words.get(phase, "") for phase in PHASES)) for key, words in found.items()]
    told = page.table(["fault", "backend", *PHASES], rows)
    return f"{len(outcomes)} cells, engine {ENGINE}.\n\n{told}"


def _words(outcome: Outcome) -> str:
    """Return what came of a cell: ``ok, 2 attempts``; ``RegistryFailed``; ``ok, warned``."""
    words = ["ok" if outcome.error is None else type(outcome.error).__name__]
    if len(outcome.attempts) > 1:
        words.append(f"{len(outcome.attempts)} attempts")
    if outcome.result is not None and outcome.result.warnings:
        words.append("warned")
    return ", ".join(words)


if __name__ == "__main__":
    sys.exit(main())
