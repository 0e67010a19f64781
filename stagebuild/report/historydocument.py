"""The history for programs: JSON and CSV. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.history.trends import LargerImage, SlowerStage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.history.records import BuildRecord
    from stagebuild.history.trends import Regression

Json = dict[str, object]

CSV_COLUMNS = (
    "uid",
    "environment",
    "stage",
    "started_s",
    "outcome",
    "time_s",
    "steps",
    "cached_steps",
    "size_bytes",
    "digest",
    "git_sha",
    "machine",
)


def csv_row(build: BuildRecord, stage: str | None) -> Iterator[tuple[object, ...]]:
    """
    Yield the lines of one build: the whole build, or the stage of this name on each platform.

    Fields are those of CSV_COLUMNS; what is not known is empty.
    """
    about = (build.digest, build.git and build.git.sha, build.machine and build.machine.name)
    if stage is None:
        yield (
            build.uid,
            build.environment,
            "",
            build.started_s,
            build.outcome,
            build.wall_s,
            build.steps,
            build.cached_steps,
            build.size_bytes,
            *about,
        )
    for one in build.stages:
        if one.name == stage:
            yield (
                build.uid,
                build.environment,
                one.label,
                build.started_s,
                build.outcome,
                one.busy_s,
                len(one.steps),
                len(one.steps) - len(one.ran),
                one.size_bytes,
                *about,
            )


def regression_document(found: Regression) -> Json:
    """Return what got worse; ``kind`` says which fields there are."""
    match found:
        case SlowerStage():
            return {
                "kind": "slower stage",
                "stage": found.stage,
                "took_s": found.took_s,
                "typical_s": round(found.spread.typical_s, 3),
                "allowed_s": round(found.spread.allowed_s, 3),
                "runs": found.spread.runs,
            }
        case LargerImage():
            layer = found.layer
            return {
                "kind": "larger image",
                "before_bytes": found.before_bytes,
                "after_bytes": found.after_bytes,
                "layer": None if layer is None else layer.created_by,
                "layer_stage": None if layer is None else layer.stage,
                "layer_growth_bytes": found.layer_growth_bytes,
            }
