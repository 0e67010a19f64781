"""Many processes, one engine, one history: a short form of ``make crowd``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.crowd import Crowd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine


def test_builds_at_the_same_time_get_their_own_results_and_none_is_lost(
    engine: Engine, tmp_path: Path
) -> None:
    crowd = Crowd(place=tmp_path, environ=engine.env, processes=8)
    assert [words for _ in range(2) for words in crowd.round()] == []
    assert list(crowd.lost()) == []
