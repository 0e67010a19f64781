"""Timelines of real builds, on the oldest and the newest engine."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest

from stagebuild.progress.rawjson import read_events
from stagebuild.timeline import BETWEEN_STEPS, StageTiming, Timeline, TimelineBuilder

FOLDER = Path(__file__).parents[1] / "progress" / "recorded"
STREAMS = sorted(FOLDER.glob("*/*.jsonl.gz"))

streams = pytest.mark.parametrize("path", STREAMS, ids=lambda p: f"{p.parent.name}/{p.name[:-9]}")
engines = pytest.mark.parametrize("engine", ["26.1-containerd", "28.5"])


def timeline_of(path: Path, *stage_order: str) -> Timeline:
    builder = TimelineBuilder()
    for event in read_events([gzip.decompress(path.read_bytes())]):
        builder.add(event)
    return builder.build(wall_s=100.0, stage_order=stage_order)


def recorded(engine: str, name: str, *stage_order: str) -> Timeline:
    return timeline_of(FOLDER / engine / f"{name}.jsonl.gz", *stage_order)


def stages(timeline: Timeline) -> dict[str, StageTiming]:
    return {stage.name: stage for stage in timeline.stages}


def overheads(timeline: Timeline) -> dict[str, float]:
    return {overhead.kind: overhead.busy_s for overhead in timeline.overheads}


@streams
def test_the_critical_path_adds_up_to_what_the_stream_covers(path: Path) -> None:
    timeline = timeline_of(path)
    segments = timeline.critical_path
    assert sum(s.length_s for s in segments) == pytest.approx(timeline.covered_s, abs=1e-5)
    assert segments[0].start_s == timeline.started_s
    assert segments[-1].end_s == timeline.completed_s
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(segments))


@streams
def test_little_of_a_real_critical_path_is_unexplained(path: Path) -> None:
    timeline = timeline_of(path)
    unexplained = sum(s.length_s for s in timeline.critical_path if s.label == BETWEEN_STEPS)
    assert unexplained < 0.15


@streams
def test_busy_is_at_most_work(path: Path) -> None:
    for stage in timeline_of(path).stages:
        assert stage.busy_s <= stage.work_s + 1e-6
        assert stage.steps == len(stage.step_timings)


@engines
def test_stages_come_in_the_order_of_the_dockerfile(engine: str) -> None:
    timeline = recorded(engine, "parallel", "base", "one", "two", "final")
    assert [stage.name for stage in timeline.stages] == ["base", "one", "two", "final"]


@engines
def test_parallel_stages_have_their_own_times(engine: str) -> None:
    timeline = recorded(engine, "parallel")
    assert 2.0 < stages(timeline)["one"].busy_s < 3.0
    assert 1.0 < stages(timeline)["two"].busy_s < 2.0
    on_path = {segment.stage for segment in timeline.critical_path}
    assert "one" in on_path
    assert "two" not in on_path


@engines
def test_a_copy_link_is_one_step(engine: str) -> None:
    copy = stages(recorded(engine, "parallel"))["final"].step_timings[2]
    assert (copy.index, copy.command) == (3, "COPY --link Dockerfile /")
    assert len(copy.intervals) > 1


@engines
def test_a_build_with_nothing_to_do_is_all_cached(engine: str) -> None:
    for stage in recorded(engine, "cached").stages:
        assert (stage.span_s, stage.started_s) == (0.0, None)
        assert stage.cached_steps == stage.steps
        assert stage.error == ""


@engines
def test_a_pulled_base_is_not_cached(engine: str) -> None:
    (stage,) = recorded(engine, "pulled", "only").stages
    assert stage.name == "only"
    assert stage.cached_steps == 0
    assert stage.step_timings[0].busy_s > 0.1


@engines
def test_the_first_real_error_is_the_failure(engine: str) -> None:
    timeline = recorded(engine, "failing")
    failure = timeline.failure
    assert failure is not None
    assert (failure.stage, failure.index, failure.exit_code) == ("broken", 2, 3)
    assert failure.log_tail[0] == "before"
    assert "to stderr" in failure.log_tail  # the two streams race
    assert failure.step.startswith("RUN echo before")
    (canceled,) = [step for step in stages(timeline)["slow"].step_timings if step.index == 2]
    assert canceled.canceled
    assert canceled.error == ""


@engines
def test_the_path_of_a_failed_build_is_that_of_its_failure(engine: str) -> None:
    timeline = recorded(engine, "failing")
    long = [segment for segment in timeline.critical_path if segment.length_s > 0.5]
    assert [segment.stage for segment in long] == ["broken"]


@engines
def test_a_step_that_never_started_is_announced_only(engine: str) -> None:
    never = stages(recorded(engine, "failing"))["stage-2"]
    assert (never.steps, never.cached_steps, never.started_s, never.busy_s) == (2, 0, None, 0.0)


@engines
def test_a_canceled_build_has_no_failure(engine: str) -> None:
    timeline = recorded(engine, "canceled")
    assert timeline.failure is None
    assert timeline.stages[0].step_timings[1].canceled
    assert timeline.stages[0].step_timings[1].busy_s > 1.5


@engines
def test_each_platform_of_a_stage_has_its_row(engine: str) -> None:
    rows = {
        (stage.name, str(stage.platform), str(stage.built_for)): stage.steps
        for stage in recorded(engine, "platforms").stages
    }
    assert rows == {
        ("tools", "linux/amd64", "None"): 2,
        ("build", "linux/amd64", "None"): 1,
        ("build", "linux/amd64", "linux/386"): 1,
        ("image", "linux/amd64", "None"): 1,
        ("image", "linux/386", "None"): 1,
    }


@engines
def test_a_push_is_not_counted_in_the_export(engine: str) -> None:
    timeline = recorded(engine, "parallel")
    (export,) = [o for o in timeline.overheads if o.kind == "export"]
    pushes = [o for o in timeline.overheads if o.kind == "push"]
    (vertex,) = [s for s in timeline.critical_path if s.label == "exporting to image"]
    assert pushes[0].label == "pushing localhost:5000/recorded:stages"
    assert export.busy_s + pushes[0].busy_s == pytest.approx(vertex.length_s, abs=1e-5)


@engines
def test_context_and_definition_have_their_bytes(engine: str) -> None:
    rows = {o.label: o.size_bytes for o in recorded(engine, "parallel").overheads}
    assert rows["load build context"] == 375
    assert rows["load build definition from Dockerfile"] == 375


@engines
def test_a_cache_that_cant_be_imported_is_a_row_and_no_failure(engine: str) -> None:
    timeline = recorded(engine, "cache")
    (row,) = [o for o in timeline.overheads if o.kind == "cache import"]
    assert "not found" in row.error
    assert timeline.failure is None
    assert overheads(timeline)["cache export"] > 0.05


@engines
def test_resolving_provenance_is_a_row(engine: str) -> None:
    rows = overheads(recorded(engine, "attested"))
    assert ("attestation" in rows) == (engine == "28.5")  # buildx 0.13 reads it without a vertex


@engines
def test_warnings_are_each_told_once(engine: str) -> None:
    warnings = recorded(engine, "warnings").warnings
    assert len(warnings) == len(set(warnings))
    assert any(warning.line == 4 for warning in warnings)


@engines
def test_what_a_shared_step_did_before_the_build_began_is_not_counted(engine: str) -> None:
    # The two take 7 s; another build of them had been running for 4 s.
    timeline = recorded(engine, "shared", "first", "second", "third")
    times = stages(timeline)
    assert times["first"].busy_s == 0.0
    assert 1.0 < times["second"].busy_s < 3.0
    assert 1.0 <= times["third"].busy_s < 1.5
    assert timeline.covered_s < 5.5


@engines
def test_a_step_that_another_build_had_finished_is_told_as_cached(engine: str) -> None:
    first = stages(recorded(engine, "shared", "first", "second", "third"))["first"]
    assert first.cached_steps == first.steps
