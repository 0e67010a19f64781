"""
A run in the Trace Event Format, which Perfetto and Chrome's own viewer open.

Each build is a process, each of its stages a thread. Steps that overlap within a stage, as they may
in BuildKit, get lanes of their own, since events of one thread have to be nested. Times are in
microseconds from the beginning of the run.

Source: "Trace Event Format" (the catapult project); ui.perfetto.dev reads it as "JSON trace".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.report.runs.values import place_of
from stagebuild.values import frozen
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.report.runs.values import BuildReport, RunReport
    from stagebuild.timeline import Interval, StageTiming

Json = dict[str, Any]


@frozen
class _Slice:
    """Something that ran."""

    name: str
    category: str
    interval: Interval
    about: Json


def chrome_trace(run: RunReport) -> Json:
    """Return the trace as a JSON object."""
    starts_s = [run.started_s] if run.started_s is not None else []
    starts_s += [
        build.timeline.started_s
        for build in run.builds
        if build.timeline is not None and build.timeline.started_s is not None
    ]
    start_s = min(starts_s, default=0.0)
    events: list[Json] = []
    for at, build in enumerate(run.builds):
        events += _build(build, at + 1, start_s)
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"producer": f"stagebuild {__version__}", "project": run.project},
    }


def _build(build: BuildReport, process: int, start_s: float) -> Iterator[Json]:
    yield _named("process_name", process, 0, build.name)
    yield _sorted("process_sort_index", process, 0, process)
    thread = 0
    for name, slices in _threads(build):
        for lane, own in enumerate(_lanes(slices)):
            thread += 1
            yield _named(
                "thread_name", process, thread, name if not lane else f"{name} ({lane + 1})"
            )
            yield _sorted("thread_sort_index", process, thread, thread)
            for each in own:
                begin_ns = _ns(each.interval.start_s - start_s)
                end_ns = _ns(each.interval.end_s - start_s)
                yield {
                    "ph": "X",
                    "name": each.name,
                    "cat": each.category,
                    "pid": process,
                    "tid": thread,
                    "ts": begin_ns / 1000,
                    # Both ends are rounded, not the length: Perfetto drops a slice that begins a
                    # nanosecond before the one in front of it ends.
                    "dur": (end_ns - begin_ns) / 1000,
                    "args": each.about,
                }


def _threads(build: BuildReport) -> Iterator[tuple[str, Sequence[_Slice]]]:
    timeline = build.timeline
    if timeline is None:
        return
    path = [
        _Slice(
            name=segment.label,
            category="critical path",
            interval=_interval(segment.start_s, segment.end_s),
            about={"stage": segment.stage},
        )
        for segment in timeline.critical_path
        if segment.length_s > 0
    ]
    if path:
        yield "critical path", path
    for stage in timeline.stages:
        platform = stage.built_for or stage.platform
        name = stage.name if platform is None else f"{stage.name} {platform}"
        yield f"stage {name}", list(_steps(build, stage))
    others = [
        _Slice(
            name=row.label,
            category=row.kind,
            interval=interval,
            about={"bytes": row.size_bytes, "error": row.error or None},
        )
        for row in timeline.overheads
        for interval in row.intervals
    ]
    if others:
        yield "outside of stages", others


def _interval(start_s: float, end_s: float) -> Interval:
    from stagebuild.timeline import Interval  # noqa: PLC0415 - needed by this one function

    return Interval(start_s, end_s)


def _steps(build: BuildReport, stage: StageTiming) -> Iterator[_Slice]:
    for step in stage.step_timings:
        verdict = build.verdicts.get(place_of(stage, step))
        because = "" if verdict is None else "; ".join(verdict.reasons) or verdict.follows
        for interval in step.intervals:
            yield _Slice(
                name=f"{step.index}/{step.total} {step.command}",
                category="cached" if step.cached else "step",
                interval=interval,
                about={
                    "cached": step.cached,
                    "because": because or None,
                    "error": step.error or None,
                    "log_bytes": step.log_bytes,
                },
            )


def _lanes(slices: Sequence[_Slice]) -> list[list[_Slice]]:
    """Return the slices in as few lanes as keep them from overlapping."""
    lanes: list[list[_Slice]] = []
    for each in sorted(slices, key=lambda one: one.interval):
        for lane in lanes:
            if lane[-1].interval.end_s <= each.interval.start_s:
                lane.append(each)
                break
        else:
            lanes.append([each])
    return lanes


def _named(kind: str, process: int, thread: int, name: str) -> Json:
    return {"ph": "M", "name": kind, "pid": process, "tid": thread, "args": {"name": name}}


def _sorted(kind: str, process: int, thread: int, place: int) -> Json:
    args = {"sort_index": place}
    return {"ph": "M", "name": kind, "pid": process, "tid": thread, "args": args}


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
