"""Several environments in one run: against ``docker buildx bake``, in a row, and very many."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, compared, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Peers

NAMES = ("dev", "test", "lint", "staging", "prod")
MANY = 300
RESOLVED = 1000

_DOCKERFILE = """\
FROM busybox AS base
WORKDIR /app
COPY . .
ARG SALT=0
RUN sleep 0.3; echo $SALT > built
""" + "".join(f"FROM base AS {name}\nRUN sleep 0.3; echo {name} > name\n" for name in NAMES)


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the figures of runs with several environments."""
    for measure in (warm_against_bake, cold_against_bake, warm_against_sequence):
        with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
            yield measure(_project(Path(folder)), peers)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
        yield very_many(Path(folder), peers)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as folder:
        yield resolved_and_ordered(Path(folder), peers)


def warm_against_bake(folder: Path, peers: Peers) -> Row:
    """Measure five environments in which nothing changed, prod behind two gates."""
    ours = [sys.executable, "-m", "stagebuild", *NAMES, "-q", "--backend", "sdk", "--jobs", "5"]
    return compared(
        "five environments, nothing changed, prod gated",
        process(ours, cwd=folder, env=peers.env),
        process(["docker", "buildx", "bake", *NAMES], cwd=folder, env=peers.env),
        peer_name="docker buildx bake, which can't gate",
        at_most=0.6,
        versions=peers.versions,
    )


def cold_against_bake(folder: Path, peers: Peers) -> Row:
    """Measure five environments of which every step runs."""
    ours = [sys.executable, "-m", "stagebuild", *NAMES, "-q", "--backend", "sdk", "--jobs", "5"]
    return compared(
        "five environments, every step runs, prod gated",
        _salted(ours, "--build-arg=SALT={salt}", folder, peers),
        _salted(["docker", "buildx", "bake", *NAMES], "--set=*.args.SALT={salt}", folder, peers),
        peer_name="docker buildx bake, which can't gate",
        at_most=1.0,
        versions=peers.versions,
        runs=5,
    )


def warm_against_sequence(folder: Path, peers: Peers) -> Row:
    """Measure five environments in which nothing changed against one build after another."""
    one = "docker buildx build -q --provenance=false --target"
    script = "; ".join(f"{one} {name} ." for name in NAMES)
    ours = [sys.executable, "-m", "stagebuild", *NAMES, "-q", "--backend", "sdk", "--jobs", "5"]
    return compared(
        "five environments, nothing changed, against five builds in a row",
        process(ours, cwd=folder, env=peers.env),
        process(["sh", "-ec", script], cwd=folder, env=peers.env),
        peer_name="docker buildx build, five times",
        at_most=0.3,
        versions=peers.versions,
        runs=5,
    )


def very_many(folder: Path, peers: Peers) -> Row:
    """Measure the memory of a run of 300 environments, all of which have to succeed."""
    _numbered(folder, MANY)
    argv = [sys.executable, "-m", "stagebuild", "--all", "-q", "--backend", "sdk"]
    with subprocess.Popen(
        argv, cwd=folder, env=dict(peers.env), stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        lines = child.stdout.read().splitlines()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0 or len(lines) != MANY:
        raise RuntimeError(f"exit {child.returncode}, {len(lines)} images of {MANY}")
    used_mb = usage.ru_maxrss / 1024
    return Row(
        name=f"{MANY} environments in one run, memory",
        unit="MB",
        ours=used_mb,
        target="<= 200",
        met=used_mb <= 200,  # noqa: PLR2004 - the target above
        versions=peers.versions,
    )


def resolved_and_ordered(folder: Path, peers: Peers) -> Row:
    """Measure planning 1,000 environments of which each requires the one before it."""
    _numbered(folder, RESOLVED, chained=True)
    plan = (
        "import time, stagebuild as sb; from stagebuild.scheduling.schedule import Schedule; "
        "p = sb.load(); n = list(p.environments); t = time.perf_counter(); "
        "Schedule(sb.plan_builds(p, n).specs).next(); print(time.perf_counter() - t)"
    )
    done = [
        float(
            subprocess.run(
                [sys.executable, "-c", plan], cwd=folder, check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(5)
    ]
    took_s = sorted(done)[len(done) // 2]
    return Row(
        name=f"{RESOLVED:,} environments in a chain of gates, resolved and ordered",
        unit="s",
        ours=took_s,
        target="<= 1",
        met=took_s <= 1,
        spread=(min(done), max(done)),
        versions={k: v for k, v in peers.versions.items() if k in ("python", "stagebuild")},
    )


def _project(folder: Path) -> Path:
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "app.txt").write_text("app\n")
    (folder / "stagebuild.toml").write_text(
        "".join(f"[environments.{name}]\n" for name in NAMES if name != "prod")
        + '[environments.prod]\nrequires = ["lint", "test"]\n'
    )
    (folder / "docker-bake.hcl").write_text(
        "".join(
            f'target "{name}" {{\n  target = "{name}"\n'
            f'  attest = ["type=provenance,disabled=true"]\n  output = ["type=docker"]\n}}\n'
            for name in NAMES
        )
    )
    return folder


def _numbered(folder: Path, count: int, *, chained: bool = False) -> None:
    (folder / "Dockerfile").write_text("FROM busybox AS prod\nARG NUMBER\nRUN echo $NUMBER > /n\n")
    (folder / "stagebuild.toml").write_text(
        "".join(
            f'[environments.e{n}]\ntarget = "prod"\nbuild-args = {{ NUMBER = {n} }}\n'
            + (f'requires = ["e{n - 1}"]\n' if chained and n else "")
            for n in range(count)
        )
    )


def _salted(argv: list[str], option: str, folder: Path, peers: Peers) -> Callable[[], None]:
    """Return a function that runs ``argv`` with another salt each time."""

    def work() -> None:
        salt = re.sub(r"\D", "", f"{time.time_ns()}")
        process([*argv, option.format(salt=salt)], cwd=folder, env=peers.env)()

    return work
