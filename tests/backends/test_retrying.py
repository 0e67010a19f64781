"""What is tried again, how often, with what told; and what never is."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.retrying import RetryingBackend, pause_unless_canceled
from stagebuild.errors import BuildFailed, EngineUnavailable, RegistryFailed, UnsupportedFeature
from stagebuild.model import Project
from stagebuild.planning.spec import BuildPlan
from stagebuild.progress.events import AttemptFailed, Event
from stagebuild.runevents import Progressed, Retrying, RunEvent
from stagebuild.runner import execute, run
from stagebuild.testing import IMAGE, hit, ran

BUSY = SolveFailed("unexpected status from HEAD request to http://r/v2/: 429 Too Many Requests")
DOWN = SolveFailed("failed to push r/a:b: unexpected status from PUT request: 503 x", exit_code=1)
GONE = SolveFailed("rpc error: code = Unavailable desc = error reading from server: EOF")
AWAY = EngineUnavailable("Cannot connect to the Docker daemon", backend="buildx")
WRONG = SolveFailed("dockerfile parse error on line 2", exit_code=1)
RUN = SolveFailed('process "/bin/sh -c x" did not complete successfully: exit code: 1')


def built(
    backend: Any, spec: Any, cancel: Cancel | None = None
) -> tuple[list[Event], list[float], Exception | None]:
    """Return what was told, how long was waited between attempts, and how it ended."""
    events: list[Event] = []
    waits: list[float] = []
    retrying = RetryingBackend(
        backend, jitter=lambda: 1.0, pause=lambda seconds, _: waits.append(seconds)
    )
    try:
        assert retrying.build(spec, events.append, cancel or Cancel()) is IMAGE
    except (SolveFailed, EngineUnavailable, UnsupportedFeature) as error:
        return events, waits, error
    return events, waits, None


def test_a_build_that_succeeds_is_built_once(failing: Any, spec_of: Any) -> None:
    backend = failing(([], None))
    assert built(backend, spec_of()) == ([], [], None)
    assert len(backend.built) == 1


def test_a_failing_registry_is_tried_again_until_it_answers(failing: Any, spec_of: Any) -> None:
    backend = failing(([], DOWN), ([], DOWN), ([], None))
    _, waits, error = built(backend, spec_of())
    assert error is None
    assert waits == [2.0, 4.0]


def test_the_last_failure_is_raised_when_there_are_no_more_retries(
    failing: Any, spec_of: Any
) -> None:
    backend = failing(([], DOWN))
    _, waits, error = built(backend, spec_of(retries=2))
    assert error is DOWN
    assert len(backend.built) == 3
    assert len(waits) == 2


def test_no_retries_are_none(failing: Any, spec_of: Any) -> None:
    backend = failing(([], DOWN), ([], None))
    assert built(backend, spec_of(retries=0)) == ([], [], DOWN)


@pytest.mark.parametrize("error", [WRONG, RUN, AWAY, SolveFailed("who knows")])
def test_what_can_not_pass_fails_at_the_first_attempt(
    failing: Any, spec_of: Any, error: Exception
) -> None:
    backend = failing(([], error), ([], None))
    assert built(backend, spec_of()) == ([], [], error)


def test_an_engine_that_lost_a_layer_is_made_to_build_it_anew_at_last(
    failing: Any, spec_of: Any
) -> None:
    lost = SolveFailed("failed to commit a to b: snapshot a does not exist: not found")
    backend = failing(([], lost), ([], lost), ([], None))
    assert built(backend, spec_of())[2] is None
    assert [spec.no_cache for spec in backend.built] == [False, False, True]


def test_what_no_engine_can_do_is_not_tried_again(failing: Any, spec_of: Any) -> None:
    error = UnsupportedFeature("x", backend="b", remedy="y")
    assert built(failing(([], error), ([], None)), spec_of())[2] is error


def test_the_failing_vertex_tells_what_the_message_does_not(failing: Any, spec_of: Any) -> None:
    step = ran("[2/2] RUN x", 0.0, 1.0, error="process x did not complete successfully: EOF")
    backend = failing(([step], SolveFailed("failed to solve: EOF", exit_code=1)))
    assert len(built(backend, spec_of())[1]) == 0


def test_a_cache_that_can_not_be_imported_is_not_why_a_build_fails(
    failing: Any, spec_of: Any
) -> None:
    cache = ran("importing cache manifest from r/c", 0.0, 1.0, error="x: connection refused")
    assert built(failing(([cache], WRONG)), spec_of())[1] == []


def test_a_failing_step_is_tried_again_where_its_stage_says_so(failing: Any, spec_of: Any) -> None:
    words = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'
    step = ran("[deps 2/2] RUN x", 0.0, 1.0, error=words)
    backend = failing(([step], RUN), ([], None))
    _, waits, error = built(backend, spec_of(retry_steps=("deps",)))
    assert error is None
    assert waits == [1.0]


def test_a_failing_step_of_another_stage_is_not(failing: Any, spec_of: Any) -> None:
    words = 'process "/bin/sh -c x" did not complete successfully: exit code: 1'
    step = ran("[prod 2/2] RUN x", 0.0, 1.0, error=words)
    assert built(failing(([step], RUN), ([], None)), spec_of(retry_steps=("deps",)))[2] is RUN


def test_an_engine_that_went_away_is_waited_for(failing: Any, spec_of: Any) -> None:
    backend = failing(([], GONE), ([], AWAY), ([], AWAY), ([], None))
    _, waits, error = built(backend, spec_of())
    assert error is None
    assert len(waits) == 3


def test_each_failed_attempt_is_told_with_cause_error_and_wait(failing: Any, spec_of: Any) -> None:
    events, _, _ = built(failing(([], BUSY), ([hit("a")], None)), spec_of())
    told, event = events
    assert isinstance(told, AttemptFailed)
    assert (told.number, told.cause, told.wait_s) == (1, "registry busy", 15.0)
    assert "429" in told.error
    assert event == hit("a")


def test_how_long_the_registry_asks_to_wait_is_obeyed(failing: Any, spec_of: Any) -> None:
    error = SolveFailed("429 Too Many Requests: toomanyrequests: retry-after: 40s")
    assert built(failing(([], error), ([], None)), spec_of())[1] == [41.0]


def test_a_wait_that_the_budget_of_the_build_has_no_room_for_is_not_begun(
    failing: Any, spec_of: Any
) -> None:
    _, waits, error = built(failing(([], DOWN)), spec_of(retries=9, retry_budget_s=7.0))
    assert error is DOWN
    assert waits == [2.0, 4.0]


def test_a_class_of_failure_with_the_limit_zero_is_permanent(failing: Any, spec_of: Any) -> None:
    spec = spec_of(retries=9, retry_limits={"registry-error": 0})
    assert built(failing(([], DOWN), ([], None)), spec) == ([], [], DOWN)


def test_a_failed_push_does_not_run_the_steps_anew(failing: Any, spec_of: Any) -> None:
    push = ran("exporting to image", 0.0, 1.0, error="failed to push r/a: 503 Service Unavailable")
    backend = failing(([push], DOWN), ([], None))
    built(backend, spec_of(no_cache=True, no_cache_filter=("a",)))
    assert [(spec.no_cache, spec.no_cache_filter) for spec in backend.built] == [
        (True, ("a",)),
        (False, ()),
    ]


def test_a_failed_pull_still_builds_without_cache(failing: Any, spec_of: Any) -> None:
    pull = ran("[1/2] FROM r/a", 0.0, 1.0, error="connection reset by peer")
    backend = failing(([pull], SolveFailed("connection reset by peer")), ([], None))
    built(backend, spec_of(no_cache=True))
    assert [spec.no_cache for spec in backend.built] == [True, True]


def test_a_canceled_build_is_not_tried_again(failing: Any, spec_of: Any) -> None:
    cancel = Cancel()
    cancel.cancel("enough")
    assert built(failing(([], DOWN), ([], None)), spec_of(), cancel)[2] is DOWN


def test_a_cancellation_ends_the_wait_for_another_attempt(failing: Any, spec_of: Any) -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.cancel, ["enough"]).start()
    began_s = time.monotonic()
    with pytest.raises(SolveFailed, match="enough") as caught:
        RetryingBackend(failing(([], BUSY))).build(spec_of(), lambda _: None, cancel)
    assert caught.value.canceled
    assert time.monotonic() - began_s < 3


def test_a_wait_ends_by_itself() -> None:
    began_s = time.monotonic()
    pause_unless_canceled(0.02, Cancel())
    assert time.monotonic() - began_s >= 0.02


def test_every_attempt_is_in_the_result(failing: Any, spec_of: Any) -> None:
    step = ran("[prod 1/1] RUN x", 0.0, 1.0)
    backend = RetryingBackend(
        failing(([step], BUSY), ([step], DOWN), ([hit("[prod 1/1] RUN x")], None)),
        pause=lambda *_: None,
        jitter=lambda: 1.0,
    )
    plan = BuildPlan(project=Project(), specs=(spec_of(),))
    told: list[RunEvent] = []
    result = execute(plan, backend=backend, on_event=told.append)["prod"]
    assert [(a.number, a.cause, a.wait_s) for a in result.attempts] == [
        (1, "registry busy", 15.0),
        (2, "registry error", 2.0),
        (3, None, 0.0),
    ]
    assert result.stages[0].cached_steps == 1, "the timeline is that of the last attempt alone"
    assert [event.attempt for event in told if isinstance(event, Retrying)] == [1, 2]
    assert not any(isinstance(e, Progressed) and isinstance(e.event, AttemptFailed) for e in told)


def test_every_attempt_is_in_the_failure(failing: Any, spec_of: Any) -> None:
    backend = RetryingBackend(failing(([], DOWN)), pause=lambda *_: None)
    plan = BuildPlan(project=Project(), specs=(spec_of(retries=2),))
    (error,) = run(plan, backend=backend).errors.values()
    assert isinstance(error, RegistryFailed)
    assert [attempt.cause for attempt in error.attempts] == ["registry error"] * 3
    assert "after 3 attempts" in str(error)


def test_a_failure_at_the_first_attempt_has_one_attempt(failing: Any, spec_of: Any) -> None:
    plan = BuildPlan(project=Project(), specs=(spec_of(),))
    (error,) = run(plan, backend=RetryingBackend(failing(([], WRONG)))).errors.values()
    assert isinstance(error, BuildFailed)
    assert [attempt.cause for attempt in error.attempts] == ["dockerfile"]
    assert "attempts" not in str(error)
