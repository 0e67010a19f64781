"""The critical path: of small graphs by hand, and of any graph by its properties."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.progress.events import VertexUpdate
from stagebuild.timeline import BETWEEN_STEPS, Interval, Timeline, TimelineBuilder
from stagebuild.timeline.intervals import length_s, merged, without


def timeline_of(*updates: VertexUpdate) -> Timeline:
    builder = TimelineBuilder()
    for update in updates:
        builder.add(update)
    return builder.build(wall_s=0.0)


def run(
    digest: str, start: float, end: float, *inputs: str, name: str = "", error: str = ""
) -> VertexUpdate:
    return VertexUpdate(
        digest=digest,
        name=name or f"[{digest} 1/1] RUN x",
        inputs=inputs,
        started_s=start,
        completed_s=end,
        error=error,
    )


def path(*updates: VertexUpdate) -> list[tuple[str | None, float, float]]:
    return [(s.vertex, s.start_s, s.end_s) for s in timeline_of(*updates).critical_path]


def test_the_longer_of_two_inputs_is_on_the_path() -> None:
    assert path(run("a", 0, 5), run("b", 0, 3), run("c", 5, 6, "a", "b")) == [
        ("a", 0, 5),
        ("c", 5, 6),
    ]


def test_an_input_comes_before_an_unrelated_vertex_that_ended_later() -> None:
    updates = [run("a", 0, 4), run("x", 0, 5), run("y", 5, 6, "x"), run("c", 5.5, 9, "a")]
    assert path(*updates) == [("a", 0, 4), (None, 4, 5.5), ("c", 5.5, 9)]


def test_a_cached_vertex_passes_the_wait_on() -> None:
    cached = VertexUpdate(
        digest="b", name="[b 1/1] RUN x", inputs=("a",), started_s=4, completed_s=4, cached=True
    )
    assert path(run("a", 0, 4), cached, run("c", 4, 5, "b")) == [("a", 0, 4), ("c", 4, 5)]


def test_a_cache_import_may_be_what_a_step_waited_for() -> None:
    importing = run("i", 1, 4, name="importing cache manifest from x")
    assert path(run("a", 0, 1), importing, run("b", 4, 5, "a")) == [
        ("a", 0, 1),
        ("i", 1, 4),
        ("b", 4, 5),
    ]


def test_an_export_was_released_by_what_ended_last() -> None:
    export = run("e", 3, 4, name="exporting to image")
    metadata = run("m", 0, 1, name="[internal] load metadata for x")
    assert path(metadata, run("a", 1, 2), run("b", 2, 3, "a"), export) == [
        ("m", 0, 1),
        ("a", 1, 2),
        ("b", 2, 3),
        ("e", 3, 4),
    ]


def test_a_vertex_may_wait_for_its_own_earlier_run() -> None:
    assert path(run("a", 0, 2), run("a", 3, 5)) == [("a", 0, 2), (None, 2, 3), ("a", 3, 5)]


def test_a_failed_build_waits_for_what_is_stopping() -> None:
    failing = run("a", 0, 2, error="exit code: 1")
    stopping = run("b", 1, 3, error="context canceled")
    assert path(failing, stopping) == [("a", 0, 2), ("b", 2, 3)]


def test_lookups_alone_take_no_path() -> None:
    assert path(run("a", 5, 5)) == []


def test_between_lookups_nothing_runs() -> None:
    assert path(run("a", 1, 1), run("b", 3, 3)) == [(None, 1, 3)]


@st.composite
def graphs(draw: st.DrawFn) -> list[VertexUpdate]:
    """Vertices with any edges to earlier ones and any times, restarts and errors."""
    times = st.integers(0, 40).map(lambda n: 1_787_326_175 + n / 8)
    updates = []
    for number in range(draw(st.integers(1, 12))):
        digest = f"v{number}"
        inputs = [f"v{n}" for n in range(number) if draw(st.booleans())]
        kind = draw(st.sampled_from([f"[{digest} 1/1] RUN x", "exporting to image", "[1/1] RUN y"]))
        for _ in range(draw(st.integers(0, 3))):
            start, end = draw(times), draw(st.none() | times)
            updates.append(
                VertexUpdate(
                    digest=digest,
                    name=kind,
                    inputs=tuple(inputs),
                    started_s=start,
                    completed_s=end,
                    cached=draw(st.booleans()),
                    error=draw(st.sampled_from(["", "", "boom", "context canceled"])),
                )
            )
    return draw(st.permutations(updates))


@given(graphs())
def test_the_path_has_no_gap_no_overlap_and_the_length_of_the_stream(
    updates: list[VertexUpdate],
) -> None:
    timeline = timeline_of(*updates)
    segments = timeline.critical_path
    assert sum(s.length_s for s in segments) == pytest.approx(timeline.covered_s, abs=1e-6)
    assert all(s.length_s > 0 for s in segments)
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(segments))
    if segments:
        assert segments[0].start_s == timeline.started_s
        assert segments[-1].end_s == timeline.completed_s


@given(graphs())
def test_each_stretch_lies_within_a_run_of_its_vertex(updates: list[VertexUpdate]) -> None:
    last_seen = max((max(u.started_s or 0, u.completed_s or 0) for u in updates), default=0.0)
    runs: dict[str, dict[float, float]] = {}
    for update in updates:
        start = update.started_s or 0.0
        end = last_seen if update.completed_s is None else update.completed_s
        runs.setdefault(update.digest, {})[start] = max(start, end)
    for segment in timeline_of(*updates).critical_path:
        if segment.vertex is None:
            assert segment.label == BETWEEN_STEPS
            continue
        covered = segment.start_s
        for start, end in sorted(runs[segment.vertex].items()):
            if start <= covered:
                covered = max(covered, end)
        assert covered >= segment.end_s


intervals = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 10)).map(lambda t: Interval(t[0], t[0] + t[1]))
)


@given(intervals, intervals)
def test_union_and_difference_agree_with_counting_units(
    some: list[Interval], others: list[Interval]
) -> None:
    def units(of: list[Interval]) -> set[int]:
        return {n for i in of for n in range(int(i.start_s), int(i.end_s))}

    assert length_s(merged(some)) == len(units(some))
    assert length_s(without(merged(some), merged(others))) == len(units(some) - units(others))
    assert all(a.end_s < b.start_s for a, b in itertools.pairwise(merged(some)))
