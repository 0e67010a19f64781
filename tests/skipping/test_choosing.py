"""Where everything is skipped, nobody chooses what builds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import stagebuild as sb
from stagebuild.history import History
from stagebuild.runner import run
from stagebuild.testing import Script, ScriptedBackend, ran

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.backends.base import Backend


def test_no_backend_is_chosen_when_nothing_is_built(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text("FROM scratch AS prod\nCOPY a /\n")
    (tmp_path / "context/a").write_text("a")
    environment = sb.Environment(target="prod", outputs=(sb.Output(type="cacheonly"),))
    project = sb.Project(root=tmp_path / "context", environments={"prod": environment})
    plan = sb.plan_builds(project, ["prod"])
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    chosen: list[Backend] = []

    def choose() -> Backend:
        script = Script(events=[ran("[prod 1/1] COPY a /", 0.0, 1.0)])
        chosen.append(ScriptedBackend(scripts={"prod": script}))
        return chosen[-1]

    time.sleep(0.03)  # what changed within a tick of a build's beginning is not remembered
    with History(tmp_path / "h.sqlite") as history:
        for skipped in (False, True):
            outcome = run(
                plan, history=history, skip_unchanged=True, choose=choose, environ=environ
            )
            assert outcome.results["prod"].skipped is skipped
    assert len(chosen) == 1


def test_where_a_frontend_has_no_digest_it_is_built(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    text = "# syntax=docker/dockerfile:1\nFROM scratch AS prod\nCOPY a /\n"
    (tmp_path / "context/Dockerfile").write_text(text)
    (tmp_path / "context/a").write_text("a")
    environment = sb.Environment(target="prod", outputs=(sb.Output(type="cacheonly"),))
    project = sb.Project(root=tmp_path / "context", environments={"prod": environment})
    plan = sb.plan_builds(project, ["prod"])
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    script = Script(events=[ran("[prod 1/1] COPY a /", 0.0, 1.0)])
    time.sleep(0.03)  # as above
    with History(tmp_path / "h.sqlite") as history:
        for _ in range(2):
            outcome = run(
                plan,
                history=history,
                skip_unchanged=True,
                backend=ScriptedBackend(scripts={"prod": script}),
                environ=environ,
            )
            assert not outcome.results["prod"].skipped
