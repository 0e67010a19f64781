"""``stagebuild graph`` on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.cli import main
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.testing import ran
from tests.report.runs.samples import document, succeeded

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder one with a Dockerfile."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM alpine AS base\nFROM base AS prod\n")
    return tmp_path


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "Dockerfile\nprod\n└─ base\n"),
        ("mermaid", "flowchart LR\n"),
        ("dot", 'digraph "Dockerfile" {\n'),
        ("svg", "<svg "),
    ],
)
def test_every_format_is_printed(capsys: Captured, form: str, start: str) -> None:
    assert main(["graph", "--format", form]) == ExitCode.OK
    assert capsys.readouterr().out.startswith(start)


def test_a_build_can_be_laid_on_it(folder: Path, capsys: Captured) -> None:
    stage = {"name": "prod", "busy_s": 3.0, "steps": 2, "cached_steps": 0, "error": None}
    timeline = {"stages": [stage], "critical_path": []}
    run = {"results": {"prod": {"timeline": timeline}}, "errors": []}
    (folder / "run.json").write_text(json.dumps(run))
    assert main(["graph", "prod", "--result", "run.json"]) == ExitCode.OK
    assert "prod  3.0 s, 0/2 cached" in capsys.readouterr().out


def test_a_forecast_can_be_laid_on_it(folder: Path, capsys: Captured) -> None:
    steps = [{"state": "cached"}, {"state": "run"}]
    stages = [
        {"name": "base", "expected_s": 0.0, "steps": steps[:1]},
        {"name": "prod", "expected_s": 3.0, "steps": steps},
    ]
    (folder / "plan.json").write_text(json.dumps({"builds": {"prod": {"stages": stages}}}))
    assert main(["graph", "prod", "--result", "plan.json"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "prod  about 3.0 s, 1/2 cached" in shown
    assert "base  cached" in shown


def test_the_last_build_can_be_laid_on_it(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(folder / "history.sqlite"))
    assert main(["graph", "--last"]) == ExitCode.CONFIGURATION
    assert "--last: the history has no such build" in capsys.readouterr().err
    with sb.History(folder / "history.sqlite") as history:
        history.add_run(document(succeeded([ran("[prod 1/1] RUN make", 0.0, 2.0)])))
    assert main(["graph", "prod", "--last"]) == ExitCode.OK
    assert "prod  2.0 s, 0/1 cached  critical path" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "no JSON", "{}"])
def test_a_result_that_can_not_be_used_is_told(
    folder: Path, capsys: Captured, content: str | None
) -> None:
    if content is not None:
        (folder / "run.json").write_text(content)
    assert main(["graph", "--result", "run.json"]) == ExitCode.CONFIGURATION
    assert "run.json: --result: " in capsys.readouterr().err


def test_a_dockerfile_that_can_not_be_read_is_told(folder: Path, capsys: Captured) -> None:
    (folder / "Dockerfile").write_text("FROM alpine AS prod\nRUNN x\n")
    assert main(["graph"]) == ExitCode.CONFIGURATION
    assert "Dockerfile:2: " in capsys.readouterr().err


def test_an_unknown_environment_is_told(capsys: Captured) -> None:
    assert main(["graph", "pord"]) == ExitCode.CONFIGURATION
    assert 'did you mean "prod"?' in capsys.readouterr().err
