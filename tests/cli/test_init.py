"""``stagebuild init`` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder one with a Dockerfile."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM alpine AS test\nFROM alpine AS prod\n")
    return tmp_path


def test_what_it_writes_is_used_by_the_next_command(folder: Path, capsys: Captured) -> None:
    assert main(["init"]) == ExitCode.OK
    assert (folder / "stagebuild.toml").exists()
    capsys.readouterr()
    assert main(["--list"]) == ExitCode.OK
    assert capsys.readouterr().out.split() == ["test", "prod"]


def test_an_existing_configuration_is_never_overwritten(folder: Path, capsys: Captured) -> None:
    (folder / "stagebuild.toml").write_text("# mine\n")
    assert main(["init"]) == ExitCode.CONFIGURATION
    assert (folder / "stagebuild.toml").read_text() == "# mine\n"
    assert "--force" in capsys.readouterr().err


def test_it_is_replaced_when_asked_for(folder: Path) -> None:
    (folder / "stagebuild.toml").write_text("# mine\n")
    assert main(["init", "--force"]) == ExitCode.OK
    assert "[environments.prod]" in (folder / "stagebuild.toml").read_text()


def test_a_configuration_in_pyproject_is_not_put_out_of_force(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.stagebuild.environments.prod]\n")
    assert main(["init"]) == ExitCode.CONFIGURATION
    assert not (folder / "stagebuild.toml").exists()


def test_it_can_be_looked_at_first(folder: Path, capsys: Captured) -> None:
    assert main(["init", "--print"]) == ExitCode.OK
    assert "[environments.prod]" in capsys.readouterr().out
    assert not (folder / "stagebuild.toml").exists()


def test_a_dockerfile_elsewhere_can_be_named(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "Dockerfile").rename(folder / "docker" / "Dockerfile.app")
    assert main(["init", "docker/Dockerfile.app"]) == ExitCode.OK
    assert main(["--list"]) == ExitCode.OK


def test_a_missing_dockerfile_is_told(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").unlink()
    assert main(["init"]) == ExitCode.CONFIGURATION
    assert "Dockerfile: can't be read" in capsys.readouterr().err


def test_a_broken_dockerfile_is_told_with_its_line(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text("FROM alpine AS prod\nRUNN x\n")
    assert main(["init"]) == ExitCode.CONFIGURATION
    assert "Dockerfile:2: " in capsys.readouterr().err
