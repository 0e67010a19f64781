"""
A forecast as one versioned JSON document. Pure.

The version changes when a field is removed or changes its meaning; a new field does not change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast.values import State
from stagebuild.report.changes import changes_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stagebuild.changes import Changes
    from stagebuild.forecast.values import Forecast, Reason, StageForecast, StepForecast

VERSION = 1

Json = dict[str, object]


def plan_document(forecasts: Iterable[Forecast], *, changes: Changes | None = None) -> Json:
    """Return the document of a plan: ``builds`` by environment, and why it is these."""
    return {
        "version": VERSION,
        "builds": {one.environment: forecast_document(one) for one in forecasts},
        "changed_since": changes_document(changes),
    }


def forecast_document(forecast: Forecast) -> Json:
    """Return one build's part of the document."""
    took = forecast.duration
    return {
        "environment": forecast.environment,
        "cached": forecast.is_cached,
        "counts": {state.value: forecast.count(state) for state in State},
        "expected": None
        if took is None
        else {
            "expected_s": round(took.expected_s, 3),
            "low_s": round(took.low_s, 3),
            "high_s": round(took.high_s, 3),
            "unknown_steps": took.unknown_steps,
        },
        "pushes": list(forecast.pushes),
        "images": dict(forecast.images),
        "compared_with": forecast.compared_with,
        "notes": list(forecast.notes),
        "stages": [_stage(stage) for stage in forecast.stages],
    }


def _stage(stage: StageForecast) -> Json:
    return {
        "name": stage.name,
        "platform": stage.platform,
        "depends_on": list(stage.depends_on),
        "expected_s": round(stage.expected_s, 3),
        "steps": [_step(step) for step in stage.steps],
    }


def _step(step: StepForecast) -> Json:
    return {
        "number": step.number,
        "line": step.line,
        "instruction": step.instruction,
        "state": step.state.value,
        "root": step.is_root,
        "follows": step.follows,
        "expected_s": step.expected_s,
        "reasons": [_reason(reason) for reason in step.reasons],
        "key": step.key,
    }


def _reason(reason: Reason) -> Json:
    return {
        "cause": reason.cause.value,
        "name": reason.name,
        "change": reason.change,
        "before": reason.before,
        "after": reason.after,
    }
