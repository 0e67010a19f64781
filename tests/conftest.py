"""Fixtures for every test: the real engine, set up by the project itself."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
DEFAULT_ENGINE = "28.5"

# How long an example takes says how busy the machine is: an engine may be building beside.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_configure() -> None:
    """Remember nothing of what tests build, unless one names a file or gives an environment."""
    os.environ["STAGEBUILD_HISTORY"] = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """
    A running engine with its own tools.

    Attributes:
        name: As ``28.5``.
        env: Process environment in which ``docker`` and ``docker buildx`` talk to it.
        registry: Host and port of the real registry, as ``localhost:5000``.
    """

    name: str
    env: Mapping[str, str]
    registry: str

    def run(self, *argv: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a program against this engine; raise with its output when it fails."""
        done = subprocess.run(  # type: ignore[call-overload]  # options are passed through
            argv, check=False, env=dict(self.env), text=True, capture_output=True, **options
        )
        assert done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done  # type: ignore[no-any-return]  # see above


@functools.cache
def engine_named(name: str) -> Engine:
    # Another checkout's engines serve as well, and need not be downloaded again.
    tool = [
        sys.executable,
        os.environ.get("STAGEBUILD_ENGINE_TOOL", str(ROOT / "tools" / "engine")),
    ]
    subprocess.run([*tool, "up", name], check=True, stdout=sys.stderr)
    shown = subprocess.run([*tool, "env", name, "--json"], check=True, capture_output=True)
    exports: dict[str, str] = json.loads(shown.stdout)
    return Engine(name=name, env={**os.environ, **exports}, registry=exports["STAGEBUILD_REGISTRY"])


@pytest.fixture(scope="session")
def engines() -> Callable[[str], Engine]:
    """A function that gives the engine of a name, started when it is first asked for."""
    return engine_named


@pytest.fixture(scope="session")
def engine(engines: Callable[[str], Engine]) -> Engine:
    """The newest engine, with the containerd image store."""
    return engines(DEFAULT_ENGINE)
