"""A trace in Perfetto's own parser, of which nothing may be lost."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.report.chrometrace import chrome_trace
from stagebuild.testing import hit, ran
from tests.report.html.browser import needed_browser
from tests.report.perfetto import opened
from tests.report.runs.samples import START_S, failed, large_events, run, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfetto.trace_processor import TraceProcessor

pytestmark = pytest.mark.browser

LOST = "SELECT name, value FROM stats WHERE value > 0 AND severity IN ('error', 'data_loss')"
SLICES = """
SELECT slice.name, slice.category, process.name AS build, thread.name AS stage,
       extract_arg(slice.arg_set_id, 'args.cached') AS cached
FROM slice JOIN thread_track ON slice.track_id = thread_track.id
JOIN thread USING (utid) JOIN process USING (upid)
"""


def trace() -> dict[str, Any]:
    """Return the trace of a large run with a gate that fails, and of steps that overlap."""
    steps = count(1)
    overlapping = [
        each
        for start_s in (START_S + number / 7 for number in range(60))
        for each in (
            ran(f"[app {next(steps)}/120] RUN a", start_s, start_s + 1 / 7),
            ran(f"[app {next(steps)}/120] RUN b", start_s + 0.01, start_s + 0.3),
        )
    ]
    told = run(
        succeeded(large_events(), requires=("test",)),
        succeeded([*overlapping, hit("[b 1/1] RUN c", at_s=START_S)], name="app"),
        failed(),
        gates=("test",),
    )
    written: dict[str, Any] = json.loads(json.dumps(chrome_trace(told)))
    return written


@pytest.fixture(scope="module")
def perfetto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceProcessor]:
    path = tmp_path_factory.mktemp("trace") / "run.trace.json"
    path.write_text(json.dumps(trace()))
    with opened(path, needed_browser()) as found:
        yield found


def asked(perfetto: TraceProcessor, query: str) -> list[dict[str, Any]]:
    return [dict(vars(row)) for row in perfetto.query(query)]


def test_perfetto_loses_nothing_of_a_trace(perfetto: TraceProcessor) -> None:
    assert asked(perfetto, LOST) == []
    slices = [event for event in trace()["traceEvents"] if event["ph"] == "X"]
    assert len(slices) > 500
    assert asked(perfetto, "SELECT count(*) AS n FROM slice") == [{"n": len(slices)}]


def test_perfetto_shows_builds_as_processes_and_stages_as_threads(perfetto: TraceProcessor) -> None:
    found = asked(perfetto, SLICES)
    assert {row["build"] for row in found} == {"prod", "app", "test"}
    stages = {row["stage"] for row in found if row["build"] == "app"}
    assert {"critical path", "stage app", "stage app (2)", "stage b"} <= stages
    (step,) = [row for row in found if row["stage"] == "stage b"]
    assert (step["name"], step["category"], step["cached"]) == ("1/1 RUN c", "cached", 1)


def test_perfetto_has_the_times_to_the_nanosecond(perfetto: TraceProcessor) -> None:
    written = {
        (round(event["ts"] * 1000), round(event["dur"] * 1000))
        for event in trace()["traceEvents"]
        if event["ph"] == "X"
    }
    assert {
        (row["ts"], row["dur"]) for row in asked(perfetto, "SELECT ts, dur FROM slice")
    } == written
