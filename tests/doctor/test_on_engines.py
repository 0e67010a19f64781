"""The doctor on real engines, and where there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]


def doctor(env: Mapping[str, str], folder: Path) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the findings by subject."""
    done = subprocess.run(
        [sys.executable, "-m", "stagebuild", "doctor", "--json"],
        cwd=folder,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    document = json.loads(done.stdout)
    return done.returncode, {each["subject"]: each for each in document["findings"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that pushes a cache, which needs the containerd image store."""
    (tmp_path / "Dockerfile").write_text("FROM busybox AS prod\n")
    (tmp_path / "stagebuild.toml").write_text(
        '[environments.prod]\ncache-to = "type=registry,ref=localhost:5000/c"\n'
    )
    return tmp_path


@pytest.mark.engine
def test_a_new_engine_is_in_order(engine: Engine, folder: Path) -> None:
    code, found = doctor(engine.env, folder)
    assert code == 0
    assert found["engine"]["verdict"] == "good"
    assert found["engine"]["text"].startswith("Docker 28.5")
    assert found["image store"]["text"].startswith("containerd")
    assert found["clock"]["verdict"] == "good"
    assert found["buildx"]["text"].startswith("0.29")
    assert "in use" in found["builder default"]["text"]
    assert "linux/amd64" in found["platforms"]["text"]
    assert found["disk"]["text"]
    assert "registry localhost:5000" in found
    assert found["project"]["text"] == "stagebuild.toml: prod"


@pytest.mark.engine
def test_an_engine_with_the_old_store_can_not_build_what_needs_the_new_one(
    engines: Callable[[str], Engine], folder: Path
) -> None:
    code, found = doctor(engines("26.1").env, folder)
    assert code == 1
    assert found["image store"]["verdict"] == "problem"
    assert "containerd-snapshotter" in found["image store"]["remedy"]
    assert found["buildx"]["verdict"] == "caution"


@pytest.mark.engine
def test_an_engine_without_buildx_is_told_as_old_as_it_is(
    engines: Callable[[str], Engine], folder: Path
) -> None:
    _, found = doctor({**engines("20.10").env, "STAGEBUILD_BUILDX": "/nothing"}, folder)
    assert found["engine"]["verdict"] == "caution"
    assert found["engine"]["text"].startswith("Docker 20.10")
    assert found["buildx"]["text"].startswith("not installed")


def test_without_an_engine_it_says_so_and_goes_on(folder: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{folder}/no.sock", "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    code, found = doctor(env, folder)
    assert code == 1
    assert found["engine"]["verdict"] == "problem"
    assert "start the engine" in found["engine"]["remedy"]
    assert found["project"]["verdict"] == "good"


def test_without_a_project_it_looks_at_the_machine(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "PATH": "/usr/bin:/bin", "HOME": "/"}
    _, found = doctor(env, tmp_path)
    assert found["project"]["verdict"] == "caution"
