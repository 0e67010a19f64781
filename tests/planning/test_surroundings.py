from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stagebuild.model import Project
from stagebuild.planning import Surroundings, plan_builds

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_current_surroundings_are_those_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_NAME", "some value")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    now = Surroundings.current()
    assert now.environ["SOME_NAME"] == "some value"
    assert now.folder == str(tmp_path)
    assert abs(now.now_s - time.time()) < 60
    (tmp_path / "x").write_bytes(b"\xff")
    assert now.read_bytes(str(tmp_path / "x")) == b"\xff"
    assert (now.is_file(str(tmp_path / "x")), now.is_file(str(tmp_path))) == (True, False)
    assert (now.is_folder(str(tmp_path)), now.is_folder("/no/where")) == (True, False)


def test_source_date_epoch_sets_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert Surroundings.current().now_s == 1_000_000_000


def test_a_plan_needs_no_surroundings_to_be_given(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS prod\n")
    plan = plan_builds(Project(root=tmp_path), ["prod"])
    assert plan["prod"].context == str(tmp_path)
