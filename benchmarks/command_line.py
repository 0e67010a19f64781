"""Whole processes: what a person waits for at the prompt, and a CI job at every step."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, alternating, compared, process, python_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peers import Peers

ENVIRONMENTS = 1000

_DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
FROM base AS builder
COPY message.txt .
RUN tr a-z A-Z < message.txt > shouted.txt
FROM base AS prod
COPY --from=builder /app/shouted.txt .
CMD ["cat", "/app/shouted.txt"]
"""


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the figures of whole processes."""
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
        yield no_op_build(Path(folder), peers)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
        yield help_text(Path(folder))
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
        yield thousand_environments(Path(folder), peers)


def no_op_build(folder: Path, peers: Peers) -> Row:
    """Measure a build in which every step is cached, of a tiny context."""
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "message.txt").write_text("hello\n")
    return compared(
        "no-op build of one environment, whole process",
        process([sys.executable, "-m", "stagebuild", "prod", "-q"], cwd=folder, env=peers.env),
        process(
            ["docker", "buildx", "build", "-q", "--provenance=false", "--target", "prod", "."],
            cwd=folder,
            env=peers.env,
        ),
        peer_name="docker buildx build -q --provenance=false",
        at_most=1.35,
        versions=peers.versions,
    )


def help_text(folder: Path) -> Row:
    """Measure ``--help`` on top of what Python itself takes to start."""
    ours_s, bare_s = alternating(
        process([sys.executable, "-m", "stagebuild", "--help"], cwd=folder),
        process([sys.executable, "-c", "pass"], cwd=folder),
        runs=15,
    )
    more_s = statistics.median(ours_s) - statistics.median(bare_s)
    return Row(
        name="--help, more than bare Python",
        unit="s",
        ours=more_s,
        target="<= 0.1",
        met=more_s <= 0.1,  # noqa: PLR2004 - the target above
        versions={"python": python_version()},
    )


def thousand_environments(folder: Path, peers: Peers) -> Row:
    """Measure resolving many environments, with inheritance and variables, to what would run."""
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "stagebuild.toml").write_text(_configuration())
    (folder / "docker-bake.hcl").write_text(_bake_file())
    return compared(
        f"resolving {ENVIRONMENTS:,} environments, whole process",
        process(
            [sys.executable, "-m", "stagebuild", "--all", "--dry-run"], cwd=folder, env=peers.env
        ),
        process(["docker", "buildx", "bake", "--print", "all"], cwd=folder, env=peers.env),
        peer_name="docker buildx bake --print",
        at_most=1.0,
        versions=peers.versions,
    )


def _configuration() -> str:
    head = (
        '[project]\nrepository = "registry.example/shop"\n[variables]\nPYTHON = "3.11"\n'
        '[environments.common]\nbuild-args = { PYTHON = "${PYTHON}" }\n'
    )
    return head + "".join(
        f'[environments.env{number}]\ninherits = ["common"]\ntarget = "prod"\n'
        f'tags = ["${{repository}}:env{number}-${{PYTHON}}"]\n'
        f'build-args = {{ NUMBER = "{number}" }}\n'
        for number in range(ENVIRONMENTS)
    )


def _bake_file() -> str:
    names = ", ".join(f'"env{number}"' for number in range(ENVIRONMENTS))
    head = (
        'variable "PYTHON" { default = "3.11" }\n'
        'target "common" { args = { PYTHON = "${PYTHON}" } }\n'
        f'group "all" {{ targets = [{names}] }}\n'
    )
    return head + "".join(
        f'target "env{number}" {{\n  inherits = ["common"]\n  target = "prod"\n'
        f'  tags = ["registry.example/shop:env{number}-${{PYTHON}}"]\n'
        f'  args = {{ NUMBER = "{number}" }}\n}}\n'
        for number in range(ENVIRONMENTS)
    )
