"""Pictures out of Dockerfiles, for the tests of what draws them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.checks.checking import no_context
from stagebuild.checks.gathering import gather
from stagebuild.config import read_project
from stagebuild.model import Project
from stagebuild.report.stagegraph.picture import Picture, picture_of
from stagebuild.report.stagegraph.timings import StageFigures
from tests.checks.pages import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCKERFILE = """\
FROM python:3.12-slim AS base
FROM node:22 AS assets
FROM base AS test
RUN --mount=from=assets,target=/a pytest
FROM base AS prod
COPY --from=assets /dist /dist
"""
GATED = '[environments.test]\n[environments.prod]\nrequires = ["test"]\n'


def picture(
    dockerfile: str = DOCKERFILE,
    toml: str | None = None,
    *names: str,
    figures: Mapping[str, StageFigures] | None = None,
) -> Picture:
    root = Path("/project")
    project = Project(root=root)
    if toml is not None:
        project = read_project(toml, path="stagebuild.toml", root=root)
    around = surroundings({"/project/Dockerfile": dockerfile.encode()})
    gathered = gather(project, names, surroundings=around, look=no_context)
    return picture_of(gathered.subjects[0], figures=figures)


def figures(**changes: object) -> StageFigures:
    given: dict[str, object] = {
        "busy_s": 12.1,
        "steps": 4,
        "cached_steps": 1,
        "is_critical": False,
        "failed": False,
    }
    return StageFigures(**(given | changes))  # type: ignore[arg-type]  # fields of the value
