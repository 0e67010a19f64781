"""Secrets that commands print: once in a run, in memory, with clear errors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.config import read_project
from stagebuild.errors import BuildFailed, ConfigError
from stagebuild.model import Secret
from stagebuild.planning import plan_builds
from stagebuild.runner import RunOutcome, run
from stagebuild.scheduling.secretcommands import SecretCommands
from stagebuild.testing import ScriptedBackend
from stagebuild.values import replaced

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.backends.base import Emit, SolveResponse
    from stagebuild.planning.spec import BuildPlan, BuildSpec

DOCKERFILE = "FROM scratch AS a\nCOPY x /\nFROM scratch AS b\nCOPY x /\n"


class Keeping(ScriptedBackend):
    """A backend that keeps the secrets that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[dict[str, str]] = []

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        self.given.append(dict(spec.held_secrets))
        return super().build(spec, emit, cancel)


def plan(folder: Path, command: str, *names: str) -> BuildPlan:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    text = "\n".join(
        f"[environments.{name}]\nsecrets = {{ token = {{ command = {command!r} }} }}"
        for name in ("a", "b")
    )
    project = read_project(text, path="stagebuild.toml", root=folder)
    return plan_builds(project, names or ("a",))


def failure(outcome: RunOutcome) -> str:
    assert isinstance(outcome.error, BuildFailed)
    return outcome.error.message


def test_a_command_is_run_once_for_all_builds_of_a_run(tmp_path: Path) -> None:
    backend = Keeping()
    made = plan(tmp_path, 'sh -c "echo run >> runs; sleep 0.1; echo s3cret-value"', "a", "b")
    outcome = run(made, backend=backend, jobs=2)
    assert not outcome.errors
    assert backend.given == [{"token": "s3cret-value"}] * 2
    assert (tmp_path / "runs").read_text() == "run\n"


def test_the_value_is_in_no_result(tmp_path: Path) -> None:
    (tmp_path / "held").write_text("s3cret-value\n")
    outcome = run(plan(tmp_path, "cat held"), backend=Keeping())
    assert "s3cret-value" not in repr(outcome)
    assert outcome.results["a"].spec.held_secrets == {}


def test_only_one_line_end_is_no_part_of_the_secret(tmp_path: Path) -> None:
    backend = Keeping()
    (tmp_path / "held").write_text("a\n\n")
    run(plan(tmp_path, "cat held"), backend=backend)
    assert backend.given == [{"token": "a\n"}]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "no-program x",
            "the command no-program can't be run: No such file or directory",
        ),
        ('sh -c "echo why >&2; exit 3"', "the command sh failed with 3: why"),
        ("true", "the command true printed nothing"),
        ('op "read', "the command 'op \"read' can't be read: No closing quotation"),
    ],
)
def test_a_command_that_gives_nothing_fails_the_build(
    command: str, message: str, tmp_path: Path
) -> None:
    backend = Keeping()
    spec = replaced(plan(tmp_path, "true")["a"], secrets={"token": Secret(command=command)})
    outcome = run(replaced(plan(tmp_path, "true"), specs=(spec,)), backend=backend)
    assert failure(outcome) == f'secret "token": {message}'
    assert backend.given == []


def test_a_build_that_is_canceled_ends_its_command(tmp_path: Path) -> None:
    cancel = Cancel()
    threading.Timer(0.2, cancel.cancel, ["enough"]).start()
    with pytest.raises(SolveFailed, match="enough") as caught:
        SecretCommands().held(plan(tmp_path, "sleep 60")["a"], cancel)
    assert caught.value.canceled


def test_a_secret_has_one_source() -> None:
    with pytest.raises(ValueError, match="a secret has one source"):
        Secret(env="A", command="b")
    with pytest.raises(ValueError, match="the command of a secret is empty"):
        Secret(command=" ")


def test_the_short_form_has_commands_too() -> None:
    assert Secret.parse("id=token,command=op read x") == ("token", Secret(command="op read x"))


def test_a_source_that_there_is_none_of_names_those_that_there_are(tmp_path: Path) -> None:
    text = "[environments.a]\nsecrets = { token = { comand = 'x' } }\n"
    with pytest.raises(ConfigError, match='did you mean "command"'):
        read_project(text, path="stagebuild.toml", root=tmp_path)
