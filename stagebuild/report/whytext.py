"""Why a build did what it did, as text and as JSON. Pure."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from stagebuild.forecast.explaining import EVICTED
from stagebuild.forecast.values import State
from stagebuild.report.forecastdocument import forecast_document
from stagebuild.report.forecasttree import stage_lines
from stagebuild.report.historytable import moment
from stagebuild.report.look import Tone
from stagebuild.report.quantities import count, duration

if TYPE_CHECKING:
    from stagebuild.forecast.explaining import Explanation
    from stagebuild.report.look import Look

VERSION = 1

Json = dict[str, object]


def why_text(explanation: Explanation, *, look: Look) -> str:
    """Return the text; lines without a final line end."""
    record, steps = explanation.record, explanation.steps
    ran = steps.count(State.RUN)
    said = f"{count(ran, 'step')} ran" if ran else "everything came from the cache"
    head = f"{record.outcome} {moment(record.started_s)} in {duration(record.wall_s)}, {said}"
    lines = [f"{look.paint(record.environment, Tone.TITLE)}  {head}", ""]
    for stage in steps.stages:
        lines += stage_lines(stage, look)
    if record.error is not None:
        lines += ["", f"  {look.paint('failed', Tone.BAD)}    {record.error}"]
    for meaning, places in _grouped(explanation).items():
        did = "ran" if meaning == EVICTED else "came from the cache"
        lines += ["", f"  {look.paint('surprise', Tone.CAUTION)}  {', '.join(places)} {did}:"]
        lines += [f"            {line}" for line in wrap(meaning, max(20, look.width - 12))]
    if steps.compared_with is not None:
        compared = look.paint("compared with the build of", Tone.QUIET)
        lines += ["", f"  {compared} {moment(steps.compared_with)}"]
    return "\n".join(lines)


def _grouped(explanation: Explanation) -> dict[str, list[str]]:
    """Return the places of surprises by what they mean."""
    found: dict[str, list[str]] = {}
    for one in explanation.surprises:
        found.setdefault(one.meaning, []).append(one.place)
    return found


def why_document(explanation: Explanation) -> Json:
    """Return one versioned JSON document."""
    record = explanation.record
    return {
        "version": VERSION,
        "uid": record.uid,
        "outcome": record.outcome,
        "error": record.error,
        "started_s": record.started_s,
        "wall_s": record.wall_s,
        "build": forecast_document(explanation.steps),
        "surprises": [
            {
                "place": one.place,
                "told": one.told.value,
                "did": one.did.value,
                "meaning": one.meaning,
            }
            for one in explanation.surprises
        ],
    }
