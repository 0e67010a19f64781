"""How often and after how long: limits, doubling, jitter, what the registry asks for, a budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.backends.failureclasses import FailureClass
from stagebuild.backends.patience import PATIENCE, Tried, next_wait_s
from stagebuild.model.entries import RETRIED


def wait_s(*causes: FailureClass, retries: int = 9, budget_s: float = 1e9) -> float | None:
    tried = [Tried(cause=cause) for cause in causes]
    return next_wait_s(tried, retries=retries, budget_s=budget_s, jitter=1.0)


@pytest.mark.parametrize("cause", sorted(set(FailureClass) - set(PATIENCE)))
def test_what_can_not_pass_is_not_tried_again(cause: FailureClass) -> None:
    assert wait_s(cause) is None


def test_waits_double_up_to_the_longest() -> None:
    waits = [wait_s(*[FailureClass.NETWORK] * number) for number in range(1, 8)]
    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_busy_registry_is_given_more_time() -> None:
    busy = wait_s(FailureClass.REGISTRY_BUSY)
    down = wait_s(FailureClass.REGISTRY_ERROR)
    assert busy is not None
    assert down is not None
    assert busy > 5 * down


def test_a_broken_builder_is_tried_again_twice() -> None:
    builder = FailureClass.BUILDER
    assert wait_s(builder) == 2.0
    assert wait_s(builder, builder) == 4.0
    assert wait_s(builder, builder, builder) is None


def test_the_limit_of_one_class_does_not_count_the_failures_of_another() -> None:
    assert wait_s(FailureClass.BUILDER, FailureClass.NETWORK) == 2.0
    assert wait_s(FailureClass.NETWORK, FailureClass.NETWORK, FailureClass.BUILDER) == 2.0


@given(retries=st.integers(0, 6), number=st.integers(1, 8))
def test_there_are_never_more_retries_than_allowed(retries: int, number: int) -> None:
    causes = [FailureClass.REGISTRY_ERROR] * number
    assert (wait_s(*causes, retries=retries) is None) == (number > retries)


@given(jitter=st.floats(0.0, 1.0), number=st.integers(1, 10))
def test_at_least_half_of_a_wait_is_kept(jitter: float, number: int) -> None:
    tried = [Tried(cause=FailureClass.NETWORK)] * number
    full = next_wait_s(tried, retries=99, budget_s=1e9, jitter=1.0)
    some = next_wait_s(tried, retries=99, budget_s=1e9, jitter=jitter)
    assert full is not None
    assert some is not None
    assert full / 2 <= some <= full


def test_what_the_registry_asks_for_is_never_shortened() -> None:
    tried = [Tried(cause=FailureClass.REGISTRY_BUSY, asked_s=90.0)]
    wait = next_wait_s(tried, retries=3, budget_s=300.0, jitter=0.0)
    assert wait == 90.0


def test_a_registry_that_asks_for_no_time_at_all_gets_the_usual_wait() -> None:
    tried = [Tried(cause=FailureClass.REGISTRY_BUSY, asked_s=0.0003)]
    assert next_wait_s(tried, retries=3, budget_s=300.0, jitter=0.0) == 7.5


def test_what_would_wait_beyond_the_budget_fails_at_once() -> None:
    tried = [Tried(cause=FailureClass.REGISTRY_BUSY, asked_s=3600.0)]
    assert next_wait_s(tried, retries=3, budget_s=300.0, jitter=0.0) is None


@given(
    st.lists(st.sampled_from(sorted(FailureClass)), min_size=1, max_size=40),
    st.floats(0.0, 100.0),
)
def test_all_waits_together_stay_within_the_budget(
    causes: list[FailureClass], budget_s: float
) -> None:
    tried: list[Tried] = []
    for cause in causes:
        tried.append(Tried(cause=cause))
        wait = next_wait_s(tried, retries=99, budget_s=budget_s, jitter=0.5)
        if wait is None:
            break
        tried[-1] = Tried(cause=cause, wait_s=wait)
    assert sum(attempt.wait_s for attempt in tried) <= budget_s


def test_a_class_may_be_given_its_own_limit() -> None:
    network = [Tried(cause=FailureClass.NETWORK)]
    limits = {"network": 0, "registry-conflict": 2}
    assert next_wait_s(network, retries=3, budget_s=300, jitter=1.0, limits=limits) is None
    twice = [Tried(cause=FailureClass.REGISTRY_CONFLICT)] * 2
    assert next_wait_s(twice, retries=3, budget_s=300, jitter=1.0, limits=limits) is not None


def test_every_class_that_is_tried_again_can_be_limited_by_name() -> None:
    assert {cause.value.replace(" ", "-") for cause in PATIENCE} == set(RETRIED)
