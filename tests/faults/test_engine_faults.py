"""Engines that go away and come back, programs that are killed, and what is left after kill -9."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import BuildFailed, EngineUnavailable
from stagebuild.runevents import Retrying
from tests.faults.kills import Kills
from tests.faults.lab import BACKENDS, SLOW, Lab, when_sleeping
from tests.faults.pump import EnginePump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.runevents import RunEvent
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pump(engine: Engine, tmp_path: Path) -> Iterator[EnginePump]:
    upstream = engine.env["DOCKER_HOST"].removeprefix("unix://")
    with EnginePump(upstream=upstream, path=tmp_path / "engine.sock") as made:
        yield made


@pytest.fixture(params=BACKENDS)
def lab(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path, pump: EnginePump) -> Lab:
    folder = tmp_path / "project"
    folder.mkdir()
    return Lab(
        backend=request.param,
        environ={**engine.env, "DOCKER_HOST": pump.host},
        registry=engine.registry,
        folder=folder,
    )


def test_an_engine_that_restarts_is_waited_for_and_the_build_succeeds(
    lab: Lab, pump: EnginePump
) -> None:
    def restart() -> None:
        pump.cut()
        time.sleep(0.5)
        pump.open()

    result, error = lab.build(lab.spec(SLOW), on_event=when_sleeping(restart))
    assert error is None
    assert result is not None
    assert result.attempts[0].cause == "builder"
    assert len(result.attempts) >= 2


def test_an_engine_that_stays_away_is_the_error(lab: Lab, pump: EnginePump) -> None:
    _, error = lab.build(lab.spec(SLOW, retries=2), on_event=when_sleeping(pump.cut))
    assert isinstance(error, (EngineUnavailable, BuildFailed))


def test_an_engine_that_is_not_there_is_not_waited_for(lab: Lab, pump: EnginePump) -> None:
    pump.cut()
    told: list[RunEvent] = []
    _, error = lab.build(lab.spec(SLOW), on_event=told.append)
    assert isinstance(error, EngineUnavailable)
    assert not any(isinstance(event, Retrying) for event in told)


def test_a_killed_buildx_is_not_started_again(engine: Engine, tmp_path: Path) -> None:
    lab = Lab(backend="buildx", environ=engine.env, registry=engine.registry, folder=tmp_path)

    def kill() -> None:
        own = str(os.getpid())
        for entry in Path("/proc").iterdir():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                words = (entry / "cmdline").read_bytes()
            except (OSError, NotADirectoryError):
                continue
            if stat[1] == own and str(tmp_path).encode() in words:
                os.kill(int(entry.name), signal.SIGKILL)

    _, error = lab.build(lab.spec(SLOW), on_event=when_sleeping(kill))
    assert isinstance(error, BuildFailed)
    assert "SIGKILL" in error.message
    assert len(error.attempts) == 1


def test_the_idle_timeout_ends_a_silent_step_in_the_engine(lab: Lab) -> None:
    began_s = time.monotonic()
    spec = lab.spec(f"FROM busybox\nRUN sleep 9{int(lab.nonce[:6], 16)}\n", idle_timeout_s=1.5)
    _, error = lab.build(spec)
    assert type(error).__name__ == "BuildTimedOut"
    assert time.monotonic() - began_s < 15
    time.sleep(2)
    assert f"sleep\0009{int(lab.nonce[:6], 16)}" not in _commands()


def _commands() -> str:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.append((entry / "cmdline").read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
    return "\n".join(found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_kill_9_at_any_moment_the_next_run_is_right(
    engine: Engine, tmp_path: Path, backend: str
) -> None:
    """``make kills`` does this 200 times."""
    chance = random.Random(0)
    kills = Kills(folder=tmp_path, environ=engine.env, backend=backend, chance=chance)
    for _ in range(6):
        kills.one()
    assert kills.left() == []
