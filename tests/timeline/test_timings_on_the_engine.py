"""
What the timeline says against what the steps themselves recorded, on real engines.

Every RUN writes the machine's uptime when it starts and when it ends, so its own clock is the
reference; the engine's figures have the time to start and stop a container on top, 0.1 s to 0.5 s
a step on a busy machine. So the steps sleep long enough for that to be little of a tenth.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from stagebuild.progress.rawjson import read_events
from stagebuild.timeline import Interval, StageTiming, Timeline, TimelineBuilder
from stagebuild.timeline.intervals import length_s, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    # What tests/conftest.py gives; tests are no package to import from.
    from typing import Any

    Engines = Callable[[str], Any]

pytestmark = pytest.mark.engine

WITHIN = 0.10
UPTIME = "cut -d' ' -f1 /proc/uptime"


def run(name: str, seconds: float) -> str:
    """Return a RUN that sleeps and records its own start and end."""
    file = f"/times/{name}"
    return f"RUN mkdir -p /times; {UPTIME} > {file}; sleep {seconds}; {UPTIME} >> {file}\n"


STAGES = (
    "FROM busybox AS left\nARG SALT\n"
    + run("left-1", 9)
    + run("left-2", 9)
    + "FROM busybox AS right\nARG SALT\n"
    + run("right-1", 10)
    + "FROM busybox AS last\n"
    + "COPY --from=left /times /times\nCOPY --from=right /times /times\nARG LAST_SALT\n"
    + run("last-1", 10)
    + "FROM scratch\nCOPY --from=last /times /\n"
)
ORDER = ("left", "right", "last", "stage-3")
FAILING = (
    "FROM busybox AS steady\nARG SALT\n"
    + run("steady-1", 30)
    + "FROM busybox AS broken\nARG SALT\n"
    + f"RUN {UPTIME}; sleep 10; {UPTIME}; exit 9\n"
    + "FROM scratch\nCOPY --from=steady /times /\nCOPY --from=broken /times /\n"
)
PLATFORMS = (
    "FROM --platform=$BUILDPLATFORM busybox AS work\nARG SALT TARGETARCH\n"
    + run("work-$TARGETARCH", 10)
    + "FROM scratch\nCOPY --from=work /times /\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A build's timeline, and by name what its steps recorded."""

    timeline: Timeline
    recorded: Mapping[str, Interval]

    def stage(self, name: str) -> StageTiming:
        """Return the row of a stage that has one."""
        (stage,) = [stage for stage in self.timeline.stages if stage.name == name]
        return stage

    def of(self, stage: str) -> list[Interval]:
        """Return what the steps of a stage recorded."""
        return [ran for name, ran in self.recorded.items() if name.startswith(stage)]

    def on_path_s(self, stage: str) -> float:
        """Return how much of the critical path is a stage's."""
        return sum(s.length_s for s in self.timeline.critical_path if s.stage == stage)


def build(engine: Any, folder: Path, dockerfile: str, *options: str, exit_code: int = 0) -> Built:
    """Build with buildx itself, its result exported to a folder."""
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(dockerfile)
    out = folder / f"out-{uuid.uuid4()}"
    argv = ["docker", "buildx", "build", "--progress=rawjson", "--provenance=false"]
    started_s = time.monotonic()
    done = subprocess.run(
        [*argv, f"--output=type=local,dest={out}", *options, str(context)],
        env=engine.env,
        stderr=subprocess.PIPE,
        check=False,
    )
    wall_s = time.monotonic() - started_s
    assert done.returncode == exit_code, done.stderr.decode()
    builder = TimelineBuilder()
    for event in read_events([done.stderr]):
        builder.add(event)
    return Built(
        timeline=builder.build(wall_s=wall_s, stage_order=ORDER),
        recorded={
            file.name: interval(file.read_text()) for file in out.rglob("*-*") if file.is_file()
        },
    )


def interval(text: str) -> Interval:
    """Return what a step wrote: two uptimes."""
    start, end = map(float, text.split())
    return Interval(start, end)


def near(expected: float) -> object:
    return pytest.approx(expected, rel=WITHIN)


def span_s(ran: list[Interval]) -> float:
    return max(i.end_s for i in ran) - min(i.start_s for i in ran)


