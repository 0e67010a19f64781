"""
What a display knows of a build, a line of it, and a step, at one moment.

Made and changed by ``board`` alone; whatever takes longer than noting an event (joining intervals,
cutting lines) is done here, when a frame asks. Times of steps are by the engine's clock, those of
builds by the display's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import BuildCanceled
from stagebuild.progress.logs import LogTail
from stagebuild.report.look import Tone
from stagebuild.values import field, slotted

if TYPE_CHECKING:
    from stagebuild.errors import StagebuildError
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.vertexnames import VertexName
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

    def busy_s(self, now_s: float, *, since_s: float) -> float:
        """
        Return the time during which at least one of its steps ran, in seconds.

        Args:
            now_s: Until when, by the engine's clock.
            since_s: When the build began, likewise. Of a vertex that another running build has
                in common with this one, the engine tells what it did for that build, too.
        """
        covered_s = 0.0
        reached_s = since_s
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
        awaited: Names of the gates that it waits for: from when it is built until it publishes.
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
    awaited: tuple[str, ...] = ()
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

    def busy_s(self, group: GroupState, now_s: float) -> float:
        """Return how long a group was busy for this build, at ``now_s`` of the display's clock."""
        return group.busy_s(self.engine_now_s(now_s), since_s=self.engine_now_s(self.started_s))

    def elapsed_s(self, now_s: float) -> float:
        """Return how long it has taken, up to its end."""
        return max(0.0, (now_s if self.ended_s is None else self.ended_s) - self.started_s)
