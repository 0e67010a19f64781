"""Times as Go writes them, against ``datetime``."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.progress.timestamps import Clock

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the zone is drawn
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the same
        timezones=zones,
    )
)
def test_a_time_is_what_datetime_reads(at: datetime) -> None:
    assert Clock().seconds(at.isoformat()) == pytest.approx(at.timestamp(), abs=1e-6)


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001 - UTC below
    st.integers(0, 999_999_999),
)
def test_nanoseconds_count(at: datetime, nanoseconds: int) -> None:
    whole = at.replace(microsecond=0, tzinfo=timezone.utc)  # noqa: UP017 - as zones above
    text = f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}".rstrip("0").rstrip(".") + "Z"
    read = Clock().seconds(text)
    assert read == pytest.approx(whole.timestamp() + nanoseconds / 1e9, abs=1e-6)


def test_a_clock_reads_the_same_second_again() -> None:
    clock = Clock()
    first = clock.seconds("2026-08-21T15:29:35.25Z")
    assert clock.seconds("2026-08-21T15:29:35.75Z") == (first or 0) + 0.5


def test_gos_zero_time_is_no_time() -> None:
    assert Clock().seconds("0001-01-01T00:00:00Z") is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        [],
        "",
        "now",
        "2026-08-21",
        "2026-13-21T15:29:35Z",
        "2026-08-21T15:29:35",
        "2026-08-21T15:29:35.Z",
        "2026-08-21T15:29:35.1²Z",
        "2026-08-21T15:29:35.12+1:00",
        "x" * 30,
    ],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert Clock().seconds(value) is None


@given(st.text() | st.from_regex(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9Z+:-]*"))
def test_no_text_breaks_the_clock(text: str) -> None:
    Clock().seconds(text)
