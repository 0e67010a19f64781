"""A project that is built by a script, so that a forecast has something to go by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.backends.base import SolveFailed
from stagebuild.forecast import Forecast, State, forecast
from stagebuild.history import History
from stagebuild.runner import run
from stagebuild.testing import Script, ScriptedBackend, hit, ran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
FROM base AS build
ARG LEVEL=info
COPY src/ src/
RUN make
FROM base AS prod
COPY --from=build /app/out /out
RUN finish
"""
ONE = f"sha256:{'1' * 64}"
ENVIRON = {"DOCKER_HOST": "unix:///one.sock"}


class Shop:
    """
    A project on disk that can be built and forecast.

    Attributes:
        root: Its folder.
        history: What was built.
        environment: Fields of its environment ``prod``.
        digest: Of its base image.
        environ: The process environment.
    """

    def __init__(self, root: Path, history: History) -> None:
        self.root = root
        self.history = history
        self.environment: dict[str, object] = {}
        self.digest = ONE
        self.environ = dict(ENVIRON)
        self.write("Dockerfile", DOCKERFILE)
        self.write("src/a.c", "int a;")

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def dockerfile(self, old: str, new: str) -> None:
        """Replace a text of the Dockerfile, which has it."""
        text = (self.root / "Dockerfile").read_text()
        assert old in text
        self.write("Dockerfile", text.replace(old, new))

    def plan(self) -> sb.BuildPlan:
        """Return the plan of ``prod`` as it is now."""
        prod = sb.Environment(target="prod", **self.environment)  # type: ignore[arg-type]  # of tests
        project = sb.Project(root=self.root, environments={"prod": prod})
        return sb.plan_builds(project, ["prod"])

    def build(
        self,
        *,
        seconds: float = 2.0,
        fails_at: str | None = None,
        cached: tuple[str, ...] = (),
        names_images: bool = True,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Build it: each step but FROM takes so long, those cached none; the one named fails."""
        # What changed within a tick of the clock of a build's beginning is not remembered.
        time.sleep(0.03)
        told = self.forecast()
        events = []
        if names_images:
            events.append(hit(f"[base 1/2] FROM docker.io/library/busybox:latest@{self.digest}"))
        start_s = 0.0
        for step in told.steps:
            if step.instruction.startswith("FROM"):
                continue
            name = f"[{step.stage} {step.number}/9] {step.instruction}"
            if step.place in cached:
                events.append(hit(name))
                continue
            failed = step.place == fails_at
            events.append(ran(name, start_s, start_s + seconds, error="exit 1" if failed else ""))
            start_s += seconds
            if failed:
                break
        error = None if fails_at is None else SolveFailed("exit 1")
        backend = ScriptedBackend(scripts={"prod": Script(events=events, error=error)})

        def watch(event: sb.RunEvent) -> None:
            if isinstance(event, sb.BuildStarted):
                meanwhile()

        outcome = run(
            self.plan(),
            backend=backend,
            history=self.history,
            environ=self.environ,
            on_event=watch,
        )
        assert outcome.unrecorded is None

    def forecast(self) -> Forecast:
        """Return the forecast of ``prod`` as it is now."""
        found = forecast(
            self.plan(),
            history=self.history,
            images=lambda *_: self.digest,
            environ=self.environ,
        )
        return found["prod"]

    def states(self) -> dict[str, State]:
        """Return what is expected of each step, by ``stage number``."""
        return {step.place: step.state for step in self.forecast().steps}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A small project with three stages, that was built once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "shop").mkdir()
    with History(tmp_path / "h.sqlite") as history:
        made = Shop(tmp_path / "shop", history)
        made.build()
        yield made
