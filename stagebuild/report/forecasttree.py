"""
A forecast as text: a tree of stages and steps that a person reads at a glance. Pure.

Stages of which nothing runs are one line. Of the others each step that does not simply come from
the cache has a line, with its reason; the root of a chain is marked, and says what changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast.values import Cause, State
from stagebuild.report.cells import clean, fit, left, right
from stagebuild.report.look import Tone
from stagebuild.report.quantities import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.forecast.values import Forecast, Reason, StageForecast, StepForecast
    from stagebuild.report.look import Look

_MOST_REASONS = 4
_LONGEST_VALUE = 40
_LONGEST_INSTRUCTION = 56
_TONES = {State.CACHED: Tone.QUIET, State.RUN: Tone.BUSY, State.MAYBE: Tone.CAUTION}


def forecast_tree(forecast: Forecast, *, look: Look) -> str:
    """Return the forecast of one build; lines without a final line end."""
    lines = [_title(forecast, look), ""]
    for stage in forecast.stages:
        lines += stage_lines(stage, look)
    lines += ["", *_summary(forecast, look)]
    return "\n".join(lines)


def _title(forecast: Forecast, look: Look) -> str:
    said = "nothing to do" if forecast.is_cached else _counts(forecast)
    return f"{look.paint(forecast.environment, Tone.TITLE)}  {said}"


def _counts(forecast: Forecast) -> str:
    runs, maybe = forecast.count(State.RUN), forecast.count(State.MAYBE)
    said = [f"{count(runs, 'step')} to run"] if runs else []
    said += [f"{maybe} maybe"] if maybe else []
    return ", ".join([*said, f"{forecast.count(State.CACHED)} cached"])


def stage_lines(stage: StageForecast, look: Look) -> Iterator[str]:
    """Give the lines of one stage, and of its steps that do not simply come from the cache."""
    name = stage.name if stage.platform is None else f"{stage.name} {stage.platform}"
    steps = [step for step in stage.steps if step.state is not State.CACHED]
    if not steps:
        mark = look.paint(look.glyphs.done, Tone.GOOD)
        number = f"{len(stage.steps)}/{len(stage.steps)} cached" if stage.steps else "no steps"
        yield f"{mark} {left(name, 14)}  {look.paint(number, Tone.QUIET)}"
        return
    mark = look.paint(look.glyphs.busy, Tone.BUSY)
    cached = f"{stage.count(State.CACHED)}/{len(stage.steps)} cached"
    took = f"  {duration(stage.expected_s)}" if stage.expected_s else ""
    yield f"{mark} {left(name, 14)}  {look.paint(cached, Tone.QUIET)}{took}"
    for step in steps:
        yield from _step(step, look)


def _step(step: StepForecast, look: Look) -> Iterator[str]:
    took = "" if step.expected_s is None else duration(step.expected_s)
    state = look.paint(left(step.state.value, 5), _TONES[step.state])
    room = min(_LONGEST_INSTRUCTION, max(16, look.width - 36))
    text = fit(clean(step.instruction), room, ellipsis=look.glyphs.ellipsis)
    why = "" if step.is_root else f"  {look.paint(_follows(step), Tone.QUIET)}"
    yield f"    {state} {right(str(step.number), 2)}  {left(text, room)} {right(took, 7)}{why}"
    if not step.is_root:
        return
    shown = step.reasons[:_MOST_REASONS]
    for reason in shown:
        line = f"{look.glyphs.arrow} {reason_text(reason, look=look)}"
        yield f"              {look.paint(fit(line, max(20, look.width - 14)), Tone.CAUTION)}"
    if len(step.reasons) > len(shown):
        yield f"              and {len(step.reasons) - len(shown)} more"


def _follows(step: StepForecast) -> str:
    if step.state is State.MAYBE:
        return f"unless what {step.follows} makes is the same"
    said = f"follows from {step.follows}"
    times = next((one.name for one in step.reasons if one.cause is Cause.EXPERIENCE), None)
    return said if times is None else f"{said}, as {times} of {times} times"


def reason_text(reason: Reason, *, look: Look) -> str:
    """Return a reason as people say it, on one line."""
    match reason.cause:
        case Cause.FILE:
            said = f"{reason.name} {_CHANGES.get(reason.change, reason.change)}"
        case Cause.INSTRUCTION:
            said = f"was: {clean(reason.before or '')}"
        case Cause.FOLLOWS:
            said = f"follows from {reason.name}"
        case Cause.EXPERIENCE:
            said = f"as {reason.name} of {reason.name} times"
        case Cause.UNKNOWN:
            said = reason.name
        case Cause.NEW_STEP:
            said = "a new step"
        case Cause.ENV if reason.change == "order":
            said = f"the order of variables changed: {reason.name}"
        case Cause.BUILD_ARG | Cause.ENV | Cause.SETTING | Cause.IMAGE:
            said = _change(reason, arrow=look.glyphs.arrow)
        case Cause.NEW_STAGE | Cause.NEVER_BUILT | Cause.NO_CACHE | Cause.ORDER:
            said = reason.cause.value
    return said


def _change(reason: Reason, *, arrow: str) -> str:
    show = _digest if reason.cause is Cause.IMAGE else _value
    kind = "" if reason.cause is Cause.SETTING else f"{reason.cause.value} "
    return f"{kind}{reason.name}: {show(reason.before)} {arrow} {show(reason.after)}"


_CHANGES = {"mode": "has another mode"}


def _value(value: str | None) -> str:
    if value is None:
        return "(unset)"
    shown = clean(value) or '""'
    return fit(shown, _LONGEST_VALUE)


def _digest(digest: str | None) -> str:
    if digest is None or digest == "?":
        return "(unknown)"
    return digest[: len("sha256:") + 12] if digest.startswith("sha256:") else digest


def _summary(forecast: Forecast, look: Look) -> list[str]:
    lines = []
    took = forecast.duration
    if took is not None:
        text = f"about {duration(took.expected_s)}"
        if took.high_s - took.low_s >= 0.1:  # noqa: PLR2004 - what duration() can show
            text += f" ({duration(took.low_s)} to {duration(took.high_s)})"
        if took.unknown_steps:
            text += f", and {count(took.unknown_steps, 'step')} never timed"
        lines.append(_fact("expected", text, look))
    lines += [_fact("pushes", reference, look) for reference in forecast.pushes]
    lines += [_fact("note", note, look) for note in forecast.notes]
    return lines


def _fact(label: str, text: str, look: Look) -> str:
    return f"  {look.paint(left(label, 9), Tone.QUIET)} {text}"
