"""
The sink for programs: every event as one JSON object on a line of its own.

The format is documented in docs/reference/output.md and versioned: a reader may rely on every field
that ``VERSION`` has; fields and types are only ever added to it, and whatever changes the meaning
of one raises it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Self

from stagebuild.errors import BuildFailed, StagebuildError
from stagebuild.progress.events import (
    AttemptFailed,
    Event,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    GatesAwaited,
    Progressed,
    Retrying,
    RunEnded,
    RunEvent,
)
from stagebuild.sinks.writing import Writer

if TYPE_CHECKING:
    from typing import TextIO

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.result import BuildResult

VERSION = 1

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class RawJsonSink:
    """Writes every event to a stream, as it comes."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = Writer(stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back: each line was flushed."""

    def emit(self, event: RunEvent) -> None:
        """Write one event."""
        self._writer.write(_encode(document(event)) + "\n")


def document(event: RunEvent) -> dict[str, object]:
    """
    Return the event as what its line holds: ``v``, ``type``, ``build`` and the type's own fields.

    Every field of a type is always there; null and the empty list say that there is nothing.
    """
    match event:
        case Progressed(build=build, event=progress):
            kind, fields = _progress(progress)
            return {"v": VERSION, "type": kind, "build": build, **fields}
        case BuildStarted(build=build, spec=spec, at_s=at_s):
            fields = {"at_s": at_s, **_spec(spec)}
            return {"v": VERSION, "type": "build-started", "build": build, **fields}
        case Retrying(build=build, attempt=attempt, wait_s=wait_s, reason=reason, at_s=at_s):
            why = {"cause": event.cause, "reason": reason}
            fields = {"at_s": at_s, "attempt": attempt, "wait_s": wait_s, **why}
            return {"v": VERSION, "type": "retrying", "build": build, **fields}
        case GatesAwaited(build=build, gates=gates, at_s=at_s):
            fields = {"at_s": at_s, "gates": gates}
            return {"v": VERSION, "type": "gates-awaited", "build": build, **fields}
        case BuildEnded(build=build, result=result, error=error, at_s=at_s):
            fields = {"at_s": at_s, "result": _result(result), "error": _error(error)}
            return {"v": VERSION, "type": "build-ended", "build": build, **fields}
        case RunEnded(succeeded=succeeded, failed=failed, at_s=at_s):
            fields = {"at_s": at_s, "succeeded": succeeded, "failed": failed}
            return {"v": VERSION, "type": "run-ended", "build": None, **fields}


def _progress(event: Event) -> tuple[str, dict[str, object]]:
    match event:
        case LogChunk():
            return "log", {
                "vertex": event.vertex,
                "stream": event.stream,
                "data": b64encode(event.data).decode("ascii"),
                "at_s": event.at_s,
            }
        case VertexUpdate():
            return "vertex", {
                "digest": event.digest,
                "name": event.name,
                "inputs": event.inputs,
                "started_s": event.started_s,
                "completed_s": event.completed_s,
                "cached": event.cached,
                "error": event.error,
                "progress_group": event.progress_group,
            }
        case StatusUpdate():
            return "status", {
                "vertex": event.vertex,
                "id": event.id,
                "current": event.current,
                "total": event.total,
                "at_s": event.at_s,
                "started_s": event.started_s,
                "completed_s": event.completed_s,
            }
        case WarningRaised():
            return "warning", {
                "vertex": event.vertex,
                "short": event.short,
                "detail": event.detail,
                "url": event.url,
                "path": event.path,
                "line": event.line,
            }
        case PlainLine():
            return "line", {"text": event.text}
        case AttemptFailed():
            # A run tells of it by Retrying; this is for whoever passes a backend's own events on.
            why = {"cause": event.cause, "reason": event.error}
            return "retrying", {
                "at_s": None,
                "attempt": event.number,
                "wait_s": event.wait_s,
                **why,
            }


def _spec(spec: BuildSpec) -> dict[str, object]:
    """Return what identifies the request. No build args or labels: a value may be confidential."""
    return {
        "target": spec.target,
        "dockerfile": spec.dockerfile_shown,
        "platforms": [str(platform) for platform in spec.platforms],
        "tags": spec.tags,
        "push": spec.push,
        "load": spec.load,
    }


def _result(result: BuildResult | None) -> dict[str, object] | None:
    if result is None:
        return None
    return {
        "digest": result.digest,
        "image_id": result.image_id,
        "reference": result.reference,
        "wall_s": result.wall_s,
        "cached": result.cached,
    }


def _error(error: StagebuildError | None) -> dict[str, object] | None:
    if error is None:
        return None
    failed = error if isinstance(error, BuildFailed) else None
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "stage": failed.stage if failed else None,
        "step": failed.step if failed else None,
        "path": getattr(error, "path", None),
        "line": getattr(error, "line", None),
        "exit_code": failed.exit_code if failed else None,
    }
