"""
``execute``: a plan's builds go to a backend, events to whoever watches, results back.

What runs when, and what a failure stops, is the business of ``scheduling``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from stagebuild.config import load as load_project
from stagebuild.errors import GateFailed, HistoryError, StagebuildError
from stagebuild.planning import plan_builds
from stagebuild.planning.publishing import publishing
from stagebuild.runevents import BuildEnded, BuildStarted, RunEnded, RunEvent
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.backends.base import Backend, Cancel
    from stagebuild.history import History
    from stagebuild.model import Project
    from stagebuild.planning.spec import BuildPlan, BuildSpec
    from stagebuild.result import BuildResult
    from stagebuild.scheduling.judging import LastBytes

_LEAST_JOBS = 8

Watch = Callable[[RunEvent], None]


@frozen
class RunOutcome:
    """
    What came of a run: every build of the plan is in one of the two.

    Attributes:
        results: The builds that succeeded, by name, in the plan's order.
        errors: Those that did not, by name: real failures first, in the order in which they
            happened, then what was not published because a gate failed, then what was canceled.
        unrecorded: Why the history does not have it all, or None.
    """

    results: Mapping[str, BuildResult]
    errors: Mapping[str, StagebuildError]
    unrecorded: HistoryError | None = None

    @property
    def error(self) -> StagebuildError | None:
        """
        The error that tells best what went wrong, or None when nothing did.

        That is the first real failure, as the ``GateFailed`` of what it kept from being published
        where it did.
        """
        first = next(iter(self.errors.values()), None)
        for error in self.errors.values():
            if isinstance(error, GateFailed) and error.__cause__ is first:
                return error
        return first


def execute(
    plan: BuildPlan,
    *,
    push: bool | None = None,
    load: bool | None = None,
    jobs: int | None = None,
    keep_going: bool = False,
    all_or_nothing: bool = False,
    on_event: Watch | None = None,
    cancel: Cancel | None = None,
    backend: Backend | None = None,
    history: History | None = None,
    skip_unchanged: bool = False,
) -> Mapping[str, BuildResult]:
    """
    Build everything in the plan, at once as far as ``jobs`` allows, and return the results by name.

    Gates are built beside what requires them; that is published once they have succeeded.

    Args:
        plan: What ``plan_builds`` returned.
        push: Overrides the ``push`` of what was asked for, not of its gates, when given.
        load: Overrides ``load`` likewise.
        jobs: How many builds may run at the same time; eight when not given, or as many as this
            machine has processors if that is more.
        keep_going: Whether the others go on when one has failed; they are canceled otherwise.
        all_or_nothing: Whether nothing is published before everything is built.
        on_event: Called for every event of the run, never by two threads at once.
        cancel: Stops the run when its ``cancel()`` is called, from any thread.
        backend: What builds; chosen by what the plan requires when not given.
        history: Where every build is recorded, when given. What can't be recorded is a
            ``RuntimeWarning``, never an error.
        skip_unchanged: Whether a build of which nothing has changed since a recorded one, and whose
            image is still where it was put, is not done; needs a history.

    Raises:
        BuildFailed: The first real failure; ``GateFailed`` when it was a gate's.
            ``BuildCanceled`` when there is none but a cancellation.
        BackendError: No engine can build this.
        ConfigError: ``push`` was asked for where nothing says where to.
    """
    outcome = run(
        plan,
        push=push,
        load=load,
        jobs=jobs,
        keep_going=keep_going,
        all_or_nothing=all_or_nothing,
        on_event=on_event,
        cancel=cancel,
        backend=backend,
        history=history,
        skip_unchanged=skip_unchanged,
    )
    if outcome.unrecorded is not None:
        import warnings  # noqa: PLC0415 - only once something went wrong

        warnings.warn(str(outcome.unrecorded), RuntimeWarning, stacklevel=2)
    if outcome.error is not None:
        raise outcome.error
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
    all_or_nothing: bool = False,
    on_event: Watch | None = None,
    cancel: Cancel | None = None,
    backend: Backend | None = None,
    history: History | None = None,
    choose: Callable[[], Backend] | None = None,
    skip_unchanged: bool = False,
    environ: Mapping[str, str] | None = None,
) -> RunOutcome:
    """
    Do what ``execute`` does, but return failures next to results instead of raising the first.

    Args, besides those of ``execute``:
        choose: Chooses what builds, instead of ``backend``; not called when nothing is built.
        environ: The process environment that is recorded by; this process' own when not given.

    Raises:
        ConfigError: ``push`` was asked for where nothing says where to.
    """
    if history is not None:
        skipped: Mapping[str, BuildResult] = {}
        if skip_unchanged:
            skipped = _unchanged(plan, history, push=push, load=load, environ=environ)
            rest = tuple(spec for spec in plan.specs if spec.name not in skipped)
            _tell_skipped(skipped, on_event, nothing_follows=not rest)
            if not rest:
                return RunOutcome(results=skipped, errors={})
        from stagebuild.history.recording import Recorder  # noqa: PLC0415 - only when asked for

        with Recorder(history, environ=environ) as recorder:
            outcome = _run(
                replaced(plan, specs=rest) if skipped else plan,
                push=push,
                load=load,
                jobs=jobs,
                keep_going=keep_going,
                all_or_nothing=all_or_nothing,
                on_event=_both(recorder.emit, on_event),
                cancel=cancel,
                backend=backend,
                choose=choose,
                last_bytes=_last_bytes(history.path),
            )
        if skipped:
            both = {**skipped, **outcome.results}
            results = {spec.name: both[spec.name] for spec in plan.specs if spec.name in both}
            outcome = replaced(outcome, results=results)
        return replaced(outcome, unrecorded=recorder.trouble)
    return _run(
        plan,
        push=push,
        load=load,
        jobs=jobs,
        keep_going=keep_going,
        all_or_nothing=all_or_nothing,
        on_event=on_event,
        cancel=cancel,
        backend=backend,
        choose=choose,
        last_bytes=lambda _: None,
    )


def _run(
    plan: BuildPlan,
    *,
    push: bool | None,
    load: bool | None,
    jobs: int | None,
    keep_going: bool,
    all_or_nothing: bool,
    on_event: Watch | None,
    cancel: Cancel | None,
    backend: Backend | None,
    choose: Callable[[], Backend] | None,
    last_bytes: LastBytes,
) -> RunOutcome:
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}: at least one build has to run")
    specs = _published(plan, push=push, load=load)
    chosen = backend
    if chosen is None:
        chosen = _default_backend(specs) if choose is None else choose()
    from stagebuild.scheduling.running import Run  # noqa: PLC0415 - only where something is built

    at_once = min(jobs or default_jobs(), len(specs))
    with (
        chosen.together(specs) as joint,
        Run(
            specs,
            backend=joint,
            watch=on_event,
            cancel=cancel,
            keep_going=keep_going,
            all_or_nothing=all_or_nothing,
            last_bytes=last_bytes,
        ) as started,
    ):
        if at_once == 1:
            started.work()
        else:
            started.work_in_threads(at_once)
    results = started.results
    return RunOutcome(
        results={spec.name: results[spec.name] for spec in specs if spec.name in results},
        errors=started.errors,
    )


def _default_backend(specs: Sequence[BuildSpec]) -> Backend:
    from stagebuild.backends.selection import select_backend  # noqa: PLC0415 - as above

    return select_backend(specs=specs).backend


def _last_bytes(path: str) -> LastBytes:
    """Return what tells the last size of a build, by the history of a file."""

    def last_bytes(spec: BuildSpec) -> int | None:
        from stagebuild.history.budgets import last_unpacked_bytes  # noqa: PLC0415 - a budget's

        return last_unpacked_bytes(path, spec)

    return last_bytes


def _published(plan: BuildPlan, *, push: bool | None, load: bool | None) -> tuple[BuildSpec, ...]:
    """Return the plan's specs with what overrides them; gates are published as they say."""
    return tuple(
        spec if spec.name in plan.gates else publishing(spec, push=push, load=load)
        for spec in plan.specs
    )


