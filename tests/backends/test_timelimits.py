"""Builds that take too long, or say nothing any more, are ended; others are left alone."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.timelimits import TimeLimitedBackend, _shown
from stagebuild.errors import BuildTimedOut
from stagebuild.model import Project
from stagebuild.planning.spec import BuildPlan
from stagebuild.progress.events import AttemptFailed, Event
from stagebuild.runner import run
from stagebuild.testing import IMAGE, Script, ScriptedBackend, hit


def hanging() -> ScriptedBackend:
    """Return a backend that says one thing and then no more, until it is canceled."""
    script = Script(events=[hit("a")], until=threading.Event())
    return ScriptedBackend(scripts={"prod": script})


class Talking(ScriptedBackend):
    """Says something every now and then, for a while."""

    def __init__(self, event: Event, *, pause_s: float, times: int) -> None:
        super().__init__()
        self.event, self.pause_s, self.times = event, pause_s, times

    def build(self, spec: Any, emit: Any, cancel: Cancel) -> Any:
        del spec
        for _ in range(self.times):
            emit(self.event)
            time.sleep(self.pause_s)
            if cancel.requested:
                raise SolveFailed(cancel.reason or "", canceled=True)
        return IMAGE


def test_a_build_without_limits_is_handed_on(spec_of: Any) -> None:
    cancel, seen = Cancel(), []

    class Seeing(ScriptedBackend):
        def build(self, spec: Any, emit: Any, cancel: Cancel) -> Any:
            seen.append((emit, cancel))
            return super().build(spec, emit, cancel)

    emit = [].append  # type: ignore[var-annotated]  # nothing is emitted
    TimeLimitedBackend(Seeing()).build(spec_of(), emit, cancel)
    assert seen == [(emit, cancel)]


def test_a_build_that_takes_too_long_is_ended(spec_of: Any) -> None:
    began_s = time.monotonic()
    with pytest.raises(SolveFailed, match=r"took longer than 0\.1s") as caught:
        TimeLimitedBackend(hanging()).build(spec_of(timeout_s=0.1), lambda _: None, Cancel())
    assert caught.value.timed_out
    assert not caught.value.canceled
    assert time.monotonic() - began_s < 1


def test_a_build_that_says_nothing_is_ended(spec_of: Any) -> None:
    with pytest.raises(SolveFailed, match=r"nothing was heard of it for 0\.1s") as caught:
        TimeLimitedBackend(hanging()).build(spec_of(idle_timeout_s=0.1), lambda _: None, Cancel())
    assert caught.value.timed_out


def test_a_build_that_goes_on_talking_is_not_idle(spec_of: Any) -> None:
    backend = Talking(hit("a"), pause_s=0.05, times=10)
    spec = spec_of(idle_timeout_s=0.3)
    assert TimeLimitedBackend(backend).build(spec, lambda _: None, Cancel()) is IMAGE


def test_waiting_for_another_attempt_is_not_idle(spec_of: Any) -> None:
    told = AttemptFailed(number=1, cause="network", error="x", wall_s=0.0, wait_s=5.0)
    backend = Talking(told, pause_s=0.3, times=1)
    spec = spec_of(idle_timeout_s=0.1)
    assert TimeLimitedBackend(backend).build(spec, lambda _: None, Cancel()) is IMAGE


def test_a_cancellation_is_not_a_time_out(spec_of: Any) -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.cancel, ["enough"]).start()
    with pytest.raises(SolveFailed, match="enough") as caught:
        TimeLimitedBackend(hanging()).build(spec_of(timeout_s=30.0), lambda _: None, cancel)
    assert caught.value.canceled
    assert not caught.value.timed_out


def test_no_thread_is_left(spec_of: Any) -> None:
    TimeLimitedBackend(ScriptedBackend()).build(spec_of(timeout_s=30.0), lambda _: None, Cancel())
    assert "time limits" not in [thread.name for thread in threading.enumerate()]


def test_the_error_of_a_run_says_that_it_timed_out_and_keeps_the_timeline(spec_of: Any) -> None:
    plan = BuildPlan(project=Project(), specs=(spec_of(timeout_s=0.1),))
    backend = TimeLimitedBackend(hanging())
    (error,) = run(plan, backend=backend).errors.values()
    assert isinstance(error, BuildTimedOut)
    assert error.timeline is not None
    assert error.timeline.overheads[0].label == "a"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5s"), (90.0, "1m30s"), (3600.0, "1h"), (5400.0, "1h30m"), (600.0, "10m")],
)
def test_limits_are_shown_as_people_write_them(seconds: float, text: str) -> None:
    assert _shown(seconds) == text
