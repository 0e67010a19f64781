"""The short form of ``make accuracy``: what is forecast is what a real engine does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.forecast_accuracy import measure

if TYPE_CHECKING:
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

EDITS = 36


def test_no_step_that_is_forecast_cached_runs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    found = measure(EDITS, seed=20, environ=engine.env, say=False).total
    # What experience says will run need not: a file that is back to what it was, say.
    assert [miss for miss in found.misses if "was forecast run (follows" not in miss] == []
    assert found.false_cached == 0
    assert found.false_run <= found.steps // 50
    assert found.right + found.maybe + found.false_run == found.steps > 200