@pytest.fixture(scope="module", params=["26.1", "28.5"])
def engine(request: pytest.FixtureRequest, engines: Engines) -> Any:
    return engines(request.param)


@pytest.fixture(scope="module")
def salt() -> str:
    return f"--build-arg=SALT={uuid.uuid4()}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("timings")


@pytest.fixture(scope="module")
def fresh(engine: Any, folder: Path, salt: str) -> Built:
    return build(engine, folder, STAGES, salt)


@pytest.fixture(scope="module")
def partly_cached(engine: Any, folder: Path, salt: str, fresh: Built) -> Built:
    """The same build again, but for the last stage."""
    assert fresh.recorded
    return build(engine, folder, STAGES, salt, f"--build-arg=LAST_SALT={uuid.uuid4()}")


@pytest.fixture(scope="module")
def failed(engine: Any, folder: Path, salt: str) -> Built:
    return build(engine, folder, FAILING, salt, exit_code=1)


@pytest.mark.parametrize("name", ["left", "right", "last"])
def test_busy_is_what_the_steps_recorded(fresh: Built, name: str) -> None:
    assert fresh.stage(name).busy_s == near(length_s(merged(fresh.of(name))))


@pytest.mark.parametrize("name", ["left", "right", "last"])
def test_span_is_what_the_steps_recorded(fresh: Built, name: str) -> None:
    assert fresh.stage(name).span_s == near(span_s(fresh.of(name)))


def test_the_critical_path_is_the_longer_way(fresh: Built) -> None:
    assert fresh.on_path_s("left") == near(length_s(fresh.of("left")))
    assert fresh.on_path_s("last") == near(length_s(fresh.of("last")))
    assert fresh.on_path_s("right") < 0.5  # the shared FROM may have its name


def test_the_critical_path_is_as_long_as_all_steps_together(fresh: Built) -> None:
    path_s = sum(segment.length_s for segment in fresh.timeline.critical_path)
    assert path_s == near(span_s(list(fresh.recorded.values())))


def test_the_stream_covers_nearly_all_of_the_wall_time(fresh: Built) -> None:
    timeline = fresh.timeline
    assert timeline.covered_s + timeline.uncovered_s == pytest.approx(timeline.wall_s)
    assert timeline.uncovered_s < 2.0


def test_cached_stages_take_no_time(partly_cached: Built) -> None:
    for name in ("left", "right"):
        stage = partly_cached.stage(name)
        ran = [step for step in stage.step_timings if step.command.startswith("RUN")]
        assert all(step.cached for step in ran)
        assert stage.busy_s < 0.5
        assert stage.span_s == 0.0


def test_the_stage_that_ran_again_has_its_own_time(partly_cached: Built) -> None:
    expected = near(length_s(partly_cached.of("last")))
    assert partly_cached.stage("last").busy_s == expected
    assert partly_cached.on_path_s("last") == expected
    assert partly_cached.on_path_s("left") < 0.5


def test_a_failing_step_has_the_time_that_it_printed(failed: Built) -> None:
    failure = failed.timeline.failure
    assert failure is not None
    assert (failure.stage, failure.exit_code) == ("broken", 9)
    printed = interval(" ".join(failure.log_tail))
    assert failed.stage("broken").busy_s == near(printed.length_s)
    assert failed.on_path_s("broken") == near(printed.length_s)


def test_the_stage_that_was_canceled_ran_as_long_as_the_failing_one(failed: Built) -> None:
    steady = failed.stage("steady")
    assert steady.step_timings[-1].canceled
    assert steady.busy_s == pytest.approx(failed.stage("broken").busy_s, rel=2 * WITHIN)


@pytest.mark.parametrize("name", ["26.1-containerd", "28.5"])
def test_each_platform_has_the_time_that_its_steps_recorded(
    engines: Engines, tmp_path: Path, name: str
) -> None:
    salt = f"--build-arg=SALT={uuid.uuid4()}"
    built = build(engines(name), tmp_path, PLATFORMS, salt, "--platform=linux/amd64,linux/386")

    rows = {str(s.built_for or s.platform): s for s in built.timeline.stages if s.name == "work"}
    for architecture in ("amd64", "386"):
        recorded = built.recorded[f"work-{architecture}"]
        assert rows[f"linux/{architecture}"].busy_s == near(recorded.length_s)
        assert rows[f"linux/{architecture}"].span_s == near(recorded.length_s)
