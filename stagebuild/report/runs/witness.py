"""
The events of a run, as they come -> its document.

That is the document of ``--json`` and what only somebody who watched can add to it: when each build
began and what it was there for (``builds``), and what the steps printed (``log``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.errors import BuildFailed
from stagebuild.progress.events import LogChunk
from stagebuild.progress.logs import LogTail
from stagebuild.report.cells import clean
from stagebuild.report.document import error_document, told_document
from stagebuild.runevents import BuildEnded, BuildStarted, Progressed, Retrying, RunEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.runevents import RunEvent
    from stagebuild.timeline import Timeline

VERSION = 1
LOG_BYTES = 700_000
"""What the logs of a run may take together; the last lines of each step are what is kept."""

_MOST_LINES = 4000

Json = dict[str, Any]


class Witness:
    """
    What a run has told so far. For one thread at a time.

    Args:
        project: The project's name.
        gates: Names of the builds that nobody asked for.
        planned: All builds, in the order to tell them in; those that began when not given.

    Attributes:
        ended: Whether the run has.
    """

    def __init__(
        self, *, project: str = "", gates: Iterable[str] = (), planned: Iterable[BuildSpec] = ()
    ) -> None:
        self._project = project
        self._gates = frozenset(gates)
        self._planned = {spec.name: spec for spec in planned}
        self._begun: dict[str, BuildStarted] = {}
        self._done: dict[str, BuildEnded] = {}
        self._logs: dict[str, dict[str, LogTail]] = {}
        self._ended_s: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self._ended_s is not None

    @property
    def specs(self) -> Mapping[str, BuildSpec]:
        """What was planned or begun, by the build's name."""
        return {**self._planned, **{name: begun.spec for name, begun in self._begun.items()}}

    def emit(self, event: RunEvent) -> None:
        """Take one event."""
        match event:
            case Progressed(build=name, event=LogChunk() as chunk):
                logs = self._logs.setdefault(name, {})
                tail = logs.get(chunk.vertex)
                if tail is None:
                    tail = logs[chunk.vertex] = LogTail()
                tail.add(chunk.stream, chunk.data)
            case BuildStarted(build=name):
                self._begun[name] = event
            case Retrying(build=name):
                self._logs.pop(name, None)
            case BuildEnded(build=name):
                self._done[name] = event
            case RunEnded(at_s=at_s):
                self._ended_s = at_s
            case _:
                pass

    def document(self, *, redact: Callable[[str], str] = str) -> Json:
        """
        Return the run's document.

        Args:
            redact: Takes secrets out of a text.
        """
        results, errors = {}, []
        logs = self._fitting()
        for name in self._names():
            done = self._done.get(name)
            if done is None:
                continue
            if done.result is not None:
                found = told_document(done.result)
                _add_logs(found["timeline"], done.result.timeline, logs.get(name, {}))
                results[name] = found
            elif done.error is not None:
                found = error_document(done.error)
                if isinstance(done.error, BuildFailed) and done.error.timeline is not None:
                    _add_logs(found["timeline"], done.error.timeline, logs.get(name, {}))
                errors.append({**found, "build": name})
        begun_s = [begun.at_s for begun in self._begun.values()]
        document: Json = _redacted(
            {
                "version": VERSION,
                "ok": not errors,
                "project": self._project,
                "started_s": min(begun_s, default=None),
                "ended_s": self._ended_s,
                "builds": [self._build(name) for name in self._names()],
                "results": results,
                "errors": errors,
                "changed_since": None,
            },
            redact,
        )
        return document

    def _names(self) -> list[str]:
        return list(dict.fromkeys([*self._planned, *self._begun, *self._done]))

    def _build(self, name: str) -> Json:
        begun, done = self._begun.get(name), self._done.get(name)
        spec = self._planned.get(name) if begun is None else begun.spec
        return {
            "name": name,
            "gate": name in self._gates,
            "requires": [] if spec is None else list(spec.requires),
            "target": None if spec is None else spec.target,
            "dockerfile": "" if spec is None else spec.dockerfile_shown,
            "platforms": [] if spec is None else [str(each) for each in spec.platforms],
            "tags": [] if spec is None else list(spec.tags),
            "started_s": None if begun is None else begun.at_s,
            "ended_s": None if done is None else done.at_s,
        }

    def _fitting(self) -> dict[str, dict[str, tuple[tuple[str, ...], bool]]]:
        """Return lines by build and vertex, and whether they were cut; ``LOG_BYTES`` in all."""
        read = {
            (name, vertex): tail.lines(_MOST_LINES)
            for name, logs in self._logs.items()
            for vertex, tail in logs.items()
        }
        share = _share([_weight(lines) for lines in read.values()], LOG_BYTES)
        kept: dict[str, dict[str, tuple[tuple[str, ...], bool]]] = {}
        for (name, vertex), lines in read.items():
            last = _last(lines, share)
            is_cut = len(last) < len(lines) or not self._logs[name][vertex].is_whole
            kept.setdefault(name, {})[vertex] = (last, is_cut)
        return kept


def _weight(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _share(weights: list[int], total: int) -> int:
    """Return what each one may have so that all fit: the light ones whole, the rest alike."""
    left, share = total, total
    for at, weight in enumerate(sorted(weights)):
        share = left // (len(weights) - at)
        if weight > share:
            return share
        left -= weight
    return max(weights, default=total)


def _last(lines: tuple[str, ...], room: int) -> tuple[str, ...]:
    """Return as many of the last lines as there is room for."""
    at = len(lines)
    while at and room >= len(lines[at - 1]) + 1:
        at -= 1
        room -= len(lines[at]) + 1
    return lines[at:]


def _add_logs(
    document: Any, timeline: Timeline, logs: Mapping[str, tuple[tuple[str, ...], bool]]
) -> None:
    """Put the lines of each step into its part of the document."""
    for told, stage in zip(document["stages"], timeline.stages, strict=True):
        for part, step in zip(told["step_timings"], stage.step_timings, strict=True):
            lines, is_cut = logs.get(step.vertex, ((), False))
            part["log"] = [clean(line) for line in lines]
            part["log_cut"] = is_cut


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            return {key: _redacted(each, redact) for key, each in value.items()}
        case list() | tuple():
            return [_redacted(each, redact) for each in value]
        case _:
            return value
