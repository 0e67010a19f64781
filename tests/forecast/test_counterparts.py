"""A step is matched with what it was, however many were put in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.fingerprint.values import StepFacts, StepPrint
from stagebuild.forecast.counterparts import counterparts


def steps(words: str) -> list[StepPrint]:
    """Return steps called like the words; a capital letter is the keyword."""
    return [
        StepPrint(
            stage="s",
            platform="linux/amd64",
            number=number,
            line=number,
            key=word,
            own=word,
            parent=None,
            facts=StepFacts(instruction=f"{word[0]} {word[1:]}"),
        )
        for number, word in enumerate(words.split(), start=1)
    ]


def matched(now: str, before: str) -> dict[int, str]:
    return {number: step.own for number, step in counterparts(steps(now), steps(before)).items()}


def test_what_is_the_same_is_matched() -> None:
    assert matched("C1 R1", "C1 R1") == {1: "C1", 2: "R1"}


def test_what_was_put_in_between_is_new() -> None:
    assert matched("C1 R9 R1", "C1 R1") == {1: "C1", 3: "R1"}


def test_what_was_changed_is_matched_by_its_keyword() -> None:
    assert matched("C1 R9 C2", "C1 R1 C2") == {1: "C1", 2: "R1", 3: "C2"}


def test_what_was_removed_is_matched_with_nothing() -> None:
    assert matched("C1 R2", "C1 R1 R2") == {1: "C1", 2: "R2"}


_WORDS = st.lists(st.from_regex(r"[CR][1-4]", fullmatch=True), max_size=8).map(" ".join)


@given(_WORDS, _WORDS)
def test_every_earlier_step_is_matched_once_and_in_order(now: str, before: str) -> None:
    found = counterparts(steps(now), steps(before))
    numbers = [found[number].number for number in sorted(found)]
    assert numbers == sorted(set(numbers))
