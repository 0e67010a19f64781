"""A run that has ended, as reports tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.result import Attempt, BuildWarning
    from stagebuild.sizes import ImageSizes
    from stagebuild.timeline import CacheUse, StageTiming, StepTiming, Timeline

StepPlace = tuple[str, str, int]
"""Where a step is: stage, platform (``""`` unless the engine named one), number."""


def place_of(stage: StageTiming, step: StepTiming) -> StepPlace:
    """Return the place of a stage's step."""
    platform = stage.built_for or stage.platform
    return stage.name, "" if platform is None else str(platform), step.index


@frozen
class Verdict:
    """
    Why a step ran, or did not.

    Attributes:
        reasons: One sentence each, the most telling first; empty for what simply was cached.
        follows: The step whose new result made this one run, as ``builder 3``, or "".
        surprise: What it means that the step did not do what its inputs said, or "".
    """

    reasons: tuple[str, ...] = ()
    follows: str = ""
    surprise: str = ""


@frozen
class FailureReport:
    """
    What went wrong with a build.

    Attributes:
        kind: The error's class, as ``BuildFailed``.
        message: In the engine's or our words.
        hint: What to do next, or None.
        gate: The gate that failed, of a build that was not published for that, or None.
        stage: The failing stage, or None.
        step: The failing instruction, or None.
        path: The Dockerfile as a user would type it, or None.
        line: 1-based line of the instruction, or None.
        exit_code: Of the step's process, or None.
        log_tail: The last lines that the step printed, oldest first.
    """

    kind: str
    message: str
    hint: str | None = None
    gate: str | None = None
    stage: str | None = None
    step: str | None = None
    path: str | None = None
    line: int | None = None
    exit_code: int | None = None
    log_tail: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """Why, in one line: for a process that failed, its stage and exit code."""
        if self.gate is not None:
            return f'gate "{self.gate}" failed'
        said = self.message.partition("\n")[0]
        if self.exit_code is not None and self.step is not None:
            said = f"exit code {self.exit_code}"
        return said if self.stage is None else f"{self.stage}: {said}"


@frozen
class EarlierBuild:
    """
    A build of the same environment before this run.

    Attributes:
        started_s: When it began, seconds since the epoch.
        outcome: ``built``, ``failed``, ``canceled`` or ``skipped``.
        wall_s: How long it took.
        cached: Share of its steps from the cache, 0.0 to 1.0.
        size_bytes: What its image weighs, or None.
        digest: Of its image, or None.
        commit: The commit that was built, ``*`` at its end where files differed; or "".
        busy_s: Seconds by stage, of those of which something ran.
    """

    started_s: float
    outcome: str
    wall_s: float
    cached: float
    size_bytes: int | None = None
    digest: str | None = None
    commit: str = ""
    busy_s: Mapping[str, float] = field(default_factory=dict)


@frozen
class GraphDrawing:
    """
    The stages of one Dockerfile, drawn with the figures of the run.

    Attributes:
        title: The Dockerfile as a user would type it.
        svg: As SVG.
        mermaid: As Mermaid.
    """

    title: str
    svg: str
    mermaid: str


@frozen
class BuildReport:
    """
    One build of a run.

    Attributes:
        name: The environment.
        outcome: ``built``, ``failed``, ``canceled``, ``skipped``, or ``held back`` for what a
            failing gate kept from being published.
        is_gate: Whether nobody asked for it but a build that requires it.
        requires: Its gates.
        target: The stage that was built; None for the Dockerfile's last.
        dockerfile: As a user would type it, or "".
        platforms: As asked for; empty means the builder's own.
        tags: References that it was tagged with.
        started_s: When it was handed to its backend, seconds since the epoch, or None.
        wall_s: How long the caller waited.
        digest: Of the manifest or index, or None.
        image_id: Of the configuration, or None.
        reference: ``repository@sha256:…`` when it was pushed, else None.
        references: The same by tag.
        platform_digests: Manifest digest by platform, where known.
        pushed: Whether a registry has it.
        backend: What built it.
        versions: Version by program.
        attempts: Every try.
        caches: What became of each cache import and export.
        warnings: BuildKit's own, and those about caches.
        sizes: What the image weighs, or None.
        timeline: Where the time went, or None when nothing had started.
        failure: What went wrong, or None.
        logs: Lines that steps printed, by place; see ``cut``.
        cut: Places of which ``logs`` has the last lines only.
        verdicts: Why steps ran, by place, as far as the history knows.
        earlier: Builds before it, newest first.
        worse: What got worse, one sentence each.
    """

    name: str
    outcome: str
    is_gate: bool = False
    requires: tuple[str, ...] = ()
    target: str | None = None
    dockerfile: str = ""
    platforms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    started_s: float | None = None
    wall_s: float = 0.0
    digest: str | None = None
    image_id: str | None = None
    reference: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    platform_digests: Mapping[str, str] = field(default_factory=dict)
    pushed: bool = False
    backend: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    caches: tuple[CacheUse, ...] = ()
    warnings: tuple[BuildWarning, ...] = ()
    sizes: ImageSizes | None = None
    timeline: Timeline | None = None
    failure: FailureReport | None = None
    logs: Mapping[StepPlace, tuple[str, ...]] = field(default_factory=dict)
    cut: frozenset[StepPlace] = frozenset()
    verdicts: Mapping[StepPlace, Verdict] = field(default_factory=dict)
    earlier: tuple[EarlierBuild, ...] = ()
    worse: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[StageTiming, ...]:
        """Its stages, in the order of the Dockerfile."""
        return () if self.timeline is None else self.timeline.stages

    @property
    def step_count(self) -> int:
        """How many steps the engine announced."""
        return sum(stage.steps for stage in self.stages)

    @property
    def cached_count(self) -> int:
        """How many of them came from the cache."""
        return sum(stage.cached_steps for stage in self.stages)

    @property
    def image(self) -> str | None:
        """What a deployment or ``docker run`` takes: the reference, else digest, else image ID."""
        return self.reference or self.digest or self.image_id


@frozen
class RunReport:
    """
    A run.

    Attributes:
        ok: Whether everything was built.
        project: Its name, or "".
        started_s: When it began, seconds since the epoch, or None when that is not known.
        ended_s: When it ended, likewise.
        builds: What was asked for, then gates and bases.
        failures: What went wrong outside of every build.
        graphs: One for each Dockerfile; empty when they were not drawn.
    """

    ok: bool
    project: str = ""
    started_s: float | None = None
    ended_s: float | None = None
    builds: tuple[BuildReport, ...] = ()
    failures: tuple[FailureReport, ...] = ()
    graphs: tuple[GraphDrawing, ...] = ()

    @property
    def wall_s(self) -> float:
        """How long it took: what is known of it, else its longest build."""
        if self.started_s is not None and self.ended_s is not None:
            return self.ended_s - self.started_s
        return max((build.wall_s for build in self.builds), default=0.0)

    @property
    def asked_for(self) -> tuple[BuildReport, ...]:
        """The builds that somebody named; all when there is nothing else."""
        return tuple(build for build in self.builds if not build.is_gate) or self.builds

    @property
    def gates(self) -> Iterator[tuple[BuildReport, tuple[str, ...]]]:
        """The builds that others require, each with the names of those others."""
        for build in self.builds:
            waiting = tuple(other.name for other in self.builds if build.name in other.requires)
            if waiting:
                yield build, waiting
