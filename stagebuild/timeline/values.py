"""
Where the time of a build went, as values.

All times are seconds; positions in time are seconds since the epoch by the engine's clock. How each
figure is computed, and what it is good for: docs/explanation/timings.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from stagebuild.model import Platform
    from stagebuild.progress.events import WarningRaised

BETWEEN_STEPS = "between steps"
"""Label of a stretch of the critical path that no vertex of it covers."""


@frozen(kw_only=False, order=True)
class Interval:
    """A closed stretch of time: start and end, seconds since the epoch."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """End minus start, in seconds."""
        return self.end_s - self.start_s


@frozen
class StepTiming:
    """
    One instruction as it ran.

    BuildKit may run an instruction as several vertices (``COPY --link``, ``ADD`` of a URL); their
    figures are taken together.

    Attributes:
        vertex: Digest of BuildKit's vertex; of the first one where there are several.
        name: As BuildKit prints it, as ``[builder 2/5] RUN make``.
        stage: Name of its stage; None outside of every stage.
        platform: Where it ran, when the engine said so.
        built_for: The platform built for, in a cross build; None where it is ``platform``.
        index: 1-based number within its stage.
        total: Number of steps of its stage.
        command: The name without its leading bracket.
        intervals: When it was busy, merged and in order; empty when it never started. A step
            found in the cache has one without length, at the moment of the lookup.
        busy_s: Sum of the intervals.
        cached: Whether its result came from the cache and nothing ran.
        error: Why it failed, or the empty string.
        canceled: Whether it stopped because the build did.
        log_bytes: What it printed, in bytes.
    """

    vertex: str
    name: str
    stage: str | None
    platform: Platform | None
    index: int
    total: int
    command: str
    intervals: tuple[Interval, ...]
    busy_s: float
    cached: bool
    error: str = ""
    canceled: bool = False
    log_bytes: int = 0
    built_for: Platform | None = None


@frozen
class StageTiming:
    """
    One stage on one platform, for one platform.

    Attributes:
        name: As in the Dockerfile; ``stage-N`` for an unnamed one.
        platform: None unless the engine named it (several platforms, or a cross build).
        built_for: The platform built for, in a cross build; None where it is ``platform``. The
            FROM of such a stage is named without it, so it is counted under ``platform`` alone.
        busy_s: Time during which at least one of its steps ran or was looked up.
        work_s: Sum of its steps' times; above ``busy_s`` where steps ran at once.
        span_s: From the first start to the last end of what was not cached: BuildKit looks all
            base images up at once, long before the stages that wait for others.
        started_s: First start, or None when nothing of it ran, cached steps left out.
        completed_s: Last end, likewise.
        steps: Number of steps that the engine announced: those that the target needs.
        cached_steps: How many of them came from the cache.
        step_timings: The steps, by index.
        log_bytes: What its steps printed, in bytes.
        error: First real error among its steps, or the empty string.
    """

    name: str
    platform: Platform | None
    busy_s: float
    work_s: float
    span_s: float
    started_s: float | None
    completed_s: float | None
    steps: int
    cached_steps: int
    step_timings: tuple[StepTiming, ...]
    log_bytes: int = 0
    error: str = ""
    built_for: Platform | None = None


@frozen
class Overhead:
    """
    Time spent outside of stages.

    Attributes:
        kind: ``definition``, ``metadata``, ``auth``, ``context``, ``image``, ``cache import``,
            ``cache export``, ``export``, ``push``, ``attestation``, ``gates`` or ``other``.
            ``image`` is an image that is no stage's base: of ``COPY --from=IMAGE``, or a
            frontend's. ``gates`` is waiting for other builds, before publishing.
        label: What exactly, as ``importing cache manifest from …``.
        busy_s: Time during which it ran. A push within an export is its own row, and is not
            counted in the export's.
        span_s: From its first start to its last end.
        size_bytes: Bytes transferred, where the engine said so.
        cached: Whether it was answered from the cache.
        error: Why it failed, or the empty string.
        intervals: When it ran, merged and in order.
    """

    kind: str
    label: str
    busy_s: float
    span_s: float
    size_bytes: int | None = None
    cached: bool = False
    error: str = ""
    intervals: tuple[Interval, ...] = ()


@frozen
class PathSegment:
    """
    A stretch of the critical path: what the build was waiting for.

    Attributes:
        vertex: Digest of the vertex, or None for time that no vertex covers.
        label: Its name; ``between steps`` where no vertex ran.
        stage: Its stage, or None.
        start_s: Where the stretch begins.
        end_s: Where it ends; the next one begins there.
    """

    vertex: str | None
    label: str
    stage: str | None
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """End minus start, in seconds."""
        return self.end_s - self.start_s


@frozen
class Failure:
    """
    What made a build fail, as the engine told it.

    Attributes:
        vertex: Digest of the vertex that failed.
        name: As BuildKit prints it.
        kind: ``step``, or one of ``Overhead.kind``.
        stage: Its stage, or None outside of every stage.
        step: The instruction, or what else the vertex did: its name without the bracket.
        platform: Where it ran, when the engine said so.
        index: 1-based number within its stage, 0 outside of every stage.
        error: The engine's words.
        exit_code: Of the process that a RUN started, or None.
        log_tail: The last lines that it printed, oldest first.
    """

    vertex: str
    name: str
    kind: str
    stage: str | None
    step: str
    platform: Platform | None
    index: int
    error: str
    exit_code: int | None
    log_tail: tuple[str, ...]


@frozen
class Timeline:
    """
    One build's time, taken apart.

    ``wall_s`` is what the caller waited. The stream covers ``covered_s`` of it, from the first
    vertex' start to the last one's end, and the critical path adds up to exactly that; the rest,
    ``uncovered_s``, is starting the program, connecting and reading the answer.

    Attributes:
        started_s: First start in the stream, or None when nothing started.
        completed_s: Last end in the stream, likewise.
        wall_s: From the request to the answer, by the caller's clock.
        covered_s: ``completed_s`` minus ``started_s``, 0.0 when nothing started.
        uncovered_s: ``wall_s`` minus ``covered_s``, never below 0.0.
        stages: In the order of the Dockerfile as far as known, else of first appearance.
        overheads: Rows outside of stages, in order of start.
        critical_path: From first to last, without gaps; adds up to ``covered_s``.
        failure: The first real error, or None.
        warnings: BuildKit's own, in order, each once.
    """

    started_s: float | None
    completed_s: float | None
    wall_s: float
    covered_s: float
    uncovered_s: float
    stages: tuple[StageTiming, ...]
    overheads: tuple[Overhead, ...]
    critical_path: tuple[PathSegment, ...]
    failure: Failure | None = None
    warnings: tuple[WarningRaised, ...] = ()
