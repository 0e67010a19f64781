"""Text measured, cut and cleaned for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from stagebuild.report.cells import clean, fit, left, right, width


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("日本語", 6), ("e\u0301", 1), ("✓", 1), ("🚀", 2), ("a\u200bb", 2)],
)
def test_width_is_in_cells(text: str, cells: int) -> None:
    assert width(text) == cells


@given(st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Nd", "Po"])))
def test_width_agrees_with_rich(text: str) -> None:
    known = "".join(c for c in text if unicodedata.name(c, ""))
    assert sum(map(width, known)) == width(known)
    for character in known:
        if unicodedata.east_asian_width(character) in ("W", "F", "Na"):
            assert width(character) == cell_len(character), hex(ord(character))


@given(text=st.text(), cells=st.integers(0, 30))
def test_what_is_cut_fits(text: str, cells: int) -> None:
    shown = clean(text)
    assert width(fit(shown, cells)) <= cells
    if width(shown) <= cells:
        assert fit(shown, cells) == shown


def test_a_cut_is_marked() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("日本語", 4) == "日…"
    assert fit("abcdef", 4, ellipsis="...") == "a..."


def test_columns_are_padded_in_cells() -> None:
    assert left("日本", 6) == "日本  "
    assert right("日本", 6) == "  日本"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("10%\r50%\r100%", "100%"),
        ("windows\r\n", "windows"),
        ("a\tb", "a       b"),
        ("bell\x07", "bell"),
        ("left \u202eright", "left right"),
        ("日本語", "日本語"),
    ],
)
def test_a_line_is_cleaned(line: str, shown: str) -> None:
    assert clean(line) == shown


@given(st.text())
def test_nothing_cleaned_moves_the_cursor(text: str) -> None:
    assert not any(c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029" for c in clean(text))
