"""
Never building what is built: ``--skip-unchanged`` and ``plan`` against a build with nothing to do.

Both sides leave an image with one tag in the engine's store.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import stagebuild as sb
from benchmarks.measuring import Row, bounded, compared, process
from benchmarks.sdk_vs_buildx import BYTES, FILES, fill
from stagebuild.history import History
from stagebuild.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Peers

PEER = ("docker", "buildx", "build", "-q", "--provenance=false", "--target", "prod")
TAG = "stagebuild-bench-skip"
MOST_PLAN_S = 0.5

_TINY = "FROM busybox AS prod\nCOPY message.txt /\nRUN cat /message.txt\n"
_LARGE = "FROM busybox AS prod\nCOPY . /src\n"
_CONFIGURATION = f'[environments.prod]\ntags = ["{TAG}:ours"]\n'


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the figures of builds that are not done, and of plans."""
    os.environ.update(peers.env)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name) / "context"
        folder.mkdir()
        (folder / "message.txt").write_text("hello\n")
        yield from _skips(folder, peers, dockerfile=_TINY, what="tiny context")
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name) / "context"
        fill(folder, FILES, BYTES)
        yield from _skips(folder, peers, dockerfile=_LARGE, what="20,000 files")
        yield _plan(folder, peers)


def _skips(folder: Path, peers: Peers, *, dockerfile: str, what: str) -> Iterator[Row]:
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "stagebuild.toml").write_text(_CONFIGURATION)
    argv = [sys.executable, "-m", "stagebuild", "prod", "-q", "--skip-unchanged"]
    peer = process([*PEER, "-t", f"{TAG}:peer", "."], cwd=folder, env=environment_of(folder, peers))
    for name, work, at_most in (
        ("whole process", process(argv, cwd=folder, env=environment_of(folder, peers)), 0.5),
        ("warm process", _warm(folder, peers), 0.25),
    ):
        yield compared(
            f"--skip-unchanged, {what}, {name}",
            work,
            peer,
            peer_name=" ".join(PEER[:5]),
            at_most=at_most,
            versions=peers.versions,
        )


def environment_of(folder: Path, peers: Peers) -> dict[str, str]:
    """Return an environment whose history and file digests are beside the folder."""
    return {
        **peers.env,
        "XDG_STATE_HOME": str(folder.parent / "state"),
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
    }


def _warm(folder: Path, peers: Peers) -> Callable[[], None]:
    env = environment_of(folder, peers)
    project = sb.load(folder / "stagebuild.toml")
    history = History.of_project(project, environ=env)

    def work() -> None:
        plan = sb.plan_builds(sb.load(folder / "stagebuild.toml"), ["prod"])
        outcome = run(plan, history=history, skip_unchanged=True, environ=env)
        if not outcome.results["prod"].skipped:
            raise RuntimeError("it was built")

    return work


def _plan(folder: Path, peers: Peers) -> Row:
    argv = [sys.executable, "-m", "stagebuild", "plan", "prod"]
    return bounded(
        "plan, 20,000 files unchanged, whole process",
        process(argv, cwd=folder, env=environment_of(folder, peers)),
        at_most_s=MOST_PLAN_S,
        versions=peers.versions,
    )
