"""Runs to show: specs, events and ends as the runner emits them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.model import Digest
from stagebuild.planning.spec import BuildSpec
from stagebuild.progress.events import LogChunk, VertexUpdate
from stagebuild.progress.rawjson import read_events
from stagebuild.result import Attempt, BuildResult
from stagebuild.runevents import BuildEnded, BuildStarted, Progressed
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.errors import StagebuildError
    from stagebuild.progress.events import Event

RECORDED = Path(__file__).parent.parent / "progress" / "recorded" / "28.5"
DIGEST = Digest("sha256:" + "ab12cd34" * 8)


class Run:
    """Makes the events of a run; the name of the build is ``prod`` unless told."""

    def spec(self, name: str = "prod", *, target: str | None = None) -> BuildSpec:
        return BuildSpec(
            name=name,
            root=Path("/project"),
            context="/project",
            dockerfile="/project/Dockerfile",
            dockerfile_shown="Dockerfile",
            target=target,
            tags=("registry.example/shop:1",),
            build_args={"TOKEN": "hunter2"},
        )

    def started(self, name: str = "prod", *, target: str | None = None) -> BuildStarted:
        return BuildStarted(build=name, spec=self.spec(name, target=target), at_s=100.0)

    def progressed(self, event: Event, name: str = "prod") -> Progressed:
        return Progressed(build=name, event=event)

    def begins(self, vertex: str, at_s: float = 0.0, name: str = "prod") -> Progressed:
        update = VertexUpdate(digest=vertex, name=vertex, started_s=at_s)
        return Progressed(build=name, event=update)

    def announced(self, vertex: str, name: str = "prod") -> Progressed:
        return Progressed(build=name, event=VertexUpdate(digest=vertex, name=vertex))

    def prints(self, vertex: str, data: bytes, name: str = "prod") -> Progressed:
        return Progressed(build=name, event=LogChunk(vertex=vertex, stream=1, data=data))

    def result(self, name: str = "prod", events: Sequence[Event] = ()) -> BuildResult:
        builder = TimelineBuilder()
        for event in events:
            builder.add(event)
        return BuildResult(
            name=name,
            spec=self.spec(name),
            digest=DIGEST,
            image_id=None,
            is_index=False,
            references={"registry.example/shop:1": f"registry.example/shop@{DIGEST}"},
            pushed=True,
            timeline=builder.build(wall_s=12.34),
            attempts=(Attempt(number=1, wall_s=12.34),),
            backend="scripted",
        )

    def succeeded(self, name: str = "prod", events: Sequence[Event] = ()) -> BuildEnded:
        result = self.result(name, events)
        return BuildEnded(build=name, result=result, error=None, at_s=112.34)

    def failed(self, error: StagebuildError, name: str = "prod") -> BuildEnded:
        return BuildEnded(build=name, result=None, error=error, at_s=103.0)


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
def recorded() -> Callable[[str], list[Event]]:
    """The events of a stream that a real engine sent, by the recording's name."""

    def read(name: str) -> list[Event]:
        with gzip.open(RECORDED / f"{name}.jsonl.gz") as stream:
            return list(read_events(stream))

    return read
