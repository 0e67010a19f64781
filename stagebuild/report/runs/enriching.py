"""What the history knows of a run's builds -> the run, compared with what was before it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast.explaining import explain
from stagebuild.forecast.values import State
from stagebuild.history.trends import regressions
from stagebuild.report.forecasttree import reason_text
from stagebuild.report.historytable import regression_text
from stagebuild.report.look import Look
from stagebuild.report.runs.values import EarlierBuild, Verdict
from stagebuild.sizes import ImageSizes, LayerSize
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.forecast.explaining import Explanation
    from stagebuild.forecast.values import StepForecast
    from stagebuild.history.records import BuildRecord
    from stagebuild.report.runs.values import BuildReport, StepPlace

MOST_EARLIER = 20
_MOST_REASONS = 6
_LOOK = Look()


def enriched(
    build: BuildReport,
    record: BuildRecord,
    earlier: Sequence[BuildRecord],
    *,
    listing: Callable[[str], Mapping[str, str] | None],
) -> BuildReport:
    """
    Return a build with what the history knows of it.

    Args:
        build: As the run told it.
        record: The same build, as recorded.
        earlier: Builds before it, of all environments, newest first.
        listing: Returns the files of a selection by its digest, or None when forgotten.
    """
    before = [other for other in earlier if other.environment == record.environment]
    return replaced(
        build,
        sizes=build.sizes or _sizes(record),
        verdicts=_verdicts(explain(record, earlier, listing=listing)) if record.prints else {},
        earlier=tuple(_earlier(other) for other in before[:MOST_EARLIER]),
        worse=tuple(regression_text(each) for each in regressions(record, before))
        if record.outcome == "built"
        else (),
    )


def _verdicts(explanation: Explanation) -> dict[StepPlace, Verdict]:
    meanings = {one.place: one.meaning for one in explanation.surprises}
    return {
        (step.stage, step.platform or "", step.number): _verdict(step, meanings.get(step.place, ""))
        for step in explanation.steps.steps
        if step.state is not State.CACHED or step.place in meanings
    }


def _verdict(step: StepForecast, surprise: str) -> Verdict:
    told = [reason_text(reason, look=_LOOK) for reason in step.reasons[:_MOST_REASONS]]
    if len(step.reasons) > len(told):
        told.append(f"and {len(step.reasons) - len(told)} more")
    if not step.is_root and step.follows is not None:
        return Verdict(follows=step.follows, surprise=surprise)
    return Verdict(reasons=tuple(told), surprise=surprise)


def _sizes(record: BuildRecord) -> ImageSizes | None:
    if record.size_bytes is None:
        return None
    return ImageSizes(
        total_bytes=record.size_bytes,
        compressed=record.compressed,
        layers=tuple(
            LayerSize(
                digest=None,
                size_bytes=layer.size_bytes,
                created_by=layer.created_by,
                stage=layer.stage,
            )
            for layer in record.layers
        ),
    )


def _earlier(record: BuildRecord) -> EarlierBuild:
    commit = ""
    if record.git is not None:
        commit = record.git.sha[:7] + ("*" if record.git.dirty else "")
    return EarlierBuild(
        started_s=record.started_s,
        outcome=record.outcome,
        wall_s=record.wall_s,
        cached=record.cached,
        size_bytes=record.size_bytes,
        digest=record.digest,
        commit=commit,
        busy_s={stage.label: stage.busy_s for stage in record.stages if stage.ran},
    )
