"""Which backend builds: the one asked for, or what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stagebuild.backends.selection import select_backend
from stagebuild.model import Output
from stagebuild.planning.spec import BuildSpec


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def environ_of(folder: Path) -> dict[str, str]:
    return {
        "PATH": str(folder / "bin"),
        "DOCKER_CONFIG": str(folder / "config"),
        "HOME": str(folder),
    }


def spec(**fields: Any) -> BuildSpec:
    decided = {
        "name": "prod",
        "root": Path("/p"),
        "context": "/p",
        "dockerfile": "/p/Dockerfile",
        "dockerfile_shown": "Dockerfile",
        "target": None,
    }
    return BuildSpec(**{**decided, **fields})


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Surroundings with buildx and one builder, ``mine``."""
    program(tmp_path / "bin" / "docker")
    program(tmp_path / "config" / "cli-plugins" / "docker-buildx")
    program(tmp_path / "config" / "buildx" / "instances" / "mine")
    return environ_of(tmp_path)


@pytest.mark.parametrize(
    "fields", [{}, {"builder": "default"}, {"builder": "unix:///run/buildkit.sock"}]
)
def test_auto_is_the_engines_own_protocol(fields: dict[str, Any], environ: dict[str, str]) -> None:
    chosen = select_backend(environ=environ, specs=[spec(**fields)])

    reason = "it is the fastest, and has all that is asked for"
    assert (chosen.backend.name, chosen.reason) == ("sdk", reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"builder": "mine"}, "prod names the builder mine"),
        ({"outputs": (Output(type="tar", dest="-"),)}, "prod has an output that goes to stdout"),
    ],
)
def test_auto_is_buildx_for_what_only_buildx_does(
    fields: dict[str, Any], reason: str, environ: dict[str, str]
) -> None:
    chosen = select_backend(environ=environ, specs=[spec(), spec(**fields)])

    assert (chosen.backend.name, chosen.reason) == ("buildx", reason)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BUILDX_BUILDER", "mine", "BUILDX_BUILDER names the builder mine"),
        ("BUILDX_GIT_LABELS", "1", "BUILDX_GIT_LABELS is set"),
        ("STAGEBUILD_BUILDX", "docker buildx", "STAGEBUILD_BUILDX is set"),
    ],
)
def test_auto_is_buildx_where_buildx_is_configured(
    name: str, value: str, reason: str, environ: dict[str, str]
) -> None:
    chosen = select_backend(environ={**environ, name: value}, specs=[spec()])

    assert (chosen.backend.name, chosen.reason) == ("buildx", reason)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("current", '{"Key":"unix:///var/run/docker.sock","Name":"mine","Global":false}'),
        ("defaults/0f3a", "mine"),
    ],
)
def test_auto_is_buildx_where_a_builder_was_selected(
    file: str, content: str, environ: dict[str, str]
) -> None:
    path = Path(environ["DOCKER_CONFIG"], "buildx", file)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)

    chosen = select_backend(environ=environ, specs=[spec()])

    reason = "`docker buildx use` selected the builder mine"
    assert (chosen.backend.name, chosen.reason) == ("buildx", reason)


@pytest.mark.parametrize("content", ["{}", "[", '{"Name":""}', '{"Name":"gone","Global":true}'])
def test_a_selection_of_no_builder_is_none(content: str, environ: dict[str, str]) -> None:
    Path(environ["DOCKER_CONFIG"], "buildx", "current").write_text(content)

    assert select_backend(environ=environ, specs=[spec()]).backend.name == "sdk"


def test_the_default_builder_by_its_name_is_the_engine(environ: dict[str, str]) -> None:
    Path(environ["DOCKER_CONFIG"], "buildx", "current").write_text('{"Name":"mine"}')

    chosen = select_backend(environ={**environ, "BUILDX_BUILDER": "default"}, specs=[spec()])

    assert chosen.backend.name == "sdk"


def test_auto_needs_no_program_where_there_is_none(tmp_path: Path) -> None:
    environ = {**environ_of(tmp_path), "BUILDX_GIT_LABELS": "1"}

    chosen = select_backend(environ=environ)

    assert (chosen.backend.name, chosen.reason) == ("sdk", "there is no docker buildx")


@pytest.mark.parametrize("name", ["sdk", "buildx"])
def test_a_backend_that_is_asked_for_is_taken(name: str, tmp_path: Path) -> None:
    assert select_backend(name, environ=environ_of(tmp_path)).backend.name == name


def test_an_unknown_backend_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="auto, sdk, buildx"):
        select_backend("podman", environ={})
