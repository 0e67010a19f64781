"""Budgets on real engines: each kind met and exceeded, and nothing published when it is."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.sdk import SdkBackend
from stagebuild.cli import main
from stagebuild.errors import BudgetExceeded
from stagebuild.history import History
from stagebuild.model import Environment
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engine
    from tests.scheduling.conftest import EngineProject

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS builder
LABEL project=@name@
ARG SALT
RUN echo $SALT > /salt; head -c 3000000 /dev/zero > /big
FROM builder AS prod
RUN mkdir -p /app/tests && echo 1 > /app/tests/test_app.py && head -c 500000 /dev/zero > /app/blob
RUN printf '#!/bin/sh\\n' > /bin/gcc && chmod 755 /bin/gcc
RUN mkdir -p /lib/apk/db && printf 'P:curl\\nV:8.1\\n\\n' > /lib/apk/db/installed
LABEL org.opencontainers.image.source=here
ARG USER=app
USER $USER
"""
TOML = """\
[project]
repository = "@repository@"
[environments.prod]
tags = ["${repository}:prod"]
"""


@pytest.fixture
def shop(project: EngineProject) -> EngineProject:
    project.write(Dockerfile=DOCKERFILE, toml=TOML)
    return project


def budget(**keys: str | tuple[str, ...]) -> Overrides:
    """Return what sets a budget; ``max_duration`` is written with ``-``."""
    named = {key.replace("_", "-"): value for key, value in keys.items()}
    return Overrides(environment=Environment(budget=named, build_args={"SALT": SALT}))


SALT = uuid.uuid4().hex  # one for all tests of a run: after the first, all comes from the cache

EXCEEDED: list[tuple[dict[str, str | tuple[str, ...]], str | None, str | None]] = [
    ({"size": "4MB"}, "builder", "head -c 3000000"),
    ({"layers": "3"}, "builder", "head -c 3000000"),
    ({"forbid": ("gcc",)}, "prod", "/bin/gcc"),
    ({"forbid": ("package:curl",)}, "prod", "/lib/apk/db"),
    ({"forbid": ("/app/tests",)}, "prod", "/app/tests"),
    ({"user": "1000"}, None, None),
    ({"labels": ("version",)}, None, None),
]
MET: dict[str, str | tuple[str, ...]] = {
    "size": "90MB",
    "layers": "40",
    "forbid": ("clang", "package:vim", "/app/secrets/*", "executable:curl"),
    "user": "non-root",
    "labels": ("org.opencontainers.image.source=here", "project"),
    "max-duration": "10m",
    "min-cached": "0%",
    "growth": "10%",
}


def test_what_is_within_its_budget_is_pushed_and_every_check_is_told(shop: EngineProject) -> None:
    outcome = shop.run("prod", overrides=budget(**MET), push=True)
    assert not outcome.errors
    assert shop.tags() == ["prod"]
    result = outcome.results["prod"]
    assert result.budget is not None
    assert {check.key for check in result.budget.checks} == set(MET)
    assert all(check.met for check in result.budget.checks)


@pytest.mark.parametrize(("keys", "stage", "step"), EXCEEDED, ids=lambda value: str(value)[:30])
def test_what_exceeds_its_budget_names_the_step_and_is_nowhere(
    shop: EngineProject, keys: dict[str, str | tuple[str, ...]], stage: str | None, step: str | None
) -> None:
    outcome = shop.run("prod", overrides=budget(**keys), push=True)
    error = outcome.errors["prod"]
    assert isinstance(error, BudgetExceeded)
    assert [check.key for check in error.excesses] == list(keys)
    assert (error.stage, step is None or step in str(error.step)) == (stage, True)
    assert (shop.tags(), shop.local_images()) == ([], [])


def test_time_and_cache_are_held_against_the_slowest_step(shop: EngineProject) -> None:
    shop.write(Dockerfile=DOCKERFILE.replace("RUN echo", "RUN sleep 1.2; date; echo"))
    over = shop.run("prod", overrides=budget(max_duration="1s", min_cached="99%"), push=True)
    error = over.errors["prod"]
    assert isinstance(error, BudgetExceeded)
    assert [check.key for check in error.excesses] == ["max-duration", "min-cached"]
    assert (error.stage, error.line) == ("builder", 4)
    assert shop.tags() == []
    again = shop.run("prod", overrides=budget(min_cached="99%"), push=True)
    assert not again.errors
    assert shop.tags() == ["prod"]


def test_growth_is_against_the_last_build_in_the_history(
    shop: EngineProject, tmp_path: Path
) -> None:
    history = History(tmp_path / "history.sqlite")
    assert not shop.run("prod", overrides=budget(growth="10%"), push=True, history=history).errors
    shop.write(Dockerfile=DOCKERFILE.replace("-c 500000", "-c 2500000"))
    grown = shop.run("prod", overrides=budget(growth="10%"), push=True, history=history)
    error = grown.errors["prod"]
    assert isinstance(error, BudgetExceeded)
    assert [check.key for check in error.excesses] == ["growth"]
    allowed = shop.run("prod", overrides=budget(growth="3MB"), push=True, history=history)
    assert not allowed.errors
    records = history.builds("prod")
    assert [record.outcome for record in records] == ["built", "failed", "built"]
    assert not records[1].budget[0].met
    history.close()


def test_an_engine_without_layouts_is_held_to_the_budget_too_and_keeps_nothing(
    project_on: Callable[[Engine], EngineProject], engines: Callable[[str], Engine]
) -> None:
    shop = project_on(engines("26.1"))
    shop.write(Dockerfile=DOCKERFILE, toml=TOML)
    failing = shop.run("prod", overrides=budget(forbid=("gcc",), size="1GB"), push=True)
    error = failing.errors["prod"]
    assert isinstance(error, BudgetExceeded)
    assert (error.stage, error.line) == ("prod", 7)
    assert (shop.tags(), shop.local_images()) == ([], [])
    assert not shop.run("prod", overrides=budget(**MET), push=True).errors
    assert shop.tags() == ["prod"]


def test_budgets_hold_without_any_docker_command_too(shop: EngineProject) -> None:
    backend = SdkBackend(environ=shop.engine.env)
    failing = shop.run("prod", overrides=budget(size="4MB"), push=True, backend=backend)
    assert isinstance(failing.errors["prod"], BudgetExceeded)
    assert (shop.tags(), shop.local_images()) == ([], [])
    assert not shop.run("prod", overrides=budget(**MET), push=True, backend=backend).errors
    assert shop.tags() == ["prod"]


def test_the_command_line_says_so_and_exits_with_6(
    shop: EngineProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    words = ["prod", "--push", "--json", "--set", "prod.budget.size=4MB"]
    assert main([*words, "--set", "prod.budget.forbid=gcc"], environ=shop.engine.env) == 6
    out, err = capfd.readouterr()
    (error,) = json.loads(out)["errors"]
    assert (error["kind"], error["stage"], error["line"]) == ("BudgetExceeded", "builder", 4)
    assert [check["key"] for check in error["budget"]] == ["size", "forbid"]
    assert error["budget"][0]["culprit"]["size_bytes"] > 3_000_000
    assert "not published, over its budget" in err
    assert shop.tags() == []
