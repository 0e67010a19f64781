"""What a long history costs: ``history``, ``plan`` and ``why`` with 10,000 recorded builds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import stagebuild as sb
from benchmarks.measuring import Row, bounded, process
from benchmarks.skipping import environment_of
from stagebuild.history import History
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peers import Peers

BUILDS = 10_000
MOST_S = 0.5
VERBS = (("history",), ("history", "prod"), ("plan", "prod"), ("why", "prod"))

_DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
FROM base AS deps
COPY message.txt .
RUN tr a-z A-Z < message.txt > deps.txt
FROM base AS build
COPY message.txt .
COPY --from=deps /app/deps.txt .
RUN cat *.txt > all
FROM base AS prod
COPY --from=build /app/all .
CMD ["cat", "/app/all"]
"""


def rows(peers: Peers) -> Iterator[Row]:
    """Yield how long each verb takes."""
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name) / "context"
        folder.mkdir()
        env = environment_of(folder, peers)
        fill(folder, env)
        for verb in VERBS:
            yield bounded(
                f"{' '.join(verb)}, {BUILDS:,} recorded builds, whole process",
                process([sys.executable, "-m", "stagebuild", *verb], cwd=folder, env=env),
                at_most_s=MOST_S,
                versions=peers.versions,
            )


def fill(folder: Path, env: dict[str, str]) -> None:
    """Build a project twice, and remember the two again and again, an hour apart."""
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "stagebuild.toml").write_text("[environments.prod]\n[environments.build]\n")
    for text in ("one\n", "two\n"):
        (folder / "message.txt").write_text(text)
        process([sys.executable, "-m", "stagebuild", "prod", "-q"], cwd=folder, env=env)()
    history = History.of_project(sb.load(folder / "stagebuild.toml"), environ=env)
    if history is None:
        raise RuntimeError("the history is turned off")
    with history:
        newest = history.builds()
        now_s = newest[0].started_s
        history.add(
            *(
                replaced(newest[number % 2], uid=f"{number:032x}", started_s=now_s - number * 3600)
                for number in range(1, BUILDS - 1)
            )
        )
