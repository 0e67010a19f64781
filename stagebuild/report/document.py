"""
``--json``: a run as one versioned JSON document, and that document's JSON Schema.

Pure. The version changes when a field is removed or changes its meaning; a new field does not
change it. Times are seconds, sizes bytes, positions in time seconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import (
    BackendError,
    BudgetExceeded,
    BuildCanceled,
    BuildFailed,
    ConfigError,
    DockerfileError,
    GateFailed,
)
from stagebuild.report.changes import changes_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.budgets.values import BudgetCheck
    from stagebuild.changes import Changes
    from stagebuild.errors import StagebuildError
    from stagebuild.result import Attempt, BuildResult, BuildWarning
    from stagebuild.sizes import ImageSizes
    from stagebuild.timeline import (
        CacheUse,
        Overhead,
        PathSegment,
        StageTiming,
        StepTiming,
        Timeline,
    )

VERSION = 1

Json = dict[str, object]


def run_document(
    results: Mapping[str, BuildResult],
    errors: Iterable[StagebuildError],
    *,
    changes: Changes | None = None,
) -> Json:
    """
    Return the document of a run; ``ok`` is whether there are no errors.

    Args:
        results: By name.
        errors: In the order to report them.
        changes: Why these were built, where ``changed_since`` said so.
    """
    failed = [error_document(error) for error in errors]
    return {
        "version": VERSION,
        "ok": not failed,
        "results": {name: result_document(result) for name, result in results.items()},
        "errors": failed,
        "changed_since": changes_document(changes),
    }


def result_document(result: BuildResult) -> Json:
    """Return one build's part of the document. Looks at the image when nobody has yet."""
    sizes = result.sizes
    return {
        **told_document(result),
        "platform_digests": dict(result.platform_digests),
        "sizes": None if sizes is None else sizes_document(sizes),
    }


def told_document(result: BuildResult) -> Json:
    """Return the same without what only a look at the image tells: sizes, platforms' digests."""
    return {
        "name": result.name,
        "target": result.spec.target,
        "platforms": [str(platform) for platform in result.spec.platforms],
        "tags": list(result.spec.tags),
        "digest": result.digest,
        "image_id": result.image_id,
        "is_index": result.is_index,
        "platform_digests": {},
        "reference": result.reference,
        "references": dict(result.references),
        "pushed": result.pushed,
        "skipped": result.skipped,
        "cached": round(result.cached, 6),
        "wall_s": _seconds(result.wall_s),
        "backend": result.backend,
        "versions": dict(result.versions),
        "attempts": [_attempt(tried) for tried in result.attempts],
        "caches": [_cache(use) for use in result.caches],
        "warnings": [_warning(warning) for warning in result.warnings],
        "budget": None
        if result.budget is None
        else [_check(each) for each in result.budget.checks],
        "sizes": None,
        "timeline": timeline_document(result.timeline),
    }


def error_document(error: StagebuildError) -> Json:
    """Return one error's part of the document; fields that an error lacks are null."""
    built = error if isinstance(error, BuildFailed) else None
    placed = error if isinstance(error, ConfigError | DockerfileError | BuildFailed) else None
    timeline = None if built is None else built.timeline
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "canceled": isinstance(error, BuildCanceled),
        "path": None if placed is None else placed.path,
        "line": None if placed is None else placed.line,
        "key": error.key if isinstance(error, ConfigError) else None,
        "backend": error.backend if isinstance(error, BackendError) else None,
        "build": None if built is None else built.build,
        "gate": error.gate if isinstance(error, GateFailed) else None,
        "stage": None if built is None else built.stage,
        "step": None if built is None else built.step,
        "exit_code": None if built is None else built.exit_code,
        "budget": [_check(each) for each in error.checks]
        if isinstance(error, BudgetExceeded)
        else None,
        "log_tail": [] if built is None else list(built.log_tail),
        "attempts": [] if built is None else [_attempt(tried) for tried in built.attempts],
        "timeline": None if timeline is None else timeline_document(timeline),
    }


