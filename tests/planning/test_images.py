"""Several images, matrices and tagged stages: which builds a name means, and what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.planning import buildable_names
from stagebuild.planning.publishing import publishing

if TYPE_CHECKING:
    from tests.planning.conftest import World

COMMON = "FROM busybox AS prod\nFROM prod AS test\n"
API = "FROM base AS prod\n"
IMAGES = """\
[project]
repository = "host/shop"
[environments.test]
[environments.prod]
requires = ["test"]
tags = ["${repository}:1"]
[images.common]
context = "common"
[images.api]
context = "api"
contexts = { base = "image:common" }
build-args = { SERVICE = "${image}" }
"""
MATRIX = """\
[environments.test]
matrix = { python = [3.10, "3.12"], os = ["bookworm", "alpine"] }
matrix-exclude = { python = "3.10", os = "alpine" }
matrix-include = { python = "3.13", os = "bookworm" }
build-args = { PYTHON = "${matrix.python}" }
[environments.prod]
requires = ["test"]
"""


@pytest.fixture
def shop(world: World) -> World:
    world.files = {"/shop/common/Dockerfile": COMMON, "/shop/api/Dockerfile": API}
    return world


def names(world: World, text: str, *asked: str) -> list[str]:
    return [spec.name for spec in world.plan(text, *asked).specs]


def test_an_environment_is_built_of_every_image_that_has_its_stage(shop: World) -> None:
    plan = shop.plan(IMAGES, "prod")
    assert [spec.name for spec in plan.specs] == ["common:prod", "api:prod", "common:test"]
    assert plan.gates == {"common:test"}


def test_one_image_can_be_named_and_what_it_is_based_on_comes_along(shop: World) -> None:
    plan = shop.plan(IMAGES, "api:prod")
    assert plan.gates == {"common:prod", "common:test"}
    assert plan["api:prod"].bases == {"base": "common:prod"}
    assert plan["api:prod"].contexts == {}


def test_what_is_only_built_upon_is_not_published(shop: World) -> None:
    base = shop.plan(IMAGES, "api:prod")["common:prod"]
    assert (base.tags, base.push, [out.type for out in base.outputs]) == ((), False, ["cacheonly"])


def test_the_gates_of_a_base_are_gates_of_what_is_based_on_it(shop: World) -> None:
    assert shop.plan(IMAGES, "api:prod")["api:prod"].requires == ("common:test",)


def test_each_image_has_a_repository_of_its_own(shop: World) -> None:
    plan = shop.plan(IMAGES, "prod")
    assert plan["common:prod"].tags == ("host/shop/common:1",)
    assert plan["api:prod"].tags == ("host/shop/api:1",)
    assert plan["api:prod"].build_args == {"SERVICE": "api"}


def test_an_image_may_name_its_repository(shop: World) -> None:
    text = IMAGES.replace('context = "api"', 'context = "api"\nrepository = "other/api"')
    assert shop.plan(text, "api:prod")["api:prod"].tags == ("other/api:1",)


def test_a_pushed_image_without_tags_is_tagged_as_its_environment(shop: World) -> None:
    text = IMAGES.replace('tags = ["${repository}:1"]\n', "")
    spec = shop.plan(text, "api:prod")["api:prod"]
    assert publishing(spec, push=True, load=None).tags == ("host/shop/api:prod",)


def test_a_base_may_be_of_another_environment(shop: World) -> None:
    text = IMAGES.replace("image:common", "image:common@test")
    assert shop.plan(text, "api:prod")["api:prod"].bases == {"base": "common:test"}


OWN = """\
[environments.base]
context = "common"
target = "prod"
tags = ["host/base:1"]
requires = ["lint"]
[environments.lint]
context = "common"
target = "test"
[environments.api]
context = "api"
target = "prod"
contexts = { base = "image:@base" }
[environments.all]
group = ["base", "api"]
"""


def test_a_base_may_be_the_same_image_of_another_environment(shop: World) -> None:
    plan = shop.plan(OWN, "api")
    assert plan["api"].bases == {"base": "base"}
    assert plan["api"].requires == ("lint",)
    assert plan["base"].tags == ()
    assert shop.plan(OWN, "all")["base"].tags == ("host/base:1",)


def test_the_same_image_is_that_of_the_dependant(shop: World) -> None:
    text = IMAGES.replace('contexts = { base = "image:common" }\n', "")
    text = text.replace("[images.common]", 'contexts = { base = "image:@test" }\n[images.common]')
    shop.files["/shop/api/Dockerfile"] = COMMON
    plan = shop.plan(text, "prod")
    assert plan["api:prod"].bases == {"base": "api:test"}
    assert plan["common:prod"].bases == {"base": "common:test"}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("bse", 'no environment "bse"; did you mean "base"?'),
        ("all", '"all" builds nothing itself'),
        ("api", "it is based on itself: api -> api"),
    ],
)
def test_an_environment_that_is_no_base_is_refused(
    shop: World, environment: str, message: str
) -> None:
    error = shop.refusal(OWN.replace("image:@base", f"image:@{environment}"), "api")
    assert (error.key, error.message) == ("environments.api.contexts.base", message)


def test_an_unknown_image_is_refused_where_it_is_written(shop: World) -> None:
    error = shop.refusal(IMAGES.replace("image:common", "image:comon"), "api:prod")
    assert (error.line, error.key) == (11, "images.api.contexts.base")
    assert error.message == 'no image "comon"; did you mean "common"?'


def test_a_base_without_the_environment_says_how_to_name_another(shop: World) -> None:
    shop.files["/shop/common/Dockerfile"] = "FROM busybox AS runtime\n"
    error = shop.refusal(IMAGES, "api:prod")
    assert error.message == 'image "common" has no stage for "prod"'
    assert error.hint == "name an environment: image:common@ENVIRONMENT"


def test_images_in_a_circle_are_refused(shop: World) -> None:
    text = IMAGES.replace('requires = ["test"]\n', "")
    text = text.replace('context = "common"', 'context = "common"\ncontexts.x = "image:api@prod"')
    error = shop.refusal(text, "api:prod")
    assert error.message == "it is based on itself: api:prod -> common:prod -> api:prod"
    assert error.key == "images.api.contexts.base"


def test_an_unknown_image_on_the_command_line_names_the_nearest(shop: World) -> None:
    assert 'did you mean "api"?' in shop.refusal(IMAGES, "apl:prod").message


def test_an_environment_that_no_image_has_is_refused(shop: World) -> None:
    assert "no image has a stage" in shop.refusal(IMAGES + "[environments.dev]\n", "dev").message


def test_the_environments_that_some_image_has_are_buildable(shop: World) -> None:
    project = shop.project(IMAGES + "[environments.dev]\n")
    assert buildable_names(project, surroundings=shop.surroundings()) == ("test", "prod")


def test_a_matrix_is_built_once_for_each_combination(world: World) -> None:
    assert names(world, MATRIX, "test") == [
        "test[python=3.10,os=bookworm]",
        "test[python=3.12,os=bookworm]",
        "test[python=3.12,os=alpine]",
        "test[python=3.13,os=bookworm]",
    ]


def test_values_of_a_matrix_are_variables_and_stay_as_written(world: World) -> None:
    plan = world.plan(MATRIX, "test[python=3.10]")
    assert [spec.build_args for spec in plan.specs] == [{"PYTHON": "3.10"}]


def test_some_combinations_can_be_named(world: World) -> None:
    assert len(names(world, MATRIX, "test[python=3.12]")) == 2
    error = world.refusal(MATRIX, "test[python=2.7]")
    assert "no combination" in error.message
    assert "test[python=3.12,os=alpine]" in error.message


def test_a_gate_with_a_matrix_is_all_of_its_combinations(world: World) -> None:
    assert len(world.plan(MATRIX, "prod")["prod"].requires) == 4


def test_the_tag_of_a_combination_has_its_values(world: World) -> None:
    top = '[project]\nrepository = "host/shop"\n'
    spec = world.plan(top + MATRIX, "test[python=3.12,os=alpine]").specs[0]
    assert publishing(spec, push=True, load=None).tags == ("host/shop:test-3.12-alpine",)


@pytest.mark.parametrize(
    ("wrong", "key", "message"),
    [
        ('matrix-exclude = { pyhton = "3" }', "matrix-exclude[0]", 'did you mean "python"?'),
        ('matrix-include = { python = "3" }', "matrix-include[0]", 'it has no value for "os"'),
        ("matrix-exclude = {}", "matrix", "no combination is left"),
    ],
)
def test_a_broken_matrix_is_refused_where_it_is_written(
    world: World, wrong: str, key: str, message: str
) -> None:
    lines = [line for line in MATRIX.splitlines() if not line.startswith("matrix-")]
    error = world.refusal("\n".join([*lines[:2], wrong, *lines[2:]]), "test")
    assert error.key == f"environments.test.{key}"
    assert message in error.message


def test_a_tagged_stage_is_a_build_after_its_own(world: World) -> None:
    text = '[environments.prod]\ntags = "host/x:1"\npush = true\n'
    text += 'tag-stages = { base = "host/x:base" }\n'
    plan = world.plan(text, "prod")
    assert [spec.name for spec in plan.specs] == ["prod", "prod/base"]
    extra = plan["prod/base"]
    assert (extra.target, extra.tags, extra.push) == ("base", ("host/x:base",), True)
    assert extra.requires == ("prod",)
    assert plan.gates == frozenset()


def test_a_tagged_stage_that_there_is_not_is_refused(world: World) -> None:
    text = '[environments.prod]\ntag-stages = { bsae = "host/x:base" }\n'
    error = world.refusal(text, "prod")
    assert (error.line, error.key) == (2, "environments.prod.tag-stages.bsae")
