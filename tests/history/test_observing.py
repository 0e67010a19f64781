"""Which steps a build is known to have finished."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import stagebuild as sb
from stagebuild.history import History
from stagebuild.runner import run
from stagebuild.testing import Script, ScriptedBackend, ran

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
FROM --platform=linux/amd64 scratch AS build
COPY a /
FROM scratch AS prod
COPY --from=build /a /
"""


def test_what_platforms_have_in_common_is_finished_for_each(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "context/a").write_text("a")
    platforms = ("linux/amd64", "linux/arm64")
    environment = sb.Environment(target="prod", platforms=platforms)
    project = sb.Project(root=tmp_path / "context", environments={"prod": environment})
    # BuildKit runs what is the same once, under one of the names.
    events = [
        ran("[linux/amd64 build 1/1] COPY a /", 0.0, 1.0),
        ran("[linux/amd64 prod 1/1] COPY --from=build /a /", 1.0, 2.0),
        ran("[linux/arm64 prod 1/1] COPY --from=build /a /", 1.0, 2.0),
    ]
    time.sleep(0.03)  # what changed within a tick of a build's beginning is not remembered
    with History(tmp_path / "h.sqlite") as history:
        backend = ScriptedBackend(scripts={"prod": Script(events=events)})
        environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
        plan = sb.plan_builds(project, ["prod"])
        run(plan, backend=backend, history=history, environ=environ)
        (record,) = history.builds()
    assert {(step.stage, step.platform) for step in record.prints} == {
        (stage, platform) for stage in ("build", "prod") for platform in platforms
    }
