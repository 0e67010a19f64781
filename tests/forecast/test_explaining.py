"""After a build: why each step ran, and what a client could not have known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.forecast import Cause, State
from stagebuild.forecast.explaining import EVICTED, FILLED, Explanation, explain, only
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.history import StageRecord, StepRecord
    from tests.forecast.conftest import Shop


def why(shop: Shop, *, steps: dict[str, bool] | None = None) -> Explanation:
    """Explain the last build; ``steps`` says what the engine did instead: whether a step ran."""
    record, *_ = shop.history.builds(limit=1)
    if steps is not None:
        record = replaced(record, stages=tuple(_stage(one, steps) for one in record.stages))
    earlier = shop.history.builds(before=record)
    return explain(record, earlier, listing=shop.history.listing)


def _stage(stage: StageRecord, ran: dict[str, bool]) -> StageRecord:
    def step(one: StepRecord) -> StepRecord:
        did = ran.get(f"{stage.name} {one.number}")
        return one if did is None else replaced(one, cached=not did)

    return replaced(stage, steps=tuple(map(step, stage.steps)))


def test_the_file_that_made_it_run_is_named(shop: Shop) -> None:
    shop.write("src/b.c", "int b;")
    shop.build()
    told = why(shop, steps={"base 2": False})
    (root,) = told.steps.roots
    assert [(r.cause, r.name) for r in root.reasons] == [(Cause.FILE, "src/b.c")]
    assert {step.follows for step in told.steps.steps if step.state is State.RUN} == {
        None,
        "build 1",
    }
    assert told.surprises == ()


def test_a_step_that_ran_though_it_was_known_is_a_surprise(shop: Shop) -> None:
    shop.build()
    told = why(shop, steps={"base 2": False, "build 1": False, "prod 1": False, "prod 2": False})
    (surprise,) = told.surprises
    assert (surprise.place, surprise.meaning) == ("build 2", EVICTED)
    assert [root.place for root in told.steps.roots] == ["build 2"]


def test_a_step_that_was_cached_though_unknown_is_a_surprise(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN make all")
    shop.build()
    told = why(shop, steps={"base 2": False, "build 1": False, "build 2": False})
    (surprise,) = told.surprises
    assert (surprise.place, surprise.meaning) == ("build 2", FILLED)


def test_the_same_bytes_again_are_no_surprise(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN make all")
    shop.build()
    cached = {"base 2": False, "build 1": False, "prod 1": False, "prod 2": False}
    assert why(shop, steps=cached).surprises == ()


def test_one_step_comes_with_its_root(shop: Shop) -> None:
    shop.write("src/b.c", "int b;")
    shop.build()
    told = only(why(shop, steps={"base 2": False}), stage="build", number=2)
    assert [step.place for step in told.steps.steps] == ["build 1", "build 2"]


@pytest.mark.parametrize(("stage", "number"), [("nothing", None), ("build", 9)])
def test_what_was_not_built_is_refused(shop: Shop, stage: str, number: int | None) -> None:
    with pytest.raises(ValueError, match=stage):
        only(why(shop), stage=stage, number=number)
