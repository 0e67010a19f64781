"""Real runs, reported: why steps ran, what they printed, and what was before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
FROM busybox AS build
COPY cart.txt /
RUN cat /cart.txt && sleep 0.2
FROM build AS test
RUN grep -q green /cart.txt
FROM busybox AS prod
COPY --from=build /cart.txt /
"""
CONFIGURATION = """\
[environments.test]
target = "test"
output = "type=cacheonly"
[environments.prod]
target = "prod"
requires = ["test"]
"""


@pytest.mark.engine
def test_a_failing_gate_is_told_in_every_place(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "project"  # what changes while it is built is not compared
    project.mkdir()
    (project / "Dockerfile").write_text(DOCKERFILE)
    (project / "stagebuild.toml").write_text(CONFIGURATION)
    environ = {
        **engine.env,
        "PYTHONPATH": str(ROOT),
        "STAGEBUILD_HISTORY": str(tmp_path / "history.sqlite"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }

    def stagebuild(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stagebuild", *words],
            cwd=project, env=environ, capture_output=True, check=False, text=True,
        )  # fmt: skip

    (project / "cart.txt").write_text(f"green {tmp_path}\n")
    assert stagebuild("prod").returncode == 0
    assert "prod-digest<<" in (tmp_path / "output").read_text()

    (project / "cart.txt").write_text(f"red {tmp_path}\n")
    done = stagebuild("prod", "--report", "run.html", "--report", "junit.xml")
    assert done.returncode == 1
    assert "::error file=Dockerfile,line=5,title=test failed::test: exit code 1" in done.stderr
    assert done.stderr.count("::group::") == done.stderr.count("::endgroup::") >= 2
    assert "### test failed" in (tmp_path / "summary.md").read_text()
    assert 'name="test" classname="stagebuild.gate of prod"' in (project / "junit.xml").read_text()

    page = (project / "run.html").read_text()
    assert "because: cart.txt changed" in page
    assert f"red {tmp_path}" in page  # the log
    assert "Earlier builds" in page

    told = json.loads(stagebuild("report", "--format", "json").stdout)
    assert [build["name"] for build in told["builds"]] == ["prod", "test"]
    assert told["builds"][0]["requires"] == ["test"]
