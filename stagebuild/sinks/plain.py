"""
The sink for CI and files: plain lines, each one complete in itself.

::

    prod  deps 2/4     cached  RUN pip install -r requirements.txt
    prod  builder 2/5  RUN make
    prod  builder 2/5  | gcc -O2 -c shop.c
    prod  builder 2/5  done 12.3 s

Every line begins with its build and step, so that builds which run at the same time can be told
apart, and one of them filtered out with ``grep``. Nothing is ever drawn over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from stagebuild.errors import BuildCanceled, StagebuildError
from stagebuild.progress.events import (
    Event,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.logs import LogJoiner
from stagebuild.progress.vertexnames import VertexName, parse_vertex_name
from stagebuild.report.cells import clean, left, width
from stagebuild.report.failuretext import reason
from stagebuild.report.look import UNICODE, Glyphs
from stagebuild.report.quantities import count, duration, size
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    GatesAwaited,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)
from stagebuild.sinks.naming import command, only_stage, title
from stagebuild.sinks.writing import Writer
from stagebuild.values import field, slotted

if TYPE_CHECKING:
    from typing import TextIO

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.result import BuildResult

_GAP = "  "
_NARROWEST_LABEL = 12
_WIDEST_LABEL = 32
_NEGLIGIBLE_S = 0.05
# Kinds that say something before they end, since they can take long; the others are told at
# their end, and those that never take long only when they fail.
_ANNOUNCED = frozenset({"context", "cache import", "cache export", "export", "push"})
_UNTOLD = frozenset({"definition", "auth"})


@slotted
class _Vertex:
    """A vertex, and what was already told about it."""

    name: VertexName
    label: str
    announced: bool = False
    ends_s: set[float] = field(default_factory=set)
    busy_s: float = 0.0
    bytes_by_part: dict[str, int] = field(default_factory=dict)


@slotted
class _Build:
    """A build, its vertices by digest, and when it began."""

    name: str
    spec: BuildSpec
    started_s: float
    vertices: dict[str, _Vertex] = field(default_factory=dict)
    log: LogJoiner = field(default_factory=LogJoiner)


class PlainSink:
    """
    Writes lines to a stream, at once; falls silent when the stream goes away.

    Args:
        stream: Where to.
        glyphs: The marks that its encoding has.
    """

    def __init__(self, stream: TextIO, *, glyphs: Glyphs = UNICODE) -> None:
        self._writer = Writer(stream)
        self._glyphs = glyphs
        self._builds: dict[str, _Build] = {}
        self._label_cells = _NARROWEST_LABEL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back: each line was flushed."""

    def emit(self, event: RunEvent) -> None:
        """Write what one event has to say, if anything."""
        match event:
            case Progressed(build=name, event=progress):
                build = self._builds.get(name)
                if build is not None:
                    self._progress(build, progress)
            case BuildStarted(build=name, spec=spec, at_s=at_s):
                self._builds[name] = _Build(name=name, spec=spec, started_s=at_s)
                target = f"target {spec.target} of " if spec.target else ""
                self._say(name, "", f"building {target}{spec.dockerfile_shown}")
            case Retrying(build=name, wait_s=wait_s, reason=why):
                build = self._builds.get(name)
                if build is not None:
                    build.vertices.clear()
                    build.log = LogJoiner()
                self._say(name, "", f"retrying in {duration(wait_s)}: {clean(why)}")
            case GatesAwaited(build=name, gates=gates):
                self._say(name, "", f"built, waiting for {', '.join(gates)}")
            case BuildEnded(build=name, result=result, error=error, at_s=at_s):
                build = self._builds.get(name)
                elapsed_s = 0.0 if build is None else at_s - build.started_s
                self._say(name, "", _end(result, error, elapsed_s))
            case RunEnded(succeeded=succeeded, failed=failed):
                if succeeded + failed > 1:
                    text = f"{count(succeeded, 'build')} succeeded, {failed} failed\n"
                    self._writer.write(text)

    def _progress(self, build: _Build, event: Event) -> None:
        match event:
            case LogChunk():
                lines = build.log.add(event)
                if lines:
                    self._log(build, event.vertex, lines)
            case VertexUpdate():
                self._vertex(build, event)
            case StatusUpdate():
                vertex = build.vertices.get(event.vertex)
                if vertex is not None and event.current:
                    vertex.bytes_by_part[event.id] = event.current
            case WarningRaised() | PlainLine():
                # The engine raises a warning once per platform; each is shown once, at the end.
                # Plain lines repeat in other words what the vertices say.
                pass

    def _vertex(self, build: _Build, event: VertexUpdate) -> None:
        vertex = build.vertices.get(event.digest)
        if vertex is None:
            name = parse_vertex_name(event.name)
            vertex = build.vertices[event.digest] = _Vertex(
                name=name, label=_label(name, only=only_stage(build.spec))
            )
        if event.error:
            self._log(build, event.digest, build.log.end(event.digest))
            canceled = event.error.endswith("context canceled")
            said = "canceled" if canceled else f"error  {clean(event.error)}"
            self._say(build.name, vertex.label, said)
        elif event.cached and event.completed_s is not None:
            if not vertex.ends_s and vertex.name.kind == "step":
                self._say(build.name, vertex.label, f"cached  {command(vertex.name)}")
            vertex.announced = True
            vertex.ends_s.add(event.completed_s)
        elif event.started_s is not None and event.completed_s is None:
            self._started(build, vertex)
        elif event.started_s is not None and event.completed_s is not None:
            self._ended(build, vertex, event)

    def _started(self, build: _Build, vertex: _Vertex) -> None:
        if vertex.announced:  # the engine starts a vertex anew for each thing it does with it
            return
        vertex.announced = True
        if vertex.name.kind == "step" or vertex.name.kind in _ANNOUNCED:
            self._say(build.name, vertex.label, command(vertex.name))

    def _ended(self, build: _Build, vertex: _Vertex, event: VertexUpdate) -> None:
        if event.completed_s is None or event.started_s is None:
            return
        if event.completed_s in vertex.ends_s:
            return
        first, length_s = not vertex.ends_s, event.completed_s - event.started_s
        vertex.ends_s.add(event.completed_s)
        vertex.busy_s += length_s
        self._log(build, event.digest, build.log.end(event.digest))
        if vertex.name.kind in _UNTOLD or (not first and length_s < _NEGLIGIBLE_S):
            return
        said = f"done {duration(vertex.busy_s)}"
        moved = sum(vertex.bytes_by_part.values())
        if moved and vertex.name.kind in _ANNOUNCED:
            said += f", {size(moved)}"
        if not vertex.announced:
            said += f"  {command(vertex.name)}"
        vertex.announced = True
        self._say(build.name, vertex.label, said)

    def _log(self, build: _Build, digest: str, lines: list[str]) -> None:
        vertex = build.vertices.get(digest)
        label = "" if vertex is None else vertex.label
        begin = f"{self._head(build.name, label)}{self._glyphs.pipe} "
        self._writer.write("".join([f"{begin}{clean(line)}\n" for line in lines]))

    def _say(self, build: str, label: str, text: str) -> None:
        self._writer.write(f"{self._head(build, label)}{text}".rstrip() + "\n")

    def _head(self, build: str, label: str) -> str:
        """Return the beginning of a line; the column only ever gets wider."""
        self._label_cells = max(self._label_cells, min(width(label), _WIDEST_LABEL))
        return f"{build}{_GAP}{left(label, self._label_cells)}{_GAP}"


def _label(name: VertexName, *, only: str) -> str:
    """Return what stands for a vertex at the beginning of its lines: ``builder 2/5``."""
    shown = title(name, only=only)
    return f"{shown} {name.index}/{name.total}" if name.kind == "step" else shown


def _end(result: BuildResult | None, error: StagebuildError | None, elapsed_s: float) -> str:
    match error:
        case None:
            made = "" if result is None else result.reference or result.digest or ""
            return f"done {duration(elapsed_s)}  {made}".rstrip()
        case BuildCanceled():
            return f"canceled after {duration(elapsed_s)}"
        case _:
            return f"failed after {duration(elapsed_s)}: {reason(error)}"
