from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.model import Environment, Output
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    from tests.planning.conftest import World

CONFIG = """\
[project]
repository = "r.example/shop"
[environments.dev]
[environments."v1.2"]
target = "dev"
[environments.prod]
tags = ["shop:1"]
build-args = { A = "1", B = "2" }
"""


def test_overrides_merge_tables_and_replace_lists_in_every_environment(world: World) -> None:
    given = Environment(build_args={"B": "3"}, tags=("x:1",), push=True)
    plan = world.plan(CONFIG, "prod", "dev", overrides=Overrides(environment=given))
    assert plan["prod"].build_args == {"A": "1", "B": "3"}
    assert (plan["prod"].tags, plan["dev"].tags) == (("x:1",), ("x:1",))
    assert plan["dev"].push


def test_overrides_are_taken_literally(world: World) -> None:
    given = Environment(build_args={"A": "${NOPE} $$"}, outputs=(Output(type="local", dest="$$"),))
    spec = world.plan(CONFIG, "prod", overrides=Overrides(environment=given))["prod"]
    assert spec.build_args["A"] == "${NOPE} $$"
    assert spec.outputs[0].dest == "/shop/$$"


def test_a_build_arg_without_a_value_comes_from_the_process_environment(world: World) -> None:
    overrides = Overrides(environment=Environment(build_args={"TOKEN": None}))
    error = world.refusal(CONFIG, "prod", overrides=overrides)
    assert (error.path, error.key) == (None, "overrides.build-args.TOKEN")
    world.environ["TOKEN"] = "t"
    assert world.plan(CONFIG, "prod", overrides=overrides)["prod"].build_args["TOKEN"] == "t"


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        (["tags=a,b"], "tags", ("a:latest", "b:latest")),
        (["prod.tags+=a"], "tags", ("shop:1", "a:latest")),
        (["tags+=a", "tags+=b:2"], "tags", ("shop:1", "a:latest", "b:2")),
        (["tags="], "tags", ()),
        (['tags=["a", "b:2"]'], "tags", ("a:latest", "b:2")),
        (["tags=${repository}:${environment}"], "tags", ("r.example/shop:prod",)),
        (["dev.tags=a"], "tags", ("shop:1",)),
        (["prod.build-args.A=3.12"], "build_args", {"A": "3.12", "B": "2"}),
        (["build-args.C=[1]"], "build_args", {"A": "1", "B": "2", "C": "[1]"}),
        (["build-args.C=a=b,c"], "build_args", {"A": "1", "B": "2", "C": "a=b,c"}),
        (["labels.org.example.x=1"], "labels", {"org.example.x": "1"}),
        (["no-cache=true"], "no_cache", True),
        (["target=dev"], "target", "dev"),
        (["shm-size=1k"], "shm_size_bytes", 1024),
        (["push=true", "push=false"], "push", False),
    ],
)
def test_settings_change_single_keys(
    world: World, settings: list[str], field: str, value: object
) -> None:
    plan = world.plan(CONFIG, "prod", overrides=Overrides(settings=tuple(settings)))
    assert getattr(plan["prod"], field) == value


def test_settings_take_entries_in_their_short_form_or_as_toml(world: World) -> None:
    world.environ["T"] = "t"
    spec = world.prod(
        sets=(
            "cache-from=type=gha,scope=x",
            'cache-from+={ type = "registry", ref = "c" }',
            "secrets+=id=a,env=T",
            'secrets.b={ env = "T" }',
            "attestations.provenance=max",
            "ulimits.nofile=1:2",
        )
    )
    assert [str(entry) for entry in spec.cache_from] == [
        "type=gha,scope=x",
        "type=registry,ref=c",
    ]
    assert set(spec.secrets) == {"a", "b"}
    assert str(spec.attestations[0]) == "type=provenance,mode=max"
    assert str(spec.ulimits["nofile"]) == "1:2"


def test_settings_win_over_other_overrides(world: World) -> None:
    overrides = Overrides(environment=Environment(tags=("a",)), settings=("tags+=b",))
    assert world.plan(CONFIG, "prod", overrides=overrides)["prod"].tags == (
        "a:latest",
        "b:latest",
    )


def test_an_environment_with_a_dot_in_its_name_can_be_set(world: World) -> None:
    plan = world.plan(CONFIG, "v1.2", overrides=Overrides(settings=("v1.2.labels.a=b",)))
    assert plan["v1.2"].labels == {"a": "b"}


def test_settings_work_without_configuration(world: World) -> None:
    plan = world.plan(
        world.project("").__class__(root=world.project("").root),
        "prod",
        overrides=Overrides(settings=("prod.labels.a=b", "tags=${environment}")),
    )
    assert (plan["prod"].labels, plan["prod"].tags) == ({"a": "b"}, ("prod:latest",))


@pytest.mark.parametrize(
    ("setting", "key", "message"),
    [
        ("tagz=1", "--set tagz", 'no key "tagz"; did you mean "tags"?'),
        ("prod.tagz=1", "--set prod.tagz", 'did you mean "tags"?'),
        ("prdo.tags=1", "--set prdo.tags", 'no environment "prdo"; did you mean "prod"?'),
        ("tags", "--set tags", "has not the form"),
        ("=x", "--set ", "has not the form"),
        ("inherits=dev", "--set inherits", "can't be changed"),
        ("no-cache=yes", "--set no-cache", 'expected true or false, got the text "yes"'),
        ("target+=x", "--set target", "is no list"),
        ("build-args.A+=x", "--set build-args.A", "is no list"),
        ("build-args=x", "--set build-args", "write build-args.NAME=VALUE"),
        ("target.x=1", "--set target.x", "has no members"),
        ("tags=[", "--set tags", "not TOML"),
        ("cache-from=type=x", "--set cache-from", 'type "x"'),
        ("tags+=Bad", "--set tags", "must be in lower case"),
        ("target=nope", "--set target", 'no stage "nope"'),
        ("labels.a=${NOPE}", "--set labels.a", 'no variable "NOPE"'),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(
    world: World, setting: str, key: str, message: str
) -> None:
    error = world.refusal(CONFIG, "prod", overrides=Overrides(settings=(setting,)))
    assert (error.path, error.line, error.key) == (None, None, key)
    assert message in error.message


def test_a_list_that_a_setting_adds_to_keeps_the_place_of_its_first_items(world: World) -> None:
    config = CONFIG.replace("shop:1", "Shop:1")
    error = world.refusal(config, "prod", overrides=Overrides(settings=("tags+=a",)))
    assert (error.line, error.key) == (7, "environments.prod.tags[0]")


def test_a_wrong_override_is_named(world: World) -> None:
    overrides = Overrides(environment=Environment(tags=("a", "B")))
    assert world.refusal(CONFIG, "prod", overrides=overrides).key == "overrides.tags[1]"
    overrides = Overrides(environment=Environment(inherits=("dev",)))
    assert world.refusal(CONFIG, "prod", overrides=overrides).key == "overrides.inherits"
    overrides = Overrides(environment=Environment(target=3))  # type: ignore[arg-type]  # the point
    assert world.refusal(CONFIG, "prod", overrides=overrides).key == "overrides.target"
