"""What a step that copies from a stage that runs is expected to do, from what it did so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast import Cause, State
from stagebuild.report.forecasttree import forecast_tree
from stagebuild.report.look import Look

if TYPE_CHECKING:
    from tests.forecast.conftest import Shop

RUN, MAYBE = State.RUN, State.MAYBE
SAME = ("base 2", "prod 1", "prod 2")
OTHER = ("base 2",)


def edited(shop: Shop, *texts: str, cached: tuple[str, ...] = OTHER) -> None:
    """Change the source and build, once for each text."""
    for text in texts:
        shop.write("src/a.c", text)
        shop.build(cached=cached)


def copies(shop: Shop) -> tuple[State, State]:
    """Return what is expected of the copy from the other stage, and of what stands on it."""
    states = shop.states()
    return states["prod 1"], states["prod 2"]


def test_what_was_something_else_each_time_is_expected_to_run(shop: Shop) -> None:
    edited(shop, "int b;", "int c;")
    shop.write("src/a.c", "int d;")
    assert copies(shop) == (RUN, RUN)


def test_it_says_how_often(shop: Shop) -> None:
    edited(shop, "int b;", "int c;", "int d;")
    shop.write("src/a.c", "int e;")
    found = shop.forecast()
    (reason,) = [r for s in found.steps for r in s.reasons if r.cause is Cause.EXPERIENCE]
    assert reason.name == "3"
    assert "follows from build 1, as 3 of 3 times" in forecast_tree(found, look=Look(width=120))


def test_once_is_enough_for_the_same_in_detail(shop: Shop) -> None:
    edited(shop, "int b;")
    shop.write("src/a.c", "int c;")
    assert copies(shop) == (RUN, RUN)


def test_once_is_not_enough_for_the_same_kind(shop: Shop) -> None:
    edited(shop, "int b;")
    shop.write("src/b.c", "int b;")
    assert copies(shop) == (MAYBE, MAYBE)


def test_twice_is_enough_for_the_same_kind(shop: Shop) -> None:
    edited(shop, "int b;", "int c;")
    shop.write("src/b.c", "int b;")
    assert copies(shop) == (RUN, RUN)


def test_where_it_was_the_same_once_it_only_may_run(shop: Shop) -> None:
    edited(shop, "int b;", "int c;", "int d;")
    edited(shop, "int d; /* why */", cached=SAME)
    shop.write("src/a.c", "int e;")
    assert copies(shop) == (MAYBE, MAYBE)


def test_that_it_was_the_same_each_time_promises_nothing(shop: Shop) -> None:
    edited(shop, "int a; // 1", "int a; // 2", "int a; // 3", cached=SAME)
    shop.write("src/a.c", "int a; // 4")
    assert copies(shop) == (MAYBE, MAYBE)


def test_another_kind_of_change_is_no_experience(shop: Shop) -> None:
    edited(shop, "int b;", "int c;", "int d;")
    (shop.root / "src/a.c").chmod(0o755)
    assert copies(shop) == (MAYBE, MAYBE)


def test_a_change_of_another_step_is_no_experience(shop: Shop) -> None:
    edited(shop, "int b;", "int c;", "int d;")
    shop.dockerfile("RUN make", "RUN make all")
    assert copies(shop) == (MAYBE, MAYBE)


def test_where_changes_differ_what_became_of_the_files_counts(shop: Shop) -> None:
    edited(shop, "int a; // same", cached=SAME)
    for name in ("b", "c"):
        shop.write(f"src/{name}.c", "int x;")
        shop.build(cached=OTHER)
    shop.write("src/d.c", "int x;")
    assert copies(shop) == (RUN, RUN)
    shop.build(cached=OTHER)
    shop.write("src/a.c", "int a; // again")
    assert copies(shop) == (MAYBE, MAYBE)


def test_a_stage_that_came_from_the_cache_is_no_experience(shop: Shop) -> None:
    for text in ("int b;", "int c;", "int d;"):
        edited(shop, text, cached=("base 2", "build 1", "build 2"))
    shop.write("src/a.c", "int e;")
    assert copies(shop) == (MAYBE, MAYBE)


def test_another_builder_is_no_experience(shop: Shop) -> None:
    edited(shop, "int b;", "int c;", "int d;")
    shop.environ["DOCKER_HOST"] = "unix:///two.sock"
    shop.build(cached=OTHER)
    shop.write("src/a.c", "int e;")
    assert copies(shop) == (MAYBE, MAYBE)


def test_a_new_combination_of_what_is_cached_names_what_changed(shop: Shop) -> None:
    shop.write("src/a.c", "int b;")
    shop.dockerfile("FROM base AS prod", "FROM base AS prod\nRUN prepare")
    shop.build()
    shop.write("src/a.c", "int a;")
    (root,) = shop.forecast().roots
    assert root.place == "prod 2"
    assert [(r.cause, r.name) for r in root.reasons] == [(Cause.FILE, "src/a.c"), (Cause.ORDER, "")]
