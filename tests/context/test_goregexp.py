"""Go's regular expressions: where Python's mean something else, and that ours agree where not."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.context.goglob import BadPattern
from stagebuild.context.goregexp import compiled_go


@pytest.mark.parametrize(
    ("expression", "text", "expected"),
    [
        ("^a$", "a\n", False),  # Python's $ would
        ("^a{,2}$", "a{,2}", True),  # Python would repeat
        ("^a{02}$", "a{02}", True),
        (r"^\s$", "\v", False),
        (r"^[\s]$", "\v", False),
        (r"^\w$", "é", False),
        (r"^\Qa{2}\E$", "a{2}", True),
        (r"^\Qa$", "a$", True),
        (r"^\101\x42\x{43}$", "ABC", True),
        (r"^[[:^digit:]]$", "1", False),
        ("^[]a]$", "]", True),
        ("^[a-]$", "-", True),
        (r"^[\d-]$", "-", True),
        (r"^a\z$", "a", True),
        ("^a|b$", "xb", True),
        ("^(.*/)?a$", "x\ny/a", False),  # . is no newline
        ("^[^/]*$", "x\ny", True),
    ],
)
def test_an_expression_means_what_it_means_to_go(
    expression: str, text: str, *, expected: bool
) -> None:
    assert (compiled_go(expression).search(text) is not None) is expected


@pytest.mark.parametrize(
    "expression",
    [
        *(r"^\q$", r"^\8$", r"^\1$", r"^\p{Greek}$", r"^\x{110000}$", r"^\é$", r"^\E$", r"^[\b]$"),
        *("^[b-a]$", "^[[:no:]]$", "^[a$", "^a{2}{3}$", "^[^/]*{2}$", "^a|{2}$", "^a{3,2}$"),
        "^a{1001}$",
    ],
)
def test_an_expression_that_go_refuses_is_refused(expression: str) -> None:
    with pytest.raises(BadPattern):
        compiled_go(expression)


@given(st.text("ab|^$[]-{}12,.*?()\\", max_size=8))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    if text.count("(") or text.count(")"):
        return  # only pairs of our own making get here
    with suppress(BadPattern):
        compiled_go(text)


@given(
    st.lists(st.sampled_from(["a", "b", "[ab]", "[^a]", "^", "$", "|", r"\d", "b{2}"]), max_size=6)
)
def test_where_both_agree_it_finds_what_pythons_finds(pieces: list[str]) -> None:
    expression = "".join(pieces).replace("^", r"\A").replace("$", r"\Z").replace(r"[\A", "[^")
    go = "".join(pieces)
    for text in ("", "a", "ab", "abb", "1"):
        found = compiled_go(go).search(text)
        assert (found is not None) == (re.search(expression, text, re.ASCII) is not None)
