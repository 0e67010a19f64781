"""
``python -m tests.faults.soak [MINUTES [PAGE]]``: builds, edits, faults, cancellations, kills.

One process, as a deployment service would be, does one after another at random, and tells every
minute what it holds. Ends with 1 when a build was wrong or a figure grew. ``SEED`` (0) and
``PAUSE_S`` (1.0, between two acts) can be set in the environment.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import stagebuild as sb
from stagebuild.backends.base import Cancel
from tests.conftest import engine_named
from tests.faults import page, processes
from tests.faults.cells import Cell
from tests.faults.kills import Kills
from tests.faults.lab import BACKENDS, FAULTS, PHASES, Lab
from tests.faults.verdicts import mistakes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.conftest import Engine

ACTS = ("build", "build", "edit", "edit", "deploy", "fault", "fault", "cancel", "kill")
_MARK = "STAGEBUILD_SOAK"
_GROWTH = 1.1


class Figures(NamedTuple):
    """
    What is held.

    Attributes:
        memory_mb: Of this process, resident.
        descriptors: Of this process.
        threads: Of this process.
        processes: Others that were begun here and still are, however far away they got.
        files: Ours among the temporary ones.
        engine_descriptors: The engine's: a build that is not given up there keeps some.
    """

    memory_mb: float
    descriptors: int
    threads: int
    processes: int
    files: int
    engine_descriptors: int


def main() -> int:
    """Soak and judge."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    os.environ[_MARK] = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        os.environ["TMPDIR"] = tempfile.tempdir = place
        soak = Soak(engine_named("28.5"), random.Random(int(os.environ.get("SEED", "0"))))
        figures = soak.through(60 * minutes, float(os.environ.get("PAUSE_S", "1")))
    wrong = [*soak.wrong, *grown(figures)]
    for words in wrong:
        print("WRONG:", words)
    if len(sys.argv) > 2:
        page.write(Path(sys.argv[2]), "soak", _told(soak, figures, wrong))
    return int(bool(wrong))


class Soak:
    """
    What was done, and what of it was wrong.

    Attributes:
        counts: How often each act was done.
        wrong: In words.
    """

    def __init__(self, engine: Engine, chance: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._engine = engine
        self._chance = chance

    def through(self, seconds: float, pause_s: float) -> list[Figures]:
        """Act for so long, and return what was held after each minute."""
        figures: list[Figures] = []
        began_s = told_s = time.monotonic()
        while time.monotonic() - began_s < seconds:
            act, backend = self._chance.choice(ACTS), self._chance.choice(list(BACKENDS))
            self.counts[act] += 1
            with tempfile.TemporaryDirectory(prefix="act-") as folder:
                for words in self._act(act, backend, Path(folder)):
                    self.wrong.append(f"{act}, {backend}: {words}")
                    print(self.wrong[-1], flush=True)
            time.sleep(pause_s)
            if time.monotonic() - told_s >= 60:
                told_s = time.monotonic()
                figures.append(held(self._engine.env))
                print(f"{(told_s - began_s) / 60:5.1f} min", dict(self.counts), figures[-1])
                sys.stdout.flush()
        return figures

    def _act(self, act: str, backend: str, folder: Path) -> Iterator[str]:
        environ, registry = self._engine.env, self._engine.registry
        lab = Lab(backend=backend, environ=environ, registry=registry, folder=folder)
        match act:
            case "fault":
                yield from self._fault(lab, backend)
            case "cancel":
                yield from self._cancel(lab)
            case "deploy":
                yield from _deployed(lab)
            case "kill":
                kills = Kills(folder=folder, environ=environ, backend=backend, chance=self._chance)
                try:
                    kills.one()
                except AssertionError as wrong:
                    yield str(wrong)
                finally:
                    kills.end_orphans()
            case _:
                text = "FROM busybox\nCOPY file /\nRUN cat /file > /made\n"
                for number in range(2 if act == "edit" else 1):
                    spec = lab.spec(text)
                    (folder / "file").write_text(f"{lab.nonce} {number}")
                    _, error = lab.build(spec)
                    if error is not None:
                        yield str(error)

    def _fault(self, lab: Lab, backend: str) -> Iterator[str]:
        fault, phase = self._chance.choice(FAULTS), self._chance.choice(PHASES)
        cell = Cell(fault=fault, phase=phase, backend=backend)
        for words in mistakes(cell, lab.cell(fault, phase)):
            yield f"{fault.name}, {phase}: {words}"

    def _cancel(self, lab: Lab) -> Iterator[str]:
        cancel = Cancel()
        spec = lab.spec("FROM busybox\nRUN echo NONCE && sleep 5\n")
        timer = threading.Timer(self._chance.uniform(0.0, 3.0), cancel.cancel)
        timer.start()
        began_s = time.monotonic()
        _, error = lab.build(spec, cancel=cancel)
        timer.join()
        if type(error).__name__ != "BuildCanceled":
            yield repr(error)
        if time.monotonic() - began_s > 10:
            yield f"took {time.monotonic() - began_s:.1f} s"


def _deployed(lab: Lab) -> Iterator[str]:
    """Check, plan, build, push and remember, as a deployment script does."""
    (lab.folder / "Dockerfile").write_text(f"FROM busybox AS prod\nRUN echo {lab.nonce} > /n\n")
    (lab.folder / "stagebuild.toml").write_text(
        f'[environments.prod]\ntags = ["{lab.registry}/soak/{lab.nonce}:1"]\n'
    )
    project = sb.load(lab.folder)
    sb.check_project(project)
    plan = sb.plan_builds(project, ["prod"])
    with sb.History(lab.folder / "history.sqlite") as history:
        sb.forecast(plan, history=history)
        result = sb.execute(plan, push=True, backend=lab.made(), history=history)["prod"]
    if result.reference is None:
        yield "nothing was pushed"


def held(engine: Mapping[str, str]) -> Figures:
    """Return what is held now."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    socket = Path(engine["DOCKER_HOST"].removeprefix("unix://"))
    dockerd = Path("/proc") / (socket.with_name("dockerd.pid")).read_text().strip()
    return Figures(
        memory_mb=round(int(fields["VmRSS"].split()[0]) / 1024, 1),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        processes=len(processes.having(f"{_MARK}={os.environ[_MARK]}", of="environ")),
        files=len(list(Path(tempfile.gettempdir()).rglob("*"))),
        engine_descriptors=len(list((dockerd / "fd").iterdir())),
    )


def grown(figures: Sequence[Figures]) -> list[str]:
    """
    Say which figure was higher in the last quarter than in the second, by their medians.

    The first quarter is for settling: caches fill, modules are imported.
    """
    quarter = len(figures) // 4
    if not quarter:
        return []
    before, after = figures[quarter : 2 * quarter], figures[-quarter:]
    found = []
    for number, name in enumerate(Figures._fields):
        first = statistics.median(one[number] for one in before)
        last = statistics.median(one[number] for one in after)
        if last > first * _GROWTH + 2:
            found.append(f"{name} grew from {first} to {last}")
    return found


def _told(soak: Soak, figures: Sequence[Figures], wrong: Sequence[str]) -> str:
    acts = ", ".join(f"{number} x {act}" for act, number in sorted(soak.counts.items()))
    chosen = sorted({0, *range(9, len(figures), 10), len(figures) - 1})
    head = ["minute", *(name.replace("_", " ") for name in Figures._fields)]
    rows = [(number + 1, *figures[number]) for number in chosen]
    return f"{acts}. Wrong: {'; '.join(wrong) or 'nothing'}.\n\n{page.table(head, rows)}"


if __name__ == "__main__":
    sys.exit(main())
