"""Real error texts, each with its source, are told apart; what is not known is permanent."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.backends.failureclasses import (
    FailureClass,
    FailureFacts,
    classify,
    is_of_registry,
    retry_after_s,
)
from stagebuild.progress.vertexnames import parse_vertex_name


class Text(NamedTuple):
    expected: str
    exit_code: str
    vertex: str
    source: str
    text: str


def _texts() -> list[Text]:
    lines = (Path(__file__).parent / "failuretexts.tsv").read_text("utf-8").splitlines()
    return [Text(*line.split("\t")) for line in lines if not line.startswith("#")]


TEXTS = _texts()


def _facts(told: Text) -> FailureFacts:
    return FailureFacts(
        text=told.text,
        exit_code=None if told.exit_code == "-" else int(told.exit_code),
        kind=None if told.vertex == "-" else parse_vertex_name(told.vertex).kind,
    )


def test_there_are_enough_texts_and_each_names_its_source() -> None:
    assert len(TEXTS) >= 150
    assert len({told.text for told in TEXTS}) >= 150
    assert all(told.source and told.source != "-" for told in TEXTS)


def test_every_class_that_a_text_can_tell_has_texts() -> None:
    assert {told.expected for told in TEXTS} == set(FailureClass) - {FailureClass.BUILDER_GONE}


@pytest.mark.parametrize("told", TEXTS, ids=lambda told: f"{told.source}: {told.text[-40:]}")
def test_a_real_text_is_told_apart(told: Text) -> None:
    assert classify(_facts(told)) == told.expected


@pytest.mark.parametrize("told", TEXTS, ids=lambda told: told.source)
def test_what_buildx_puts_around_a_text_changes_nothing(told: Text) -> None:
    facts = _facts(told)
    wrapped = FailureFacts(
        text=f"{told.text}\nfailed to build: failed to solve: {told.text}",
        exit_code=facts.exit_code,
        kind=facts.kind,
    )
    assert classify(wrapped) == told.expected


@given(st.text(alphabet=st.characters(exclude_categories=["N"]), max_size=30))
def test_a_text_that_nobody_knows_is_permanent(text: str) -> None:
    assert classify(FailureFacts(text=f"zzz {text} zzz")) is FailureClass.UNKNOWN


@given(st.sampled_from(TEXTS))
def test_a_process_that_failed_is_a_step_whatever_it_printed(told: Text) -> None:
    if told.exit_code not in ("102", "130"):
        facts = FailureFacts(text=told.text, process_exit_code=1)
        assert classify(facts) is FailureClass.STEP


def test_the_name_of_an_image_says_nothing() -> None:
    text = 'failed to do request: Head "https://a/v2/403/502/manifests/429": dial tcp: i/o timeout'
    assert classify(FailureFacts(text=text)) is FailureClass.NETWORK


def test_only_what_is_about_a_registry_is_a_registry_failure() -> None:
    assert is_of_registry(FailureClass.REGISTRY_BUSY)
    assert not is_of_registry(FailureClass.STEP)
    assert not is_of_registry(FailureClass.BUILDER)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute", 985.86e-6),
        ("toomanyrequests: retry-after: 1.104056ms", 1.104056e-3),
        ("429 Too Many Requests: Retry-After: 30", 30.0),
        ("rate limited, try again in 2 minutes", 120.0),
        ("please retry in 5s", 5.0),
        ("429 Too Many Requests", None),
    ],
)
def test_how_long_the_registry_asks_to_wait_is_read(text: str, seconds: float | None) -> None:
    assert retry_after_s(text) == (None if seconds is None else pytest.approx(seconds))
