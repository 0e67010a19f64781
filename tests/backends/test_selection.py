"""Which backend builds: the one asked for, or what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.selection import select_backend

if TYPE_CHECKING:
    from pathlib import Path


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


def test_auto_is_buildx_where_it_is_installed(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "docker")
    program(tmp_path / "config" / "cli-plugins" / "docker-buildx")
    chosen = select_backend(environ=environ_of(tmp_path))
    assert (chosen.backend.name, chosen.reason) == ("buildx", "it is installed")


def test_auto_needs_no_program_where_there_is_none(tmp_path: Path) -> None:
    chosen = select_backend(environ=environ_of(tmp_path))
    assert (chosen.backend.name, chosen.reason) == ("sdk", "there is no docker buildx")


@pytest.mark.parametrize("name", ["sdk", "buildx"])
def test_a_backend_that_is_asked_for_is_taken(name: str, tmp_path: Path) -> None:
    assert select_backend(name, environ=environ_of(tmp_path)).backend.name == name


def test_an_unknown_backend_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="auto, sdk, buildx"):
        select_backend("podman", environ={})
