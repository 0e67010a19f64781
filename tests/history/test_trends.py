"""What got worse is told; noise is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.history import BuildRecord, LayerRecord
from stagebuild.history.trends import LargerImage, SlowerStage, regressions

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., BuildRecord]


NOISE_S = (0.1, -0.2, 0.0, 0.3, -0.1, 0.2)


def earlier(record: Make, *, count: int = 20) -> list[BuildRecord]:
    """Return builds whose test stage took about three seconds."""
    return [record(n, test_s=3.0 + NOISE_S[n % len(NOISE_S)]) for n in range(count, 0, -1)]


def test_a_stage_that_takes_longer_than_its_spread_is_told(record: Make) -> None:
    (found,) = regressions(record(99, test_s=5.0), earlier(record))
    assert isinstance(found, SlowerStage)
    assert (found.stage, found.took_s, found.spread.runs) == ("test", 5.0, 20)
    assert 2.9 <= found.spread.typical_s <= 3.2


def test_a_stage_within_its_spread_is_not_told(record: Make) -> None:
    assert regressions(record(99, test_s=3.5), earlier(record)) == []


def test_one_slow_run_in_between_does_not_hide_the_next(record: Make) -> None:
    before = [record(50, test_s=60.0), *earlier(record)]
    assert len(regressions(record(99, test_s=5.0), before)) == 1


def test_runs_in_which_other_steps_ran_are_not_compared(record: Make) -> None:
    before = [record(n, test_s=0.1, cached=True) for n in range(20, 0, -1)]
    assert regressions(record(99, test_s=5.0), before) == []


def test_failed_builds_are_not_compared(record: Make) -> None:
    before = [record(n, outcome="failed") for n in range(20, 0, -1)]
    assert regressions(record(99, test_s=9.0), before) == []


def test_with_few_runs_nothing_is_said(record: Make) -> None:
    assert regressions(record(99, test_s=5.0), earlier(record, count=4)) == []


def test_an_image_that_grew_is_told_with_the_layer_that_grew_most(record: Make) -> None:
    layers = (
        LayerRecord(created_by="base", size_bytes=410_000),
        LayerRecord(created_by="RUN make", size_bytes=790_000, stage="test"),
    )
    (found,) = regressions(record(9, size_bytes=1_200_000, layers=layers), [record(8)])
    assert isinstance(found, LargerImage)
    assert round(found.share, 3) == 0.2
    assert found.layer is not None
    assert (found.layer.created_by, found.layer_growth_bytes) == ("RUN make", 190_000)


def test_an_image_for_other_platforms_is_not_compared(record: Make) -> None:
    before = record(8, platforms=("linux/arm64",), size_bytes=10)
    assert regressions(record(9), [before]) == []


def test_a_small_growth_is_not_told(record: Make) -> None:
    assert regressions(record(9, size_bytes=1_040_000), [record(8)]) == []
