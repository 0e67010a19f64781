"""A world made of values, for plans: nothing here touches a file, a clock or a process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.config import read_project
from stagebuild.errors import ConfigError
from stagebuild.planning import (
    BuildPlan,
    BuildSpec,
    GitFacts,
    GitUnavailable,
    Overrides,
    Surroundings,
    plan_builds,
)

if TYPE_CHECKING:
    from stagebuild.model import Project

DOCKERFILE = """\
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS base
FROM base AS dev
FROM base AS test
FROM base AS prod
"""
GIT = GitFacts(
    sha="0123456789abcdef0123456789abcdef01234567",
    branch="main",
    tag="v1.2",
    describe="v1.2",
    dirty=True,
)


@dataclass(kw_only=True)
class World:
    """
    The surroundings of a project in ``/shop``, seen from there.

    Attributes:
        files: Content by absolute path; their folders exist.
        environ: The process environment.
        git: What git says, or why it says nothing.
        asked_git: How often it was asked.
        reads: Paths of the files read, in order.
    """

    files: dict[str, str] = field(default_factory=lambda: {"/shop/Dockerfile": DOCKERFILE})
    environ: dict[str, str] = field(default_factory=dict)
    git: GitFacts | GitUnavailable = GIT
    asked_git: int = 0
    reads: list[str] = field(default_factory=list)

    def surroundings(self) -> Surroundings:
        return Surroundings(
            environ=self.environ,
            now_s=1_786_527_000.0,
            folder="/shop",
            git=self._ask_git,
            read_bytes=self._read,
            is_folder=self._is_folder,
            is_file=self.files.__contains__,
        )

    def _ask_git(self, folder: str) -> GitFacts:
        assert folder == "/shop"
        self.asked_git += 1
        if isinstance(self.git, GitUnavailable):
            raise self.git
        return self.git

    def _read(self, path: str) -> bytes:
        self.reads.append(path)
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path].encode()

    def _is_folder(self, path: str) -> bool:
        inside = path if path.endswith("/") else f"{path}/"
        return any(file.startswith(inside) for file in self.files)

    def project(self, text: str) -> Project:
        return read_project(text, path="stagebuild.toml", root=Path("/shop"))

    def plan(
        self, project: Project | str, *names: str, overrides: Overrides | None = None
    ) -> BuildPlan:
        if isinstance(project, str):
            project = self.project(project)
        return plan_builds(project, names, surroundings=self.surroundings(), overrides=overrides)

    def prod(self, settings: str = "", *, top: str = "", sets: tuple[str, ...] = ()) -> BuildSpec:
        """Return the spec of an environment ``prod`` with these settings."""
        text = f"{top}\n[environments.prod]\n{settings}\n"
        return self.plan(text, "prod", overrides=Overrides(settings=sets)).specs[0]

    def refusal(
        self, project: Project | str, *names: str, overrides: Overrides | None = None
    ) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.plan(project, *names, overrides=overrides)
        return caught.value


@pytest.fixture
def world() -> World:
    return World()
