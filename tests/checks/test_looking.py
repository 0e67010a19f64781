"""What a context sends, in a real folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.checks import CheckReport, check_project
from stagebuild.checks.looking import look_at_context
from stagebuild.cli import main
from stagebuild.config import load

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = "FROM alpine:3.20 AS prod\nCOPY . /srv\nUSER 1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder a context with a bit of everything."""
    monkeypatch.chdir(tmp_path)
    for path, size in {
        "src/app.py": 10,
        "tests/test_app.py": 20,
        ".git/objects/ab": 3_000_000,
        ".env": 30,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x" * size)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def check() -> CheckReport:
    return check_project(load(), look=look_at_context)


def messages(report: CheckReport, rule: str) -> list[str]:
    return [finding.message for finding in report.findings if finding.rule == rule]


def test_a_context_without_ignore_file_is_told_with_its_size() -> None:
    (message,) = messages(check(), "no-dockerignore")
    assert "(3.0 MB)" in message


def test_ballast_is_told_with_its_size() -> None:
    assert messages(check(), "context-ballast") == [
        ".git is sent with the context: 1 file, 3.0 MB",
    ]


def test_secrets_and_tests_that_are_shipped_are_told() -> None:
    told = messages(check(), "ships-clutter")
    assert told[0] == '"prod" ships what looks like secrets: .env'
    assert '"prod" ships tests: tests/test_app.py (20 B)' in told


def test_what_the_ignore_file_leaves_out_is_no_finding(folder: Path) -> None:
    (folder / ".dockerignore").write_text(".*\ntests\n")
    report = check()
    assert not {"no-dockerignore", "context-ballast", "ships-clutter"} & {
        finding.rule for finding in report.findings
    }


def test_an_ignore_file_beside_the_dockerfile_counts_as_for_the_engine(folder: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("*\n!src\n")
    assert messages(check(), "context-ballast") == []


def test_a_finding_about_ballast_points_at_the_ignore_file(folder: Path) -> None:
    (folder / ".dockerignore").write_text("tests\n")
    (finding,) = (each for each in check().findings if each.rule == "context-ballast")
    assert (finding.path, finding.line) == (".dockerignore", 1)


def test_an_ignore_file_that_can_not_be_read_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".dockerignore").write_text("[\n")
    assert main(["check", "--offline"]) == 3
    assert ".dockerignore:1: " in capsys.readouterr().err
