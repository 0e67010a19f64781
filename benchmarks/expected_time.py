"""
How long a build of the example was expected to take, and how long it took.

One environment at a time, on a warm history: a random edit, the forecast, the build. What is
compared is what a caller waits for, from the request to the answer.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import stagebuild as sb
from benchmarks.measuring import Row
from stagebuild.forecast import forecast
from stagebuild.history import History
from stagebuild.registry import ImageDigests
from stagebuild.runner import run
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Peers

EXAMPLE = Path(__file__).parent.parent / "examples" / "webapp"
ENVIRONMENTS = ("dev", "test", "lint", "prod")
WARM, MEASURED = 16, 28
AT_MOST = 0.15


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the median error of the expected times."""
    os.environ.update(peers.env)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name) / "webapp"
        shutil.copytree(EXAMPLE, folder)
        errors = [abs(told - took) / took for told, took in times(folder, peers)]
    usual = statistics.median(errors)
    yield Row(
        name=f"expected time of {len(errors)} builds of examples/webapp, median error",
        unit="of the time",
        ours=usual,
        target=f"<= {AT_MOST}",
        met=usual <= AT_MOST,
        spread=(min(errors), max(errors)),
        versions=peers.versions,
    )


def times(folder: Path, peers: Peers) -> Iterator[tuple[float, float]]:
    """Yield expected and real seconds of builds after random edits, once the history is warm."""
    rng = random.Random(5)
    with History(folder.parent / "history.sqlite") as history:
        for number in range(WARM + MEASURED):
            if number >= len(ENVIRONMENTS):
                rng.choice(EDITS)(folder, time.time_ns())
            time.sleep(0.05)
            plan = _plan(folder, ENVIRONMENTS[number % len(ENVIRONMENTS)])
            (spec,) = plan.specs
            told = forecast(plan, history=history, images=ImageDigests(peers.env))[spec.name]
            began_s = time.perf_counter()
            outcome = run(plan, history=history, environ=peers.env)
            took_s = time.perf_counter() - began_s
            if outcome.error is not None:
                raise outcome.error
            if number >= WARM and told.duration is not None:
                yield told.duration.expected_s, took_s


def _plan(folder: Path, name: str) -> sb.BuildPlan:
    """Return the plan of one environment, without its gates, which are builds of their own."""
    project = sb.load(folder / "stagebuild.toml")
    assert project.environments is not None
    alone = replaced(project.environments[name], requires=())
    return sb.plan_builds(replaced(project, environments={name: alone}), [name])


def _code(folder: Path, number: int) -> None:
    _append(folder / "src/shortlinks/settings.py", f"EDITED = {number}\n", gap=2)


def _test(folder: Path, number: int) -> None:
    _append(
        folder / "tests/test_edited.py", f"def test_{number}() -> None:\n    assert True\n", gap=2
    )


def _style(folder: Path, number: int) -> None:
    _append(folder / "assets/main.css", f".edited-{number} {{ color: red; }}\n")


def _nothing(folder: Path, number: int) -> None:
    del folder, number


def _append(path: Path, text: str, *, gap: int = 0) -> None:
    """Add to a file, after so many empty lines: the example's lint stage minds its format."""
    before = path.read_text() + "\n" * gap if path.exists() else ""
    path.write_text(before + text)


EDITS: tuple[Callable[[Path, int], None], ...] = (_code, _code, _test, _style, _nothing)
