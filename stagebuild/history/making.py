"""What is known of a build that has ended -> its record; looks at the image for its sizes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.errors import BuildCanceled, BuildFailed
from stagebuild.history.budgets import budget_fields
from stagebuild.history.records import BuildRecord, LayerRecord, StageRecord, StepRecord
from stagebuild.secrecy import redacted
from stagebuild.values import replaced
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.result import BuildResult
    from stagebuild.runevents import BuildEnded, BuildStarted
    from stagebuild.timeline import StageTiming, Timeline

_LONGEST_TEXT = 300


def record_of_build(
    begun: BuildStarted, ended: BuildEnded, *, secrets: Sequence[str] = ()
) -> BuildRecord:
    """
    Return the record of a build, without sizes and surroundings.

    Args:
        begun: When it began, and what was asked for.
        ended: What came of it.
        secrets: Values that must not be remembered.
    """
    result, error = ended.result, ended.error
    timeline = timeline_of(ended)
    outcome = "built"
    if error is not None:
        outcome = "canceled" if isinstance(error, BuildCanceled) else "failed"
    return BuildRecord(
        uid=os.urandom(16).hex(),
        environment=begun.build,
        outcome=outcome,
        error=None if error is None else _short(redacted(error.message, secrets)),
        started_s=round(begun.at_s, 3),
        wall_s=round(ended.at_s - begun.at_s, 3),
        stages=_stages(timeline, secrets),
        overheads=_overheads(timeline),
        **_asked(begun.spec),  # type: ignore[arg-type]  # fields of the spec, by name
        **budget_fields(ended),  # type: ignore[arg-type]  # likewise
        **({} if result is None else _answered(result)),  # type: ignore[arg-type]  # of the result
    )


def with_sizes(
    record: BuildRecord, result: BuildResult, *, secrets: Sequence[str] = ()
) -> BuildRecord:
    """Return the record with what the image weighs, as far as it can be seen."""
    try:
        sizes = result.sizes
    except Exception:  # noqa: BLE001 - an image that can't be looked at has no sizes here
        sizes = None
    if sizes is None:
        return record
    by_stage = sizes.by_stage()
    return replaced(
        record,
        size_bytes=sizes.total_bytes,
        compressed=sizes.compressed,
        stages=tuple(
            replaced(stage, size_bytes=by_stage.get(stage.name)) for stage in record.stages
        ),
        layers=tuple(
            LayerRecord(
                created_by=_short(redacted(layer.created_by, secrets)),
                size_bytes=layer.size_bytes,
                stage=layer.stage,
            )
            for layer in sizes.layers
        ),
    )


def _asked(spec: BuildSpec) -> dict[str, object]:
    return {
        "target": spec.target,
        "platforms": tuple(str(platform) for platform in spec.platforms),
        "tags": spec.tags,
    }


def _answered(result: BuildResult) -> dict[str, object]:
    return {
        "gates": result.spec.requires,
        "attempts": len(result.attempts),
        "digest": None if result.digest is None else str(result.digest),
        "image_id": None if result.image_id is None else str(result.image_id),
        "is_index": result.is_index,
        "pushed": result.pushed,
        "backend": result.backend,
        "versions": {"stagebuild": __version__, **result.versions},
    }


def _stages(timeline: Timeline | None, secrets: Sequence[str]) -> tuple[StageRecord, ...]:
    return () if timeline is None else tuple(_stage(stage, secrets) for stage in timeline.stages)


def _stage(stage: StageTiming, secrets: Sequence[str]) -> StageRecord:
    platform = stage.built_for or stage.platform
    return StageRecord(
        name=stage.name,
        platform=None if platform is None else str(platform),
        busy_s=round(stage.busy_s, 3),
        steps=tuple(
            StepRecord(
                number=step.index,
                command=_short(redacted(step.command, secrets)),
                busy_s=round(step.busy_s, 3),
                cached=step.cached,
            )
            for step in stage.step_timings
        ),
    )


def _overheads(timeline: Timeline | None) -> dict[str, float]:
    sums: dict[str, float] = {}
    for overhead in () if timeline is None else timeline.overheads:
        sums[overhead.kind] = round(sums.get(overhead.kind, 0.0) + overhead.busy_s, 3)
    return sums


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def timeline_of(ended: BuildEnded) -> Timeline | None:
    """Return what the engine told of a build, or None when it told nothing."""
    if ended.result is not None:
        return ended.result.timeline
    return ended.error.timeline if isinstance(ended.error, BuildFailed) else None
