"""
The builds of a run, at once: threads that take tasks from the schedule, and what a failure stops.

When a build fails, what requires it is not published, and the others are canceled unless the run
keeps going; the reports that the failed one requires are finished. So at every moment no build is
left that waits for one that is lost.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from stagebuild.backends.base import SolveFailed
from stagebuild.errors import BuildCanceled, GateFailed, StagebuildError
from stagebuild.failures import (
    canceled_before_start,
    gate_failed,
    provenance_warnings,
    shared_cache_warnings,
)
from stagebuild.runevents import BuildEnded, BuildStarted, GatesAwaited, RunEnded
from stagebuild.scheduling.layouts import Layouts
from stagebuild.scheduling.schedule import Phase, Schedule, State, Task
from stagebuild.scheduling.secretcommands import SecretCommands
from stagebuild.scheduling.solving import Building, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from stagebuild.backends.base import Backend, Cancel
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.result import BuildResult
    from stagebuild.runevents import RunEvent
    from stagebuild.scheduling.judging import LastBytes

_BEFORE_PUBLICATION = (State.PENDING, State.BUILT)


class Run:
    """
    A run, from its first build to its last. A context manager; its end is told when it is left.

    Args:
        specs: What is built, gates included.
        backend: What builds.
        watch: Gets every event, never from two threads at once; or None.
        cancel: The caller's own; or None.
        keep_going: Whether the others go on when one has failed.
        all_or_nothing: Whether nothing is published until all are built.
        last_bytes: Tells what the last build of a spec weighed, for budgets of growth.

    Attributes:
        results: Of the builds that succeeded, by name.
    """

    def __init__(
        self,
        specs: Sequence[BuildSpec],
        *,
        backend: Backend,
        watch: Callable[[RunEvent], None] | None,
        cancel: Cancel | None,
        keep_going: bool,
        all_or_nothing: bool,
        last_bytes: LastBytes = lambda _: None,
    ) -> None:
        self.results: dict[str, BuildResult] = {}
        self._failed: dict[str, StagebuildError] = {}
        self._gated: dict[str, StagebuildError] = {}
        self._canceled: dict[str, StagebuildError] = {}
        self._schedule = Schedule(specs, all_or_nothing=all_or_nothing)
        self._watch = watch
        self._telling = threading.Lock()
        tell = None if watch is None else self._tell
        # A failing build cancels its siblings, but not whatever else the caller's Cancel governs.
        self._layouts = Layouts()
        secrets = SecretCommands()
        warned = [shared_cache_warnings(specs), provenance_warnings(specs)]
        self._buildings = {
            spec.name: Building(
                spec,
                backend,
                tell,
                layouts=self._layouts,
                secrets=secrets,
                is_base=self._schedule.is_base(spec.name),
                warned=[each for found in warned for each in found.get(spec.name, ())],
                last_bytes=last_bytes,
            )
            for spec in specs
        }
        self._outer = cancel
        self._unlink: Callable[[], None] = lambda: None
        self._keep_going = keep_going
        self._all_or_nothing = all_or_nothing
        self._changed = threading.Condition()
        self._lost_gates: dict[str, tuple[str, StagebuildError]] = {}
        self._broken = False

    def __enter__(self) -> Self:
        if self._outer is not None:
            outer = self._outer
            self._unlink = outer.on_cancel(lambda: self._cancel_all(outer.reason or "canceled"))
        return self

    def __exit__(self, *_: object) -> None:
        self._unlink()
        self._layouts.remove()
        if self._watch is not None:
            failed = len(self._failed) + len(self._gated) + len(self._canceled)
            ended = RunEnded(succeeded=len(self.results), failed=failed, at_s=time.time())
            self._tell(ended)

    @property
    def errors(self) -> dict[str, StagebuildError]:
        """By name: failures as they happened, what they stopped, then what was canceled."""
        return {**self._failed, **self._gated, **self._canceled}

    def work(self) -> None:
        """Do tasks in this thread until every build has ended; raises only what is not ours."""
        try:
            while (task := self._next()) is not None:
                self._do(task)
        except BaseException:
            self._break_off()
            raise

    def work_in_threads(self, at_once: int) -> None:
        """Do all tasks, ``at_once`` at a time; when interrupted, cancel them and wait."""
        raised: list[BaseException] = []

        def work() -> None:
            try:
                self.work()
            except BaseException as error:  # noqa: BLE001 - raised again below
                raised.append(error)

        # concurrent.futures takes 12 ms to import, a tenth of a run in which nothing changed.
        threads = [
            threading.Thread(target=work, name=f"stagebuild_{number}") for number in range(at_once)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            self._break_off()
            for thread in threads:
                thread.join()
            raise
        if raised:
            raise raised[0]

    def _next(self) -> Task | None:
        with self._changed:
            while not (self._broken or self._schedule.finished):
                task = self._schedule.next()
                if task is not None:
                    return task
                self._changed.wait()
            self._changed.notify_all()
            return None

    def _do(self, task: Task) -> None:
        building = self._buildings[task.name]
        if not building.started:
            if building.cancel.requested:
                reason = building.cancel.reason or "canceled"
                self._lose(building, canceled_before_start(building.spec, reason))
                return
            self._tell(BuildStarted(build=task.name, spec=building.spec, at_s=time.time()))
        try:
            building.solve(task.phase)
        except (SolveFailed, StagebuildError) as raised:
            self._lose(building, refusal(building, raised), cause=raised)
        else:
            self._gain(building, task.phase)

    def _gain(self, building: Building, phase: Phase) -> None:
        """Take note that a phase has ended well, and of what can go on because of it."""
        name = building.spec.name
        with self._changed:
            if phase is Phase.PRIVATE:
                self._end_all(self._built(building))
            else:
                others = self._schedule.done(name)
                self._succeed((name, *others))
            self._changed.notify_all()

    def _built(self, building: Building) -> list[str]:
        """Let a build that is built wait or go on; return it if it is stopped instead."""
        name = building.spec.name
        if building.cancel.requested:
            return [name]
        done = self._schedule.built(name)
        self._succeed(done)
        waits_for = self._schedule.waits_for(name)
        if name not in done and waits_for:
            building.wait_for(waits_for)
            self._tell(GatesAwaited(build=name, gates=waits_for, at_s=time.time()))
        return []

    def _succeed(self, names: Iterable[str]) -> None:
        for name in names:
            result = self.results[name] = self._buildings.pop(name).result()
            self._tell(BuildEnded(build=name, result=result, error=None, at_s=time.time()))

    def _lose(
        self, building: Building, error: StagebuildError, *, cause: Exception | None = None
    ) -> None:
        """Take note that a build has failed or was canceled, and stop others because of it."""
        with self._changed:
            if isinstance(error, BuildCanceled):
                error = self._told_as_gate_failed(building, error)
            if cause is not None and cause is not error and not isinstance(error, GateFailed):
                error.__cause__ = cause
            self._end(building, error)
            self._end_all(self._stop_others(building.spec.name, error))
            self._changed.notify_all()

    def _stop_others(self, lost: str, error: StagebuildError) -> list[str]:
        """Ask others to stop, now that one is lost; return those that nobody is working on."""
        real = not isinstance(error, (BuildCanceled, GateFailed))
        stopped = list(self._schedule.stopped_by(lost))
        if real:
            for name in stopped:
                self._lost_gates.setdefault(name, (lost, error))
        reason = f"{lost} failed" if real else f"{lost} was canceled"
        if real and not self._keep_going:
            spared = self._schedule.reports_of(lost)
            stopped += [n for n in self._schedule.unended() if n not in {*stopped, *spared}]
        elif self._all_or_nothing:
            reason = f"not published, since {reason}"
            stopped += [n for n in self._schedule.withheld() if n not in stopped]
        for name in stopped:
            self._buildings[name].cancel.cancel(reason)
        return [n for n in stopped if self._schedule.state(n) in _BEFORE_PUBLICATION]

    def _end_all(self, names: Sequence[str]) -> None:
        """End builds that were stopped while nobody was working on them."""
        for name in names:
            if self._schedule.state(name) is State.LOST:
                continue
            building = self._buildings[name]
            reason = building.cancel.reason or "canceled"
            error = self._told_as_gate_failed(building, _canceled(building, reason))
            self._end(building, error)
            self._end_all(self._stop_others(name, error))

    def _end(self, building: Building, error: StagebuildError) -> None:
        name = building.spec.name
        self._schedule.lost(name)
        kept = self._failed
        if isinstance(error, GateFailed):
            kept = self._gated
        elif isinstance(error, BuildCanceled):
            kept = self._canceled
        kept[name] = error
        del self._buildings[name]
        self._tell(BuildEnded(build=name, result=None, error=error, at_s=time.time()))

    def _told_as_gate_failed(self, building: Building, error: StagebuildError) -> StagebuildError:
        """Return the error of a build that was stopped because a gate of it failed, else as is."""
        gate = self._lost_gates.get(building.spec.name)
        if gate is None:
            return error
        name, cause = gate
        told = gate_failed(building.spec.name, name, cause, building.timeline())
        told.__cause__ = cause
        return told

    def _cancel_all(self, reason: str) -> None:
        """Ask every build to stop. Takes no lock: it may be called by a signal handler."""
        for building in list(self._buildings.values()):
            building.cancel.cancel(reason)

    def _break_off(self) -> None:
        """Let every thread end, whatever is left to do."""
        self._cancel_all("interrupted")
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    def _tell(self, event: RunEvent) -> None:
        if self._watch is not None:
            with self._telling:
                self._watch(event)


def _canceled(building: Building, reason: str) -> BuildCanceled:
    if not building.started:
        return canceled_before_start(building.spec, reason)
    return BuildCanceled(reason, build=building.spec.name, timeline=building.timeline())
