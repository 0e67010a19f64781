from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.config.keypaths import Misfit
from stagebuild.config.templates import Absent, expand, literal

VALUES = {"A": "1", "EMPTY": "", "git.sha": "abc"}


def value_of(name: str) -> str:
    if name not in VALUES:
        raise Absent(f"{name} is nowhere")
    return VALUES[name]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("${A}-${git.sha}", "1-abc"),
        ("${A:-2}", "1"),
        ("${MISSING:-2}", "2"),
        ("${EMPTY:-2}", "2"),
        ("x${EMPTY}y", "xy"),
        ("${MISSING:-}", ""),
        ("${MISSING:-${EMPTY:-${A}}}!", "1!"),
        ("$${A}", "${A}"),
        ("$$$${A}$", "$${A}$"),
        ("$A $5 a}b", "$A $5 a}b"),
        ("${MISSING:-$${x}", "${x"),
    ],
)
def test_variables_are_filled_in(text: str, expanded: str) -> None:
    assert expand(text, value_of) == expanded


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${A", "is not closed"),
        ("${A:-x", "is not closed"),
        ("${}", "not followed by a name"),
        ("${A?x}", "is followed by '[?]'"),
        ("${A-}x", "no value|is nowhere"),
        ("${MISSING}", r"\$\{MISSING\} has no value: MISSING is nowhere"),
        ("${A:-" * 60 + "}" * 60, "nested too deeply"),
    ],
)
def test_a_broken_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(Misfit, match=message):
        expand(text, value_of)


def test_text_may_not_grow_without_end() -> None:
    with pytest.raises(Misfit, match="longer than"):
        expand("${A}" * 11, lambda _: "x" * 100_000)


@given(st.text(alphabet="a${}:-", max_size=20))
def test_literal_text_expands_to_itself(text: str) -> None:
    assert expand(literal(text), value_of) == text


@given(st.text(alphabet="A${}:-.", max_size=20))
def test_any_text_expands_or_is_refused(text: str) -> None:
    with contextlib.suppress(Misfit):
        expand(text, value_of)
