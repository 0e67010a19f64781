"""Every cell of the fault table, and what is expected of it; many run at the same time."""

from __future__ import annotations

import contextlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import processes
from tests.faults.lab import BACKENDS, FAULTS, PHASES, Lab, Outcome
from tests.faults.names import WAYS, named_registry
from tests.faults.verdicts import TRANSIENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conftest import Engine
    from tests.faults.names import NamedRegistry
    from tests.faults.proxy import Fault

AT_ONCE = 8
"""Builds at the same time: most of a cell's time is the engine's own waiting."""

_WAY_PHASES = ("resolve", "cache import", "cache export", "push")

# BuildKit tries these again itself for 7 s, in all phases but resolving and running.
_TAKES_LONG = TRANSIENT - {"429", "429, Retry-After"}

_OURS = ("resolve", "run", "run, retry-steps")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """
    A fault in a phase of a build by a backend.

    Attributes:
        fault: What breaks.
        phase: Where.
        backend: By what it is built.
        lasts: Whether it is never over, else once an attempt has failed.
    """

    fault: Fault
    phase: str
    backend: str
    lasts: bool = False

    def __str__(self) -> str:
        lasting = ", for ever" if self.lasts else ""
        return f"{self.fault.name}{lasting}, {self.phase}, {self.backend}"

    @property
    def is_quick(self) -> bool:
        """Whether BuildKit does not wait for seconds itself."""
        is_way_cache = self.fault.at is not None and self.phase == "cache import"
        is_long = self.fault.name in _TAKES_LONG and not is_way_cache
        return not is_long or self.phase in _OURS


ALL = (
    *(
        Cell(fault=fault, phase=phase, backend=backend)
        for faults, phases in ((FAULTS, PHASES), (WAYS, _WAY_PHASES))
        for fault in faults
        for phase in phases
        for backend in BACKENDS
    ),
    *(
        Cell(fault=fault, phase=phase, backend=backend, lasts=True)
        for faults, phases in ((FAULTS, ("resolve", "pull", "push")), (WAYS, ("resolve", "push")))
        for fault in faults
        if fault.name in TRANSIENT
        for phase in phases
        for backend in BACKENDS
    ),
)


def run_cells(cells: Iterable[Cell], engine: Engine) -> tuple[dict[Cell, Outcome], list[str]]:
    """Return what came of each cell, and what all of them have left of themselves here."""
    cells = list(cells)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as place,
        contextlib.ExitStack() as stack,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        named = None
        if any(cell.fault.at is not None for cell in cells):
            named = stack.enter_context(named_registry(engine, Path(place)))
        temporary = Path(place, "temporary")
        temporary.mkdir()
        stack.enter_context(_temporary_files_in(temporary))
        # Those that take longest first.
        order = sorted(cells, key=lambda cell: (not cell.lasts, cell.is_quick))
        found = dict(
            zip(order, pool.map(lambda cell: _run(cell, engine, named), order), strict=True)
        )
        return {cell: found[cell] for cell in cells}, _leftovers(temporary)


@contextlib.contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have this process put its temporary files where no other one's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield


def _leftovers(temporary: Path) -> list[str]:
    children = [pid for pid in processes.having("buildx") if processes.parent(pid) == os.getpid()]
    return [*map(str, temporary.iterdir()), *(f"process {pid}" for pid in children)]


def _run(cell: Cell, engine: Engine, named: NamedRegistry | None) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="cell-") as folder:
        lab = Lab(
            backend=cell.backend,
            environ=engine.env,
            registry=engine.registry,
            folder=Path(folder),
        )
        if cell.fault.at is not None and named is not None:
            lab.environ, lab.between = named.environ, named.between
        fields = {"retries": 1} if cell.lasts else {}
        return lab.cell(cell.fault, cell.phase, passes=not cell.lasts, **fields)
