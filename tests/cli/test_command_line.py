"""The command line without an engine: what is read, refused and printed, and the exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode, exit_code_of
from stagebuild.errors import (
    BuildCanceled,
    BuildFailed,
    ConfigError,
    ContextError,
    DockerfileError,
    EngineUnavailable,
    GateFailed,
    ProtocolError,
    RegistryFailed,
    StagebuildError,
    UnknownEnvironment,
    UnknownStage,
    UnsupportedFeature,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCKERFILE = """\
FROM busybox AS base
FROM base AS test
RUN true
FROM base AS prod
COPY app .
"""
CONFIGURATION = """\
[project]
repository = "registry.example/shop"
[environments.test]
description = "Unit tests"
[environments.prod]
build-args = { API_TOKEN = "s3cret-value", LEVEL = "info" }
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder one with a Dockerfile and a configuration, and no engine in reach."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "stagebuild.toml").write_text(CONFIGURATION)
    (tmp_path / "app").write_text("app")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STAGEBUILD_BACKEND", "buildx")
    return tmp_path


def test_list_prints_the_environments_and_what_they_are_for(capsys: Captured) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "test  Unit tests\nprod\n"


def test_an_unknown_environment_names_the_nearest_one(capsys: Captured) -> None:
    assert main(["prdo"]) == ExitCode.CONFIGURATION
    assert 'no environment "prdo"; did you mean "prod"?' in capsys.readouterr().err


def test_no_environment_at_all_says_which_there_are(capsys: Captured) -> None:
    code = main([])
    shown = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert "prod" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["prod", "--no-such-option"],
        ["prod", "--progress", "loud"],
        ["prod", "--jobs", "0"],
        ["schema", "nothing"],
        ["prod", "--pus"],
    ],
)
def test_a_wrong_option_is_a_usage_error_with_a_hint(words: list[str], capsys: Captured) -> None:
    assert main(words) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert "hint:" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [("STAGEBUILD_PROGRESS", "loud"), ("STAGEBUILD_LOG_FORMAT", "x"), ("STAGEBUILD_JOBS", "many")],
)
def test_a_wrong_value_in_the_environment_is_a_usage_error_that_names_it(
    variable: str, value: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["prod", "--dry-run"]) == ExitCode.USAGE
    assert variable in capsys.readouterr().err


def test_dry_run_prints_the_command_without_its_secrets(capsys: Captured) -> None:
    assert main(["prod", "--dry-run", "--push"]) == 0
    shown = capsys.readouterr().out
    assert "docker buildx build" in shown
    assert "--target prod" in shown
    assert "s3cret" not in shown


