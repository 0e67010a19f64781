"""A project on the real engine and its registry, made anew for each test."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.buildx import BuildxBackend
from stagebuild.config import load
from stagebuild.planning import Overrides, plan_builds
from stagebuild.runner import RunOutcome, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProject:
    """
    A folder with a project, and the engine that builds it.

    Attributes:
        folder: Where its files are.
        engine: What builds.
        name: Unique; the repository is called so, and every image may have it as a label.
    """

    folder: Path
    engine: Engine
    name: str

    @property
    def repository(self) -> str:
        return f"{self.engine.registry}/{self.name}"

    def write(self, **files: str) -> None:
        """Write files; ``Dockerfile`` and ``toml`` have ``@name@`` and ``@repository@`` filled."""
        for name, text in files.items():
            path = self.folder / ("stagebuild.toml" if name == "toml" else name)
            path.write_text(
                text.replace("@name@", self.name).replace("@repository@", self.repository)
            )

    def run(self, *names: str, overrides: Overrides | None = None, **options: Any) -> RunOutcome:
        project = load(str(self.folder))
        plan = plan_builds(project, names, overrides=overrides)
        options.setdefault("jobs", 8)
        options.setdefault("backend", BuildxBackend(environ=self.engine.env))
        return run(plan, **options)

    def tags(self, repository: str | None = None) -> list[str]:
        """Return what the registry has of a repository; nothing at all is the empty list."""
        name = repository or self.name
        try:
            with urllib.request.urlopen(
                f"http://{self.engine.registry}/v2/{name}/tags/list"
            ) as answer:
                return sorted(json.load(answer)["tags"] or [])
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return []

    def local_images(self) -> list[str]:
        """Return the IDs of the images in the store with the project's label, dangling ones too."""
        listed = self.engine.run(
            "docker", "images", "--all", "--quiet", "--filter", f"label=project={self.name}"
        )
        return listed.stdout.split()


@pytest.fixture
def project_on(tmp_path: Path) -> Callable[[Engine], EngineProject]:
    """A function that makes a project for an engine."""

    def make(engine: Engine) -> EngineProject:
        name = f"gates-{uuid.uuid4().hex[:12]}"
        folder = tmp_path / name
        folder.mkdir()
        return EngineProject(folder=folder, engine=engine, name=name)

    return make


@pytest.fixture
def project(project_on: Callable[[Engine], EngineProject], engine: Engine) -> EngineProject:
    """A project for the newest engine."""
    return project_on(engine)
