"""Durations, sizes and counts as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.report.quantities import count, duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (-1.0, "0.0 s"),
        (0.04, "0.0 s"),
        (0.06, "0.1 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1m 00s"),
        (64.0, "1m 04s"),
        (3599.4, "59m 59s"),
        (3599.6, "1h 00m"),
        (7530.0, "2h 06m"),
    ],
)
def test_a_duration_has_the_precision_that_matters(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (34_500_000, "34.5 MB"),
        (1_234_000_000, "1.2 GB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_a_size_is_in_decimal_units(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@given(st.floats(0, 3.5e6))
def test_a_duration_fits_its_column(seconds: float) -> None:
    assert len(duration(seconds)) <= 8


@given(st.integers(0, 10**15))
def test_a_size_fits_its_column(size_bytes: int) -> None:
    assert len(size(size_bytes)) <= 8


def test_a_count_agrees_with_its_noun() -> None:
    assert (count(1, "stage"), count(0, "stage"), count(2, "stage")) == (
        "1 stage",
        "0 stages",
        "2 stages",
    )
