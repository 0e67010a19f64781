"""Durations, sizes and shares as people read them: short, with their unit, in columns."""

from __future__ import annotations

from stagebuild.model.sizes import shown_bytes as size

__all__ = ["count", "duration", "size"]

_MINUTE_S = 60
_HOUR_S = 3600


def duration(seconds: float) -> str:
    """
    Return a duration: ``0.4 s``, ``12.3 s``, ``1m 04s``, ``2h 05m``.

    A negative one, which only a clock that was set back can give, is ``0.0 s``.
    """
    tenths = round(max(seconds, 0.0) * 10)
    if tenths < _MINUTE_S * 10:
        return f"{tenths / 10:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // 60}m {whole % 60:02d}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}h {minutes % 60:02d}m"


def count(number: int, noun: str) -> str:
    """Return ``1 stage``, ``3 stages``: the regular English plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
