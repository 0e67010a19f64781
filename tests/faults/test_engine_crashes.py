"""Engines that are killed in mid-build, or have no space left: each has one for itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import BuildFailed, EngineUnavailable
from stagebuild.runevents import Retrying
from tests.faults.lab import BACKENDS, SLOW, Lab, when_sleeping
from tests.faults.privateengine import PrivateEngine, private_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stagebuild.runevents import RunEvent
    from tests.conftest import Engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def own(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with private_engine(engine, tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture(scope="module")
def small(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    """One whose data is on a file system of 48 MB."""
    with private_engine(engine, tmp_path_factory.mktemp("small"), size="48m") as made:
        yield made


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def lab_of(engine: PrivateEngine, backend: str, folder: Path) -> Lab:
    return Lab(backend=backend, environ=engine.environ, registry=engine.registry, folder=folder)


def test_a_killed_engine_that_comes_back_finishes_the_build(
    own: PrivateEngine, backend: str, tmp_path: Path
) -> None:
    lab = lab_of(own, backend, tmp_path)

    def restart() -> None:
        own.kill()
        own.start()

    result, error = lab.build(lab.spec(SLOW), on_event=when_sleeping(restart))
    assert error is None
    assert result is not None
    assert result.attempts[0].cause == "builder"


def test_a_killed_engine_that_stays_away_is_the_error(
    own: PrivateEngine, backend: str, tmp_path: Path
) -> None:
    lab = lab_of(own, backend, tmp_path)
    try:
        _, error = lab.build(lab.spec(SLOW, retries=1), on_event=when_sleeping(own.kill))
    finally:
        own.start()
    assert isinstance(error, (EngineUnavailable, BuildFailed))
    assert lab.build(lab.spec(SLOW))[1] is None, "and the next build goes on from its cache"


def test_a_full_disk_in_the_engine_is_told_at_once_with_what_helps(
    small: PrivateEngine, backend: str, tmp_path: Path
) -> None:
    lab = lab_of(small, backend, tmp_path)
    told: list[RunEvent] = []
    spec = lab.spec("FROM busybox\nCOPY big /\n")
    (tmp_path / "big").write_bytes(b"x" * 64_000_000)
    _, error = lab.build(spec, on_event=told.append)
    assert isinstance(error, BuildFailed)
    assert "no space left on device" in error.message
    assert "docker builder prune" in str(error.hint)
    assert error.attempts[-1].cause == "disk full"
    assert not any(isinstance(event, Retrying) for event in told)
    subprocess.run(["docker", "builder", "prune", "-af"], env=small.environ, check=False)
