"""``stagebuild why`` on a history that is given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.history import BuildRecord, History, StageRecord, StepRecord
from tests.fingerprint.conftest import Shop

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Make the current folder a project with two builds: the second has one file more."""
    made = Shop(tmp_path / "shop")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "h.sqlite"))
    with History(tmp_path / "h.sqlite") as history:
        history.add(record(made, 1, ran={"base 2", "build 1", "build 2", "prod 1", "prod 2"}))
        made.write("src/c.c", "int c;")
        history.add(record(made, 2, ran={"build 1", "build 2", "prod 1", "prod 2"}))
    return made


def record(shop: Shop, number: int, *, ran: set[str]) -> BuildRecord:
    """Return the record of a build in which the named steps ran."""
    prints = shop.prints().steps
    stages = tuple(
        StageRecord(
            name=stage,
            platform=None,
            busy_s=1.0,
            steps=tuple(
                StepRecord(
                    number=step.number,
                    command=step.facts.instruction,
                    busy_s=1.0,
                    cached=f"{stage} {step.number}" not in ran,
                )
                for step in prints
                if step.stage == stage
            ),
        )
        for stage in ("base", "build", "prod")
    )
    return BuildRecord(
        uid=f"{number:032x}",
        environment="prod",
        target="prod",
        outcome="built",
        started_s=1_800_000_000.0 + number,
        wall_s=4.0,
        stages=stages,
        prints=prints,
        builder="default",
    )


def test_the_last_build_is_explained(capsys: Captured) -> None:
    assert main(["why", "prod"]) == 0
    out = capsys.readouterr().out
    assert "4 steps ran" in out
    assert "follows from build 1" in out


def test_one_step_is_explained_with_its_root(capsys: Captured) -> None:
    assert main(["why", "prod", "build:2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    steps = [step for stage in document["build"]["stages"] for step in stage["steps"]]
    assert [(step["number"], step["root"]) for step in steps] == [(1, True), (2, False)]


@pytest.mark.parametrize("build", ["2", "0" * 31 + "1"])
def test_an_earlier_build_can_be_asked_for(build: str, capsys: Captured) -> None:
    assert main(["why", "prod", "--build", build, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["uid"] == f"{1:032x}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prdo"], 'did you mean "prod"?'),
        (["prod", "nothing"], 'no stage "nothing"'),
        (["prod", "build:7"], "no step 7 of stage build"),
        (["prod", "build:x"], "invalid literal"),
        (["prod", "--build", "9"], "no build 9: 2 are recorded"),
        (["prod", "--build", "abcdef"], "uid begins with abcdef"),
    ],
)
def test_what_cannot_be_told_says_why(words: list[str], said: str, capsys: Captured) -> None:
    assert main(["why", *words]) == 2
    assert said in capsys.readouterr().err
