"""Every cell of the fault table, and what is expected of it; many run at the same time."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.errors import RegistryFailed
from tests.faults.lab import BACKENDS, FAULTS, PHASES, Lab, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.faults.proxy import Fault

AT_ONCE = 8
"""Builds at the same time: most of a cell's time is the engine's own waiting."""

TRANSIENT = {"429", "429, Retry-After", "500", "502", "503", "504", "reset", "EOF"}
PERMANENT = {"401", "403", "404", "405", "413"}

# BuildKit tries these again itself for 7 s, in all phases but resolving.
_TAKES_LONG = {"500", "502", "503", "504", "reset", "EOF"}

# An answer to a push has no body worth breaking, and one of a look-up is small.
_HARMLESS = {"slow", "cut", "corrupt"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A fault in a phase of a build by a backend."""

    fault: Fault
    phase: str
    backend: str

    def __str__(self) -> str:
        return f"{self.fault.name}, {self.phase}, {self.backend}"

    @property
    def is_quick(self) -> bool:
        """Whether BuildKit does not wait for seconds itself."""
        return self.fault.name not in _TAKES_LONG or self.phase == "resolve"


ALL = tuple(
    Cell(fault=fault, phase=phase, backend=backend)
    for fault in FAULTS
    for phase in PHASES
    for backend in BACKENDS
)


def run_cells(
    cells: Iterable[Cell], environ: Mapping[str, str], registry: str
) -> dict[Cell, Outcome]:
    """Return what came of each cell."""
    cells = list(cells)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = pool.map(lambda cell: _run(cell, environ, registry), cells)
        return dict(zip(cells, outcomes, strict=True))


def _run(cell: Cell, environ: Mapping[str, str], registry: str) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        lab = Lab(backend=cell.backend, environ=environ, registry=registry, folder=Path(folder))
        return lab.cell(cell.fault, cell.phase)


def mistakes(cell: Cell, outcome: Outcome) -> list[str]:
    """Return what is not as it should be, in words; nothing when all is well."""
    found = [] if outcome.hits else ["the fault never happened"]
    name = cell.fault.name
    if cell.phase.startswith("cache"):
        return found + _cache_mistakes(cell, outcome)
    if name in PERMANENT:
        if not isinstance(outcome.error, RegistryFailed):
            found.append(f"ended with {outcome.error!r}, not as a registry's failure")
        if len(outcome.attempts) != 1:
            found.append(f"took {len(outcome.attempts)} attempts to give up")
        return found
    if name == "corrupt" and outcome.error is not None:
        # The engine keeps the bytes that it got and goes on from them, so nothing helps any more
        # (containerd#3974); the second attempt is one too many, but the first can't know.
        return found if len(outcome.attempts) == 2 else [*found, "more attempts than one more"]
    if outcome.error is not None:
        found.append(f"failed: {outcome.error}")
    if name in TRANSIENT and len(outcome.attempts) < 2:
        found.append("succeeded at once although the fault lasted until an attempt failed")
    return found


def _cache_mistakes(cell: Cell, outcome: Outcome) -> list[str]:
    if outcome.result is None:
        return [f"a cache failed the build: {outcome.error}"]
    is_known = cell.fault.name in _HARMLESS
    is_empty = cell.fault.name == "404" and cell.phase == "cache import"
    warned = len(outcome.result.warnings)
    if not is_known and warned != (0 if is_empty else 1):
        return [f"{warned} warnings"]
    return []
