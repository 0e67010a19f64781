"""Groups: names that stand for other environments, in what is asked for and in gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError
from stagebuild.planning import Overrides, buildable_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.planning.conftest import World

GROUPS = """\
[environments.dev]
[environments.test]
matrix = { python = ["3.11", "3.12"] }
[environments.prod]
requires = ["ci"]
[environments.ci]
description = "What CI builds"
group = ["test", "dev"]
[environments.everything]
group = ["prod", "ci"]
"""
TESTS = ["test[python=3.11]", "test[python=3.12]"]


def names(world: World, text: str, *asked: str) -> list[str]:
    return [spec.name for spec in world.plan(text, *asked).specs]


@pytest.mark.parametrize(
    ("asked", "built"),
    [
        (["ci"], [*TESTS, "dev"]),
        (["everything"], ["prod", *TESTS, "dev"]),
        (["dev", "ci"], ["dev", *TESTS]),
    ],
    ids=",".join,
)
def test_a_group_stands_for_its_members_in_order(
    world: World, asked: Sequence[str], built: Sequence[str]
) -> None:
    assert names(world, GROUPS, *asked) == built


def test_a_group_as_a_gate_is_all_of_its_members(world: World) -> None:
    assert world.plan(GROUPS, "prod").specs[0].requires == (*TESTS, "dev")


def test_members_that_are_named_by_their_group_are_no_gates(world: World) -> None:
    assert world.plan(GROUPS, "everything").gates == frozenset()


def test_a_group_is_not_buildable_itself(world: World) -> None:
    project = world.project(GROUPS)
    assert buildable_names(project, surroundings=world.surroundings()) == ("dev", "test", "prod")


def test_a_group_of_an_image_is_what_the_image_has(world: World) -> None:
    world.files = {
        "/shop/api/Dockerfile": "FROM a AS prod\nFROM a AS dev\n",
        "/shop/web/Dockerfile": "FROM a AS prod\n",
    }
    text = """\
    [environments.prod]
    [environments.dev]
    [environments.all]
    group = ["prod", "dev"]
    [images.api]
    context = "api"
    [images.web]
    context = "web"
    """
    assert names(world, text, "all") == ["api:prod", "web:prod", "api:dev"]
    assert names(world, text, "web:all") == ["web:prod"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('group = ["prd"]', r'no environment "prd"; did you mean "prod"\?'),
        ('group = ["ci"]', r"it is a member of itself: ci -> ci"),
        ('group = ["prod"]\ntags = ["a:1"]', r'tags: "ci" is a group, which builds nothing'),
        ("group = []", r"it has no member"),
    ],
)
def test_what_is_no_group_is_told_with_its_line(world: World, written: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        world.plan(f"[environments.prod]\n[environments.ci]\n{written}\n", "prod")
    assert raised.value.line in (3, 4)


def test_a_group_is_not_changed_from_outside(world: World) -> None:
    for overrides in (Overrides(settings=("ci.group=dev",)), Overrides(settings=("group=dev",))):
        with pytest.raises(ConfigError, match="group"):
            world.plan(GROUPS, "ci", overrides=overrides)
