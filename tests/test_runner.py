"""``execute`` and ``run``: who builds when, what is told, and what comes back when one fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.errors import BuildCanceled, BuildFailed, ConfigError, RegistryFailed
from stagebuild.model import Project
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.runevents import BuildEnded, BuildStarted, Progressed, RunEnded, RunEvent
from stagebuild.runner import execute, run
from stagebuild.testing import Script, ScriptedBackend, hit, ran


def spec(name: str, **changes: object) -> BuildSpec:
    fields: dict[str, object] = {
        "name": name,
        "root": Path("/project"),
        "context": "/project",
        "dockerfile": "/project/Dockerfile",
        "dockerfile_shown": "Dockerfile",
        "target": name,
    }
    return BuildSpec(**(fields | changes))  # type: ignore[arg-type]  # fields of the spec


def plan(*specs: BuildSpec) -> BuildPlan:
    return BuildPlan(project=Project(), specs=specs)


FAILS = SolveFailed("process did not complete successfully: exit code: 2", exit_code=1)


def test_results_come_by_name_in_the_order_asked_for() -> None:
    results = execute(plan(spec("b"), spec("a")), backend=ScriptedBackend())
    assert list(results) == ["b", "a"]


def test_a_result_has_the_timings_of_its_own_build_alone() -> None:
    backend = ScriptedBackend(
        scripts={
            "a": Script(events=[ran("[a 1/1] RUN one", 0.0, 2.0)]),
            "b": Script(events=[ran("[b 1/1] RUN two", 0.0, 5.0)]),
        }
    )
    results = execute(plan(spec("a"), spec("b")), backend=backend)
    assert [stage.busy_s for stage in results["a"].stages] == [2.0]
    assert [stage.busy_s for stage in results["b"].stages] == [5.0]


def test_the_share_of_cached_steps_is_that_of_all_stages() -> None:
    events = [hit("[a 1/2] RUN one"), ran("[a 2/2] RUN two", 0.0, 1.0)]
    results = execute(
        plan(spec("a")), backend=ScriptedBackend(scripts={"a": Script(events=events)})
    )
    assert results["a"].cached == 0.5


def test_events_tell_the_story_of_a_run_from_start_to_end() -> None:
    told: list[RunEvent] = []
    backend = ScriptedBackend(scripts={"a": Script(events=[ran("[a 1/1] RUN one", 0.0, 1.0)])})
    execute(plan(spec("a")), backend=backend, on_event=told.append)
    assert [type(event) for event in told] == [BuildStarted, Progressed, BuildEnded, RunEnded]


def test_a_failing_step_is_named_with_its_stage_and_log() -> None:
    script = Script(events=[ran("[a 1/1] RUN make", 0.0, 1.0, error="exit code: 2")], error=FAILS)
    with pytest.raises(BuildFailed) as caught:
        execute(plan(spec("a")), backend=ScriptedBackend(scripts={"a": script}))
    assert (caught.value.build, caught.value.stage, caught.value.step) == ("a", "a", "RUN make")


def test_a_failed_build_keeps_its_partial_timeline() -> None:
    script = Script(
        events=[ran("[a 1/2] RUN one", 0.0, 3.0), ran("[a 2/2] RUN two", 3.0, 4.0, error="no")],
        error=FAILS,
    )
    with pytest.raises(BuildFailed) as caught:
        execute(plan(spec("a")), backend=ScriptedBackend(scripts={"a": script}))
    assert caught.value.timeline is not None
    assert caught.value.timeline.stages[0].busy_s == 4.0


def test_a_failure_cancels_the_siblings_and_is_reported_first() -> None:
    scripts = {"slow": Script(until=threading.Event()), "bad": Script(error=FAILS)}
    outcome = run(plan(spec("slow"), spec("bad")), backend=ScriptedBackend(scripts=scripts), jobs=2)
    assert [type(error) for error in outcome.errors.values()] == [BuildFailed, BuildCanceled]


def test_keep_going_finishes_the_others() -> None:
    scripts = {"bad": Script(error=FAILS)}
    outcome = run(
        plan(spec("bad"), spec("good")),
        backend=ScriptedBackend(scripts=scripts),
        keep_going=True,
        jobs=1,
    )
    assert list(outcome.results) == ["good"]
    assert list(outcome.errors) == ["bad"]


def test_a_build_that_never_began_is_reported_as_canceled() -> None:
    scripts = {"bad": Script(error=FAILS)}
    backend = ScriptedBackend(scripts=scripts)
    outcome = run(plan(spec("bad"), spec("next")), backend=backend, jobs=1)
    assert isinstance(outcome.errors["next"], BuildCanceled)
    assert [built.name for built in backend.built] == ["bad"]


def test_cancel_from_another_thread_ends_the_run() -> None:
    cancel = Cancel()
    backend = ScriptedBackend(scripts={"a": Script(until=threading.Event())})
    threading.Timer(0.05, cancel.cancel).start()
    with pytest.raises(BuildCanceled):
        execute(plan(spec("a")), backend=backend, cancel=cancel)


def test_a_failure_leaves_the_callers_cancel_untouched() -> None:
    cancel = Cancel()
    run(plan(spec("a")), backend=ScriptedBackend(scripts={"a": Script(error=FAILS)}), cancel=cancel)
    assert not cancel.requested


def test_no_more_than_jobs_builds_run_at_once() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def watch(event: RunEvent) -> None:
        nonlocal running, most
        with lock:
            running += isinstance(event, BuildStarted) - isinstance(event, BuildEnded)
            most = max(most, running)

    names = [f"e{number}" for number in range(12)]
    execute(plan(*map(spec, names)), backend=ScriptedBackend(), jobs=3, on_event=watch)
    assert most <= 3


def test_a_mistake_of_the_watcher_is_not_swallowed() -> None:
    def watch(_event: RunEvent) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        execute(plan(spec("a"), spec("b")), backend=ScriptedBackend(), on_event=watch)


def test_push_can_be_decided_late_and_names_the_repository() -> None:
    backend = ScriptedBackend()
    results = execute(plan(spec("a", repository="host/shop")), backend=backend, push=True)
    assert backend.built[0].tags == ("host/shop:a",)
    assert results["a"].reference == f"host/shop@{results['a'].digest}"


def test_a_push_without_a_place_to_go_is_refused_before_anything_is_built() -> None:
    backend = ScriptedBackend()
    with pytest.raises(ConfigError, match="nowhere to push"):
        execute(plan(spec("a")), backend=backend, push=True)
    assert backend.built == []


def test_an_unpushed_image_has_no_reference_to_deploy() -> None:
    results = execute(plan(spec("a", tags=("host/shop:1",))), backend=ScriptedBackend())
    assert results["a"].reference is None
    assert results["a"].runnable == results["a"].digest


def test_the_image_is_looked_at_once_and_only_when_asked() -> None:
    looked: list[str] = []

    class Looking(ScriptedBackend):
        def image_facts(self, spec: BuildSpec, _response: object) -> None:
            looked.append(spec.name)

    results = execute(plan(spec("a")), backend=Looking())
    assert looked == []
    assert (results["a"].sizes, dict(results["a"].platform_digests)) == (None, {})
    assert looked == ["a"]


def test_a_refusing_registry_is_told_apart_from_a_failing_step() -> None:
    text = "failed to push localhost:5000/shop:1: unexpected status from PUT request: 500"
    script = Script(error=SolveFailed(text, exit_code=1))
    with pytest.raises(RegistryFailed) as caught:
        execute(plan(spec("a")), backend=ScriptedBackend(scripts={"a": script}))
    assert caught.value.reference == "localhost:5000/shop:1"


def test_of_steps_that_failed_at_once_the_error_is_about_the_one_that_the_engine_blames() -> None:
    one = ran("[one 2/2] RUN a", 0.0, 1.0, error="exit code: 1")
    two = ran("[two 2/2] RUN b", 0.0, 1.0, error="the engine's words")
    error = SolveFailed("failed to solve: b", vertex=two.digest, line=7, process_exit_code=3)
    script = Script(events=[one, two], error=error)

    with pytest.raises(BuildFailed) as caught:
        execute(plan(spec("a")), backend=ScriptedBackend(scripts={"a": script}))

    failed = caught.value
    assert (failed.stage, failed.step) == ("two", "RUN b")
    assert (failed.path, failed.line, failed.exit_code) == ("Dockerfile", 7, 3)


def test_a_line_is_told_where_no_step_has_failed() -> None:
    script = Script(error=SolveFailed("dockerfile parse error on line 2: FORM", line=2))

    with pytest.raises(BuildFailed) as caught:
        execute(plan(spec("a")), backend=ScriptedBackend(scripts={"a": script}))

    assert (caught.value.path, caught.value.line, caught.value.stage) == ("Dockerfile", 2, None)
