"""
A run as OpenTelemetry spans, in the JSON encoding of OTLP, which files hold and receivers take.

One trace: the run, in it each build, in that its stages and what ran outside of them, in each stage
its steps. Ids are made of what they name, so that sending a run twice gives the same spans.

Sources: opentelemetry.io/docs/specs/otlp ("JSON Protobuf Encoding": ids in hex, enumerations as
numbers, 64-bit integers as texts); semantic conventions "CICD spans", "VCS" and "container".
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from stagebuild.report.runs.values import place_of
from stagebuild.values import field, frozen
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.report.runs.values import BuildReport, RunReport
    from stagebuild.timeline import Overhead, StageTiming

_INTERNAL, _SERVER = 1, 2
_OK, _ERROR = 1, 2
_LONGEST_NAME = 200
_RESULTS = {
    "built": "success",
    "skipped": "skip",
    "failed": "failure",
    "held back": "skip",
    "canceled": "cancellation",
}

Json = dict[str, Any]
Value = str | int | float | bool | tuple[str, ...]


@frozen
class Trace:
    """
    Where the spans belong.

    Attributes:
        resource: Attributes of what makes them, besides our own.
        trace_id: 32 hex digits of the trace that the run is part of, or "".
        parent_id: 16 hex digits of the span that the run is part of, or "".
    """

    resource: Mapping[str, str] = field(default_factory=dict)
    trace_id: str = ""
    parent_id: str = ""


@frozen
class _Span:
    """A span, without what all spans of a trace share."""

    path: str
    parent: str
    name: str
    start_s: float
    end_s: float
    attributes: Mapping[str, Value | None]
    kind: int = _INTERNAL
    error: str = ""
    is_canceled: bool = False


_NO_TRACE = Trace()


def otlp(run: RunReport, trace: Trace = _NO_TRACE) -> Json:
    """Return an ``ExportTraceServiceRequest``, or what OTLP calls ``TracesData``."""
    starts_s = [run.started_s, *(build.started_s for build in run.builds)]
    start_s = min((each for each in starts_s if each is not None), default=0.0)
    seed = f"{run.project}\0{start_s}\0{','.join(build.name for build in run.builds)}"
    trace_id = trace.trace_id or sha256(seed.encode("utf-8", "replace")).hexdigest()[:32]
    spans = [_json(span, trace_id, trace.parent_id) for span in _spans(run, start_s)]
    resource = {
        "service.name": "stagebuild",
        "service.version": __version__,
        "cicd.pipeline.name": run.project or None,
        **trace.resource,
    }
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": {"name": "stagebuild", "version": __version__}, "spans": spans}
                ],
            }
        ]
    }


def _spans(run: RunReport, start_s: float) -> Iterator[_Span]:
    failed = [build for build in run.builds if build.outcome == "failed"]
    canceled = not failed and any(build.outcome == "canceled" for build in run.builds)
    result = "success" if run.ok else "cancellation" if canceled else "failure"
    kind = next((build.failure.kind for build in failed if build.failure is not None), None)
    yield _Span(
        path="run",
        parent="",
        name=" ".join(filter(None, ("BUILD", run.project))),
        start_s=start_s,
        end_s=start_s + run.wall_s,
        kind=_SERVER,
        attributes={
            "cicd.pipeline.action.name": "BUILD",
            "cicd.pipeline.result": result,
            "error.type": None if run.ok else kind or "_OTHER",
        },
        error="" if run.ok else ", ".join(build.name for build in failed) or "canceled",
        is_canceled=canceled,
    )
    for build in run.builds:
        yield from _build(build, start_s)


def _build(build: BuildReport, run_start_s: float) -> Iterator[_Span]:
    start_s = run_start_s if build.started_s is None else build.started_s
    path = f"build/{build.name}"
    failure = build.failure
    yield _Span(
        path=path,
        parent="run",
        name=build.name,
        start_s=start_s,
        end_s=start_s + build.wall_s,
        attributes={
            "cicd.pipeline.task.name": build.name,
            "cicd.pipeline.task.type": "test" if build.is_gate else "build",
            "cicd.pipeline.task.run.id": f"{build.name}-{start_s:.3f}",
            "cicd.pipeline.task.run.result": _RESULTS[build.outcome],
            "error.type": None if failure is None else failure.kind,
            "container.image.name": _repository(build),
            "container.image.tags": tuple(tag.rpartition(":")[2] for tag in build.tags) or None,
            "container.image.id": build.image_id,
            "container.image.repo_digests": tuple(build.references.values()) or None,
            "stagebuild.target": build.target,
            "stagebuild.backend": build.backend or None,
            "stagebuild.steps": build.step_count,
            "stagebuild.steps.cached": build.cached_count,
            "stagebuild.attempts": len(build.attempts),
            "stagebuild.image.size": None if build.sizes is None else build.sizes.total_bytes,
        },
        error="" if failure is None else failure.short,
        is_canceled=build.outcome == "canceled",
    )
    if build.timeline is None:
        return
    critical = {segment.label for segment in build.timeline.critical_path if segment.length_s}
    for at, stage in enumerate(build.timeline.stages):
        yield from _stage(build, stage, path, critical, at=at)
    for at, row in enumerate(build.timeline.overheads):
        yield from _overhead(row, path, at=at)


def _repository(build: BuildReport) -> str | None:
    named = build.references.values() or build.tags
    first = next(iter(named), None)
    if first is None:
        return None
    name = first.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _stage(
    build: BuildReport, stage: StageTiming, parent: str, critical: set[str], *, at: int
) -> Iterator[_Span]:
    ran = [interval for step in stage.step_timings for interval in step.intervals]
    if not ran:
        return
    platform = stage.built_for or stage.platform
    path = f"{parent}/stage/{at}"
    yield _Span(
        path=path,
        parent=parent,
        name=stage.name if platform is None else f"{stage.name} {platform}",
        start_s=min(each.start_s for each in ran),
        end_s=max(each.end_s for each in ran),
        attributes={
            "stagebuild.stage": stage.name,
            "stagebuild.platform": None if platform is None else str(platform),
            "stagebuild.busy": stage.busy_s,
            "stagebuild.steps": stage.steps,
            "stagebuild.steps.cached": stage.cached_steps,
        },
        error=stage.error,
    )
    for number, step in enumerate(stage.step_timings):
        verdict = build.verdicts.get(place_of(stage, step))
        because = () if verdict is None else verdict.reasons
        for turn, interval in enumerate(step.intervals):
            yield _Span(
                path=f"{path}/step/{number}/{turn}",
                parent=path,
                name=step.command,
                start_s=interval.start_s,
                end_s=interval.end_s,
                attributes={
                    "stagebuild.stage": stage.name,
                    "stagebuild.step": step.index,
                    "stagebuild.cached": step.cached,
                    "stagebuild.critical": step.name in critical,
                    "stagebuild.log.bytes": step.log_bytes,
                    "stagebuild.because": because or None,
                },
                error="" if step.canceled else step.error,
                is_canceled=step.canceled,
            )


def _overhead(row: Overhead, parent: str, *, at: int) -> Iterator[_Span]:
    for turn, interval in enumerate(row.intervals):
        yield _Span(
            path=f"{parent}/overhead/{at}/{turn}",
            parent=parent,
            name=row.label,
            start_s=interval.start_s,
            end_s=interval.end_s,
            attributes={"stagebuild.kind": row.kind, "stagebuild.bytes": row.size_bytes},
            error=row.error,
        )


def _json(span: _Span, trace_id: str, run_parent_id: str) -> Json:
    parent_id = _span_id(trace_id, span.parent) if span.parent else run_parent_id
    status: Json = {"code": _OK}
    if span.error or span.is_canceled:
        status = {"code": _ERROR, "message": span.error or "canceled"}
    return {
        "traceId": trace_id,
        "spanId": _span_id(trace_id, span.path),
        **({"parentSpanId": parent_id} if parent_id else {}),
        "name": span.name.partition("\n")[0][:_LONGEST_NAME],
        "kind": span.kind,
        "startTimeUnixNano": _ns(span.start_s),
        "endTimeUnixNano": _ns(max(span.start_s, span.end_s)),
        "attributes": _attributes(span.attributes),
        "status": status,
    }


def _span_id(trace_id: str, path: str) -> str:
    return sha256(f"{trace_id}\0{path}".encode("utf-8", "replace")).hexdigest()[:16]


def _ns(at_s: float) -> str:
    return str(round(at_s * 1e9))


def _attributes(values: Mapping[str, Any]) -> list[Json]:
    return [
        {"key": key, "value": _value(value)} for key, value in values.items() if value is not None
    ]


def _value(value: Value) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case tuple():
            return {"arrayValue": {"values": [_value(each) for each in value]}}
        case _:
            return {"stringValue": value}
