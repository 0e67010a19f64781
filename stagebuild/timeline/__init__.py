"""
Where the time of a build went: its events -> per-stage timings, overhead, critical path.

Pure: no clock is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.timeline.caches import CacheUse
from stagebuild.timeline.values import (
    BETWEEN_STEPS,
    Failure,
    Interval,
    Overhead,
    PathSegment,
    StageTiming,
    StepTiming,
    Timeline,
)

if TYPE_CHECKING:
    from stagebuild.timeline.builder import TimelineBuilder

__all__ = [
    "BETWEEN_STEPS",
    "CacheUse",
    "Failure",
    "Interval",
    "Overhead",
    "PathSegment",
    "StageTiming",
    "StepTiming",
    "Timeline",
    "TimelineBuilder",
]


def __getattr__(name: str) -> object:
    # Who only has a timeline, as of a build that was skipped, pays for no reader of a stream.
    if name != "TimelineBuilder":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from stagebuild.timeline.builder import TimelineBuilder as Builder  # noqa: PLC0415 - see above

    return Builder
