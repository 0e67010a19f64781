"""Records and histories to test with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.history import BuildRecord, History, LayerRecord, StageRecord, StepRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY_S = 86_400.0
START_S = 1_800_000_000.0


def make_record(number: int = 0, **fields: Any) -> BuildRecord:
    """Return the record of a build, the ``number``-th of its kind."""
    test_s = fields.pop("test_s", 3.0)
    cached = fields.pop("cached", False)
    steps = (
        StepRecord(number=1, command="FROM busybox", busy_s=0.0, cached=True),
        StepRecord(number=2, command="RUN make test", busy_s=test_s, cached=cached),
    )
    default: dict[str, Any] = {
        "uid": f"{number:032x}",
        "environment": "prod",
        "target": "prod",
        "outcome": "built",
        "started_s": START_S + number * DAY_S,
        "wall_s": test_s + 1.0,
        "digest": f"sha256:{number:064x}",
        "size_bytes": 1_000_000,
        "stages": (StageRecord(name="test", platform=None, busy_s=test_s, steps=steps),),
        "layers": (
            LayerRecord(created_by="base", size_bytes=400_000),
            LayerRecord(created_by="RUN make", size_bytes=600_000, stage="test"),
        ),
        "backend": "buildx",
    }
    return BuildRecord(**(default | fields))


@pytest.fixture
def record() -> Callable[..., BuildRecord]:
    """A function that makes records."""
    return make_record


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An empty history."""
    with History(tmp_path / "state" / "shop.sqlite") as empty:
        yield empty
