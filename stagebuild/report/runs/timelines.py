"""A timeline's part of the document -> the timeline, without the names of vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.model import Platform
from stagebuild.timeline import (
    Interval,
    Overhead,
    PathSegment,
    StageTiming,
    StepTiming,
    Timeline,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]


def timeline_of(told: Mapping[str, Any]) -> Timeline:
    """
    Return where the time of a build went.

    Raises:
        KeyError: It is no such part of a document.
    """
    return Timeline(
        started_s=told["started_s"],
        completed_s=told["completed_s"],
        wall_s=told["wall_s"],
        covered_s=told["covered_s"],
        uncovered_s=told["uncovered_s"],
        stages=tuple(_stage(stage) for stage in told["stages"]),
        overheads=tuple(_overhead(row) for row in told["overheads"]),
        critical_path=tuple(
            PathSegment(
                vertex=None,
                label=segment["label"],
                stage=segment["stage"],
                start_s=segment["start_s"],
                end_s=segment["end_s"],
            )
            for segment in told["critical_path"]
        ),
    )


def _stage(told: Json) -> StageTiming:
    platform, built_for = _platform(told["platform"]), _platform(told.get("built_for"))
    return StageTiming(
        name=told["name"],
        platform=platform,
        built_for=built_for,
        busy_s=told["busy_s"],
        work_s=told["work_s"],
        span_s=told["span_s"],
        started_s=told["started_s"],
        completed_s=told["completed_s"],
        steps=told["steps"],
        cached_steps=told["cached_steps"],
        log_bytes=told["log_bytes"],
        error=told["error"] or "",
        step_timings=tuple(
            StepTiming(
                vertex="",
                name=step["name"],
                stage=told["name"],
                platform=platform,
                built_for=built_for,
                index=step["index"],
                total=step["total"],
                command=step["command"],
                intervals=_intervals(step["intervals"]),
                busy_s=step["busy_s"],
                cached=step["cached"],
                canceled=step["canceled"],
                error=step["error"] or "",
                log_bytes=step["log_bytes"],
            )
            for step in told["step_timings"]
        ),
    )


def _overhead(told: Json) -> Overhead:
    return Overhead(
        kind=told["kind"],
        label=told["label"],
        busy_s=told["busy_s"],
        span_s=told["span_s"],
        size_bytes=told["size_bytes"],
        cached=told["cached"],
        error=told["error"] or "",
        intervals=_intervals(told.get("intervals", ())),
    )


def _intervals(told: Iterable[tuple[float, float]]) -> tuple[Interval, ...]:
    return tuple(Interval(start_s, end_s) for start_s, end_s in told)


def _platform(text: str | None) -> Platform | None:
    return None if text is None else Platform.parse(text)
