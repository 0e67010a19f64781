"""
``python -m tests.faults.soak [MINUTES]``: builds, edits, faults, cancellations and kills at random.

First as many processes as asked for build at once, against one engine and one history, round after
round. Then one process goes on for the rest of the time, and every minute tells what it holds:
memory, file descriptors, threads, children, temporary folders. Ends with 1 when a build was wrong
or a figure grew.

``ROUNDS`` (10), ``PROCESSES`` (16), ``KILLS`` (20) and ``SEED`` (0) can be set in the environment.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.base import Cancel
from tests.conftest import _engine
from tests.faults.lab import BACKENDS, FAULTS, PHASES, Lab
from tests.faults.test_engine_faults import Kills

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


ROOT = Path(__file__).parents[2]
_SETTLE_S = 120.0
_GROWTH = 1.2


class Figures(NamedTuple):
    """What this process holds."""

    memory_kb: int
    descriptors: int
    threads: int
    children: int
    folders: int


def main() -> int:
    """Soak and judge."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    ends_s = time.monotonic() + 60 * minutes
    engine = _engine("28.5")
    chance = random.Random(int(os.environ.get("SEED", "0")))
    wrong = [*_rounds(engine.env, ends_s), *_kills(engine.env, ends_s)]
    figures: list[Figures] = []
    counts: dict[str, int] = {}
    began_s = told_s = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        os.environ["TMPDIR"] = place
        while time.monotonic() < ends_s:
            backend = chance.choice(list(BACKENDS))
            act = chance.choice(["build", "build", "edit", "fault", "fault", "cancel"])
            counts[act] = counts.get(act, 0) + 1
            wrong += _one(act, chance, engine.env, engine.registry, backend)
            if time.monotonic() - told_s > 60:
                told_s = time.monotonic()
                if told_s - began_s > min(_SETTLE_S, 30 * minutes):
                    figures.append(_held(place))
                print(f"{(told_s - began_s) / 60:5.1f} min", counts, _held(place), flush=True)
    wrong += _grown(figures)
    for words in wrong:
        print("WRONG:", words)
    return int(bool(wrong))


def _one(
    act: str, chance: random.Random, environ: Mapping[str, str], registry: str, backend: str
) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        lab = Lab(backend=backend, environ=environ, registry=registry, folder=Path(folder))
        match act:
            case "fault":
                fault, phase = chance.choice(FAULTS), chance.choice(PHASES)
                outcome = lab.cell(fault, phase)
                if phase.startswith("cache") and outcome.error is not None:
                    yield f"{fault.name}, {phase}, {backend}: {outcome.error}"
            case "cancel":
                cancel = Cancel()
                spec = lab.spec("FROM busybox\nRUN echo NONCE && sleep 5\n")
                threading.Timer(chance.uniform(0.0, 3.0), cancel.cancel).start()
                began_s = time.monotonic()
                _, error = lab.build(spec, cancel=cancel)
                if type(error).__name__ != "BuildCanceled":
                    yield f"canceled, {backend}: {error!r}"
                if time.monotonic() - began_s > 10:
                    yield f"canceled, {backend}: took {time.monotonic() - began_s:.1f} s"
            case _:
                text = "FROM busybox\nCOPY file /\nRUN cat /file > /made\n"
                for number in range(2 if act == "edit" else 1):
                    spec = lab.spec(f"{text}# {number}\n")
                    (lab.folder / "file").write_text(f"{lab.nonce} {number}")
                    _, error = lab.build(spec)
                    if error is not None:
                        yield f"{act}, {backend}: {error}"


def _rounds(environ: Mapping[str, str], ends_s: float) -> Iterator[str]:
    """Build in many processes at once; every result is right, and none is lost."""
    processes = int(os.environ.get("PROCESSES", "16"))
    done = 0
    with tempfile.TemporaryDirectory() as place:
        history = {"STAGEBUILD_HISTORY": f"{place}/history.sqlite"}
        for done in range(int(os.environ.get("ROUNDS", "10"))):
            if time.monotonic() > ends_s:
                break
            folders = [Path(place, uuid.uuid4().hex) for _ in range(processes)]
            children = [_child(folder, {**environ, **history}) for folder in folders]
            for folder, child in zip(folders, children, strict=True):
                shown, said = child.communicate()
                if child.returncode != 0:
                    yield f"round {done}: {said[-300:]}"
                elif folder.name not in (folder / "out" / "made").read_text():
                    yield f"round {done}: another build's result: {shown}"
        print(f"{done + 1} rounds of {processes}", flush=True)
        with sqlite3.connect(history["STAGEBUILD_HISTORY"]) as file:
            (rows,) = file.execute("SELECT count(*) FROM builds").fetchone()
        if rows != (done + 1) * processes:
            yield f"{rows} of {(done + 1) * processes} builds are in the history"


def _child(folder: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"FROM busybox AS made\nRUN echo {folder.name} > /made\n"
        "FROM scratch AS prod\nCOPY --from=made /made /\n"
    )
    return subprocess.Popen(
        [sys.executable, "-m", "stagebuild", "prod", "--json", "-o", "out"],
        cwd=folder,
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kills(environ: Mapping[str, str], ends_s: float) -> Iterator[str]:
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory() as place:
            kills = Kills(folder=Path(place), environ=environ, backend=backend)
            for number in range(int(os.environ.get("KILLS", "20"))):
                if time.monotonic() > ends_s:
                    break
                try:
                    kills.one()
                except AssertionError as error:
                    yield f"after kill -9, {backend}, {number}: {error}"
            print(f"{kills.number} kills, {backend}", flush=True)


def _held(place: str) -> Figures:
    status = Path("/proc/self/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    own = str(os.getpid())
    children = subprocess.run(
        ["ps", "--ppid", own, "-o", "pid=,stat="], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return Figures(
        memory_kb=int(fields["VmRSS"].split()[0]),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        children=len(children) - 1,  # ps itself
        folders=len(list(Path(place).glob("stagebuild-*"))),
    )


def _grown(figures: list[Figures]) -> list[str]:
    """Say which figure was higher at the end than after settling, by more than a fifth."""
    if len(figures) < 2:
        return []
    first, last = figures[0], figures[-1]
    return [
        f"{name} grew from {before} to {after}"
        for name, before, after in zip(Figures._fields, first, last, strict=True)
        if after > before * _GROWTH + 3
    ]


if __name__ == "__main__":
    sys.exit(main())
