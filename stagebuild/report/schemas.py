"""The JSON Schema (draft 2020-12) of the document that ``report.document`` makes."""

from __future__ import annotations

from stagebuild.model.budget import BUDGET_KEYS
from stagebuild.report.document import VERSION, Json

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_SECONDS: Json = {"type": "number", "minimum": 0, "description": "seconds"}
_MOMENT: Json = {"type": ["number", "null"], "description": "seconds since the epoch"}
_MAYBE_TEXT: Json = {"type": ["string", "null"]}
_MAYBE_COUNT: Json = {"type": ["integer", "null"], "minimum": 0}
_MAYBE_NUMBER: Json = {"type": ["number", "null"]}
_DIGEST: Json = {"type": "string", "pattern": "^[a-z0-9+._-]+:[0-9a-f]{32,}$"}
_MAYBE_DIGEST: Json = {"type": ["string", "null"], "pattern": "^[a-z0-9+._-]+:[0-9a-f]{32,}$"}

_INTERVALS: Json = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
}


_BUDGET: Json = {"type": ["array", "null"], "items": {"$ref": "#/$defs/budget"}}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _map(values: Json) -> Json:
    return {"type": "object", "additionalProperties": values}


def _record(**fields: Json) -> Json:
    """Return an object of which every field is there; later versions may add some."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def _maybe(record: str) -> Json:
    return {"anyOf": [{"$ref": f"#/$defs/{record}"}, {"type": "null"}]}


def _ref(record: str) -> Json:
    return {"$ref": f"#/$defs/{record}"}


def result_schema() -> Json:
    """Return the JSON Schema of what ``--json`` prints."""
    return {
        "$schema": _DIALECT,
        "title": "stagebuild run",
        "description": "What one run of stagebuild built, or why it did not. "
        "Times are seconds, sizes bytes.",
        **_record(
            version={"const": VERSION},
            ok=_FLAG,
            results=_map(_ref("result")),
            errors=_list(_ref("error")),
            changed_since=_maybe("changes"),
        ),
        "$defs": {
            "result": _result(),
            "error": _error(),
            "changes": _record(
                revision=_TEXT,
                commit=_TEXT,
                builds=_map(_list(_TEXT)),
                unchanged=_list(_TEXT),
            ),
            "timeline": _record(
                started_s=_MOMENT,
                completed_s=_MOMENT,
                wall_s=_SECONDS,
                covered_s=_SECONDS,
                uncovered_s=_SECONDS,
                stages=_list(_ref("stage")),
                overheads=_list(_ref("overhead")),
                critical_path=_list(_ref("segment")),
            ),
            "stage": _record(
                name=_TEXT,
                platform=_MAYBE_TEXT,
                built_for=_MAYBE_TEXT,
                busy_s=_SECONDS,
                work_s=_SECONDS,
                span_s=_SECONDS,
                started_s=_MOMENT,
                completed_s=_MOMENT,
                steps=_COUNT,
                cached_steps=_COUNT,
                log_bytes=_COUNT,
                error=_MAYBE_TEXT,
                step_timings=_list(_ref("step")),
            ),
            "step": _record(
                name=_TEXT,
                index=_COUNT,
                total=_COUNT,
                command=_TEXT,
                busy_s=_SECONDS,
                intervals=_INTERVALS,
                cached=_FLAG,
                canceled=_FLAG,
                error=_MAYBE_TEXT,
                log_bytes=_COUNT,
            ),
            "overhead": _record(
                kind=_TEXT,
                label=_TEXT,
                busy_s=_SECONDS,
                span_s=_SECONDS,
                size_bytes=_MAYBE_COUNT,
                cached=_FLAG,
                error=_MAYBE_TEXT,
                intervals=_INTERVALS,
            ),
            "segment": _record(
                label=_TEXT,
                stage=_MAYBE_TEXT,
                start_s={"type": "number"},
                end_s={"type": "number"},
            ),
            "warning": _record(
                message=_TEXT,
                detail=_list(_TEXT),
                url=_MAYBE_TEXT,
                path=_MAYBE_TEXT,
                line=_MAYBE_COUNT,
            ),
            "attempt": _record(
                number=_COUNT,
                wall_s=_SECONDS,
                error=_MAYBE_TEXT,
                cause=_MAYBE_TEXT,
                wait_s=_SECONDS,
            ),
            "cache": _record(
                direction={"enum": ["import", "export"]},
                place=_TEXT,
                outcome={"enum": ["used", "empty", "failed"]},
                busy_s=_SECONDS,
                error=_MAYBE_TEXT,
            ),
            "sizes": _record(
                total_bytes=_COUNT,
                compressed=_FLAG,
                layers=_list(_ref("layer")),
                stages=_map(_COUNT),
            ),
            "budget": _record(
                key={"enum": list(BUDGET_KEYS)},
                platform=_MAYBE_TEXT,
                met=_FLAG,
                limit=_TEXT,
                actual=_TEXT,
                limit_value=_MAYBE_NUMBER,
                actual_value=_MAYBE_NUMBER,
                culprit=_maybe("culprit"),
            ),
            "culprit": _record(
                step=_TEXT,
                stage=_MAYBE_TEXT,
                line=_MAYBE_COUNT,
                layer=_MAYBE_TEXT,
                size_bytes=_MAYBE_COUNT,
            ),
            "layer": _record(
                digest=_MAYBE_DIGEST,
                size_bytes=_COUNT,
                created_by=_TEXT,
                stage=_MAYBE_TEXT,
                line=_MAYBE_COUNT,
            ),
        },
    }


def _result() -> Json:
    return _record(
        name=_TEXT,
        target=_MAYBE_TEXT,
        platforms=_list(_TEXT),
        tags=_list(_TEXT),
        digest=_MAYBE_DIGEST,
        image_id=_MAYBE_DIGEST,
        is_index=_FLAG,
        platform_digests=_map(_DIGEST),
        reference=_MAYBE_TEXT,
        references=_map(_TEXT),
        pushed=_FLAG,
        skipped=_FLAG,
        cached={"type": "number", "minimum": 0, "maximum": 1},
        wall_s=_SECONDS,
        backend=_TEXT,
        versions=_map(_TEXT),
        attempts=_list(_ref("attempt")),
        caches=_list(_ref("cache")),
        warnings=_list(_ref("warning")),
        sizes=_maybe("sizes"),
        budget=_BUDGET,
        timeline=_ref("timeline"),
    )


def _error() -> Json:
    return _record(
        kind=_TEXT,
        message=_TEXT,
        hint=_MAYBE_TEXT,
        canceled=_FLAG,
        path=_MAYBE_TEXT,
        line=_MAYBE_COUNT,
        key=_MAYBE_TEXT,
        backend=_MAYBE_TEXT,
        build=_MAYBE_TEXT,
        gate=_MAYBE_TEXT,
        stage=_MAYBE_TEXT,
        step=_MAYBE_TEXT,
        exit_code={"type": ["integer", "null"]},
        budget=_BUDGET,
        log_tail=_list(_TEXT),
        attempts=_list(_ref("attempt")),
        timeline=_maybe("timeline"),
    )
