"""What runs, what is cached, what nobody can know, and what makes it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.forecast import Cause, State

if TYPE_CHECKING:
    from tests.forecast.conftest import Shop

CACHED, RUN, MAYBE = State.CACHED, State.RUN, State.MAYBE


def states(shop: Shop) -> list[State]:
    """Return the states of base 1, base 2, build 1, build 2, prod 1, prod 2."""
    return list(shop.states().values())


def test_what_was_built_is_cached(shop: Shop) -> None:
    assert shop.forecast().is_cached


def test_a_changed_file_runs_its_step_and_those_on_top(shop: Shop) -> None:
    shop.write("src/a.c", "int other;")
    assert states(shop) == [CACHED, CACHED, RUN, RUN, MAYBE, MAYBE]


def test_the_root_says_which_file_and_the_others_follow(shop: Shop) -> None:
    shop.write("src/b.c", "int b;")
    found = shop.forecast()
    (root,) = found.roots
    assert root.place == "build 1"
    assert [(r.cause, r.name, r.change) for r in root.reasons] == [(Cause.FILE, "src/b.c", "added")]
    assert {step.follows for step in found.steps if step.state is not CACHED and step != root} == {
        "build 1"
    }


def test_going_back_to_what_was_built_before_is_cached(shop: Shop) -> None:
    shop.write("src/a.c", "int other;")
    shop.build()
    shop.write("src/a.c", "int a;")
    assert shop.forecast().is_cached


def test_a_mode_is_told_as_one(shop: Shop) -> None:
    (shop.root / "src/a.c").chmod(0o755)
    (root,) = shop.forecast().roots
    assert [(r.name, r.change) for r in root.reasons] == [("src/a.c", "mode")]


def test_a_build_arg_is_told_with_both_values(shop: Shop) -> None:
    shop.environment["build_args"] = {"LEVEL": "debug"}
    (root,) = shop.forecast().roots
    (reason,) = root.reasons
    assert (root.place, reason.cause, reason.name) == ("build 2", Cause.BUILD_ARG, "LEVEL")
    assert (reason.before, reason.after) == ("info", "debug")


def test_the_value_of_a_secret_is_not_told(shop: Shop) -> None:
    shop.dockerfile("ARG LEVEL=info", "ARG API_TOKEN=first-value")
    shop.build()
    shop.environment["build_args"] = {"API_TOKEN": "second-value"}
    (reason,) = shop.forecast().roots[0].reasons
    assert (reason.name, reason.before, reason.after) == ("API_TOKEN", "***", "***")
    assert "-value" not in "".join(shop.history.export())


def test_an_instruction_is_told_as_it_was(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN make all")
    (root,) = shop.forecast().roots
    assert [(r.cause, r.before) for r in root.reasons] == [(Cause.INSTRUCTION, "RUN make")]


def test_a_step_in_between_is_new_and_the_others_are_not(shop: Shop) -> None:
    shop.dockerfile("RUN make", "RUN configure\nRUN make")
    found = shop.forecast()
    (root,) = found.roots
    assert (root.place, root.reasons[0].cause) == ("build 2", Cause.NEW_STEP)
    assert [step.follows for step in found.steps if step.place == "build 3"] == ["build 2"]


def test_a_moved_base_image_is_told_with_both_digests(shop: Shop) -> None:
    before = shop.digest
    shop.digest = f"sha256:{'2' * 64}"
    found = shop.forecast()
    (root,) = found.roots
    (reason,) = root.reasons
    assert (root.place, reason.cause) == ("base 1", Cause.IMAGE)
    assert (reason.before, reason.after) == (before, shop.digest)
    assert found.count(RUN) == 6


def test_no_cache_runs_everything_it_names(shop: Shop) -> None:
    shop.environment["no_cache_filter"] = ("build",)
    assert states(shop) == [CACHED, CACHED, RUN, RUN, MAYBE, MAYBE]


def test_another_builder_has_nothing(shop: Shop) -> None:
    shop.environ["DOCKER_HOST"] = "unix:///two.sock"
    assert set(states(shop)) == {RUN}


def test_a_url_may_have_another_content(shop: Shop) -> None:
    shop.dockerfile("RUN make", "ADD https://example.org/x /x")
    shop.build()
    assert states(shop) == [CACHED, CACHED, CACHED, MAYBE, MAYBE, MAYBE]


def test_a_failed_build_caches_what_it_finished_and_no_more(shop: Shop) -> None:
    shop.write("src/a.c", "int broken;")
    shop.build(fails_at="build 2")
    assert shop.states()["build 1"] is CACHED
    assert shop.states()["build 2"] is RUN


@pytest.mark.parametrize("old", ["README.md", "src/a.c"])
def test_touching_a_file_changes_nothing(shop: Shop, old: str) -> None:
    if not (shop.root / old).exists():
        shop.write(old, "x")
    (shop.root / old).touch()
    assert shop.forecast().is_cached


def test_a_stage_that_nothing_needs_changes_nothing(shop: Shop) -> None:
    shop.dockerfile("FROM base AS prod", "FROM busybox AS nobody\nRUN x\nFROM base AS prod")
    assert shop.forecast().is_cached
