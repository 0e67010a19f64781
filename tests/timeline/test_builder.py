"""The traps of the stream, one by one."""

from __future__ import annotations

import tracemalloc

import pytest

from stagebuild.progress.events import (
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.timeline import (
    Interval,
    Overhead,
    StageTiming,
    StepTiming,
    Timeline,
    TimelineBuilder,
)

Ran = tuple[float, float | None]


def vertex(
    digest: str,
    name: str,
    ran: Ran | None = None,
    *,
    inputs: tuple[str, ...] = (),
    cached: bool = False,
    error: str = "",
) -> VertexUpdate:
    started, completed = ran or (None, None)
    return VertexUpdate(
        digest=digest,
        name=name,
        inputs=inputs,
        started_s=started,
        completed_s=completed,
        cached=cached,
        error=error,
    )


def part(of: str, identifier: str, ran: Ran, *, current: int = 0) -> StatusUpdate:
    return StatusUpdate(
        vertex=of,
        id=identifier,
        current=current,
        at_s=ran[1] or ran[0],
        started_s=ran[0],
        completed_s=ran[1],
    )


def timeline_of(
    *events: VertexUpdate | StatusUpdate | LogChunk | WarningRaised | PlainLine,
    wall_s: float = 0.0,
    stage_order: tuple[str, ...] = (),
) -> Timeline:
    builder = TimelineBuilder()
    for event in events:
        builder.add(event)
    return builder.build(wall_s=wall_s, stage_order=stage_order)


def only_stage(timeline: Timeline) -> StageTiming:
    (stage,) = timeline.stages
    return stage


def only_step(timeline: Timeline) -> StepTiming:
    (step,) = only_stage(timeline).step_timings
    return step


def only_overhead(timeline: Timeline) -> Overhead:
    (overhead,) = timeline.overheads
    return overhead


def test_nothing_gives_an_empty_timeline() -> None:
    timeline = timeline_of(PlainLine(text="ERROR: no"), wall_s=2.0)
    assert (timeline.started_s, timeline.covered_s, timeline.uncovered_s) == (None, 0.0, 2.0)
    assert (timeline.stages, timeline.overheads, timeline.critical_path) == ((), (), ())


def test_a_vertex_that_starts_again_has_two_intervals() -> None:
    step = only_step(
        timeline_of(vertex("a", "[s 1/1] RUN x", (1, 2)), vertex("a", "[s 1/1] RUN x", (5, 9)))
    )
    assert step.intervals == (Interval(1, 2), Interval(5, 9))
    assert step.busy_s == 5


def test_the_last_update_of_a_run_wins() -> None:
    step = only_step(
        timeline_of(
            vertex("a", "[s 1/1] RUN x", (1, None)),
            vertex("a", "[s 1/1] RUN x", (1, 3)),
            vertex("a", "[s 1/1] RUN x", (1, 4)),
        )
    )
    assert step.intervals == (Interval(1, 4),)


def test_a_late_update_without_times_changes_no_interval() -> None:
    step = only_step(timeline_of(vertex("a", "[s 1/1] RUN x", (1, 3)), vertex("a", "")))
    assert (step.name, step.busy_s) == ("[s 1/1] RUN x", 2)


def test_ten_thousand_restarts_take_no_memory() -> None:
    builder = TimelineBuilder()
    for number in range(10_000):
        builder.add(vertex("a", "[s 1/1] RUN x", (number, number + 1)))
    assert len(builder._vertices["a"]._runs) <= 65
    assert only_step(builder.build(wall_s=0.0)).busy_s == 10_000


def test_a_step_is_cached_if_it_ever_was_and_nothing_ran() -> None:
    looked_up = vertex("a", "[s 2/2] RUN x", (1, 1), inputs=("b",), cached=True)
    again = vertex("a", "[s 2/2] RUN x", inputs=("b",))
    assert only_step(timeline_of(looked_up, again)).cached


def test_a_step_that_ran_is_not_cached_whatever_came_after() -> None:
    ran = vertex("a", "[s 2/2] RUN x", (1, 5), inputs=("b",))
    loaded = vertex("a", "[s 2/2] RUN x", (6, 6), inputs=("b",), cached=True)
    assert not only_step(timeline_of(ran, loaded)).cached


def test_a_cached_step_whose_layer_is_fetched_is_cached_still() -> None:
    found = vertex("a", "[s 2/2] RUN x", (1, 2), inputs=("b",), cached=True)
    fetched = vertex("a", "[s 2/2] RUN x", (3, 5))
    step = only_step(timeline_of(found, fetched))
    assert step.cached
    assert step.busy_s == 3


def test_a_step_that_was_canceled_for_a_cached_one_after_it_is_cached() -> None:
    files = vertex("a", "[s 1/3] COPY a /", (1, 2), error="context canceled: context canceled")
    more = vertex("b", "[s 2/3] COPY b /", (1, 2), inputs=("a",), error="context canceled")
    found = vertex("c", "[s 3/3] RUN x", (2, 2), inputs=("b",), cached=True)
    (stage,) = timeline_of(files, more, found).stages
    assert (stage.cached_steps, stage.steps) == (3, 3)
    assert not any(step.canceled for step in stage.step_timings)


def test_a_base_image_that_is_only_looked_up_is_cached() -> None:
    assert only_step(timeline_of(vertex("a", "[s 1/1] FROM x", (1, 2)))).cached


def test_a_base_image_that_is_pulled_is_not_cached() -> None:
    pulled = part("a", "sha256:12", (1, 2), current=10)
    assert not only_step(timeline_of(vertex("a", "[s 1/1] FROM x", (1, 2)), pulled)).cached


def test_an_unfinished_vertex_ends_when_something_was_last_seen() -> None:
    timeline = timeline_of(
        vertex("a", "[s 1/1] RUN x", (1, None)),
        LogChunk(vertex="a", stream=1, data=b"x", at_s=7.5),
    )
    assert only_step(timeline).intervals == (Interval(1, 7.5),)


def test_what_was_canceled_is_no_error() -> None:
    timeline = timeline_of(
        vertex("a", "[s 1/2] RUN x", (1, 2), error="exit code: 137: context canceled"),
        vertex("b", "[t 1/1] RUN y", (1, 3), error="process did not complete: exit code: 7"),
    )
    assert timeline.failure is not None
    assert (timeline.failure.stage, timeline.failure.exit_code) == ("t", 7)
    assert timeline.stages[0].step_timings[0].canceled
    assert timeline.stages[0].error == ""


def test_a_vertex_that_fails_and_then_succeeds_has_not_failed() -> None:
    timeline = timeline_of(
        vertex("a", "[s 1/1] RUN x", (1, 2), error="unexpected EOF"),
        vertex("a", "[s 1/1] RUN x", (3, 4)),
    )
    assert timeline.failure is None


def test_an_ignored_cache_export_is_a_failure_only_by_itself() -> None:
    export = vertex("c", "exporting cache to registry", (1, 2), error="denied")
    step = vertex("a", "[s 1/1] RUN x", (1, 2), error="exit code: 1")
    alone, both = timeline_of(export).failure, timeline_of(export, step).failure
    assert alone is not None
    assert both is not None
    assert (alone.kind, both.kind) == ("cache export", "step")


def test_parallel_steps_count_once_in_busy_and_twice_in_work() -> None:
    stage = only_stage(
        timeline_of(
            vertex("a", "[s 1/3] RUN x", (0, 4)),
            vertex("b", "[s 2/3] COPY y", (1, 3)),
            vertex("c", "[s 3/3] RUN z", (10, 11)),
        )
    )
    assert (stage.busy_s, stage.work_s, stage.span_s) == (5, 7, 11)
    assert (stage.started_s, stage.completed_s) == (0, 11)


def test_the_lookup_of_a_base_image_does_not_stretch_the_span() -> None:
    stage = only_stage(
        timeline_of(vertex("a", "[s 1/2] FROM x", (0, 1)), vertex("b", "[s 2/2] RUN y", (60, 61)))
    )
    assert (stage.span_s, stage.started_s, stage.busy_s) == (1, 60, 2)


def test_two_vertices_of_one_instruction_are_one_step() -> None:
    stage = only_stage(
        timeline_of(
            vertex("b", "[s 1/1] LINK COPY --link x /", (3, 4), inputs=("a",)),
            vertex("a", "[s 1/1] COPY --link x /", (1, 2)),
        )
    )
    (step,) = stage.step_timings
    assert (step.command, step.vertex, step.busy_s) == ("COPY --link x /", "a", 2)


def test_the_only_stage_has_the_name_of_the_dockerfile() -> None:
    events = [vertex("a", "[1/1] RUN x", (0, 1), error="exit code: 1")]
    named = timeline_of(*events, stage_order=("prod",))
    assert only_stage(named).name == only_stage(named).step_timings[0].stage == "prod"
    assert named.critical_path[0].stage == "prod"
    assert named.failure is not None
    assert named.failure.stage == "prod"
    assert only_stage(timeline_of(*events)).name == "stage-0"


def test_stages_that_the_order_lacks_come_last() -> None:
    timeline = timeline_of(
        vertex("x", "[x 1/1] RUN x"),
        vertex("b", "[b 1/1] RUN b"),
        vertex("a", "[a 1/1] RUN a"),
        stage_order=("a", "b"),
    )
    assert [stage.name for stage in timeline.stages] == ["a", "b", "x"]


def test_log_bytes_add_up() -> None:
    timeline = timeline_of(
        vertex("a", "[s 1/1] RUN x", (0, 1)),
        LogChunk(vertex="a", stream=1, data=b"12345"),
        LogChunk(vertex="a", stream=2, data=b"678"),
    )
    assert only_stage(timeline).log_bytes == 8


def test_a_log_that_comes_before_its_vertex_counts() -> None:
    timeline = timeline_of(
        LogChunk(vertex="a", stream=1, data=b"oh no\n"),
        vertex("a", "[s 1/1] RUN x", (0, 1), error="exit code: 1"),
    )
    assert timeline.failure is not None
    assert timeline.failure.log_tail == ("oh no",)


def test_a_push_is_a_row_of_its_own() -> None:
    timeline = timeline_of(
        vertex("e", "exporting to image", (0, 10)),
        part("e", "exporting layers", (0, 4)),
        part("e", "pushing layers", (5, 8)),
        part("e", "pushing manifest for reg/x:1@sha256:ab", (8, 9)),
    )
    export, push = timeline.overheads
    assert (export.kind, export.busy_s, export.span_s) == ("export", 6, 10)
    assert (push.kind, push.label, push.busy_s) == ("push", "pushing reg/x:1", 4)


def test_an_export_that_fails_while_pushing_is_a_failed_push() -> None:
    timeline = timeline_of(
        vertex("e", "exporting to image", (0, 10), error="failed to push reg/x:1: denied"),
        part("e", "pushing layers", (5, None)),
    )
    export, push = timeline.overheads
    assert (export.error, push.error) == ("", "failed to push reg/x:1: denied")
    assert push.label == "pushing"


def test_an_inline_cache_is_a_row_of_its_own() -> None:
    timeline = timeline_of(
        vertex("e", "exporting to image", (0, 10)),
        part("e", "preparing layers for inline cache", (2, 4)),
    )
    assert {o.kind: o.busy_s for o in timeline.overheads} == {"export": 8, "cache export": 2}


def test_rows_of_one_kind_and_label_are_one() -> None:
    timeline = timeline_of(
        vertex("a", "[auth] x:pull token for y", (0, 1)),
        vertex("b", "[auth] x:pull token for y", (3, 4)),
    )
    assert (only_overhead(timeline).busy_s, only_overhead(timeline).span_s) == (2, 4)


def test_the_last_word_about_a_transfer_is_its_size() -> None:
    timeline = timeline_of(
        vertex("a", "[internal] load build context", (0, 1)),
        part("a", "transferring context:", (0, None), current=10),
        part("a", "transferring context:", (0, 1), current=200),
    )
    assert only_overhead(timeline).size_bytes == 200


def test_a_vertex_that_never_started_is_no_overhead() -> None:
    assert timeline_of(vertex("a", "[internal] load build context")).overheads == ()


def test_the_same_warning_of_two_vertices_is_one() -> None:
    warnings = [WarningRaised(vertex=digest, short="Casing", line=1) for digest in "ab"]
    assert timeline_of(*warnings).warnings == (WarningRaised(vertex="", short="Casing", line=1),)


def test_wall_time_beyond_the_stream_is_uncovered() -> None:
    timeline = timeline_of(vertex("a", "[s 1/1] RUN x", (10, 13)), wall_s=3.5)
    assert timeline.covered_s == 3
    assert timeline.uncovered_s == pytest.approx(0.5)


def test_memory_does_not_grow_with_the_log() -> None:
    builder = TimelineBuilder()
    builder.add(vertex("a", "[s 1/1] RUN x", (0, None)))
    tracemalloc.start()
    for number in range(20_000):
        data = b"line %d of a long log of one step\n" % number
        builder.add(LogChunk(vertex="a", stream=1, data=data, at_s=float(number)))
        builder.add(part("a", "transferring context:", (0, None), current=number))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000


def test_a_base_image_under_the_name_of_another_dockerfile_is_no_stage() -> None:
    timeline = timeline_of(
        vertex("a", "[1/4] FROM docker.io/library/busybox", (1, 2)),
        vertex("b", "[theirs 1/2] FROM docker.io/library/node", (1, 3)),
        vertex("c", "[prod 2/2] RUN make", (2, 4), inputs=("a",)),
        stage_order=("base", "prod"),
    )
    assert [stage.name for stage in timeline.stages] == ["prod"]
    assert [row.kind for row in timeline.overheads] == ["image", "image"]
