"""
``python -m tests.faults.table [PAGE]``: run every cell and write the table into the page.

Ends with 1, and the cells in question on stderr, when something is not as it should be.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.cells import ALL, mistakes, run_cells
from tests.faults.lab import BACKENDS, FAULTS, PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.cells import Cell
    from tests.faults.lab import Outcome

ROOT = Path(__file__).parents[2]
ENGINE = "28.5"


def main() -> int:
    """Run, write, judge."""
    environ = _environ()
    outcomes = run_cells(ALL, environ, environ["STAGEBUILD_REGISTRY"])
    wrong = {cell: mistakes(cell, outcome) for cell, outcome in outcomes.items()}
    for cell, words in wrong.items():
        if words:
            sys.stderr.write(f"{cell}: {'; '.join(words)}\n")
    if len(sys.argv) > 1:
        page = Path(sys.argv[1])
        page.write_text(_with_table(page.read_text("utf-8"), outcomes), "utf-8")
    return int(any(wrong.values()))


def _environ() -> dict[str, str]:
    import os  # noqa: PLC0415 - only here

    tool = os.environ.get("STAGEBUILD_ENGINE_TOOL", str(ROOT / "tools" / "engine"))
    subprocess.run([sys.executable, tool, "up", ENGINE], check=True, stdout=sys.stderr)
    shown = subprocess.run(
        [sys.executable, tool, "env", ENGINE, "--json"], check=True, capture_output=True
    )
    return {**os.environ, **json.loads(shown.stdout)}


def _with_table(page: str, outcomes: Mapping[Cell, Outcome]) -> str:
    table = "\n".join([_row("fault", "backend", *PHASES), _row(*["---"] * (2 + len(PHASES)))])
    for fault in FAULTS:
        for backend in BACKENDS:
            found = {
                cell.phase: outcome
                for cell, outcome in outcomes.items()
                if cell.fault is fault and cell.backend == backend
            }
            table += "\n" + _row(fault.name, backend, *(_words(found[phase]) for phase in PHASES))
    told = f"{len(outcomes)} cells, engine {ENGINE}."
    return re.sub(
        r"(<!-- begin: faults -->\n).*?(<!-- end: faults -->)",
        lambda marks: f"{marks[1]}{told}\n\n{table}\n{marks[2]}",
        page,
        flags=re.DOTALL,
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


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
