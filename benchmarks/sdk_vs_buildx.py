"""
The SDK backend against ``docker buildx build``: whole processes and warm ones, small and large.

The large context is 20,000 files of 373 MB in 220 folders; both sides build it with the same
Dockerfile on the same engine, in turn.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sdk_build
from benchmarks.measuring import Row, compared, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.peers import Peers

FILES, BYTES = 20_000, 373_000_000
MANY_FILES, MOST_MB = 100_000, 150
STAGES = ("one", "two", "three", "four", "five")

_TINY = "FROM busybox\nCOPY message.txt /\nRUN cat /message.txt\n"
_LARGE = "FROM busybox\nCOPY . /src\n"
_SYNC = "FROM busybox\nRUN --mount=type=bind,target=/context true\n"
_PEER = ("docker", "buildx", "build", "-q", "--provenance=false")


def rows(peers: Peers) -> Iterator[Row]:
    """Yield the figures of the SDK backend."""
    os.environ.update(peers.env)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name)
        (folder / "message.txt").write_text("hello\n")
        (folder / "Dockerfile").write_text(_TINY)
        yield _process("no-op, tiny context, whole process", folder, peers, at_most=0.55)
        yield _warm("no-op, tiny context, warm process", folder, peers, at_most=0.3)
        yield _command("no-op, tiny context, whole command line", folder, peers, at_most=0.9)
        yield _environments(folder, peers)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        folder = Path(name) / "context"
        fill(folder, FILES, BYTES)
        (folder / "Dockerfile").write_text(_LARGE)
        yield _process("no-op, 20,000 files, whole process", folder, peers, at_most=0.5)
        yield _warm("no-op, 20,000 files, warm process", folder, peers, at_most=0.45)
        yield _edited(folder, peers)
        yield _first_sync(folder, peers)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        yield _memory(Path(name), peers)


def fill(folder: Path, files: int, size_bytes: int) -> None:
    """Make a tree of ``files`` files that have about ``size_bytes`` together."""
    rng = random.Random(1)
    noise = rng.randbytes(1 << 20)
    for number in range(files):
        parent = folder / f"d{number // 1000}" / f"s{number // 100}"
        if number % 100 == 0:
            parent.mkdir(parents=True)
        size = min(int(rng.expovariate(files / size_bytes)), 1 << 19)
        start = rng.randrange(1 << 19)
        (parent / f"f{number}").write_bytes(noise[start : start + size])


def _ours(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.sdk_build", str(folder), *arguments]


def _root() -> Path:
    return Path(__file__).parent.parent


def _process(name: str, folder: Path, peers: Peers, *, at_most: float) -> Row:
    return compared(
        name,
        process(_ours(folder), cwd=_root(), env=peers.env),
        process([*_PEER, "."], cwd=folder, env=peers.env),
        peer_name=" ".join(_PEER),
        at_most=at_most,
        versions=peers.versions,
    )


def _command(name: str, folder: Path, peers: Peers, *, at_most: float) -> Row:
    """Measure what a person types: configuration, plan, history and the report are part of it."""
    ours = [sys.executable, "-m", "stagebuild", "prod", "-q", "--backend", "sdk"]
    (folder / "Dockerfile").write_text(_TINY.replace("busybox", "busybox AS prod"))
    return compared(
        name,
        process(ours, cwd=folder, env=peers.env),
        process([*_PEER, "."], cwd=folder, env=peers.env),
        peer_name=" ".join(_PEER),
        at_most=at_most,
        versions=peers.versions,
    )


def _warm(name: str, folder: Path, peers: Peers, *, at_most: float) -> Row:
    only = sdk_build.spec(folder)
    return compared(
        name,
        lambda: sdk_build.build(only),
        process([*_PEER, "."], cwd=folder, env=peers.env),
        peer_name=" ".join(_PEER),
        at_most=at_most,
        versions=peers.versions,
    )


def _environments(folder: Path, peers: Peers) -> Row:
    stages = (f"FROM busybox AS {stage}\nCOPY message.txt /{stage}\n" for stage in STAGES)
    (folder / "Dockerfile").write_text("".join(stages))
    targets = "".join(
        f'target "{stage}" {{\n  target = "{stage}"\n'
        '  attest = ["type=provenance,disabled=true"]\n}\n'
        for stage in STAGES
    )
    (folder / "docker-bake.hcl").write_text(targets)
    return compared(
        "no-op, five environments, whole process",
        process(_ours(folder, *STAGES), cwd=_root(), env=peers.env),
        process(["docker", "buildx", "bake", *STAGES], cwd=folder, env=peers.env),
        peer_name="docker buildx bake",
        at_most=0.65,
        versions=peers.versions,
    )


def _edited(folder: Path, peers: Peers) -> Row:
    counter = itertools.count()

    def edited(work: Callable[[], object]) -> Callable[[], object]:
        def edit_and_build() -> None:
            (folder / "d3" / "s33" / "f3333").write_text(f"edit {next(counter)}")
            work()

        return edit_and_build

    return compared(
        "one file of 20,000 edited, whole process",
        edited(process(_ours(folder), cwd=_root(), env=peers.env)),
        edited(process([*_PEER, "."], cwd=folder, env=peers.env)),
        peer_name=" ".join(_PEER),
        at_most=0.6,
        versions=peers.versions,
    )


def _first_sync(folder: Path, peers: Peers) -> Row:
    """Measure a context that the engine has never seen: one under a new name."""
    (folder / "Dockerfile").write_text(_SYNC)
    counter = itertools.count()
    current = folder

    def renamed() -> Path:
        nonlocal current
        current = current.rename(folder.parent / f"context{os.getpid()}-{next(counter)}")
        return current

    def ours() -> None:
        process(_ours(renamed(), "--no-image"), cwd=_root(), env=peers.env)()

    def peer() -> None:
        argv = [*_PEER, "--output=type=cacheonly", "."]
        process(argv, cwd=renamed(), env=peers.env)()

    return compared(
        "first sync of 20,000 files, 373 MB, whole process",
        ours,
        peer,
        peer_name=" ".join((*_PEER, "--output=type=cacheonly")),
        at_most=1.1,
        versions=peers.versions,
    )


def _memory(folder: Path, peers: Peers) -> Row:
    fill(folder, MANY_FILES, MANY_FILES * 100)
    (folder / "Dockerfile").write_text(_SYNC)
    said = subprocess.run(
        _ours(folder, "--no-image", "--memory"),
        cwd=_root(),
        env=dict(peers.env),
        capture_output=True,
        text=True,
        check=True,
    )
    most_mb = float(said.stdout)
    return Row(
        name="memory while 100,000 files are synced",
        unit="MB",
        ours=most_mb,
        target=f"<= {MOST_MB}",
        met=most_mb <= MOST_MB,
        versions=peers.versions,
    )
