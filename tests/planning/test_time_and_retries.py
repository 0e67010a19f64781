"""``retries``, ``retry-steps``, ``timeout`` and ``idle-timeout``, from the file to the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError
from stagebuild.model import Environment
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    from tests.planning.conftest import World


def test_a_build_is_tried_again_three_times_and_takes_as_long_as_it_does(world: World) -> None:
    spec = world.plan("[environments.prod]", "prod")["prod"]
    assert (spec.retries, spec.retry_steps) == (3, ())
    assert (spec.timeout_s, spec.idle_timeout_s) == (None, None)


@pytest.mark.parametrize(("text", "retries"), [("0", 0), ("7", 7), ('"2"', 2)])
def test_retries_are_counted(world: World, text: str, retries: int) -> None:
    spec = world.plan(f"[environments.prod]\nretries = {text}", "prod")["prod"]
    assert spec.retries == retries


@pytest.mark.parametrize("text", ["-1", "1.5", "true", '"many"', "[1]"])
def test_what_is_no_count_is_refused_with_its_place(world: World, text: str) -> None:
    with pytest.raises(ConfigError, match="a whole number, 0 or more") as caught:
        world.plan(f"[environments.prod]\nretries = {text}", "prod")
    assert caught.value.key == "environments.prod.retries"
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [('"90s"', 90.0), ('"1h30m"', 5400.0), ("45", 45.0), ("0.5", 0.5), ('"${LONG}"', 600.0)],
)
def test_times_are_read_as_people_write_them(world: World, text: str, seconds: float) -> None:
    config = f'[variables]\nLONG = "10m"\n[environments.prod]\ntimeout = {text}'
    assert world.plan(config, "prod")["prod"].timeout_s == seconds


@pytest.mark.parametrize("text", ["0", "-5", "true", '"soon"', '"-5s"', '"0s"', '""'])
def test_what_is_no_time_is_refused_with_its_place(world: World, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        world.plan(f"[environments.prod]\nidle-timeout = {text}", "prod")
    assert caught.value.key == "environments.prod.idle-timeout"


def test_retry_steps_are_stages_that_there_are(world: World) -> None:
    config = '[environments.prod]\nretry-steps = ["base", "bsae"]'
    with pytest.raises(ConfigError, match='no stage "bsae"') as caught:
        world.plan(config, "prod")
    assert caught.value.key == "environments.prod.retry-steps[1]"


def test_waits_and_classes_of_failure_have_limits(world: World) -> None:
    config = (
        '[environments.prod]\nretry-budget = "20m"\n'
        'retry-limits = { network = 5, registry-busy = "0" }'
    )
    spec = world.plan(config, "prod")["prod"]
    assert spec.retry_budget_s == 1200.0
    assert spec.retry_limits == {"network": 5, "registry-busy": 0}


def test_a_class_of_failure_that_there_is_not_is_refused_with_its_place(world: World) -> None:
    config = "[environments.prod]\nretry-limits = { netwrok = 5 }"
    with pytest.raises(ConfigError, match='did you mean "network"') as caught:
        world.plan(config, "prod")
    assert caught.value.key == "environments.prod.retry-limits.netwrok"


def test_a_limit_is_a_count(world: World) -> None:
    config = "[environments.prod]\nretry-limits = { network = -1 }"
    with pytest.raises(ConfigError, match="a whole number, 0 or more") as caught:
        world.plan(config, "prod")
    assert caught.value.key == "environments.prod.retry-limits.network"


def test_one_limit_is_set_on_the_command_line(world: World) -> None:
    config = "[environments.prod]\nretry-limits = { network = 5, builder = 1 }"
    given = Overrides(
        environment=Environment(retry_budget="1m"), settings=("retry-limits.network=0",)
    )
    spec = world.plan(config, "prod", overrides=given)["prod"]
    assert spec.retry_budget_s == 60.0
    assert spec.retry_limits["builder"] == 1
    assert int(spec.retry_limits["network"]) == 0


def test_the_command_line_wins(world: World) -> None:
    config = '[environments.prod]\nretries = 5\ntimeout = "1h"'
    given = Overrides(environment=Environment(retries=0, timeout="5m"))
    spec = world.plan(config, "prod", overrides=given)["prod"]
    assert (spec.retries, spec.timeout_s) == (0, 300.0)


def test_a_setting_of_the_command_line_is_a_number(world: World) -> None:
    spec = world.plan("[environments.prod]", "prod", overrides=Overrides(settings=("retries=1",)))[
        "prod"
    ]
    assert spec.retries == 1
