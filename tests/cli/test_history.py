"""``stagebuild history`` on a history that is given."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.history import BuildRecord, History, LayerRecord, StageRecord, StepRecord

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


def build(number: int, *, environment: str = "prod", test_s: float = 3.0) -> BuildRecord:
    steps = (
        StepRecord(number=1, command="FROM busybox", busy_s=0.0, cached=True),
        StepRecord(number=2, command="RUN make test", busy_s=test_s, cached=False),
    )
    return BuildRecord(
        uid=f"{number:032x}",
        environment=environment,
        target=environment,
        outcome="built",
        started_s=1_800_000_000.0 + number * 60,
        wall_s=test_s + 1,
        size_bytes=1_000_000,
        stages=(StageRecord(name="test", platform=None, busy_s=test_s, steps=steps),),
        layers=(LayerRecord(created_by="RUN make", size_bytes=1_000_000, stage="test"),),
    )


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the current folder a project with thirty builds, two environments; return the file."""
    (tmp_path / "Dockerfile").write_text("FROM busybox AS prod\n")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "h.sqlite"
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(path))
    with History(path) as found:
        found.add(*map(build, range(29)), build(99, environment="dev"))
    return path


def test_every_environment_has_its_line(capsys: Captured) -> None:
    assert main(["history"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["dev", "1"], ["prod", "29"]]


def test_one_environment_shows_its_stages_and_builds(capsys: Captured) -> None:
    assert main(["history", "prod"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("prod  29 builds\n")
    assert "test" in out
    assert "4.0 s" in out


def test_a_stage_shows_its_steps(capsys: Captured) -> None:
    assert main(["history", "prod", "--stage", "test"]) == 0
    assert "RUN make test" in capsys.readouterr().out


def test_json_has_the_builds_and_what_got_worse(history: Path, capsys: Captured) -> None:
    with History(history) as found:
        found.add(build(200, test_s=30.0))
    assert main(["history", "prod", "--json", "-n", "12"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["environments"]["prod"]) == 12
    assert [one["stage"] for one in document["regressions"]] == ["test"]


def test_csv_has_a_line_for_each_build(capsys: Captured) -> None:
    assert main(["history", "prod", "--csv", "--stage", "test"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 29
    assert {row["time_s"] for row in rows} == {"3.0"}


def test_a_regression_fails_when_asked_to(history: Path, capsys: Captured) -> None:
    assert main(["history", "prod", "--fail-on-regression"]) == 0
    with History(history) as found:
        found.add(build(200, test_s=30.0))
    assert main(["history", "prod", "--fail-on-regression"]) == 1
    assert "test took 30.0 s; its last 20 runs took 3.0 s ± 0.6 s" in capsys.readouterr().out


def test_export_and_import_carry_it_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert main(["history", "export", "h.jsonl"]) == 0
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "other.sqlite"))
    assert main(["history", "import", "h.jsonl"]) == 0
    assert main(["history", "import", "h.jsonl"]) == 0
    assert capsys.readouterr().err == "30 builds were new\n0 builds were new\n"


def test_prune_forgets(history: Path, capsys: Captured) -> None:
    assert main(["history", "prune", "--keep", "2"]) == 0
    assert capsys.readouterr().err == "27 builds forgotten\n"
    with History(history) as found:
        assert found.environments() == {"dev": 1, "prod": 2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prdo"], 'no build of "prdo" is recorded; did you mean "prod"?'),
        (["prod", "--stage", "tst"], 'no stage "tst"'),
        (["prod", "dev"], "one environment at most"),
        (["--stage", "test"], "name an environment"),
        (["export"], "takes one file"),
        (["prune"], "--keep N or --older-than DAYS"),
        (["import", "nothing.jsonl"], "No such file"),
        (["import", "Dockerfile"], "Dockerfile: "),
    ],
)
def test_what_cannot_be_done_says_why(words: list[str], said: str, capsys: Captured) -> None:
    assert main(["history", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_history_that_is_turned_off_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("STAGEBUILD_HISTORY", "0")
    assert main(["history"]) == 2
    assert "STAGEBUILD_HISTORY=0" in capsys.readouterr().err


def test_a_history_without_builds_says_so(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "new.sqlite"))
    assert main(["history"]) == 0
    assert capsys.readouterr().out == "no build is recorded yet\n"
