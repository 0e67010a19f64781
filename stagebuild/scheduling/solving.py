"""One build of a run: its solves on a backend, what is observed of them, and what comes of it."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.errors import BuildFailed
from stagebuild.failures import build_failed, canceled_before_start, warning_of
from stagebuild.result import Attempt, BuildResult, result_of
from stagebuild.runevents import Progressed
from stagebuild.scheduling.phases import private, publication
from stagebuild.scheduling.publication import PublicationEvents, waiting
from stagebuild.scheduling.schedule import Phase
from stagebuild.timeline import TimelineBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import Backend, Emit, SolveResponse
    from stagebuild.errors import StagebuildError
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.runevents import RunEvent
    from stagebuild.timeline import Timeline

_NEGLIGIBLE_S = 0.01


class Building:
    """
    A build under way. Its phases may run in different threads, one after another.

    Args:
        spec: What is built.
        backend: What builds it.
        tell: Gets every event, or None.

    Attributes:
        spec: As given.
        cancel: Stops this build alone.
        started: Whether anything was asked of the backend.
    """

    def __init__(
        self, spec: BuildSpec, backend: Backend, tell: Callable[[RunEvent], None] | None
    ) -> None:
        self.spec = spec
        self.cancel = Cancel()
        self.started = False
        self._backend = backend
        self._tell = tell
        self._observed = TimelineBuilder()
        self._began_s = 0.0
        self._built_s = 0.0
        self._awaited: tuple[str, ...] = ()
        self._response: SolveResponse | None = None
        self._ran_again: str | None = None

    def solve(self, phase: Phase) -> None:
        """
        Run one phase to its end.

        Raises:
            SolveFailed: As a backend does; also when it is canceled before it begins.
            BuildFailed: A step ran anew in the solve that publishes.
            BackendError: As a backend does.
        """
        if not self.started:
            self.started = True
            self._began_s = time.perf_counter()
        if self.cancel.requested:
            raise SolveFailed(self.cancel.reason or "canceled", canceled=True)
        match phase:
            case Phase.WHOLE:
                self._response = self._build(self.spec, self._emitter())
            case Phase.PRIVATE:
                self._response = self._build(private(self.spec), self._emitter())
                self._built_s = time.perf_counter()
            case Phase.PUBLICATION:
                self._publish()

    def wait_for(self, gates: tuple[str, ...]) -> None:
        """Take note of what the build waits for, once it is built."""
        self._awaited = gates

    def result(self) -> BuildResult:
        """Return the result of a build whose last phase has ended well."""
        response = self._response
        assert response is not None  # noqa: S101 - a phase has ended well
        wall_s = self._wall_s()
        timeline = self._timeline(wall_s)
        return result_of(
            self.spec,
            response,
            timeline=timeline,
            warnings=tuple(warning_of(self.spec, raised) for raised in timeline.warnings),
            attempts=(Attempt(number=1, wall_s=wall_s),),
            backend=self._backend.name,
            look=cache(lambda: self._backend.image_facts(self.spec, response)),
        )

    def timeline(self) -> Timeline | None:
        """Return what has run until now, or None when nothing was begun."""
        return self._timeline(self._wall_s()) if self.started else None

    def failure(self, failed: SolveFailed) -> BuildFailed:
        """Return the error for a solve that did not succeed."""
        if self._ran_again is not None:
            return self._not_the_same(self._ran_again)
        if not self.started:
            return canceled_before_start(self.spec, failed.message)
        return build_failed(self.spec, failed, self._timeline(self._wall_s()))

    def _publish(self) -> None:
        waited_s = time.perf_counter() - self._built_s
        emit = self._emitter()

        def begin(at_s: float) -> None:
            built_s = self._observed.last_seen_s
            end_s = min(at_s, built_s + waited_s)
            if self._awaited and end_s - built_s > _NEGLIGIBLE_S:
                self._observed.add(waiting(self._awaited, built_s, end_s))

        events = PublicationEvents(emit, ran_again=self._refuse, begin=begin)
        self._response = self._build(publication(self.spec), events.take)
        if self._ran_again is not None:
            raise self._not_the_same(self._ran_again)

    def _build(self, spec: BuildSpec, emit: Emit) -> SolveResponse:
        return self._backend.build(spec, emit, self.cancel)

    def _refuse(self, step: str) -> None:
        """Stop publishing what its gates have not seen."""
        if self._ran_again is None:
            self._ran_again = step
            self.cancel.cancel(f"{step} ran again")

    def _not_the_same(self, step: str) -> BuildFailed:
        return BuildFailed(
            f"{step} ran again when it was to be published: its files changed while its gates ran,"
            " or the engine dropped it from its cache",
            build=self.spec.name,
            timeline=self._timeline(self._wall_s()),
            hint="build it again; what is published has to be what the gates let through",
        )

    def _wall_s(self) -> float:
        return time.perf_counter() - self._began_s if self.started else 0.0

    def _timeline(self, wall_s: float) -> Timeline:
        return self._observed.build(wall_s=wall_s, stage_order=_stage_order(self.spec))

    def _emitter(self) -> Emit:
        add, name, tell = self._observed.add, self.spec.name, self._tell
        if tell is None:
            return add

        def emit(event: Event) -> None:
            add(event)
            tell(Progressed(build=name, event=event))

        return emit


def _stage_order(spec: BuildSpec) -> tuple[str, ...]:
    """Return the stages' names in file order, ``stage-N`` for unnamed ones; none when unknown."""
    return () if spec.stages is None else tuple(stage.label for stage in spec.stages.stages)


def refusal(building: Building, error: SolveFailed | StagebuildError) -> StagebuildError:
    """Return the error of a build from what its solve raised."""
    return building.failure(error) if isinstance(error, SolveFailed) else error
