"""Durations, sizes and shares as people read them: short, with their unit, in columns."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
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


def size(size_bytes: int) -> str:
    """Return a size in decimal units, as docker prints them: ``512 B``, ``34.5 MB``."""
    if size_bytes < 1000:  # noqa: PLR2004 - decimal units
        return f"{size_bytes} B"
    value = float(size_bytes)
    unit = 0
    while round(value, 1) >= 1000 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - as above
        value /= 1000
        unit += 1
    return f"{value:.1f} {_UNITS[unit]}"


def count(number: int, noun: str) -> str:
    """Return ``1 stage``, ``3 stages``: the regular English plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
