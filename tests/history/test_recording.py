"""What runs is recorded: whole, without secrets, and never at a build's expense."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import stagebuild as sb
from stagebuild.backends.base import SolveFailed
from stagebuild.history import History
from stagebuild.model import HistoryEntry, ImageFacts
from stagebuild.runner import run
from stagebuild.testing import Script, ScriptedBackend, hit, ran

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.planning import BuildPlan

DOCKERFILE = """\
FROM busybox AS build
ARG API_TOKEN
RUN make
FROM build AS prod
COPY . .
"""


@pytest.fixture
def plan(tmp_path: Path) -> BuildPlan:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    prod = sb.Environment(target="prod", build_args={"API_TOKEN": "hunter22"}, tags=("shop:1",))
    return sb.plan_builds(sb.Project(root=root, environments={"prod": prod}), ["prod"])


def test_a_build_is_recorded_with_its_stages_and_steps(plan: BuildPlan, history: History) -> None:
    script = Script(events=[hit("[build 1/2] FROM busybox"), ran("[build 2/2] RUN make", 1.0, 3.5)])
    sb.execute(plan, backend=ScriptedBackend(scripts={"prod": script}), history=history)
    (record,) = history.builds()
    assert (record.environment, record.target, record.outcome) == ("prod", "prod", "built")
    assert (record.tags, record.backend) == (("shop:1",), "scripted")
    (stage,) = record.stages
    assert [(s.number, s.cached, s.busy_s) for s in stage.steps] == [(1, True, 0), (2, False, 2.5)]


def test_a_failed_build_is_recorded_with_its_reason(plan: BuildPlan, history: History) -> None:
    script = Script(error=SolveFailed("make: no rule\nat all"))
    with pytest.raises(sb.BuildFailed):
        sb.execute(plan, backend=ScriptedBackend(scripts={"prod": script}), history=history)
    (record,) = history.builds()
    assert record.outcome == "failed"
    assert "make: no rule at all" in (record.error or "")


def test_no_secret_gets_into_the_history(plan: BuildPlan, history: History) -> None:
    entry = HistoryEntry(
        created_by="RUN |1 API_TOKEN=hunter22 /bin/sh -c make", size_bytes=5, digest=None
    )
    facts = ImageFacts(platform_digests={}, history=(entry,), compressed=False)
    script = Script(events=[ran("[build 2/2] RUN make hunter22", 0.0, 1.0)], facts=facts)
    backend = ScriptedBackend(scripts={"prod": script})
    sb.execute(plan, backend=backend, history=history)
    backend.scripts = {"prod": Script(error=SolveFailed("no access for hunter22"))}
    run(plan, backend=backend, history=history)
    text = "".join(history.export())
    assert "API_TOKEN=***" in text
    assert "hunter22" not in text


def test_an_image_that_is_known_is_not_looked_at_again(plan: BuildPlan, history: History) -> None:
    entry = HistoryEntry(created_by="COPY . .", size_bytes=5, digest=None)
    facts = ImageFacts(platform_digests={}, history=(entry,), compressed=False)
    sb.execute(
        plan, backend=ScriptedBackend(scripts={"prod": Script(facts=facts)}), history=history
    )
    sb.execute(plan, backend=ScriptedBackend(), history=history)
    assert [record.size_bytes for record in history.builds()] == [5, 5]


def test_the_checkout_is_recorded(plan: BuildPlan, history: History) -> None:
    root = plan.project.root
    for words in ("init -q -b main", "add .", "commit -q -m one"):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words.split()],
            cwd=root,
            check=True,
        )
    sb.execute(plan, backend=ScriptedBackend(), history=history)
    (record,) = history.builds()
    assert record.git is not None
    assert (record.git.branch, record.git.dirty, len(record.git.sha)) == ("main", False, 40)


def test_a_history_that_cannot_be_written_is_a_warning(plan: BuildPlan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    broken = History(tmp_path / "file" / "h.sqlite")
    with pytest.warns(RuntimeWarning, match=r"h\.sqlite"):
        results = sb.execute(plan, backend=ScriptedBackend(), history=broken)
    assert results["prod"].digest is not None


def test_nothing_is_recorded_unless_asked_for(
    plan: BuildPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STAGEBUILD_HISTORY", raising=False)
    sb.execute(plan, backend=ScriptedBackend())
    assert not (tmp_path / "state").exists()


def test_the_watcher_is_told_everything_all_the_same(plan: BuildPlan, history: History) -> None:
    seen: list[str] = []
    backend = ScriptedBackend(scripts={"prod": Script(events=[ran("[prod 1/1] COPY", 0, 1)])})
    run(plan, backend=backend, history=history, on_event=lambda e: seen.append(type(e).__name__))
    assert seen == ["BuildStarted", "Progressed", "BuildEnded", "RunEnded"]
