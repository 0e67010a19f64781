"""
Where the time of a build goes that has nothing to do, and the floor beside each part.

``python -m benchmarks.where_time_goes`` builds a tiny context and one of 20,000 files, each in a
process of its own, and writes a table into docs/reference/benchmarks.md. The floor is the same
engine asked by a client that has nothing left to work out: of the process, a bare Python; of the
transfer, packets that were made before and are sent as they are.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.moments import moments_of
from benchmarks.peers import Peers, peers
from benchmarks.sdk_vs_buildx import BYTES, FILES, fill
from stagebuild.backends.sdk.dockerconfig import DockerConfig, address_of
from stagebuild.backends.sdk.statusevents import events_of
from stagebuild.buildkit.client import Client
from stagebuild.buildkit.errors import Status
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.messages import Exporter, SolveRequest
from stagebuild.buildkit.packets import REQUEST, read_packet
from stagebuild.buildkit.session import Session, new_id
from stagebuild.context.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.buildkit.loop import Loop
    from stagebuild.buildkit.serving import Served, Service
    from stagebuild.progress.events import Event

RUNS = 9
PAGE = Path(__file__).parent.parent / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- where: begin, written by make bench-where -->", "<!-- where: end -->"

_TINY = "FROM busybox\nCOPY message.txt /\nRUN cat /message.txt\n"
_LARGE = "FROM busybox\nCOPY . /src\n"

_REQUEST_KEYS = ("dir-name", "exclude-patterns", "include-patterns", "followpaths")

# What happens between a moment and the next.
PARTS = {
    "began": "Python starts",
    "asked": "what a build needs is imported",
    "first step": "connection, engine's features, session",
    "context": "engine: Dockerfile, base image, .dockerignore",
    "context sent": "the context is walked, told and compared",
    "last step": "engine: cache lookups, export",
    "answered": "engine: the build's record in its history; our answer",
    "ended": "Python ends",
}


def main() -> None:
    """Measure, and write the table."""
    engine = peers()
    os.environ.update(engine.env)
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as name:
        tiny, large = Path(name) / "tiny", Path(name) / "large"
        tiny.mkdir()
        (tiny / "message.txt").write_text("hello\n")
        (tiny / "Dockerfile").write_text(_TINY)
        fill(large, FILES, BYTES)
        (large / "Dockerfile").write_text(_LARGE)
        columns = [column for folder in (tiny, large) for column in _measured(folder, engine)]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    text = table(columns, engine)
    print(text)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}")


def _measured(folder: Path, engine: Peers) -> tuple[dict[str, float], dict[str, float]]:
    """Return seconds by part of our process, and of the floor, which alternate."""
    replay = _Replay(FileSync({name: Folder(str(folder)) for name in ("context", "dockerfile")}))
    ours, floor = [], []
    _bare(folder, replay)
    for number in range(RUNS + 1):
        process, bare = _process(folder, engine), _bare(folder, replay)
        if number:
            ours.append(process)
            floor.append(bare)
    return _medians(ours), _medians(floor)


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {part: statistics.median(run[part] for run in runs) for part in PARTS}


def _process(folder: Path, engine: Peers) -> dict[str, float]:
    argv = [sys.executable, "-m", "benchmarks.sdk_build", str(folder), "--moments"]
    started_s = time.time()
    done = subprocess.run(
        argv,
        cwd=Path(__file__).parent.parent,
        env=dict(engine.env),
        check=True,
        capture_output=True,
        text=True,
    )
    ended_s = time.time()
    moments = json.loads(done.stdout)
    ended_s -= moments.pop("told") - moments["answered"]  # telling is no part of a build
    return _spans({**moments, "ended": ended_s}, started_s)


def _bare(folder: Path, replay: _Replay) -> dict[str, float]:
    """Return the floor: a bare Python's start and end, and a solve with its packets at hand."""
    said = "import time; print(time.time())"
    started_s = time.time()
    bare = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    python_s, python_ends_s = float(bare.stdout) - started_s, time.time() - float(bare.stdout)
    session = Session([replay], shared_key=f"where:{folder}")
    events: list[Event] = []
    asked_s = time.time()
    with Client(address_of(DockerConfig(os.environ).engine_host())) as client:
        client.serve(session)
        running = client.solve(
            SolveRequest(
                ref=new_id(),
                session=session.id,
                frontend="dockerfile.v0",
                frontend_attrs={"filename": "Dockerfile", "image-resolve-mode": "local"},
                exporter_deprecated="moby",
                exporters=(Exporter(type="moby"),),
            )
        )
        for status in running.statuses():
            events += events_of(status)
        running.response()
    moments = json.loads(
        moments_of(events, began_s=asked_s, asked_s=asked_s, answered_s=time.time())
    )
    spans = _spans({**moments, "ended": moments["answered"]}, asked_s)
    return {**spans, "began": python_s, "asked": 0.0, "ended": python_ends_s}


def _spans(moments: Mapping[str, float], started_s: float) -> dict[str, float]:
    spans, last_s = {}, started_s
    for part in PARTS:
        spans[part] = moments[part] - last_s
        last_s = moments[part]
    return spans


class _Replay:
    """Serves what another service once sent for the same request, if nothing was asked for then."""

    def __init__(self, real: FileSync) -> None:
        self._real = real
        self._kept: dict[str, bytes] = {}

    def services(self, loop: Loop) -> Mapping[str, Service]:
        """Return the service, on the other's path."""
        return {path: self._replayed(real) for path, real in self._real.services(loop).items()}

    def _replayed(self, real: Service) -> Service:
        def serve(call: Served) -> None:
            given = sorted(call.metadata.items())
            key = repr([pair for pair in given if pair[0] in _REQUEST_KEYS])
            real(call)
            if key in self._kept:
                call.stream.producer = None
                call.send_framed(self._kept[key])
            else:
                self._record(call, key)

        return serve

    def _record(self, call: Served, key: str) -> None:
        sent: list[bytes] = []
        requested: list[int] = []
        send, take, end = call.send_framed, call.on_message, call.end

        def sending(data: bytes) -> None:
            sent.append(data)
            send(data)

        def taking(data: bytes) -> None:
            requested.extend([1] * (read_packet(data)[0] == REQUEST))
            take(data)

        def ending(status: Status = Status.OK, message: str = "") -> None:
            if not requested:
                self._kept[key] = b"".join(sent[:-1])  # the last says that we have heard the end
            end(status, message)

        call.send_framed = sending  # type: ignore[method-assign]  # that is what a recorder does
        call.end = ending  # type: ignore[method-assign]  # likewise
        call.on_message = taking


def table(columns: list[dict[str, float]], engine: Peers) -> str:
    """Return the parts as a Markdown table, in milliseconds."""
    lines = [
        "| part of a build with nothing to do, ms | tiny context | floor | 20,000 files | floor |",
        "|---|---|---|---|---|",
    ]
    for part, words in PARTS.items():
        cells = " | ".join(f"{column[part] * 1000:.0f}" for column in columns)
        lines.append(f"| {words} | {cells} |")
    sums = " | ".join(f"{sum(column.values()) * 1000:.0f}" for column in columns)
    lines.append(f"| **whole process** | {sums} |")
    versions = ", ".join(f"{program} {version}" for program, version in engine.versions.items())
    return "\n".join([*lines, "", f"Medians of {RUNS}; {versions}.", ""])


if __name__ == "__main__":
    main()
