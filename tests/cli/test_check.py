"""``stagebuild check`` on the command line, without an engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stagebuild.checks import RULES
from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode

ROOT = Path(__file__).parents[2]
CLEAN = "FROM alpine:3.20 AS prod\nUSER 10001\n"
WARNING = "FROM alpine AS prod\nUSER 10001\n"
ERROR = "FROM alpine:3.20 AS prod\nENV DB_PASSWORD=hunter2\nUSER 10001\n"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder an empty one with no engine in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (CLEAN, [], ExitCode.OK),
        (CLEAN, ["--strict"], ExitCode.OK),
        (WARNING, [], ExitCode.OK),
        (WARNING, ["--strict"], ExitCode.BUILD_FAILED),
        (ERROR, [], ExitCode.BUILD_FAILED),
    ],
)
def test_errors_fail_and_warnings_do_so_when_strict(
    folder: Path, text: str, options: list[str], code: int
) -> None:
    (folder / "Dockerfile").write_text(text)
    assert main(["check", "--offline", *options]) == code


def test_findings_are_on_stdout(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text(ERROR)
    main(["check", "--offline"])
    shown = capsys.readouterr()
    assert "error: Dockerfile:2: ENV DB_PASSWORD looks like a secret" in shown.out
    assert shown.err == ""


def test_infos_are_shown_when_asked_for(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text(CLEAN)
    main(["check", "--offline"])
    assert "base-without-digest" not in capsys.readouterr().out
    main(["check", "--offline", "--severity", "info"])
    assert "base-without-digest" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--json", "--format=json"])
def test_json_is_one_document(folder: Path, capsys: Captured, option: str) -> None:
    (folder / "Dockerfile").write_text(ERROR)
    main(["check", "--offline", option])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert {each["rule"] for each in document["findings"]} >= {"secret-in-arg"}


def test_sarif_and_annotations_are_printed(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text(ERROR)
    main(["check", "--offline", "--format", "sarif"])
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    main(["check", "--offline", "--format", "github"])
    assert capsys.readouterr().out.startswith("::notice file=Dockerfile,")


def test_a_broken_configuration_is_no_finding(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text(CLEAN)
    (folder / "stagebuild.toml").write_text('[checks]\nignore = ["nope"]\n[environments.prod]\n')
    assert main(["check", "--offline"]) == ExitCode.CONFIGURATION
    assert 'stagebuild.toml:2: checks.ignore[0]: no rule "nope"' in capsys.readouterr().err


def test_without_an_engine_a_note_says_what_is_left_out(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text(CLEAN)
    assert main(["check"]) == ExitCode.OK
    assert "note: BuildKit's own checks are left out: " in capsys.readouterr().out


def test_the_rules_can_be_listed(capsys: Captured) -> None:
    assert main(["check", "--rules"]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in RULES]


def test_the_pre_commit_hook_is_a_command_that_works(folder: Path) -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert "entry: stagebuild check --offline" in hook
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["stagebuild"] == "stagebuild.cli:script"
    (folder / "Dockerfile").write_text(ERROR)
    git = shutil.which("git")
    assert git is not None
    subprocess.run([git, "init", "-q"], check=True)
    script = folder / ".git" / "hooks" / "pre-commit"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} -m stagebuild check --offline\n")
    script.chmod(0o755)
    subprocess.run([git, "add", "."], check=True)
    commit = [git, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]
    done = subprocess.run(
        commit, check=False, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 1
    assert "secret-in-arg" in done.stdout + done.stderr
    (folder / "Dockerfile").write_text(CLEAN)
    subprocess.run([git, "add", "."], check=True)
    subprocess.run(commit, check=True, capture_output=True, env={"PYTHONPATH": str(ROOT)})
