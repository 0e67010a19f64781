"""A course in one line: zero at the bottom, the largest at the top, gaps where nothing is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.report.sparkline import ASCII_BARS, BARS, sparkline


def test_the_lowest_mark_is_zero_and_the_highest_the_largest_value() -> None:
    assert sparkline([0, 7, 3.5]) == "▁█▅"


def test_what_is_not_known_is_a_gap() -> None:
    assert sparkline([1, None, 1]) == "█ █"


def test_nothing_but_zeros_is_flat() -> None:
    assert sparkline([0, 0]) == "▁▁"


def test_the_top_can_be_given() -> None:
    assert sparkline([0.5], top=1.0) == "▅"


@given(st.lists(st.none() | st.floats(0, 1e9)), st.sampled_from([BARS, ASCII_BARS]))
def test_there_is_one_mark_for_each_value(values: list[float | None], bars: str) -> None:
    drawn = sparkline(values, bars=bars)
    assert len(drawn) == len(values)
    assert set(drawn) <= {*bars, " "}
