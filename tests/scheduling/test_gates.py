"""Gates in a run: what is told, what a failure stops, and what comes back."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.failureclasses import FailureClass
from stagebuild.errors import BuildCanceled, BuildFailed, GateFailed
from stagebuild.model import Output, Project
from stagebuild.planning.spec import BuildPlan, BuildSpec
from stagebuild.progress.events import AttemptFailed
from stagebuild.runevents import BuildEnded, BuildStarted, GatesAwaited, Progressed
from stagebuild.runner import execute, run
from stagebuild.testing import Script, ScriptedBackend, hit, ran

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.backends.base import Cancel, Emit, SolveResponse
    from stagebuild.runevents import RunEvent

FAILS = SolveFailed("process did not complete successfully: exit code: 2", exit_code=1)
BROKEN = Script(events=[ran("[test 2/2] RUN pytest", 0.0, 1.0, error="exit code: 2")], error=FAILS)


def spec(name: str, *requires: str, **changes: object) -> BuildSpec:
    fields: dict[str, object] = {
        "name": name,
        "root": Path("/project"),
        "context": "/project",
        "dockerfile": "/project/Dockerfile",
        "dockerfile_shown": "Dockerfile",
        "target": name,
        "requires": requires,
        "tags": (f"host/{name}:1",),
    }
    return BuildSpec(**(fields | changes))  # type: ignore[arg-type]  # fields of the spec


def plan(*specs: BuildSpec, gates: tuple[str, ...] = ()) -> BuildPlan:
    return BuildPlan(project=Project(), specs=specs, gates=frozenset(gates))


PROD = plan(spec("prod", "test", push=True), spec("test"), gates=("test",))


class Steps(ScriptedBackend):
    """A backend whose builds end when the test says so: ``let[name]`` lets the next solve end."""

    def __init__(self, *names: str, scripts: dict[str, Script] | None = None) -> None:
        super().__init__(scripts=scripts or {})
        self.let = {name: threading.Semaphore(0) for name in names}
        self.began = {name: threading.Event() for name in names}

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        if spec.name in self.let:
            self.began[spec.name].set()
            release = self.let[spec.name]
            withdraw = cancel.on_cancel(release.release)
            release.acquire()
            withdraw()
            if cancel.requested:
                raise SolveFailed(cancel.reason or "", canceled=True)
        return super().build(spec, emit, cancel)


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    came: list[object] = []
    thread = threading.Thread(target=lambda: came.append(work()))
    thread.start()
    return thread, came


def test_nothing_leaves_the_engine_before_the_gates_have_passed() -> None:
    backend = Steps("test")
    thread, _ = in_thread(lambda: run(PROD, backend=backend))
    backend.began["test"].wait(5)
    while not backend.built:
        pass
    first = backend.built[0]
    assert (first.name, first.tags, first.push, first.load) == ("prod", (), False, False)
    assert first.outputs == (Output(type="cacheonly"),)
    backend.let["test"].release()
    thread.join(5)
    assert [(built.name, built.push) for built in backend.built[1:]] == [
        ("test", False),
        ("prod", True),
    ]


def test_the_private_solve_exports_no_cache_and_publishing_runs_nothing_anew() -> None:
    backend = ScriptedBackend()
    gated = spec("prod", "test", no_cache=True, pull=True, no_cache_filter=("a",))
    run(plan(spec("test"), gated), backend=backend, all_or_nothing=True)
    private, published = [built for built in backend.built if built.name == "prod"]
    assert (private.no_cache, private.pull, private.cache_to) == (True, True, ())
    assert (published.no_cache, published.no_cache_filter, published.pull) == (False, (), False)


def test_a_failing_gate_is_a_gate_failed_with_the_place_and_log_of_its_failure() -> None:
    backend = ScriptedBackend(scripts={"test": BROKEN})
    with pytest.raises(GateFailed) as caught:
        execute(PROD, backend=backend)
    error = caught.value
    assert (error.build, error.gate, error.stage, error.step) == (
        "prod",
        "test",
        "test",
        "RUN pytest",
    )
    assert isinstance(error.__cause__, BuildFailed)


def test_a_failing_gate_keeps_what_requires_it_from_being_published() -> None:
    backend = ScriptedBackend(scripts={"test": BROKEN})
    outcome = run(PROD, backend=backend)
    assert [type(error) for error in outcome.errors.values()] == [BuildFailed, GateFailed]
    assert not any(built.push for built in backend.built)


def test_a_gate_of_a_gate_is_named_as_what_failed() -> None:
    chain = plan(spec("prod", "test"), spec("test", "lint"), spec("lint"))
    outcome = run(chain, backend=ScriptedBackend(scripts={"lint": BROKEN}))
    assert {name: getattr(e, "gate", None) for name, e in outcome.errors.items()} == {
        "lint": None,
        "test": "lint",
        "prod": "lint",
    }


def test_a_canceled_gate_fails_nothing() -> None:
    backend = Steps("test", "other")
    wanted = plan(spec("prod", "test"), spec("test"), spec("other"))
    thread, came = in_thread(lambda: run(wanted, backend=backend, jobs=3))
    backend.began["other"].wait(5)
    backend.scripts = {"other": Script(error=FAILS)}
    backend.let["other"].release()
    thread.join(5)
    errors = came[0].errors  # type: ignore[attr-defined]
    assert {name: type(error) for name, error in errors.items()} == {
        "other": BuildFailed,
        "prod": BuildCanceled,
        "test": BuildCanceled,
    }


def test_keep_going_finishes_what_does_not_require_the_failed_one() -> None:
    wanted = plan(spec("prod", "test"), spec("test"), spec("dev"))
    backend = ScriptedBackend(scripts={"test": BROKEN})
    outcome = run(wanted, backend=backend, keep_going=True, jobs=1)
    assert list(outcome.results) == ["dev"]
    assert list(outcome.errors) == ["test", "prod"]


def test_the_reports_that_a_failed_gate_requires_are_finished() -> None:
    report = spec("report", tags=(), outputs=(Output(type="local", dest="/project/reports"),))
    wanted = plan(spec("prod", "test"), spec("test", "report"), report, spec("dev"))
    backend = Steps("report", "dev", scripts={"test": BROKEN})
    thread, came = in_thread(lambda: run(wanted, backend=backend, jobs=4))
    backend.began["report"].wait(5)
    while not any(built.name == "test" for built in backend.built):
        pass
    backend.let["report"].release()
    thread.join(5)
    outcome = came[0]
    assert list(outcome.results) == ["report"]  # type: ignore[attr-defined]
    assert set(outcome.errors) == {"test", "prod", "dev"}  # type: ignore[attr-defined]


def test_all_or_nothing_publishes_nothing_when_one_fails() -> None:
    for keep_going in (False, True):
        backend = ScriptedBackend(scripts={"b": BROKEN})
        outcome = run(
            plan(spec("a", push=True), spec("b", push=True)),
            backend=backend,
            all_or_nothing=True,
            keep_going=keep_going,
        )
        assert not outcome.results
        assert [type(error) for error in outcome.errors.values()] == [BuildFailed, BuildCanceled]
        assert not any(built.push for built in backend.built)


def test_one_job_is_enough_for_any_chain_of_gates() -> None:
    wanted = plan(spec("prod", "test"), spec("test", "lint"), spec("lint"))
    assert len(execute(wanted, backend=ScriptedBackend(), jobs=1)) == 3


def test_a_build_that_waits_says_for_what_and_takes_nobodys_place() -> None:
    told: list[RunEvent] = []
    backend = Steps("test", "other")
    wanted = plan(spec("prod", "test"), spec("test"), spec("other"))
    thread, _ = in_thread(lambda: run(wanted, backend=backend, jobs=2, on_event=told.append))
    backend.began["other"].wait(5)
    backend.let["test"].release()
    backend.let["other"].release()
    thread.join(5)
    (waits,) = [event for event in told if isinstance(event, GatesAwaited)]
    assert (waits.build, waits.gates) == ("prod", ("test",))


def test_a_build_in_two_solves_is_told_as_one() -> None:
    told: list[RunEvent] = []
    events = [hit("[internal] load build definition"), ran("[prod 1/1] RUN make", 1.0, 3.0)]

    class Pushing(Steps):
        def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
            if spec.push:
                emit(hit("[prod 1/1] RUN make", at_s=9.0, inputs=("x",)))
                emit(ran("exporting to image", 9.0, 9.5))
                return ScriptedBackend.build(ScriptedBackend(), spec, emit, cancel)
            return super().build(spec, emit, cancel)

    backend = Pushing("test", scripts={"prod": Script(events=events)})
    thread, came = in_thread(lambda: run(PROD, backend=backend, on_event=told.append))
    while not backend.built:
        pass
    threading.Timer(0.2, backend.let["test"].release).start()
    thread.join(5)
    of_prod = [e for e in told if getattr(e, "build", "") == "prod"]
    kinds = [type(event) for event in of_prod if not isinstance(event, Progressed)]
    assert kinds == [BuildStarted, GatesAwaited, BuildEnded]
    timeline = came[0].results["prod"].timeline  # type: ignore[attr-defined]
    assert [stage.busy_s for stage in timeline.stages] == [2.0]
    assert [row.kind for row in timeline.overheads] == ["definition", "gates", "export"]
    assert timeline.wall_s >= 0.2


def test_a_step_that_runs_again_when_publishing_stops_the_publication() -> None:
    class Edited(ScriptedBackend):
        def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
            if spec.push:
                emit(ran("[prod 2/2] COPY src src", 5.0, 6.0, inputs=("x",)))
                assert cancel.requested
            return super().build(spec, emit, cancel)

    outcome = run(PROD, backend=Edited(), all_or_nothing=True)
    assert "[prod 2/2] COPY src src ran again" in outcome.errors["prod"].message
    assert type(outcome.errors["prod"]) is BuildFailed


def test_a_push_that_is_tried_again_keeps_what_was_built_and_waited_for() -> None:
    events = [hit("[internal] load build definition"), ran("[prod 1/1] RUN make", 1.0, 3.0)]
    refused = AttemptFailed(
        number=1, cause=FailureClass.REGISTRY_ERROR, error="503", wall_s=0.1, wait_s=0.0
    )

    class Hiccup(ScriptedBackend):
        def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
            if spec.push:
                emit(ran("exporting to image", 9.0, 9.1, error="503"))
                emit(refused)
                emit(ran("exporting to image", 9.2, 9.5))
            elif spec.name == "prod":
                for event in events:
                    emit(event)
            return super().build(spec, emit, cancel)

    result = execute(PROD, backend=Hiccup(), all_or_nothing=True)["prod"]
    assert [stage.busy_s for stage in result.stages] == [2.0]
    assert [attempt.number for attempt in result.attempts] == [1, 2]
    assert result.timeline.failure is None
