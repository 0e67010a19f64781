"""How a figure is taken: ours and the peer's in turn, in one run, as medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

RUNS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One figure.

    Attributes:
        name: What was measured, in a few words.
        unit: ``s``, ``lines/s``, ``MB``, …
        ours: Our median.
        peer: The peer's median on the same work in the same run, or None without a peer.
        peer_name: What the peer is, or the empty string.
        target: The bound, as ``ratio <= 1.35`` or ``>= 50000``.
        met: Whether it holds.
        spread: Our lowest and highest value, then the peer's.
        versions: Version by program that took part.
    """

    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    target: str
    met: bool
    spread: tuple[float, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's, or None without a peer."""
        return None if not self.peer else self.ours / self.peer

    def document(self) -> dict[str, object]:
        """Return the row as it stands in results.json."""
        return {**asdict(self), "ratio": self.ratio}


def alternating(
    ours: Callable[[], object], peer: Callable[[], object], *, runs: int = RUNS
) -> tuple[list[float], list[float]]:
    """Return the seconds of each, run in turn after one uncounted run of both."""
    ours()
    peer()
    ours_s, peer_s = [], []
    for _ in range(runs):
        ours_s.append(seconds(ours))
        peer_s.append(seconds(peer))
    return ours_s, peer_s


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def process(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None
) -> Callable[[], None]:
    """
    Return a function that runs ``argv`` to its end.

    Raises (the function):
        RuntimeError: The process failed; a benchmark of a failure measures nothing.
    """

    def work() -> None:
        done = subprocess.run(
            argv, cwd=cwd, env=dict(env or os.environ), capture_output=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{argv}: exit {done.returncode}\n{done.stderr.decode()}")

    return work


def compared(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    peer_name: str,
    at_most: float,
    versions: Mapping[str, str],
    runs: int = RUNS,
) -> Row:
    """Return the row of two functions, whose target is a ratio of medians."""
    ours_s, peer_s = alternating(ours, peer, runs=runs)
    ours_median, peer_median = statistics.median(ours_s), statistics.median(peer_s)
    return Row(
        name=name,
        unit="s",
        ours=ours_median,
        peer=peer_median,
        peer_name=peer_name,
        target=f"ratio <= {at_most}",
        met=ours_median / peer_median <= at_most,
        spread=(min(ours_s), max(ours_s), min(peer_s), max(peer_s)),
        versions=versions,
    )


def bounded(
    name: str, work: Callable[[], object], *, at_most_s: float, versions: Mapping[str, str]
) -> Row:
    """Return the row of a function that may take so long, after one uncounted run."""
    work()
    took_s = [seconds(work) for _ in range(RUNS)]
    usual_s = statistics.median(took_s)
    return Row(
        name=name,
        unit="s",
        ours=usual_s,
        target=f"<= {at_most_s}",
        met=usual_s <= at_most_s,
        spread=(min(took_s), max(took_s)),
        versions=versions,
    )


def python_version() -> str:
    """Return the version of the Python that measures, as ``3.11.7``."""
    return ".".join(map(str, sys.version_info[:3]))
