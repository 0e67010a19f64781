"""
Where the time of a build went: its events -> per-stage timings, overhead, critical path.

Pure: no clock is read.
"""

from stagebuild.timeline.builder import TimelineBuilder
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