def timeline_document(timeline: Timeline) -> Json:
    """Return where the time of one build went."""
    return {
        "started_s": timeline.started_s,
        "completed_s": timeline.completed_s,
        "wall_s": _seconds(timeline.wall_s),
        "covered_s": _seconds(timeline.covered_s),
        "uncovered_s": _seconds(timeline.uncovered_s),
        "stages": [_stage(stage) for stage in timeline.stages],
        "overheads": [_overhead(overhead) for overhead in timeline.overheads],
        "critical_path": [_segment(segment) for segment in timeline.critical_path],
    }


def _stage(stage: StageTiming) -> Json:
    return {
        "name": stage.name,
        "platform": None if stage.platform is None else str(stage.platform),
        "built_for": None if stage.built_for is None else str(stage.built_for),
        "busy_s": _seconds(stage.busy_s),
        "work_s": _seconds(stage.work_s),
        "span_s": _seconds(stage.span_s),
        "started_s": stage.started_s,
        "completed_s": stage.completed_s,
        "steps": stage.steps,
        "cached_steps": stage.cached_steps,
        "log_bytes": stage.log_bytes,
        "error": stage.error or None,
        "step_timings": [_step(step) for step in stage.step_timings],
    }


def _step(step: StepTiming) -> Json:
    return {
        "name": step.name,
        "index": step.index,
        "total": step.total,
        "command": step.command,
        "busy_s": _seconds(step.busy_s),
        "intervals": [[interval.start_s, interval.end_s] for interval in step.intervals],
        "cached": step.cached,
        "canceled": step.canceled,
        "error": step.error or None,
        "log_bytes": step.log_bytes,
    }


def _overhead(overhead: Overhead) -> Json:
    return {
        "kind": overhead.kind,
        "label": overhead.label,
        "busy_s": _seconds(overhead.busy_s),
        "span_s": _seconds(overhead.span_s),
        "size_bytes": overhead.size_bytes,
        "cached": overhead.cached,
        "error": overhead.error or None,
        "intervals": [[interval.start_s, interval.end_s] for interval in overhead.intervals],
    }


def _segment(segment: PathSegment) -> Json:
    return {
        "label": segment.label,
        "stage": segment.stage,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
    }


def _attempt(tried: Attempt) -> Json:
    return {
        "number": tried.number,
        "wall_s": _seconds(tried.wall_s),
        "error": tried.error,
        "cause": tried.cause,
        "wait_s": _seconds(tried.wait_s),
    }


def _cache(use: CacheUse) -> Json:
    return {
        "direction": use.direction,
        "place": use.place,
        "outcome": use.outcome,
        "busy_s": _seconds(use.busy_s),
        "error": use.error or None,
    }


def _warning(warning: BuildWarning) -> Json:
    return {
        "message": warning.message,
        "detail": list(warning.detail),
        "url": warning.url,
        "path": warning.path,
        "line": warning.line,
    }


def _check(check: BudgetCheck) -> Json:
    culprit = check.culprit
    return {
        "key": check.key,
        "platform": check.platform,
        "met": check.met,
        "limit": check.limit,
        "actual": check.actual,
        "limit_value": check.limit_value,
        "actual_value": check.actual_value,
        "culprit": None
        if culprit is None
        else {
            "step": culprit.step,
            "stage": culprit.stage,
            "line": culprit.line,
            "layer": culprit.layer,
            "size_bytes": culprit.size_bytes,
        },
    }


def sizes_document(sizes: ImageSizes) -> Json:
    """Return what an image weighs."""
    return {
        "total_bytes": sizes.total_bytes,
        "compressed": sizes.compressed,
        "layers": [
            {
                "digest": layer.digest,
                "size_bytes": layer.size_bytes,
                "created_by": layer.created_by,
                "stage": layer.stage,
                "line": layer.line,
            }
            for layer in sizes.layers
        ],
        "stages": dict(sizes.by_stage()),
    }


def _seconds(value: float) -> float:
    """Return a duration to the microsecond: what follows is noise."""
    return round(value, 6)
