"""RFC 3339 times, as Go writes them -> seconds since the epoch, without ``datetime``."""

from __future__ import annotations

import re

_SECOND = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", re.ASCII)
_REST = re.compile(r"(?:\.(\d{1,18}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)
_SECOND_LENGTH = 19
_REMEMBERED_SECONDS = 256
_EPOCH_DAYS = 719_468  # from 0000-03-01 to 1970-01-01
_DAYS_PER_ERA = 146_097  # 400 years


class Clock:
    """
    Reads times. Remembers the last few seconds, since a build's events share them.

    One per stream; not for several threads at once.
    """

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds: dict[str, int | None] = {}

    def seconds(self, text: object) -> float | None:
        """
        Return the time that ``text`` names, in seconds since the epoch.

        Args:
            text: As ``2026-08-21T15:29:35.123456789Z``; the fraction may have up to 18 digits or
                be missing, and an offset as ``+02:00`` may stand for the ``Z``.

        Returns:
            None for anything else, and for Go's zero time, which stands for "never". A float
            has 24 bits left for the fraction, so a time is exact to about 0.25 µs.
        """
        if not isinstance(text, str):
            return None
        whole = self._whole(text[:_SECOND_LENGTH])
        if whole is None:
            return None
        rest = text[_SECOND_LENGTH:]
        if rest == "Z":
            return float(whole)
        if rest[:1] == "." and rest[-1] == "Z" and rest[1:-1].isdecimal():
            return whole + float(rest[:-1])
        return _with_offset(whole, rest)

    def _whole(self, second: str) -> int | None:
        try:
            return self._seconds[second]
        except KeyError:
            if len(self._seconds) >= _REMEMBERED_SECONDS:
                self._seconds.clear()
            return self._seconds.setdefault(second, _epoch_second(second))


def _with_offset(whole: int, rest: str) -> float | None:
    found = _REST.fullmatch(rest)
    if found is None:
        return None
    fraction, sign, hours, minutes = found.groups()
    offset = 0 if sign is None else (int(hours) * 60 + int(minutes)) * 60
    at = whole + offset if sign == "-" else whole - offset
    return at if fraction is None else at + float("0." + fraction)


def _epoch_second(second: str) -> int | None:
    """
    Return the second that ``YYYY-MM-DDTHH:MM:SS`` names in UTC, or None for another form.

    Days are counted from March, so that a leap day is a year's last.
    Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    """
    found = _SECOND.fullmatch(second)
    if found is None:
        return None
    year, month, day, hour, minute, sec = map(int, found.groups())
    if year <= 1 or not 1 <= month <= 12 or not 1 <= day <= 31:  # noqa: PLR2004 - the calendar
        return None
    if month <= 2:  # noqa: PLR2004 - January and February close the year before
        year, month = year - 1, month + 12
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    days = era * _DAYS_PER_ERA + day_of_era - _EPOCH_DAYS
    return ((days * 24 + hour) * 60 + minute) * 60 + sec