def test_dry_run_of_several_shows_each_under_its_name(capsys: Captured) -> None:
    assert main(["--all", "--dry-run"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("#")] == [
        "# test",
        "# prod",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--build-arg", "LEVEL=debug"], "LEVEL=debug"),
        (["--set", "prod.build-args.LEVEL=debug"], "LEVEL=debug"),
        (["--tag", "registry.example/x:1"], "--tag registry.example/x:1"),
        (["--platform", "linux/amd64,linux/arm64"], "--platform linux/amd64,linux/arm64"),
        (["--no-cache"], "--no-cache"),
        (["--no-cache-filter", "base"], "--no-cache-filter base"),
        (["--pull"], "--pull"),
        (["--builder", "remote"], "--builder remote"),
        (["--target", "test"], "--target test"),
        (["--label", "team=web"], "--label team=web"),
        (["--load"], "--load"),
        (["-o", "type=local,dest=out"], "type=local,dest="),
        (["--cache-from", "registry.example/c"], "type=registry,ref=registry.example/c"),
        (["--cache-to", "type=inline"], "--cache-to type=inline"),
        (["--ssh", "default"], "--ssh default"),
    ],
)
def test_an_option_reaches_the_command(
    words: list[str], expected: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent.sock")
    assert main(["prod", "--dry-run", *words]) == 0
    assert expected in capsys.readouterr().out


def test_a_secret_is_named_but_not_shown(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TOKEN", "canary-value")
    assert main(["prod", "--dry-run", "--secret", "id=pip,env=PIP_TOKEN"]) == 0
    shown = capsys.readouterr().out
    assert "id=pip,env=PIP_TOKEN" in shown
    assert "canary-value" not in shown


def test_options_may_stand_between_environments(capsys: Captured) -> None:
    assert main(["test", "--dry-run", "prod"]) == 0
    assert capsys.readouterr().out.count("docker buildx build") == 2


def test_an_environment_called_like_a_verb_is_built_by_the_word_build(
    project: Path, capsys: Captured
) -> None:
    (project / "stagebuild.toml").write_text('[environments.schema]\ntarget = "prod"\n')
    assert main(["build", "schema", "--dry-run"]) == 0
    assert "# schema" in capsys.readouterr().out


def test_an_option_in_the_wrong_form_is_named(capsys: Captured) -> None:
    assert main(["prod", "--cache-to", "type=floppy"]) == ExitCode.CONFIGURATION
    shown = capsys.readouterr().err
    assert "--cache-to" in shown
    assert "floppy" in shown


def test_the_json_document_comes_also_on_failure(capsys: Captured) -> None:
    assert main(["prdo", "--json"]) == ExitCode.CONFIGURATION
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["errors"][0]["kind"] == "UnknownEnvironment"


def test_no_engine_is_its_own_exit_code_and_says_what_to_start(capsys: Captured) -> None:
    assert main(["prod", "-q"]) == ExitCode.NO_ENGINE
    shown = capsys.readouterr()
    assert "hint:" in shown.err
    assert shown.out == ""


def test_a_schema_is_printed_as_json(capsys: Captured) -> None:
    for words in (["schema"], ["schema", "config"], ["schema", "result"]):
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


def test_the_version_is_printed(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("stagebuild ")


def test_help_has_examples_and_the_exit_codes(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert "exit codes:" in shown


def test_a_file_elsewhere_can_be_named(project: Path, capsys: Captured) -> None:
    (project / "other").mkdir()
    (project / "other" / "Dockerfile").write_text("FROM busybox AS only\n")
    assert main(["--list", "-f", "other"]) == 0
    assert capsys.readouterr().out == "only\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 3),
        (UnknownEnvironment("x", []), 3),
        (ContextError("x"), 3),
        (DockerfileError("x"), 3),
        (UnknownStage("x", []), 3),
        (EngineUnavailable("x", backend="b"), 4),
        (UnsupportedFeature("x", backend="b", remedy="r"), 4),
        (ProtocolError("x", backend="b"), 4),
        (GateFailed("x", build="a", gate="b"), 1),
        (RegistryFailed("x", build="a", reference=None), 5),
        (BuildFailed("x", build="a"), 1),
        (BuildCanceled("x", build="a"), 130),
    ],
)
def test_every_error_has_its_exit_code(error: StagebuildError, code: int) -> None:
    assert exit_code_of(error) == code


def subclasses(cls: type[StagebuildError]) -> Iterator[type[StagebuildError]]:
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_error_is_documented_with_its_exit_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text()
    names = {cls.__name__ for cls in subclasses(StagebuildError)}
    assert [name for name in names if f"`{name}`" not in page and name[0] != "_"] == []


def test_a_reader_that_leaves_is_no_traceback(project: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m stagebuild schema | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
    )
    assert done.stderr == ""


def test_a_dry_run_shows_the_gates_and_what_waits_for_them(project: Path, capsys: Captured) -> None:
    (project / "stagebuild.toml").write_text(CONFIGURATION + 'requires = ["test"]\n')
    assert main(["prod", "--dry-run"]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("#")]
    assert heads == ["# prod, published after test", "# test (gate)"]