def _unchanged(
    plan: BuildPlan,
    history: History,
    *,
    push: bool | None,
    load: bool | None,
    environ: Mapping[str, str] | None,
) -> Mapping[str, BuildResult]:
    """Return the results of what need not be built; nothing when the history can't be read."""
    from stagebuild.skipping import unchanged  # noqa: PLC0415 - only when asked for

    specs = _published(plan, push=push, load=load)
    try:
        return unchanged(specs, history=history, environ=os.environ if environ is None else environ)
    except HistoryError:
        return {}


def _tell_skipped(
    skipped: Mapping[str, BuildResult], watch: Watch | None, *, nothing_follows: bool
) -> None:
    """Tell of builds that were skipped as of builds that took no time."""
    if watch is None:
        return
    for name, result in skipped.items():
        at_s = time.time()
        watch(BuildStarted(build=name, spec=result.spec, at_s=at_s))
        watch(BuildEnded(build=name, result=result, error=None, at_s=at_s))
    if nothing_follows:
        watch(RunEnded(succeeded=len(skipped), failed=0, at_s=time.time()))


def _both(first: Watch, second: Watch | None) -> Watch:
    """Return what tells the first, then the second when there is one."""
    if second is None:
        return first

    def watch(event: RunEvent) -> None:
        first(event)
        second(event)

    return watch


def default_jobs() -> int:
    """
    Return how many builds run at once unless told otherwise: eight, more with more processors.

    The engine does the work, often on another machine, and runs the steps of a single build at
    once without any limit. A build costs this machine a connection or a process that waits.
    """
    return max(_LEAST_JOBS, os.cpu_count() or 1)
