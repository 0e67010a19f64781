"""A gate in place of a COPY that forces the tests, as the how-to page about it has it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from stagebuild.model import Environment
from stagebuild.planning import Overrides

if TYPE_CHECKING:
    from stagebuild.runner import RunOutcome
    from tests.scheduling.conftest import EngineProject

pytestmark = pytest.mark.engine

STAGES = """\
FROM busybox AS base
ARG SALT
RUN echo $SALT > /salt
FROM base AS test
COPY package.json /
ARG CODE=0
RUN sleep 4; exit $CODE
FROM base AS final
COPY {source}package.json /
RUN sleep 4; echo installed > /modules
"""
TOML = """\
[project]
repository = "@repository@"
[environments.test]
output = "type=cacheonly"
[environments.prod]
target = "final"
tags = ["${repository}:prod"]
"""


def release(project: EngineProject, **build_args: str) -> RunOutcome:
    given = {"SALT": uuid.uuid4().hex, **build_args}
    overrides = Overrides(environment=Environment(build_args=given))
    return project.run("prod", overrides=overrides, push=True)


def test_a_gate_saves_the_time_of_the_shorter_of_the_two(project: EngineProject) -> None:
    project.write(toml=TOML, **{"package.json": "{}\n"})
    project.write(Dockerfile=STAGES.format(source="--from=test /"))
    trick = release(project).results["prod"]
    project.write(Dockerfile=STAGES.format(source=""), toml=f'{TOML}requires = ["test"]\n')
    gated = release(project).results["prod"]
    print(f"{trick.wall_s:.1f} s with the COPY, {gated.wall_s:.1f} s with the gate")
    assert project.tags() == ["prod"]
    assert trick.wall_s > 8
    assert gated.wall_s < trick.wall_s - 2


def test_a_failing_test_stops_the_release_as_the_copy_did(project: EngineProject) -> None:
    project.write(toml=f'{TOML}requires = ["test"]\n', **{"package.json": "{}\n"})
    project.write(Dockerfile=STAGES.format(source=""))
    outcome = release(project, CODE="1")
    assert "prod" in outcome.errors
    assert project.tags() == []
