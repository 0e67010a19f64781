"""Who may begin with what: gates beside what requires them, publication after them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.model import Output
from stagebuild.planning.spec import BuildSpec
from stagebuild.scheduling.schedule import Phase, Schedule, State, Task

NOWHERE = (Output(type="cacheonly"),)


def spec(name: str, *requires: str, outputs: tuple[Output, ...] = ()) -> BuildSpec:
    return BuildSpec(
        name=name,
        root=Path("/project"),
        context="/project",
        dockerfile="/project/Dockerfile",
        dockerfile_shown="Dockerfile",
        target=name,
        requires=requires,
        outputs=outputs,
    )


def begun(schedule: Schedule) -> list[Task]:
    """Begin everything that can begin now."""
    tasks = []
    while (task := schedule.next()) is not None:
        tasks.append(task)
    return tasks


def test_a_build_without_gates_is_one_task() -> None:
    assert begun(Schedule([spec("a")])) == [Task("a", Phase.WHOLE)]


def test_a_build_and_its_gates_begin_at_once_and_the_gates_first() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test")])
    assert begun(schedule) == [Task("test", Phase.WHOLE), Task("prod", Phase.PRIVATE)]


def test_what_is_built_is_published_once_its_gates_have_passed() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test")])
    begun(schedule)
    schedule.built("prod")
    assert begun(schedule) == []
    schedule.done("test")
    assert begun(schedule) == [Task("prod", Phase.PUBLICATION)]


def test_gates_that_passed_before_it_is_built_hold_nothing_up() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test")])
    begun(schedule)
    schedule.done("test")
    schedule.built("prod")
    assert begun(schedule) == [Task("prod", Phase.PUBLICATION)]


def test_gates_that_passed_before_it_begins_spare_it_a_solve() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test")])
    assert schedule.next() == Task("test", Phase.WHOLE)
    schedule.done("test")
    assert schedule.next() == Task("prod", Phase.WHOLE)


def test_a_gate_with_gates_passes_after_them() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test", "lint"), spec("lint")])
    begun(schedule)
    schedule.built("test")
    schedule.built("prod")
    assert begun(schedule) == []
    schedule.done("lint")
    assert begun(schedule) == [Task("test", Phase.PUBLICATION)]
    schedule.done("test")
    assert begun(schedule) == [Task("prod", Phase.PUBLICATION)]


def test_a_gate_that_publishes_nothing_is_done_with_its_own_gates() -> None:
    schedule = Schedule(
        [spec("prod", "test"), spec("test", "lint", outputs=NOWHERE), spec("lint", outputs=NOWHERE)]
    )
    begun(schedule)
    schedule.built("prod")
    assert schedule.built("test") == ()
    assert schedule.done("lint") == ("test",)
    assert begun(schedule) == [Task("prod", Phase.PUBLICATION)]


def test_a_lost_gate_stops_what_requires_it_through_others_too() -> None:
    schedule = Schedule([spec("prod", "test"), spec("test", "lint"), spec("lint"), spec("dev")])
    begun(schedule)
    schedule.lost("lint")
    assert set(schedule.stopped_by("lint")) == {"test", "prod"}


def test_all_or_nothing_publishes_after_the_last_one_is_built() -> None:
    schedule = Schedule([spec("a"), spec("b")], all_or_nothing=True)
    assert begun(schedule) == [Task("a", Phase.PRIVATE), Task("b", Phase.PRIVATE)]
    schedule.built("a")
    assert begun(schedule) == []
    schedule.built("b")
    assert {task.name for task in begun(schedule)} == {"a", "b"}


def test_all_or_nothing_of_one_build_is_one_task() -> None:
    assert begun(Schedule([spec("a")], all_or_nothing=True)) == [Task("a", Phase.WHOLE)]


@st.composite
def plans(draw: st.DrawFn) -> list[BuildSpec]:
    """Give builds of which each may require those after it."""
    count = draw(st.integers(1, 8))
    specs = []
    for number in range(count):
        later = [f"b{other}" for other in range(number + 1, count)]
        gates = draw(st.lists(st.sampled_from(later), unique=True)) if later else []
        outputs = NOWHERE if draw(st.booleans()) else ()
        specs.append(spec(f"b{number}", *gates, outputs=outputs))
    return draw(st.permutations(specs))


@given(plans(), st.booleans(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_in_any_order_of_events_everything_ends_and_nothing_is_published_too_early(
    specs: list[BuildSpec], all_or_nothing: bool, at_once: int, random: object
) -> None:
    schedule = Schedule(specs, all_or_nothing=all_or_nothing)
    by_name = {spec.name: spec for spec in specs}
    running: list[Task] = []
    built: set[str] = set()
    published: set[str] = set()
    while not schedule.finished:
        while len(running) < at_once and (task := schedule.next()) is not None:
            running.append(task)
            if task.phase is not Phase.PRIVATE:
                assert all(schedule.state(g) is State.DONE for g in by_name[task.name].requires)
                assert not all_or_nothing or len(specs) == 1 or built == set(by_name)
        assert running, "nothing runs, and something has not ended"
        task = running.pop(random.randrange(len(running)))  # type: ignore[attr-defined]
        if task.phase is Phase.PRIVATE:
            built.add(task.name)
            schedule.built(task.name)
        else:
            published.add(task.name)
            schedule.done(task.name)
    assert all(schedule.state(name) is State.DONE for name in by_name)
