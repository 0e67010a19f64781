"""
``execute``: the only orchestration. Specs go to a backend, events to whoever watches, results back.

Each build runs in a thread of its own (a single one in the caller's), with its own timeline. What a
backend raises is made a ``BuildFailed`` here, since only here is it known what had run and where
the Dockerfile says so.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Self

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.selection import select_backend
from stagebuild.config import load as load_project
from stagebuild.errors import BuildCanceled, StagebuildError
from stagebuild.failures import (
    build_failed,
    cache_warnings,
    canceled_before_start,
    failure_class,
    shared_cache_warnings,
    warning_of,
)
from stagebuild.observing import Observed
from stagebuild.planning import plan_builds
from stagebuild.planning.publishing import publishing
from stagebuild.progress.events import AttemptFailed
from stagebuild.result import BuildResult, result_of
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.backends.base import Backend
    from stagebuild.errors import HistoryError
    from stagebuild.history import History
    from stagebuild.model import Project
    from stagebuild.planning.spec import BuildPlan, BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.result import BuildWarning

Watch = Callable[[RunEvent], None]


@frozen
class RunOutcome:
    """
    What came of a run: every build of the plan is in one of the two.

    Attributes:
        results: The builds that succeeded, by name, in the plan's order.
        errors: Those that did not, by name: real failures first, in the order in which they
            happened, then what was canceled because of them.
        unrecorded: Why the history does not have it all, or None.
    """

    results: Mapping[str, BuildResult]
    errors: Mapping[str, StagebuildError]
    unrecorded: HistoryError | None = None


def execute(
    plan: BuildPlan,
    *,
    push: bool | None = None,
    load: bool | None = None,
    jobs: int | None = None,
    keep_going: bool = False,
    on_event: Watch | None = None,
    cancel: Cancel | None = None,
    backend: Backend | None = None,
    history: History | None = None,
) -> Mapping[str, BuildResult]:
    """
    Build everything in the plan, at once as far as ``jobs`` allows, and return the results by name.

    Args:
        plan: What ``plan_builds`` returned.
        push: Overrides every spec's ``push`` when given.
        load: Overrides every spec's ``load`` when given.
        jobs: How many builds may run at the same time; as many as the machine has processors, but
            at least two, when not given.
        keep_going: Whether the others go on when one has failed; they are canceled otherwise.
        on_event: Called for every event of the run, never by two threads at once.
        cancel: Stops the run when its ``cancel()`` is called, from any thread.
        backend: What builds; chosen by what the plan requires when not given.
        history: Where every build is recorded, when given. What can't be recorded is a
            ``RuntimeWarning``, never an error.

    Raises:
        BuildFailed: The first real failure. ``BuildCanceled`` when there is none but a
            cancellation.
        BackendError: No engine can build this.
        ConfigError: ``push`` was asked for where nothing says where to.
    """
    outcome = run(
        plan,
        push=push,
        load=load,
        jobs=jobs,
        keep_going=keep_going,
        on_event=on_event,
        cancel=cancel,
        backend=backend,
        history=history,
    )
    if outcome.unrecorded is not None:
        import warnings  # noqa: PLC0415 - only once something went wrong

        warnings.warn(str(outcome.unrecorded), RuntimeWarning, stacklevel=2)
    for error in outcome.errors.values():
        raise error
    return outcome.results


def build(
    name: str,
    *,
    project: Project | None = None,
    push: bool | None = None,
    load: bool | None = None,
    on_event: Watch | None = None,
    cancel: Cancel | None = None,
    backend: Backend | None = None,
    history: History | None = None,
) -> BuildResult:
    """
    Build one environment and return its result; the one-line form of load, plan and execute.

    Args:
        name: The environment.
        project: What it belongs to; the nearest one, as ``load()`` finds it, when not given.
        push: Overrides the environment's ``push`` when given.
        load: Overrides the environment's ``load`` when given.
        on_event: Called for every event.
        cancel: Stops the build when its ``cancel()`` is called.
        backend: What builds; chosen by what the build requires when not given.
        history: Where the build is recorded, when given.

    Raises:
        ConfigError: As ``load`` and ``plan_builds``.
        DockerfileError: As ``plan_builds``.
        BuildFailed: As ``execute``.
        BackendError: As ``execute``.
    """
    plan = plan_builds(project if project is not None else load_project(), [name])
    results = execute(
        plan,
        push=push,
        load=load,
        on_event=on_event,
        cancel=cancel,
        backend=backend,
        history=history,
    )
    return results[name]


def run(
    plan: BuildPlan,
    *,
    push: bool | None = None,
    load: bool | None = None,
    jobs: int | None = None,
    keep_going: bool = False,
    on_event: Watch | None = None,
    cancel: Cancel | None = None,
    backend: Backend | None = None,
    history: History | None = None,
) -> RunOutcome:
    """
    Do what ``execute`` does, but return failures next to results instead of raising the first.

    Raises:
        ConfigError: ``push`` was asked for where nothing says where to.
    """
    if history is not None:
        from stagebuild.history.recording import Recorder  # noqa: PLC0415 - only when asked for

        with Recorder(history) as recorder:
            outcome = run(
                plan,
                push=push,
                load=load,
                jobs=jobs,
                keep_going=keep_going,
                on_event=_both(recorder.emit, on_event),
                cancel=cancel,
                backend=backend,
            )
        return replaced(outcome, unrecorded=recorder.trouble)
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}: at least one build has to run")
    specs = tuple(publishing(spec, push=push, load=load) for spec in plan.specs)
    chosen = backend if backend is not None else select_backend().backend
    at_once = min(jobs or default_jobs(), len(specs))
    with (
        chosen.together(specs) as joint,
        _Run(
            backend=joint,
            watch=on_event,
            cancel=cancel,
            keep_going=keep_going,
            warned=shared_cache_warnings(specs),
        ) as run_,
    ):
        if at_once == 1:
            for spec in specs:
                run_.build(spec)
        else:
            run_.build_in_threads(specs, at_once)
    return run_.outcome(specs)


def _both(first: Watch, second: Watch | None) -> Watch:
    """Return what tells the first, then the second when there is one."""
    if second is None:
        return first

    def watch(event: RunEvent) -> None:
        first(event)
        second(event)

    return watch


def default_jobs() -> int:
    """Return how many builds run at once unless told otherwise: one per processor, at least two."""
    return max(2, os.cpu_count() or 1)


class _Run:
    """The state that the builds of one run share; its lock guards all of it and the watcher."""

    def __init__(
        self,
        *,
        backend: Backend,
        watch: Watch | None,
        cancel: Cancel | None,
        keep_going: bool,
        warned: Mapping[str, Sequence[BuildWarning]],
    ) -> None:
        self._backend = backend
        self._warned = warned
        self._watch = watch
        self._outer = cancel
        # A failing build cancels its siblings, but not whatever else the caller's Cancel governs.
        self._cancel = Cancel()
        self._unlink: Callable[[], None] = lambda: None
        self._keep_going = keep_going
        self._lock = threading.Lock()
        self._results: dict[str, BuildResult] = {}
        self._failed: dict[str, StagebuildError] = {}
        self._canceled: dict[str, StagebuildError] = {}

    def __enter__(self) -> Self:
        if self._outer is not None:
            outer = self._outer
            self._unlink = outer.on_cancel(lambda: self._cancel.cancel(outer.reason or "canceled"))
        return self

    def __exit__(self, *_: object) -> None:
        self._unlink()
        self._tell(
            RunEnded(
                succeeded=len(self._results),
                failed=len(self._failed) + len(self._canceled),
                at_s=time.time(),
            )
        )

    def build_in_threads(self, specs: Sequence[BuildSpec], at_once: int) -> None:
        """Build every spec, ``at_once`` at a time; when interrupted, cancel them and wait."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - one build needs none

        with ThreadPoolExecutor(at_once, thread_name_prefix="stagebuild") as pool:
            futures = [pool.submit(self.build, spec) for spec in specs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                self._cancel.cancel("interrupted")
                raise

    def build(self, spec: BuildSpec) -> None:
        """Build one spec and keep what came of it; only what is not ours is raised."""
        if self._cancel.requested:
            self._end(spec, canceled_before_start(spec, self._cancel.reason or "canceled"))
            return
        self._tell(BuildStarted(build=spec.name, spec=spec, at_s=time.time()))
        observed = Observed(spec)
        try:
            response = self._backend.build(spec, self._emitter(spec, observed), self._cancel)
        except SolveFailed as failed:
            timeline = observed.timeline()
            cause = failure_class(failed, timeline)
            attempts = observed.attempts(error=failed.message, cause=cause)
            self._end(spec, build_failed(spec, failed, timeline, attempts=attempts), cause=failed)
        except StagebuildError as error:
            self._end(spec, error)
        else:
            timeline = observed.timeline()
            self._end(
                spec,
                result_of(
                    spec,
                    response,
                    timeline=timeline,
                    warnings=(
                        *self._warned.get(spec.name, ()),
                        *(warning_of(spec, raised) for raised in timeline.warnings),
                        *cache_warnings(timeline),
                    ),
                    attempts=observed.attempts(),
                    backend=self._backend.name,
                    look=cache(lambda: self._backend.image_facts(spec, response)),
                ),
            )

    def outcome(self, specs: Sequence[BuildSpec]) -> RunOutcome:
        """Return what came of the run, results in the order of ``specs``."""
        return RunOutcome(
            results={s.name: self._results[s.name] for s in specs if s.name in self._results},
            errors={**self._failed, **self._canceled},
        )

    def _emitter(self, spec: BuildSpec, observed: Observed) -> Callable[[Event], None]:
        add, build, watch, lock = observed.add, spec.name, self._watch, self._lock
        if watch is None:
            return add

        def emit(event: Event) -> None:
            add(event)
            with lock:
                watch(_run_event(build, event))

        return emit

    def _tell(self, event: RunEvent) -> None:
        if self._watch is not None:
            with self._lock:
                self._watch(event)

    def _end(
        self,
        spec: BuildSpec,
        came: BuildResult | StagebuildError,
        *,
        cause: BaseException | None = None,
    ) -> None:
        result: BuildResult | None = None
        error: StagebuildError | None = None
        match came:
            case BuildResult():
                result = self._results[spec.name] = came
            case BuildCanceled():
                error = self._canceled[spec.name] = came
            case _:
                error = self._failed[spec.name] = came
                if not self._keep_going:
                    self._cancel.cancel(f"{spec.name} failed")
        if cause is not None and error is not None:
            error.__cause__ = cause
        self._tell(BuildEnded(build=spec.name, result=result, error=error, at_s=time.time()))


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
