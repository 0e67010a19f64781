from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.planning.conftest import World


def test_tables_merge_by_key_and_anything_else_is_replaced(world: World) -> None:
    plan = world.plan(
        """
        [environments.a]
        build-args = { X = "a", Y = "a" }
        tags = ["a:1", "a:2"]
        no-cache = true
        [environments.b]
        build-args = { Y = "b", Z = "b" }
        tags = ["b"]
        [environments.prod]
        inherits = ["a", "b"]
        build-args = { Z = "prod" }
        no-cache = false
        """,
        "prod",
    )
    spec = plan["prod"]
    assert spec.build_args == {"X": "a", "Y": "b", "Z": "prod"}
    assert (spec.tags, spec.no_cache) == (("b:latest",), False)


def test_an_empty_list_replaces_what_is_inherited(world: World) -> None:
    config = "[environments.a]\ntags = ['x']\n[environments.prod]\ninherits = 'a'\ntags = []\n"
    assert world.plan(config, "prod")["prod"].tags == ()


def test_an_ancestor_reached_twice_counts_once_where_it_is_first_reached(world: World) -> None:
    config = """
        [environments.root]
        labels.x = "root"
        [environments.left]
        inherits = "root"
        labels.x = "left"
        [environments.right]
        inherits = "root"
        [environments.prod]
        inherits = ["left", "right"]
        """
    assert world.plan(config, "prod")["prod"].labels == {"x": "left"}


def test_the_target_is_inherited(world: World) -> None:
    config = "[environments.prod]\ntarget = 'test'\n[environments.live]\ninherits = ['prod']\n"
    assert world.plan(config, "live")["live"].target == "test"


def test_a_chain_of_a_thousand_is_no_problem(world: World) -> None:
    links = "".join(f"[environments.e{n}]\ninherits = 'e{n + 1}'\n" for n in range(1000))
    config = links + "[environments.e1000]\ntarget = 'dev'\n"
    assert world.plan(config, "e0")["e0"].target == "dev"


@pytest.mark.parametrize(
    ("config", "line", "key", "message"),
    [
        (
            "[environments.base]\n[environments.prod]\ninherits = ['base', 'bsae']",
            3,
            "environments.prod.inherits[1]",
            'no environment "bsae"; did you mean "base"?',
        ),
        (
            (
                "[environments.a]\ninherits = 'b'\n[environments.b]\ninherits = 'a'\n"
                "[environments.prod]"
            ),
            4,
            "environments.b.inherits[0]",
            "it inherits itself: a -> b -> a",
        ),
        (
            "[environments.prod]\ninherits = 'prod'",
            2,
            "environments.prod.inherits[0]",
            "it inherits itself: prod -> prod",
        ),
    ],
)
def test_unknown_parents_and_circles_are_errors_with_line(
    world: World, config: str, line: int, key: str, message: str
) -> None:
    error = world.refusal(config, "prod")
    assert (error.path, error.line) == ("stagebuild.toml", line)
    assert error.key == key or error.key == key.removesuffix("[0]")
    assert message in error.message


def test_an_error_points_at_the_environment_that_wrote_the_value(world: World) -> None:
    config = """\
[environments.base]
labels = { a = "x", b = "${NOPE}" }
tags = ["ok", "No"]
[environments.prod]
inherits = ["base"]
labels = { a = "y" }
"""
    assert world.refusal(config, "prod").key == "environments.base.labels.b"
    error = world.refusal(config.replace("${NOPE}", ""), "prod")
    assert (error.line, error.key) == (3, "environments.base.tags[1]")


def test_an_error_points_at_the_last_environment_that_wrote_the_value(world: World) -> None:
    config = """\
[environments.base]
tags = ["a", "b"]
labels = { a = "x" }
[environments.prod]
inherits = ["base"]
tags = ["a", "No"]
labels = { a = "${NOPE}" }
"""
    assert world.refusal(config, "prod").key == "environments.prod.labels.a"
    assert world.refusal(config.replace("${NOPE}", ""), "prod").line == 6
