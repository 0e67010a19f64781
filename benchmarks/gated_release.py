"""A release that waits for its tests: against a COPY that forces them, and against no tests."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, compared, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Peers

# The stages of docker/getting-started-todo-app; waits stand for its package manager and its tests.
_STAGES = """\
FROM busybox AS base
WORKDIR /app
ARG SALT
RUN echo $SALT > salt
FROM base AS client
RUN sleep 2; mkdir dist; echo client > dist/app.js
FROM base AS dev
COPY package.json ./
FROM dev AS lint
RUN sleep 3
FROM dev AS test
RUN sleep {seconds}
FROM base AS prod
COPY {source}package.json ./
RUN sleep {seconds}; echo installed > modules
COPY --from=client /app/dist ./static
"""
_TOML = """\
[project]
repository = "{registry}/stagebuild-bench-release"
[environments.lint]
output = "type=cacheonly"
[environments.test]
output = "type=cacheonly"
[environments.alone]
target = "prod"
[environments.prod]
requires = ["lint", "test"]
"""
_S = 6


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the figures of releases that are published once their tests have passed."""
    for measure in (gate_against_trick, gated_against_ungated):
        with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
            yield measure(_project(Path(folder), peers), peers)


def gate_against_trick(folder: Path, peers: Peers) -> Row:
    """Measure a pushed release with a gate against one that copies a file from its test stage."""
    trick = folder / "trick.Dockerfile"
    trick.write_text(_STAGES.format(seconds=_S, source="--from=test /app/"))
    tag = f"{peers.env['STAGEBUILD_REGISTRY']}/stagebuild-bench-release:trick"
    argv = ["docker", "buildx", "build", "-q", "--provenance=false", "--target=prod", "--push"]
    return compared(
        f"release with {_S} s of tests and {_S} s of installing, tests as a gate",
        _salted(_ours("prod"), folder, peers),
        _salted([*argv, f"--tag={tag}", f"--file={trick.name}", "."], folder, peers),
        peer_name="docker buildx build, a COPY from the test stage forces the tests",
        at_most=0.7,
        versions=peers.versions,
        runs=3,
    )


def gated_against_ungated(folder: Path, peers: Peers) -> Row:
    """Measure a pushed release past two gates that pass against the same one without gates."""
    return compared(
        f"release of {_S} s past gates of {_S} s and 3 s, pushed",
        _salted(_ours("prod"), folder, peers),
        _salted(_ours("alone"), folder, peers),
        peer_name="the same without gates",
        at_most=1.1,
        versions=peers.versions,
        runs=3,
    )


def _ours(name: str) -> list[str]:
    return [sys.executable, "-m", "stagebuild", name, "-q", "--push", "--backend", "sdk"]


def _salted(argv: list[str], folder: Path, peers: Peers) -> Callable[[], None]:
    """Return a function that runs ``argv`` with another salt each time, so that all steps run."""

    def work() -> None:
        process([*argv, f"--build-arg=SALT={time.time_ns()}"], cwd=folder, env=peers.env)()

    return work


def _project(folder: Path, peers: Peers) -> Path:
    (folder / "Dockerfile").write_text(_STAGES.format(seconds=_S, source=""))
    (folder / "package.json").write_text("{}\n")
    (folder / "stagebuild.toml").write_text(_TOML.format(registry=peers.env["STAGEBUILD_REGISTRY"]))
    return folder
