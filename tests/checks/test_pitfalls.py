"""
The tables of classic mistakes and beliefs, in docs/explanation/multi-stage.md, row by row.

What a row says a rule finds is found in a Dockerfile that makes the mistake; what it says is
prevented is shown to be.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.checks.subject import ContextFile
from stagebuild.config import read_project
from stagebuild.testing import ScriptedBackend
from tests.checks.pages import Example, check_example, rules_in, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "multi-stage.md"
BUILD = "FROM node:22 AS builder\nWORKDIR /app\nCOPY . .\nRUN make\n"
GATELESS = "[environments.test]\n[environments.prod]\n"

FOUND: dict[str, Example] = {
    "copying unnecessary files from a build stage": Example(
        dockerfile=f"{BUILD}FROM node:22-slim AS prod\nCOPY --from=builder /app /app\n"
        "COPY --from=builder / /all\n"
    ),
    "a heavy base image in the final stage": Example(
        dockerfile="FROM python:3.12 AS prod\nFROM golang:1.23 AS release\n"
    ),
    "using a stage that appears later": Example(
        dockerfile="FROM alpine:3.20 AS prod\nCOPY --from=builder /a /a\nCOPY --from=bilder /b /b\n"
        "FROM alpine:3.20 AS builder\n"
    ),
    'build tools kept in production "for debugging"': Example(
        dockerfile="FROM python:3.12-slim AS prod\n"
        "RUN apt-get update && apt-get install -y gcc gdb && pip install ipython\n"
    ),
    "the same steps in several stages": Example(
        dockerfile="FROM alpine:3.20 AS test\nRUN apk add --no-cache libpq\n"
        "FROM alpine:3.20 AS prod\nENV A=1\nRUN apk add --no-cache libpq\n"
    ),
    "secrets in the image": Example(
        dockerfile="FROM alpine:3.20 AS prod\nENV API_TOKEN=abc\nCOPY .env /\n"
        "RUN curl https://me:secret1@example.com/x\n"
    ),
    "source code in the final image": Example(
        dockerfile="FROM alpine:3.20 AS prod\nCOPY . /app\n",
        files=(ContextFile(path="tests/test_a.py", size_bytes=1),),
    ),
    "`FROM builder AS prod`": Example(dockerfile=f"{BUILD}FROM builder AS prod\n"),
    "`COPY . .` before installing packages": Example(
        dockerfile="FROM node:22-slim AS prod\nCOPY . .\nRUN npm ci --omit=dev\n"
    ),
    "a `RUN rm -rf …` in a later layer": Example(
        dockerfile="FROM alpine:3.20 AS prod\nCOPY src /opt/src\nRUN rm -rf /opt/src\n"
    ),
    "an `ARG GIT_SHA` at the top": Example(
        dockerfile="FROM alpine:3.20 AS prod\nARG GIT_SHA\nRUN make\nLABEL r=$GIT_SHA\n"
    ),
    "an `ARG` above the first `FROM`, used in a stage": Example(
        dockerfile="ARG V=1\nFROM alpine:3.20 AS prod\nENV V=$V\n"
    ),
    "`--build-arg TOKEN=…`": Example(
        dockerfile="FROM alpine:3.20 AS prod\n",
        toml='[environments.prod]\nbuild-args = { TOKEN = "abc" }\n',
    ),
    "`COPY --from=0`": Example(
        dockerfile="FROM alpine:3.20\nFROM alpine:3.20 AS prod\nCOPY --from=0 /a /a\n"
    ),
    "`CMD gunicorn …`": Example(dockerfile="FROM alpine:3.20 AS prod\nCMD gunicorn shop\n"),
    "files can be copied from any stage, whatever the order": Example(
        dockerfile="FROM alpine:3.20 AS prod\nCOPY --from=b /a /a\nFROM alpine:3.20 AS b\n"
    ),
    "multi-stage makes an image small by itself": Example(
        dockerfile="FROM alpine:3.20 AS build\nRUN apk add gcc && make\nFROM build AS prod\n"
    ),
    "a test stage runs although nothing depends on it": Example(
        dockerfile="FROM alpine:3.20 AS base\nFROM base AS test\nRUN pytest\nFROM base AS prod\n",
        toml=GATELESS,
    ),
}


def plan(dockerfile: str, *names: str) -> sb.BuildPlan:
    """Return the plan of environments of a Dockerfile alone."""
    around = surroundings({"/project/Dockerfile": dockerfile.encode()})
    return sb.plan_builds(sb.Project(root=Path("/project")), names, surroundings=around)


def every_stage_of_one_file_is_an_environment() -> None:
    specs = plan("FROM alpine AS base\nFROM base AS dev\nFROM base AS prod\n", "dev", "prod").specs
    assert [(spec.target, spec.dockerfile) for spec in specs] == [
        ("dev", "/project/Dockerfile"),
        ("prod", "/project/Dockerfile"),
    ]


def a_result_names_the_digest() -> None:
    toml = '[environments.prod]\ntags = ["r.example/shop:latest"]\npush = true\n'
    around = surroundings({"/project/Dockerfile": b"FROM alpine AS prod\n"})
    project = read_project(toml, path="stagebuild.toml", root=Path("/project"))
    planned = sb.plan_builds(project, ["prod"], surroundings=around)
    result = sb.execute(planned, backend=ScriptedBackend())["prod"]
    assert result.reference == f"r.example/shop@sha256:{'d' * 64}"


def a_plan_has_one_build_with_one_target_for_an_environment() -> None:
    (spec,) = plan("FROM alpine AS base\nFROM base AS test\nFROM base AS prod\n", "prod").specs
    assert spec.target == "prod"
    assert spec.stages is not None
    assert [stage.name for stage in spec.stages.reachable()] == ["base", "prod"]


PREVENTED: dict[str, Callable[[], None]] = {
    "`Dockerfile.dev`, `Dockerfile.prod`": every_stage_of_one_file_is_an_environment,
    "`latest` as what gets deployed": a_result_names_the_digest,
    "one build gives an image per stage": a_plan_has_one_build_with_one_target_for_an_environment,
}


def rows() -> dict[str, set[str]]:
    """Return each row's first cell with the rules that its last cell names."""
    text = PAGE.read_text()
    section = text[text.index("## Classic mistakes") : text.index("## Why a digest")]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {
        first: set(re.findall(r"\[([a-z-]+)\]", rest[-1]))
        for first, *rest in cells
        if first not in ("mistake", "belief")
    }


@pytest.mark.parametrize("row", FOUND)
def test_a_mistake_is_found_by_the_rules_that_the_table_names(row: str) -> None:
    rules = rows()[row]
    assert rules
    assert rules <= rules_in(check_example(FOUND[row]))


@pytest.mark.parametrize("row", PREVENTED)
def test_a_mistake_is_prevented_as_the_table_says(row: str) -> None:
    assert rows()[row] == set()
    PREVENTED[row]()


def test_every_row_of_the_tables_has_its_test() -> None:
    assert rows().keys() == FOUND.keys() | PREVENTED.keys()
