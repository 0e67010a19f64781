"""What the solve that publishes may do, and what stops it."""

from __future__ import annotations

import pytest

from stagebuild.progress.events import Event, VertexUpdate
from stagebuild.scheduling.publication import PublicationEvents

CANCELED = "context canceled: context canceled"


def step(name: str, ended_s: float | None = None, error: str = "") -> VertexUpdate:
    return VertexUpdate(
        digest=name, name=name, inputs=("x",), started_s=10.0, completed_s=ended_s, error=error
    )


def ran_again(*events: Event) -> list[str]:
    told: list[str] = []
    taken = PublicationEvents(
        lambda _: None, built_s=5.0, ran_again=told.append, begin=lambda _: None
    )
    for event in events:
        taken.take(event)
    return told


def test_a_run_that_begins_is_told_at_once() -> None:
    assert ran_again(step("[prod 2/2] RUN make")) == ["[prod 2/2] RUN make"]


@pytest.mark.parametrize(
    "next_event",
    [step("[prod 1/2] COPY . .", 10.1), step("[prod 2/2] RUN make")],
    ids=["its end", "the next step"],
)
def test_a_copy_that_begins_is_told_with_the_next_event(next_event: VertexUpdate) -> None:
    assert ran_again(step("[prod 1/2] COPY . ."), next_event)[0] == "[prod 1/2] COPY . ."


@pytest.mark.parametrize("began", [(), (step("[prod 1/2] COPY . ."),)], ids=["one event", "two"])
def test_a_copy_that_a_cached_step_made_needless_did_not_run(began: tuple[Event, ...]) -> None:
    overtaken = step("[prod 1/2] COPY . .", 10.0, CANCELED)
    assert ran_again(*began, overtaken) == []


def test_what_ran_before_everything_was_built_is_no_second_run() -> None:
    shared = VertexUpdate(digest="a", name="[s 1/1] RUN x", inputs=("x",), started_s=4.0)
    assert ran_again(shared) == []
