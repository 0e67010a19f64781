"""One build of a run: its solves on a backend, what is observed of them, and what comes of it."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.errors import BuildFailed, ProtocolError, UnsupportedFeature
from stagebuild.failures import (
    build_failed,
    cache_warnings,
    canceled_before_start,
    failure_class,
    warning_of,
)
from stagebuild.observing import Observed
from stagebuild.progress.events import AttemptFailed
from stagebuild.result import result_of
from stagebuild.runevents import Progressed, Retrying
from stagebuild.scheduling.phases import private, publication, publishes
from stagebuild.scheduling.publication import PublicationEvents, judging, waiting
from stagebuild.scheduling.schedule import Phase
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.backends.base import Backend, Emit, SolveResponse
    from stagebuild.budgets.values import BudgetReport
    from stagebuild.errors import StagebuildError
    from stagebuild.model import Budget
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.result import BuildResult, BuildWarning
    from stagebuild.runevents import RunEvent
    from stagebuild.scheduling.judging import LastBytes
    from stagebuild.scheduling.layouts import Layouts
    from stagebuild.scheduling.secretcommands import SecretCommands
    from stagebuild.timeline import Timeline

_NEGLIGIBLE_S = 0.01


class Building:
    """
    A build under way. Its phases may run in different threads, one after another.

    Args:
        spec: What is built.
        backend: What builds it.
        tell: Gets every event, or None.
        layouts: Where images are that other builds are based on.
        secrets: Runs the commands that print secrets.
        is_base: Whether others are based on this one.
        warned: What is to be said of the build whatever comes of it.
        last_bytes: Tells what the last build of the same weighed, for its budget.

    Attributes:
        spec: As given.
        cancel: Stops this build alone.
    """

    def __init__(
        self,
        spec: BuildSpec,
        backend: Backend,
        tell: Callable[[RunEvent], None] | None,
        *,
        layouts: Layouts,
        secrets: SecretCommands,
        is_base: bool,
        warned: Sequence[BuildWarning] = (),
        last_bytes: LastBytes = lambda _: None,
    ) -> None:
        self.spec = spec
        self.cancel = Cancel()
        self._layouts = layouts
        self._secrets = secrets
        self._is_base = is_base
        self._backend = backend
        self._tell = tell
        self._warned = warned
        self._last_bytes = last_bytes
        self._report: BudgetReport | None = None
        self._observed: Observed | None = None
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
        if self._observed is None:
            self._observed = Observed(self.spec)
        if self.cancel.requested:
            raise SolveFailed(self.cancel.reason or "canceled", canceled=True)
        match phase:
            case Phase.WHOLE:
                self._response = self._build(self.spec, self._emitter(self._observed))
            case Phase.PRIVATE:
                self._build_privately(self._observed)
            case Phase.PUBLICATION:
                self._publish(self._observed)

    @property
    def started(self) -> bool:
        """Whether anything was asked of the backend."""
        return self._observed is not None

    def wait_for(self, gates: tuple[str, ...]) -> None:
        """Take note of what the build waits for, once it is built."""
        self._awaited = gates

    def result(self) -> BuildResult:
        """Return the result of a build whose last phase has ended well."""
        observed, response = self._observed, self._response
        assert observed is not None  # noqa: S101 - a phase has ended well
        assert response is not None  # noqa: S101 - likewise
        timeline = observed.timeline()
        return result_of(
            self.spec,
            response,
            timeline=timeline,
            warnings=(
                *self._warned,
                *(warning_of(self.spec, raised) for raised in timeline.warnings),
                *cache_warnings(timeline),
            ),
            attempts=observed.attempts(),
            backend=self._backend.name,
            look=cache(lambda: self._backend.image_facts(self.spec, response)),
            budget=self._report,
        )

    def timeline(self) -> Timeline | None:
        """Return what has run until now, or None when nothing was begun."""
        return None if self._observed is None else self._observed.timeline()

    def failure(self, failed: SolveFailed) -> BuildFailed:
        """Return the error for a solve that did not succeed."""
        if self._ran_again is not None:
            return self._not_the_same(self._ran_again)
        if self._observed is None:
            return canceled_before_start(self.spec, failed.message)
        timeline = self._observed.timeline(blamed=failed.vertex)
        cause = failure_class(failed, timeline)
        attempts = self._observed.attempts(error=failed.message, cause=cause)
        return build_failed(self.spec, failed, timeline, attempts=attempts)

    def _build_privately(self, observed: Observed) -> None:
        budget = self.spec.budget
        reads = budget is not None and budget.of_image
        layout = self._layouts.folder(self.spec.name) if self._is_base or reads else None
        emit = self._emitter(observed)
        try:
            response = self._build(private(self.spec, layout=layout), emit)
        except UnsupportedFeature:
            if self._is_base or layout is None:
                raise
            layout = None  # an engine that writes no layouts: the image goes through its store
            response = self._build(private(self.spec, stored=True), emit)
        if self._is_base:
            if response.digest is None:
                raise ProtocolError(
                    "an image that others are based on has no digest", backend=self._backend.name
                )
            self._layouts.add(self.spec.name, response.digest)
        if budget is not None:
            self._judge(budget, observed, response, layout)
            if not publishes(self.spec):
                response = replaced(response, digest=None, image_id=None, is_index=False)
        self._response = response
        self._built_s = time.perf_counter()

    def _judge(
        self, budget: Budget, observed: Observed, response: SolveResponse, layout: str | None
    ) -> None:
        """Hold what was built against its budget, and let nothing go on that is over it."""
        from stagebuild.budgets.checking import exceeded  # noqa: PLC0415 - most have none
        from stagebuild.scheduling.judging import judged  # noqa: PLC0415

        began_s, store = observed.built(), self._backend.image_store()
        counted_s = time.perf_counter()
        try:
            report = judged(
                self.spec,
                budget,
                observed=observed,
                layout=layout,
                stored=lambda: (store, response),
                last_bytes=self._last_bytes,
            )
        finally:
            if layout is not None and not self._is_base:
                self._layouts.discard(self.spec.name)
        observed.add(judging(began_s, began_s + time.perf_counter() - counted_s))
        self._report = report
        if report.excesses:
            if layout is None and budget.of_image:
                store.remove_untagged(str(response.digest or response.image_id))
            raise exceeded(self.spec, report, observed.timeline(), observed.attempts())

    def _publish(self, observed: Observed) -> None:
        waited_s = time.perf_counter() - self._built_s
        built_s = observed.built()

        def begin(at_s: float) -> None:
            end_s = min(at_s, built_s + waited_s)
            if self._awaited and end_s - built_s > _NEGLIGIBLE_S:
                observed.add(waiting(self._awaited, built_s, end_s))
                observed.built()

        emit = self._emitter(observed)
        events = PublicationEvents(emit, built_s=built_s, ran_again=self._refuse, begin=begin)
        self._response = self._build(publication(self.spec), events.take)
        if self._ran_again is not None:
            raise self._not_the_same(self._ran_again)

    def _build(self, spec: BuildSpec, emit: Emit) -> SolveResponse:
        held = self._secrets.held(self._layouts.based(spec), self.cancel)
        return self._backend.build(held, emit, self.cancel)

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
            timeline=self.timeline(),
            hint="build it again; what is published has to be what the gates let through",
        )

    def _emitter(self, observed: Observed) -> Emit:
        add, name, tell = observed.add, self.spec.name, self._tell
        if tell is None:
            return add

        def emit(event: Event) -> None:
            add(event)
            tell(_run_event(name, event))

        return emit


def refusal(building: Building, error: SolveFailed | StagebuildError) -> StagebuildError:
    """Return the error of a build from what its solve raised."""
    return building.failure(error) if isinstance(error, SolveFailed) else error


def _run_event(build: str, event: Event) -> RunEvent:
    """Return what a run tells of an event of one of its builds."""
    if isinstance(event, AttemptFailed):
        return Retrying(
            build=build,
            attempt=event.number,
            wait_s=event.wait_s,
            cause=event.cause,
            reason=event.error,
            at_s=time.time(),
        )
    return Progressed(build=build, event=event)
