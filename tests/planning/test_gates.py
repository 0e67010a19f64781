"""Gates in a plan: which builds there are, in which order, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.model import Environment, Output
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    from tests.planning.conftest import World

GATED = """\
[project]
repository = "host/shop"
[environments.dev]
[environments.test]
[environments.prod]
requires = ["test"]
"""


def test_naming_an_environment_plans_its_gates_after_it(world: World) -> None:
    plan = world.plan(GATED, "prod")
    assert [spec.name for spec in plan.specs] == ["prod", "test"]
    assert plan.gates == {"test"}


def test_a_gate_that_is_named_too_is_no_mere_gate(world: World) -> None:
    plan = world.plan(GATED, "test", "prod")
    assert [spec.name for spec in plan.specs] == ["test", "prod"]
    assert plan.gates == frozenset()


def test_gates_of_gates_are_planned_once(world: World) -> None:
    text = '[environments.dev]\n[environments.test]\nrequires = "dev"\n'
    text += '[environments.prod]\nrequires = ["test", "dev", "test"]\n'
    plan = world.plan(text, "prod")
    assert [spec.name for spec in plan.specs] == ["prod", "test", "dev"]
    assert plan["prod"].requires == ("test", "dev")


def test_a_mere_gate_without_tags_and_outputs_makes_no_image(world: World) -> None:
    assert world.plan(GATED, "prod")["test"].outputs == (Output(type="cacheonly"),)
    assert world.plan(GATED, "prod", "test")["test"].outputs == ()


def test_a_mere_gate_keeps_its_own_outputs(world: World) -> None:
    text = GATED.replace("[environments.test]", '[environments.test]\noutput = "reports"')
    assert world.plan(text, "prod")["test"].outputs == (Output(type="local", dest="/shop/reports"),)


def test_what_is_said_of_the_image_does_not_reach_its_gates(world: World) -> None:
    said = Environment(push=True, tags=("host/x:1",), target="base", build_args={"PYTHON": "3.12"})
    plan = world.plan(GATED, "prod", overrides=Overrides(environment=said))
    assert (plan["prod"].push, plan["prod"].tags, plan["prod"].target) == (
        True,
        ("host/x:1",),
        "base",
    )
    assert (plan["test"].push, plan["test"].tags, plan["test"].target) == (False, (), "test")
    assert plan["test"].build_args == {"PYTHON": "3.12"}


def test_a_set_for_all_reaches_gates_as_the_option_would(world: World) -> None:
    sets = ("tags=host/x:1", "build-args.PYTHON=3.12", "test.load=true")
    plan = world.plan(GATED, "prod", overrides=Overrides(settings=sets))
    assert (plan["test"].tags, plan["test"].load) == ((), True)
    assert plan["test"].build_args == {"PYTHON": "3.12"}


def test_gates_are_inherited_and_can_be_taken_away(world: World) -> None:
    text = GATED + '[environments.staging]\ninherits = "prod"\ntarget = "prod"\n'
    assert world.plan(text, "staging")["staging"].requires == ("test",)
    assert world.plan(text + "requires = []\n", "staging")["staging"].requires == ()


def test_an_unknown_gate_is_refused_where_it_is_written(world: World) -> None:
    error = world.refusal(GATED.replace('"test"', '"dev", "tset"'), "prod")
    assert (error.line, error.key) == (6, "environments.prod.requires[1]")
    assert error.message == 'no environment "tset"; did you mean "test"?'


def test_gates_that_require_each_other_are_refused_with_the_circle(world: World) -> None:
    text = GATED.replace("[environments.test]", '[environments.test]\nrequires = ["dev"]')
    text = text.replace("[environments.dev]", '[environments.dev]\nrequires = ["prod"]')
    error = world.refusal(text, "prod")
    assert error.message == "it requires itself: prod -> test -> dev -> prod"
    assert (error.line, error.key) == (8, "environments.prod.requires[0]")


def test_an_environment_that_is_its_own_gate_is_refused(world: World) -> None:
    error = world.refusal('[environments.prod]\nrequires = ["prod"]\n', "prod")
    assert error.message == "it requires itself: prod -> prod"


def test_what_is_wrong_in_a_gate_is_told_of_the_gate(world: World) -> None:
    text = GATED.replace("[environments.test]", '[environments.test]\ntarget = "tset"')
    assert world.refusal(text, "prod").key == "environments.test.target"
