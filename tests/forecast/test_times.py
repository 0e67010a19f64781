"""How long it will take, from how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.forecast.times import around_s
from stagebuild.history import BuildRecord, History, StageRecord, StepRecord

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forecast.conftest import Shop


def test_a_step_takes_what_it_usually_took(shop: Shop) -> None:
    for seconds in (3.0, 4.0, 100.0):
        shop.write("src/a.c", f"int a = {seconds};")
        shop.build(seconds=seconds)
    (step,) = (step for step in shop.forecast().steps if step.place == "build 2")
    assert step.expected_s == 3.5


def test_the_longest_chain_counts_and_not_the_sum(shop: Shop) -> None:
    shop.dockerfile("FROM base AS prod", "FROM base AS side\nRUN side\nFROM base AS prod")
    shop.dockerfile("RUN finish", "COPY --from=side /x /x\nRUN finish")
    shop.build()
    shop.environment["no_cache"] = True
    took = shop.forecast().duration
    assert took is not None
    # base 2, build 1, build 2, prod 1, prod 2, prod 3: two seconds each; side runs beside them.
    assert 12.0 <= took.expected_s < 13.0


def test_what_may_run_is_in_the_spread(shop: Shop) -> None:
    shop.write("src/a.c", "int other;")
    took = shop.forecast().duration
    assert took is not None
    assert took.low_s == pytest.approx(4.0, abs=0.9)
    assert took.expected_s == pytest.approx(8.0, abs=0.9)


def test_nothing_to_do_takes_what_is_around_the_steps(shop: Shop) -> None:
    took = shop.forecast().duration
    assert took is not None
    assert took.expected_s < 1.0


def test_steps_that_were_never_timed_are_counted(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN make\nRUN more\nRUN most")
    took = shop.forecast().duration
    assert took is not None
    assert took.unknown_steps == 2


def test_without_a_history_nobody_knows(shop: Shop, tmp_path: Path) -> None:
    with History(tmp_path / "other.sqlite") as shop.history:
        assert shop.forecast().duration is None


def _built(wall_s: float, *, ran: bool) -> BuildRecord:
    step = StepRecord(number=1, command="RUN x", busy_s=1.0 if ran else 0.0, cached=not ran)
    stage = StageRecord(name="prod", platform=None, busy_s=step.busy_s, steps=(step,))
    return BuildRecord(
        uid="",
        environment="prod",
        target="prod",
        outcome="built",
        started_s=0.0,
        wall_s=wall_s,
        stages=(stage,),
    )


def test_what_is_around_steps_is_that_of_builds_of_the_same_kind() -> None:
    builds = [_built(9.0, ran=True), _built(0.3, ran=False), _built(7.0, ran=True)]
    assert around_s(builds, runs=True) == pytest.approx((8.0, 1.4826))
    assert around_s(builds, runs=False) == (0.3, 0.0)


def test_where_there_are_none_of_the_kind_the_others_count() -> None:
    assert around_s([_built(9.0, ran=True)], runs=False) == (9.0, 0.0)


def test_what_was_lately_around_steps_counts_alone() -> None:
    builds = [_built(1.0, ran=False)] * 7 + [_built(50.0, ran=False)] * 20
    assert around_s(builds, runs=False) == (1.0, 0.0)
