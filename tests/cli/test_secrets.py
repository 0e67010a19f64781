"""A canary through every way in, looked for on every way out, on a real engine."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS prod
ARG API_TOKEN
RUN --mount=type=secret,id=from-env cat /run/secrets/from-env
RUN --mount=type=secret,id=from-command cat /run/secrets/from-command
RUN --mount=type=secret,id=from-file cat /run/secrets/from-file | sed 's/./&/g' >&2
FROM prod AS bad
RUN --mount=type=secret,id=from-env cat /run/secrets/from-env && exit 3
"""
CONFIGURATION = """\
[environments.prod]
[environments.prod.secrets]
from-env = { env = "CANARY" }
from-file = { file = "canary.txt" }
from-command = { command = "cat printed.txt" }
[environments.bad]
inherits = ["prod"]
target = "bad"
"""


@pytest.mark.parametrize("target", ["prod", "bad"])
@pytest.mark.parametrize(
    "words",
    [
        ["--progress", "plain"],
        ["--progress", "rawjson"],
        ["--json"],
        ["-v"],
        ["--log-format", "json", "-v"],
        ["--dry-run"],
        ["-q", "--metadata-file", "metadata.json"],
    ],
    ids=" ".join,
)
def test_no_canary_is_shown(engine: Engine, tmp_path: Path, words: list[str], target: str) -> None:
    from_env, from_file, from_command, from_arg = (f"canary{uuid.uuid4().hex}" for _ in range(4))
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "stagebuild.toml").write_text(CONFIGURATION)
    (tmp_path / "canary.txt").write_text(f"{from_file}\n")
    (tmp_path / "printed.txt").write_text(f"{from_command}\n")
    env = {
        **engine.env,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "CANARY": from_env,
        "API_TOKEN": from_arg,
    }
    argv = [sys.executable, "-m", "stagebuild", target, "--no-cache", "--build-arg", "API_TOKEN"]
    done = subprocess.run(
        [*argv, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if target == "bad" and "--dry-run" not in words else 0)
    shown = done.stdout + done.stderr
    if "metadata.json" in os.listdir(tmp_path):  # noqa: PTH208 - a name is enough
        shown += (tmp_path / "metadata.json").read_text()
    for encoded in re.findall(r'"data":"([^"]*)"', shown):
        shown += base64.b64decode(encoded).decode()
    for canary in (from_env, from_file, from_command, from_arg):
        assert canary not in shown
