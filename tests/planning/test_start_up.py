"""Start-up time is a feature: what planning imports, and what a thousand environments take."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from stagebuild.config import read_project
from stagebuild.planning import Surroundings, plan_builds

if TYPE_CHECKING:
    from pathlib import Path

SLOW_MODULES = ("asyncio", "difflib", "jsonschema", "logging", "rich", "subprocess")


def test_config_and_planning_import_nothing_slow() -> None:
    program = (
        "import sys; before = set(sys.modules); import stagebuild.config, stagebuild.planning;"
        f"print([name for name in {SLOW_MODULES!r} if name in set(sys.modules) - before])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_a_thousand_environments_are_planned_in_time(tmp_path: Path) -> None:
    """About 0.2 s of processor time on the development machine; ``make bench`` has the peer."""
    (tmp_path / "Dockerfile").write_text("FROM scratch AS dev\nFROM scratch AS prod\n")
    config = ['[variables]\nPYTHON = "3.12"\n[environments.base]\nbuild-args.P = "${PYTHON}"\n']
    config += [
        f'[environments.e{n}]\ninherits = ["base"]\ntarget = "{"prod" if n % 2 else "dev"}"\n'
        f'tags = ["shop:${{environment}}"]\nlabels.n = "{n}"\n'
        for n in range(1000)
    ]
    begun = time.process_time()
    project = read_project("".join(config), path="stagebuild.toml", root=tmp_path)
    plan = plan_builds(project, [f"e{n}" for n in range(1000)], surroundings=Surroundings.current())
    took_s = time.process_time() - begun
    assert plan["e7"].tags == ("shop:e7",)
    assert took_s < 2.0
