"""``stagebuild report`` on the command line."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.testing import hit
from tests.report.runs.samples import document, failed, large_events, succeeded

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder a project with a history of two runs, and a file of one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "history.sqlite"))
    (tmp_path / "Dockerfile").write_text("FROM alpine AS base\nFROM base AS prod\n")
    older, newer = document(failed()), document(succeeded(large_events(2, 3)))
    with sb.History(tmp_path / "history.sqlite") as history:
        history.add_run({**older, "started_s": older["started_s"] - 60})
        history.add_run(newer)
    (tmp_path / "run.json").write_text(json.dumps(newer))
    return tmp_path


def test_the_last_run_is_told_with_the_graph_of_the_project(capsys: Captured) -> None:
    assert main(["report", "--format", "markdown"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert shown.startswith("## ✅ shop prod in ")
    assert "flowchart LR" in shown


def test_an_earlier_run_is_told_by_its_number(capsys: Captured) -> None:
    assert main(["report", "--run", "2", "--format", "markdown"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("## ❌ shop test in ")


def test_runs_are_listed_newest_first(capsys: Captured) -> None:
    assert main(["report", "--list"]) == ExitCode.OK
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  1  ")
    assert "prod built in " in first
    assert "test failed in " in second


def test_the_ending_of_the_file_says_the_form(folder: Path, capsys: Captured) -> None:
    assert main(["report", "-o", "out.html"]) == ExitCode.OK
    assert (folder / "out.html").read_text().startswith("<!doctype html>")
    assert capsys.readouterr().err.startswith("out.html: prod built in ")


def test_a_file_of_another_machine_is_told_without_a_project(
    folder: Path, capsys: Captured
) -> None:
    (folder / "Dockerfile").unlink()
    assert main(["report", "run.json", "--format", "junit"]) == ExitCode.OK
    assert "<testsuites" in capsys.readouterr().out


def test_a_file_can_come_from_stdin(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO((folder / "run.json").read_text()))
    assert main(["report", "-", "--format", "dotenv"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("PROD_REFERENCE=")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--run", "3"], "the history has no run 3: 2 are there"),
        (["-o", "run.pdf"], "run.pdf does not say which form is meant"),
        (["none.json"], "none.json: No such file"),
        (["Dockerfile"], "Dockerfile: it is no JSON"),
        (["-o", "no/folder.md"], "no/folder.md: No such file"),
    ],
)
def test_what_can_not_be_told_is_said(capsys: Captured, words: list[str], told: str) -> None:
    assert main(["report", *words]) == ExitCode.USAGE
    assert f"stagebuild report: {told}" in capsys.readouterr().err


def test_a_history_that_is_turned_off_is_said(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBUILD_HISTORY", "0")
    assert main(["report"]) == ExitCode.USAGE
    assert "the history is turned off" in capsys.readouterr().err


def test_a_page_on_a_terminal_is_refused(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["report"]) == ExitCode.USAGE
    assert "-o report.html" in capsys.readouterr().err


def test_a_report_whose_form_can_not_be_told_is_refused_before_a_build(capsys: Captured) -> None:
    assert main(["prod", "--report", "run.pdf"]) == ExitCode.USAGE
    assert "does not say which form is meant" in capsys.readouterr().err


def test_a_mistake_in_the_configuration_is_annotated_for_github(
    folder: Path, capsys: Captured
) -> None:
    (folder / "stagebuild.toml").write_text('[environments.prod]\ntarget = "prod"\npush = 3\n')
    assert main(["prod"], environ={"GITHUB_ACTIONS": "true"}) == ExitCode.CONFIGURATION
    assert "::error file=stagebuild.toml,line=3,title=stagebuild::" in capsys.readouterr().err


def test_a_cached_step_has_no_log(folder: Path, capsys: Captured) -> None:
    (folder / "c.json").write_text(json.dumps(document(succeeded([hit("[prod 1/1] RUN a")]))))
    assert main(["report", "c.json"]) == ExitCode.OK
    assert "of its log" not in capsys.readouterr().out
