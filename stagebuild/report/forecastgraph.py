"""A forecast drawn: stages, what each one needs, and what becomes of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast.values import State
from stagebuild.report.look import Tone
from stagebuild.report.quantities import duration

if TYPE_CHECKING:
    from stagebuild.forecast.values import Forecast, StageForecast
    from stagebuild.report.look import Look

_CLASSES = """\
    classDef cached fill:#e6f4ea,stroke:#5f8a6a
    classDef run fill:#fde7c8,stroke:#b9770e
    classDef maybe fill:#fdf6d8,stroke:#b9a30e"""


def mermaid(forecast: Forecast) -> str:
    """Return the graph as a Mermaid flowchart, as GitHub and GitLab draw it in a comment."""
    lines = ["flowchart LR"]
    names = [_identity(stage) for stage in forecast.stages]
    for position, stage in enumerate(forecast.stages):
        state = _state(stage)
        lines.append(f'    s{position}["{_label(stage)}"]:::{state.value}')
    for position, stage in enumerate(forecast.stages):
        for other in stage.depends_on:
            source = names.index((other, stage.platform))
            lines.append(f"    s{source} --> s{position}")
    return "\n".join([*lines, _CLASSES])


def text_graph(forecast: Forecast, *, look: Look) -> str:
    """Return the graph as lines: each stage below what it needs, which is named behind it."""
    lines = [look.paint(forecast.environment, Tone.TITLE)]
    marks = {
        State.CACHED: look.paint(look.glyphs.done, Tone.GOOD),
        State.RUN: look.paint(look.glyphs.busy, Tone.BUSY),
        State.MAYBE: look.paint(look.glyphs.waiting, Tone.CAUTION),
    }
    for stage in forecast.stages:
        needs = ""
        if stage.depends_on:
            needs = look.paint(f"  needs {', '.join(stage.depends_on)}", Tone.QUIET)
        lines.append(f"{marks[_state(stage)]} {_label(stage)}{needs}")
    return "\n".join(lines)


def _identity(stage: StageForecast) -> tuple[str, str | None]:
    return stage.name, stage.platform


def _state(stage: StageForecast) -> State:
    if stage.count(State.RUN):
        return State.RUN
    return State.MAYBE if stage.count(State.MAYBE) else State.CACHED


def _label(stage: StageForecast) -> str:
    name = stage.name if stage.platform is None else f"{stage.name} {stage.platform}"
    runs = stage.count(State.RUN) + stage.count(State.MAYBE)
    took = f", {duration(stage.expected_s)}" if stage.expected_s else ""
    return f"{name}: {runs}/{len(stage.steps)} run{took}" if runs else f"{name}: cached"
