"""``stagebuild plan`` without an engine: everything is new, and says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]

DOCKERFILE = """\
FROM busybox AS build
RUN make
FROM scratch AS prod
COPY --from=build /out /
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder a project that was never built, with no engine in reach."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "h.sqlite"))
    return tmp_path


def test_what_was_never_built_runs(capsys: Captured) -> None:
    assert main(["plan", "prod", "--offline"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("prod  3 steps to run, 0 cached\n")
    assert "never built on this builder" in out


def test_json_is_one_document(capsys: Captured) -> None:
    assert main(["plan", "prod", "--offline", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    steps = [step for stage in document["builds"]["prod"]["stages"] for step in stage["steps"]]
    assert [step["state"] for step in steps] == ["run", "run", "run"]


def test_the_exit_code_says_that_there_is_something_to_build() -> None:
    assert main(["plan", "prod", "--offline", "--exit-code"]) == 1


@pytest.mark.parametrize(("form", "drawn"), [("mermaid", "s0 --> s1"), ("text", "needs build")])
def test_the_graph_draws_what_needs_what(form: str, drawn: str, capsys: Captured) -> None:
    assert main(["plan", "prod", "--offline", "--graph", form]) == 0
    assert drawn in capsys.readouterr().out


def test_a_broken_history_is_a_warning(project: Path, capsys: Captured) -> None:
    (project / "h.sqlite").write_text("no database" * 100)
    assert main(["plan", "prod", "--offline"]) == 0
    assert "was broken" in capsys.readouterr().err


def test_the_history_may_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBUILD_HISTORY", "0")
    assert main(["plan", "prod", "--offline"]) == 0


def test_nothing_named_says_what_there_is(capsys: Captured) -> None:
    assert main(["plan"]) == 2
    assert "build, prod" in capsys.readouterr().err


def test_a_wrong_dockerfile_is_an_error(project: Path, capsys: Captured) -> None:
    (project / "Dockerfile").write_text("FROM busybox AS prod\nCOPPY a b\n")
    assert main(["plan", "prod", "--offline"]) == 3
    assert "Dockerfile:2" in capsys.readouterr().err
