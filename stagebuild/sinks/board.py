"""
The state of a run as a display needs it: builds, their stages, their steps, the ends of their logs.

Taking an event costs the same however much came before it, and memory is bounded by the number of
steps; everything that takes longer (joining intervals, cutting lines) is done when a frame asks.
Nothing here knows of a terminal or reads a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import BuildCanceled
from stagebuild.progress.events import (
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.logs import LogTail
from stagebuild.progress.vertexnames import VertexName, parse_vertex_name
from stagebuild.report.look import Tone
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)
from stagebuild.sinks.naming import only_stage, stage_names, title
from stagebuild.values import field, slotted

if TYPE_CHECKING:
    from stagebuild.errors import StagebuildError
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.result import BuildResult


@slotted
class StepState:
    """
    A vertex so far.

    Attributes:
        name: What its name says.
        runs: End by start of each of its runs, by the engine's clock; None while it runs.
        cached: Whether it ever came from the cache.
        error: Why it failed, or the empty string.
        transfers: Current and total by part: bytes in most cases.
        log: The end of what it printed.
    """

    name: VertexName
    runs: dict[float, float | None] = field(default_factory=dict)
    cached: bool = False
    error: str = ""
    transfers: dict[str, tuple[int, int]] = field(default_factory=dict)
    log: LogTail = field(default_factory=LogTail)

    @property
    def running(self) -> bool:
        """Whether one of its runs has not ended."""
        return any(end is None for end in self.runs.values())

    @property
    def done(self) -> bool:
        """Whether it ran or was cached, and does not run now."""
        return bool(self.runs) and not self.running

    @property
    def newest_start_s(self) -> float:
        """Start of its newest run, 0.0 for none."""
        return max(self.runs, default=0.0)

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes done and expected of all parts; expected is 0 when unknown."""
        parts = self.transfers.values()
        return sum(current for current, _ in parts), sum(total for _, total in parts)


@slotted
class GroupState:
    """
    A line of the display: a stage on a platform, or one kind of overhead.

    Attributes:
        title: What the line is called.
        is_stage: Whether it is a stage.
        place: Its stage's place in the Dockerfile; of all others 0.
        total: Number of steps of the stage, as the engine numbers them.
        steps: What belongs to it, in order of appearance.
    """

    title: str
    is_stage: bool
    place: int = 0
    total: int = 0
    steps: list[StepState] = field(default_factory=list)

    @property
    def running(self) -> list[StepState]:
        """Its running steps, the one that began last at the end."""
        found = [step for step in self.steps if step.running]
        return sorted(found, key=lambda step: step.newest_start_s)

    @property
    def failed(self) -> StepState | None:
        """Its first step that failed of its own, or None."""
        for step in self.steps:
            if step.error and not step.error.endswith("context canceled"):
                return step
        return None

    @property
    def started(self) -> bool:
        """Whether anything of it ran."""
        return any(step.runs for step in self.steps)

    @property
    def finished(self) -> bool:
        """
        Whether everything of it has ended.

        A stage that waits for another one in between is not finished: its later steps are known.
        """
        return bool(self.steps) and all(step.done for step in self.steps)

    @property
    def steps_done(self) -> int:
        """Number of numbered steps that ended."""
        return len({step.name.index for step in self.steps if step.name.index and step.done})

    @property
    def steps_cached(self) -> int:
        """How many of them came from the cache."""
        return len(
            {s.name.index for s in self.steps if s.name.index and s.done and s.cached}
        )  # fmt: skip

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes done and expected of all its steps."""
        sums = [step.transferred for step in self.steps]
        return sum(current for current, _ in sums), sum(total for _, total in sums)

    def busy_s(self, now_s: float) -> float:
        """Return the time during which at least one of its steps ran, by the engine's clock."""
        covered_s = 0.0
        reached_s = 0.0
        spans = [
            (start, now_s if end is None else end)
            for step in self.steps
            for start, end in step.runs.items()
        ]
        for start, end in sorted(spans):
            covered_s += max(0.0, end - max(start, reached_s))
            reached_s = max(reached_s, end)
        return covered_s


