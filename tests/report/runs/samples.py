"""Runs to report: what the runner tells of them, and the document that a witness makes of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebuild.errors import BuildFailed
from stagebuild.model import Digest
from stagebuild.planning.spec import BuildSpec
from stagebuild.progress.events import LogChunk, VertexUpdate
from stagebuild.report.runs.reading import run_report_of
from stagebuild.report.runs.witness import Witness
from stagebuild.result import Attempt, BuildResult, BuildWarning
from stagebuild.runevents import BuildEnded, BuildStarted, Progressed, RunEnded
from stagebuild.testing import hit, ran
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.progress.events import Event
    from stagebuild.report.runs.values import RunReport
    from stagebuild.runevents import RunEvent

START_S = 1_790_000_000.0
DIGEST = Digest("sha256:" + "ab12cd34" * 8)


def spec(name: str = "prod", *, requires: Sequence[str] = (), secret: str = "") -> BuildSpec:
    return BuildSpec(
        name=name,
        root=Path("/project"),
        context="/project",
        dockerfile="/project/Dockerfile",
        dockerfile_shown="Dockerfile",
        target=name,
        tags=("registry.example/shop:1",),
        requires=tuple(requires),
        build_args={"API_TOKEN": secret} if secret else {},
    )


def prints(vertex: str, text: str) -> LogChunk:
    return LogChunk(vertex=vertex, stream=1, data=text.encode())


def large_events(stages: int = 40, steps: int = 10, lines: int = 30) -> list[Event]:
    """Return a build whose stages each wait for an earlier one; every third step is cached."""
    events: list[Event] = [
        ran("[internal] load build definition from Dockerfile", START_S, START_S + 0.1),
        ran("[internal] load build context", START_S + 0.1, START_S + 1.2),
    ]
    at_s = START_S + 0.5
    for stage in range(stages):
        before = [f"[part-{stage // 2} {steps}/{steps}] RUN make part-{stage // 2}-{steps - 1}"]
        start_s = at_s + 3.0 * stage / 4
        for step in range(1, steps + 1):
            name = f"[part-{stage} {step}/{steps}] RUN make part-{stage}-{step - 1}"
            if step == 1:
                name = f"[part-{stage} 1/{steps}] FROM docker.io/library/python:3.11-slim"
            if step % 3 == 1:
                events.append(hit(name, at_s=start_s, inputs=before if stage else ()))
            else:
                events.append(ran(name, start_s, start_s + 0.8, inputs=before))
                text = "".join(
                    f"compiling module_{line}.c of step {step}\n" for line in range(lines)
                )
                events.append(prints(name, text))
                start_s += 0.8
            before = [name]
    events.append(ran("exporting to image", start_s, start_s + 2.0, inputs=before))
    return events


def timeline_builder(events: Sequence[Event]) -> TimelineBuilder:
    builder = TimelineBuilder()
    for event in events:
        builder.add(event)
    return builder


def succeeded(
    events: Sequence[Event], *, name: str = "prod", requires: Sequence[str] = (), secret: str = ""
) -> list[RunEvent]:
    """Return what a run of one build tells."""
    timeline = timeline_builder(events).build(wall_s=42.0)
    asked = spec(name, requires=requires, secret=secret)
    result = BuildResult(
        name=name,
        spec=asked,
        digest=DIGEST,
        image_id=Digest("sha256:" + "ef" * 32),
        is_index=False,
        references={"registry.example/shop:1": f"registry.example/shop@{DIGEST}"},
        pushed=True,
        timeline=timeline,
        warnings=(
            BuildWarning(
                message="JSONArgsRecommended: JSON arguments recommended for CMD",
                detail=("CMD is a shell form",),
                url="https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
                path="Dockerfile",
                line=12,
            ),
        ),
        attempts=(
            Attempt(number=1, wall_s=3.0, error="502", cause="registry busy", wait_s=1.0),
            Attempt(number=2, wall_s=38.0),
        ),
        backend="sdk",
        versions={"engine": "28.5.2"},
    )
    return [
        BuildStarted(build=name, spec=asked, at_s=START_S - 0.2),
        *(Progressed(build=name, event=event) for event in events),
        BuildEnded(build=name, result=result, error=None, at_s=START_S + 42.0),
    ]


def failed(name: str = "test", *, message: str = "exit code: 2") -> list[RunEvent]:
    """Return what a run of a build tells that fails."""
    vertex = f"[{name} 2/2] RUN pytest"
    events: list[Event] = [
        ran(f"[{name} 1/2] COPY . .", START_S, START_S + 0.4),
        VertexUpdate(digest=vertex, name=vertex, started_s=START_S + 0.4),
        prints(vertex, "FAILED test_cart.py::test_total\n1 failed, 41 passed\n"),
        ran(vertex, START_S + 0.4, START_S + 3.0, error=message),
    ]
    error = BuildFailed(
        message,
        build=name,
        stage=name,
        step="RUN pytest",
        path="Dockerfile",
        line=9,
        exit_code=2,
        log_tail=("FAILED test_cart.py::test_total", "1 failed, 41 passed"),
        timeline=timeline_builder(events).build(wall_s=3.2),
        attempts=(Attempt(number=1, wall_s=3.2, error=message, cause="failed"),),
        hint="run the tests locally",
    )
    return [
        BuildStarted(build=name, spec=spec(name), at_s=START_S - 0.1),
        *(Progressed(build=name, event=event) for event in events),
        BuildEnded(build=name, result=None, error=error, at_s=START_S + 3.1),
    ]


def document(
    *told: Sequence[RunEvent], gates: Sequence[str] = (), **options: Any
) -> dict[str, Any]:
    """Return the document of a run of these builds."""
    witness = Witness(project="shop", gates=gates)
    for events in told:
        for event in events:
            witness.emit(event)
    witness.emit(RunEnded(succeeded=1, failed=0, at_s=START_S + 42.5))
    return witness.document(**options)


def run(*told: Sequence[RunEvent], gates: Sequence[str] = ()) -> RunReport:
    return run_report_of(document(*told, gates=gates))
