"""What the command line builds on a real engine is remembered as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS build
ARG NONCE
RUN sleep 0.5; echo "$NONCE" > /made
FROM busybox AS prod
COPY --from=build /made /made
"""


def stagebuild(engine: Engine, folder: Path, *words: str) -> str:
    root = Path(__file__).parents[2]
    env = {**engine.env, "PYTHONPATH": str(root), "STAGEBUILD_HISTORY": str(folder / "h.sqlite")}
    done = subprocess.run(
        [sys.executable, "-m", "stagebuild", *words],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_a_build_and_its_repetition_are_remembered(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    nonce = f"NONCE={tmp_path}"
    for _ in range(2):
        digest = stagebuild(engine, tmp_path, "prod", "--build-arg", nonce, "-q").strip()
    document: dict[str, Any] = json.loads(stagebuild(engine, tmp_path, "history", "--json"))
    second, first = document["environments"]["prod"]
    assert first["digest"] == second["digest"] == digest
    assert first["size_bytes"] == second["size_bytes"] > 0
    ran = [
        [step["number"] for step in stage["steps"] if not step["cached"]]
        for build in (first, second)
        for stage in build["stages"]
        if stage["name"] == "build"
    ]
    assert ran == [[2], []]
    build_stage = next(stage for stage in first["stages"] if stage["name"] == "build")
    assert 0.5 <= build_stage["busy_s"] < 30