@slotted
class BuildState:
    """
    A build so far.

    Attributes:
        name: Its name.
        spec: What is built, or None for one that never began.
        started_s: When it began, by the display's clock.
        ended_s: When it ended, likewise, or None.
        result: What came of it, or None.
        error: What went wrong, or None.
        attempt: Number of the current attempt, from 1.
        notice: What to tell about the whole build, as a retry; the empty string for nothing.
        groups: Its lines by (whether a stage, stage or kind, platforms), in order of appearance.
        steps: Its steps by the digest of their vertex.
        lag_s: The display's clock minus the engine's, or None before the first event.
    """

    name: str
    spec: BuildSpec | None
    started_s: float
    ended_s: float | None = None
    result: BuildResult | None = None
    error: StagebuildError | None = None
    attempt: int = 1
    notice: str = ""
    groups: dict[tuple[bool, str, str], GroupState] = field(default_factory=dict)
    steps: dict[str, StepState] = field(default_factory=dict)
    lag_s: float | None = None

    @property
    def canceled(self) -> bool:
        """Whether it was stopped rather than failed."""
        return isinstance(self.error, BuildCanceled)

    @property
    def tone(self) -> Tone:
        """What its end means; PLAIN while it runs."""
        if self.ended_s is None:
            return Tone.PLAIN
        if self.error is None:
            return Tone.GOOD
        return Tone.CAUTION if self.canceled else Tone.BAD

    def engine_now_s(self, now_s: float) -> float:
        """Return what the engine's clock says at ``now_s`` of the display's."""
        return now_s if self.lag_s is None else now_s - self.lag_s

    def elapsed_s(self, now_s: float) -> float:
        """Return how long it has taken, up to its end."""
        return max(0.0, (now_s if self.ended_s is None else self.ended_s) - self.started_s)


class Board:
    """
    The builds of a run.

    Attributes:
        builds: By name, in the order in which they began.
    """

    def __init__(self) -> None:
        self.builds: dict[str, BuildState] = {}

    def take(self, event: RunEvent, now_s: float) -> None:
        """Take an event that came at ``now_s``, by any clock that goes on evenly."""
        match event:
            case Progressed(build=build, event=progress):
                state = self.builds.get(build)
                if state is not None:
                    _progress(state, progress, now_s)
            case BuildStarted(build=build, spec=spec):
                self.builds[build] = BuildState(name=build, spec=spec, started_s=now_s)
            case Retrying(build=build, attempt=attempt, reason=reason):
                state = self._state(build, now_s)
                state.groups.clear()
                state.steps.clear()
                state.attempt = attempt + 1
                state.notice = reason
            case BuildEnded(build=build, result=result, error=error):
                state = self._state(build, now_s)
                state.ended_s, state.result, state.error = now_s, result, error
            case RunEnded():
                pass

    def _state(self, build: str, now_s: float) -> BuildState:
        """Return the build's state; one that never began starts now."""
        if build not in self.builds:
            self.builds[build] = BuildState(name=build, spec=None, started_s=now_s)
        return self.builds[build]


def _progress(build: BuildState, event: Event, now_s: float) -> None:
    match event:
        case LogChunk():
            step = build.steps.get(event.vertex)
            if step is not None:
                step.log.add(event.stream, event.data)
        case VertexUpdate():
            _vertex(build, event, now_s)
        case StatusUpdate():
            step = build.steps.get(event.vertex)
            if step is not None:
                step.transfers[event.id] = (event.current, event.total)
        case WarningRaised() | PlainLine():
            pass  # told at the end


def _vertex(build: BuildState, event: VertexUpdate, now_s: float) -> None:
    step = build.steps.get(event.digest)
    if step is None:
        step = build.steps[event.digest] = StepState(name=parse_vertex_name(event.name))
        _group_of(build, step.name).steps.append(step)
    if event.started_s is not None:
        step.runs[event.started_s] = event.completed_s
        # The event that came fastest tells best how far the two clocks are apart.
        told_s = event.started_s if event.completed_s is None else event.completed_s
        lag_s = now_s - told_s
        build.lag_s = lag_s if build.lag_s is None else min(build.lag_s, lag_s)
    step.cached = step.cached or event.cached
    step.error = event.error or step.error


def _group_of(build: BuildState, name: VertexName) -> GroupState:
    is_stage = name.kind == "step"
    ran_on, built_for = str(name.platform or ""), str(name.built_for or "")
    key = (is_stage, (name.stage or "") if is_stage else name.kind, f"{ran_on} {built_for}")
    group = build.groups.get(key)
    if group is None:
        group = GroupState(
            title=title(name, only=_only_stage(build)),
            is_stage=is_stage,
            place=_place(build, name),
        )
        build.groups[key] = group
    group.total = max(group.total, name.total)
    return group


def _place(build: BuildState, name: VertexName) -> int:
    order = () if build.spec is None else stage_names(build.spec)
    return order.index(name.stage) if name.stage in order else 0


def _only_stage(build: BuildState) -> str:
    return build.name if build.spec is None else only_stage(build.spec)
