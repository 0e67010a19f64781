"""Arithmetic of intervals: union, difference, and the time that they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.timeline.values import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """
    Return the union of ``intervals``: in order, none touching the next.

    BuildKit runs independent vertices of one stage in parallel, and may start a vertex twice.
    Source: moby/buildkit util/progress/progressui/display.go, mergeIntervals.
    """
    union: list[Interval] = []
    for interval in sorted(intervals):
        if union and interval.start_s <= union[-1].end_s:
            if interval.end_s > union[-1].end_s:
                union[-1] = Interval(union[-1].start_s, interval.end_s)
        else:
            union.append(interval)
    return tuple(union)


def without(intervals: Sequence[Interval], removed: Sequence[Interval]) -> tuple[Interval, ...]:
    """
    Return what ``intervals`` cover and ``removed`` do not.

    Args:
        intervals: Merged.
        removed: Merged.
    """
    left: list[Interval] = []
    for interval in intervals:
        start_s = interval.start_s
        for hole in removed:
            if hole.end_s <= start_s or hole.start_s >= interval.end_s:
                continue
            if hole.start_s > start_s:
                left.append(Interval(start_s, hole.start_s))
            start_s = hole.end_s
        if start_s < interval.end_s:
            left.append(Interval(start_s, interval.end_s))
    return tuple(left)


def since(begin_s: float, intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """
    Return what of ``intervals`` lies at ``begin_s`` or later.

    Args:
        begin_s: In seconds since the epoch.
        intervals: Merged.

    Returns:
        As given where nothing is earlier; one without length at ``begin_s`` where all is.
    """
    if not intervals or intervals[0].start_s >= begin_s:
        return tuple(intervals)
    later = tuple(
        [Interval(max(i.start_s, begin_s), i.end_s) for i in intervals if i.end_s >= begin_s]
    )
    return later or (Interval(begin_s, begin_s),)


def length_s(intervals: Iterable[Interval]) -> float:
    """Return the time that merged ``intervals`` cover, in seconds."""
    return sum(interval.length_s for interval in intervals)


def span_s(intervals: Sequence[Interval]) -> float:
    """Return the time from the first start to the last end of merged ``intervals``, in seconds."""
    return intervals[-1].end_s - intervals[0].start_s if intervals else 0.0
