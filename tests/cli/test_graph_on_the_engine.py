"""A real build, laid on the graph."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
FROM busybox AS slow
RUN sleep 0.3 && date > /now
FROM busybox AS prod
COPY --from=slow /now /now
"""


def stagebuild(engine: Engine, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "stagebuild", *words],
        cwd=folder,
        env={**engine.env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


@pytest.mark.engine
def test_the_times_of_a_real_build_are_laid_on_its_stages(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    run = stagebuild(engine, tmp_path, "prod", "--json", "--no-cache")
    (tmp_path / "run.json").write_text(run)
    shown = stagebuild(engine, tmp_path, "graph", "--result", "run.json")
    told = re.search(r"slow \(copied from\)  (\S+) s, 0/1 cached  critical path", shown)
    assert told is not None, shown
    assert 0.3 <= float(told[1]) < 30
