"""A first configuration out of a Dockerfile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.config import read_project
from stagebuild.dockerfile import parse
from stagebuild.errors import DockerfileError
from stagebuild.planning import describe_builds
from stagebuild.starting import configuration_for
from tests.checks.pages import surroundings

if TYPE_CHECKING:
    from stagebuild.model import Environment, Project

TESTS = Path(__file__).parent
FILES = sorted(
    [
        *(TESTS / "dockerfile" / "corpus").glob("*.Dockerfile"),
        *(TESTS / "checks" / "wellregarded").glob("*.Dockerfile"),
        TESTS.parent / "examples" / "webapp" / "Dockerfile",
    ]
)
MANY = """\
FROM alpine AS base
# dev reloads itself
FROM base AS dev
FROM base AS lint
RUN ruff check
FROM base AS pytest
RUN pytest
FROM scratch AS test
COPY --from=pytest /reports /
FROM base AS prod
ARG LEVEL=info
ENV LEVEL=$LEVEL
RUN --mount=type=secret,id=pip-token make
FROM prod AS debug
"""


def written(dockerfile: str, *, path: str = "Dockerfile") -> str:
    return configuration_for(parse(dockerfile), name="shop", dockerfile=path)


def project(dockerfile: str) -> Project:
    return read_project(written(dockerfile), path="stagebuild.toml", root=Path("/project"))


def environments(dockerfile: str) -> dict[str, Environment]:
    return dict(project(dockerfile).environments or {})


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_what_is_written_for_any_dockerfile_can_be_built_as_it_is(path: Path) -> None:
    data = path.read_bytes()
    try:
        text = configuration_for(parse(data), name='a "b" ${c}', dockerfile="Dockerfile")
    except DockerfileError:
        return  # BuildKit would refuse it, too
    loaded = read_project(text, path="stagebuild.toml", root=Path("/project"))
    around = surroundings({"/project/Dockerfile": data})
    specs = describe_builds(loaded, None, surroundings=around)
    assert len(specs) == len(loaded.environments or ())
    assert specs


def test_ends_of_branches_and_what_is_called_so_become_environments() -> None:
    assert list(environments(MANY)) == ["dev", "lint", "test", "prod", "debug"]


def test_gates_are_guessed_from_names() -> None:
    assert environments(MANY)["prod"].requires == ("lint", "test")
    assert environments(MANY)["debug"].requires is None


def test_a_test_that_production_reaches_anyway_is_no_gate() -> None:
    text = "FROM a AS test\nRUN pytest\nFROM test AS prod\n"
    assert environments(text)["prod"].requires is None


def test_a_test_makes_no_image_and_its_report_is_taken_out() -> None:
    found = environments(MANY)
    (lint,) = found["lint"].outputs or ()
    (test,) = found["test"].outputs or ()
    assert lint.type == "cacheonly"
    assert (test.type, test.dest) == ("local", "reports")


def test_a_stages_own_comment_becomes_its_description() -> None:
    assert environments(MANY)["dev"].description == "reloads itself"


def test_what_only_the_reader_knows_is_a_comment() -> None:
    text = written(MANY)
    assert '# repository = "registry.example/shop"' in text
    assert '# build-args = { LEVEL = "info" }' in text
    assert '# secrets = { pip-token = { env = "PIP_TOKEN" } }' in text


def test_every_comment_that_is_a_setting_is_valid_when_it_is_taken_in() -> None:
    lines = written(MANY).splitlines()
    taken_in = [
        line.removeprefix("# ") if " = " in line and line[:2] == "# " else line for line in lines
    ]
    loaded = read_project("\n".join(taken_in), path="stagebuild.toml", root=Path())
    assert loaded.repository == "registry.example/shop"
    assert (loaded.environments or {})["prod"].build_args == {"LEVEL": "info"}


def test_a_file_without_any_name_gets_one_environment_for_its_last_stage() -> None:
    assert list(environments("FROM golang AS build\nFROM alpine\n")) == ["build"]
    assert list(environments("FROM golang\nFROM alpine\n")) == ["prod"]


def test_an_unnamed_last_stage_is_told_of() -> None:
    text = written("FROM golang AS build\nFROM alpine\n")
    assert "# The last stage (Dockerfile:2) has no name" in text


def test_another_dockerfile_is_named() -> None:
    assert 'dockerfile = "docker/Dockerfile"' in written(MANY, path="docker/Dockerfile")
