"""Images that are based on each other, on the real engine: in order, once, and nothing is left."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.sdk import SdkBackend
from stagebuild.errors import GateFailed

if TYPE_CHECKING:
    from stagebuild.runner import RunOutcome
    from tests.scheduling.conftest import EngineProject

pytestmark = pytest.mark.engine

# Twelve images of three environments for the figure in docs/how-to/several-images.md.
IMAGES = int(os.environ.get("STAGEBUILD_CHAIN_IMAGES", "4"))
ENVIRONMENTS = ("dev", "test", "prod")


@pytest.fixture
def chain(project: EngineProject) -> EngineProject:
    """Images in chains of three, each based on the one before it."""
    toml = ['[project]\nrepository = "@repository@"\n']
    toml += [f"[environments.{name}]\n" for name in ENVIRONMENTS]
    for number in range(IMAGES):
        folder = project.folder / f"i{number}"
        folder.mkdir()
        first = number % 3 == 0
        toml.append(f'[images.i{number}]\ncontext = "i{number}"\n')
        if not first:
            toml.append(f'contexts = {{ base = "image:i{number - 1}" }}\n')
        stages = [
            f"FROM {'busybox' if first else 'base'} AS {name}\n"
            f"COPY text /i{number}\nRUN echo {name} {uuid.uuid4().hex}\n"
            for name in ENVIRONMENTS
        ]
        (folder / "Dockerfile").write_text("".join(stages))
        (folder / "text").write_text("one\n")
    project.write(toml="".join(toml))
    return project


def ran(outcome: RunOutcome) -> set[str]:
    """Return the builds of which a step ran."""
    return {
        name
        for name, result in outcome.results.items()
        for stage in result.stages
        for step in stage.step_timings
        if not step.cached and not step.command.startswith("FROM ")
    }


def test_a_chain_is_built_in_order_and_one_edit_rebuilds_what_depends_on_it(
    chain: EngineProject,
) -> None:
    before = set(Path(tempfile.gettempdir()).glob("stagebuild-images-*"))
    outcome = chain.run(*ENVIRONMENTS, push=True)
    assert not outcome.errors
    assert len(outcome.results) == IMAGES * 3
    assert ran(outcome) == set(outcome.results)
    assert chain.tags(f"{chain.name}/i1") == ["dev", "prod", "test"]
    assert ran(chain.run(*ENVIRONMENTS, push=True)) == set()
    (chain.folder / "i1" / "text").write_text("two\n")
    edited = chain.run(*ENVIRONMENTS, push=True)
    assert ran(edited) == {f"i{n}:{name}" for n in (1, 2) for name in ENVIRONMENTS}
    assert set(Path(tempfile.gettempdir()).glob("stagebuild-images-*")) <= before


def test_an_image_alone_pushes_itself_and_not_what_it_is_based_on(chain: EngineProject) -> None:
    outcome = chain.run("i2:prod", push=True)
    assert set(outcome.results) == {"i0:prod", "i1:prod", "i2:prod"}
    assert chain.tags(f"{chain.name}/i2") == ["prod"]
    assert chain.tags(f"{chain.name}/i1") == []


def test_a_chain_is_built_without_any_docker_command_too(chain: EngineProject) -> None:
    backend = SdkBackend(environ=chain.engine.env)
    assert not chain.run("i1:prod", "i0:prod", push=True, backend=backend).errors
    assert chain.tags(f"{chain.name}/i0") == ["prod"]
    assert chain.tags(f"{chain.name}/i1") == ["prod"]


def test_a_base_that_fails_is_named_by_what_is_based_on_it(chain: EngineProject) -> None:
    dockerfile = chain.folder / "i0" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "RUN exit 3\n")
    error = chain.run("i1:prod").error
    assert isinstance(error, GateFailed)
    assert (error.build, error.gate, error.stage, error.exit_code) == (
        "i1:prod",
        "i0:prod",
        "prod",
        3,
    )


def test_a_tagged_stage_is_pushed_with_its_image_and_runs_nothing(project: EngineProject) -> None:
    project.write(
        Dockerfile=f"FROM busybox AS builder\nRUN echo {uuid.uuid4().hex} > /made\n"
        "FROM scratch AS prod\nCOPY --from=builder /made /\n",
        toml='[environments.prod]\ntags = "@repository@:prod"\n'
        'tag-stages = { builder = "@repository@:builder" }\n',
    )
    outcome = project.run("prod", push=True)
    assert not outcome.errors
    assert project.tags() == ["builder", "prod"]
    assert ran(outcome) <= {"prod", "prod/builder"}
    steps = [s for s in outcome.results["prod/builder"].stages if s.name == "builder"]
    shared = outcome.results["prod"].stages[0]
    assert steps[0].step_timings[-1].vertex == shared.step_timings[-1].vertex
