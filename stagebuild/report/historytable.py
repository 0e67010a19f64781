"""
The history as text: every environment, or one of them with its stages and builds. Pure.

Each figure is the latest build's; the marks before it are its course, oldest on the left.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stagebuild.history.trends import LargerImage, SlowerStage
from stagebuild.report.cells import clean, fit, left, right, width
from stagebuild.report.look import UNICODE, Look, Tone
from stagebuild.report.quantities import count, duration, size
from stagebuild.report.sparkline import ASCII_BARS, BARS, sparkline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.history.records import BuildRecord, StageRecord
    from stagebuild.history.trends import Regression

DRAWN = 30
"""How many builds a course shows at most."""

_GAP = "  "
_TONES = {
    "built": Tone.PLAIN,
    "skipped": Tone.QUIET,
    "promoted": Tone.PLAIN,
    "canceled": Tone.CAUTION,
    "failed": Tone.BAD,
}


def environments_table(
    builds: Mapping[str, Sequence[BuildRecord]], counts: Mapping[str, int], *, look: Look
) -> str:
    """
    Return a line for each environment: how often, when last, and the course of its figures.

    Args:
        builds: The latest builds by environment, newest first.
        counts: How many there are in all, by environment.
        look: What the stream can take.
    """
    rows: list[tuple[str, ...]]
    rows = [("", "builds", "last", "time", "", "cached", "", "size", "")]
    for name, recent in builds.items():
        latest = recent[0]
        rows.append((name, str(counts[name]), moment(latest.started_s), *_courses(recent, look)))
    return _aligned(rows, look=look)


def environment_report(
    builds: Sequence[BuildRecord],
    *,
    total: int,
    found: Sequence[Regression],
    look: Look,
    listed: int = 10,
) -> str:
    """
    Return one environment's history: its course, its stages, its last builds, what got worse.

    Args:
        builds: The latest ones, newest first; at least one.
        total: How many there are in all.
        found: What got worse in the latest.
        look: What the stream can take.
        listed: How many builds are listed.
    """
    latest = builds[0]
    sections = [
        look.paint(latest.environment, Tone.TITLE) + f"{_GAP}{count(total, 'build')}",
        _aligned(
            [("", "time", "", "cached", "", "size", "")]
            + [("whole build", *_courses(builds, look))]
            + [
                (stage.label, *_stage_courses(stage, builds, look))
                for stage in (_last_built(builds) or latest).stages
            ],
            look=look,
        ),
        "\n".join(_build_line(build, look) for build in builds[:listed]),
    ]
    sections += [regression_line(one, look=look) for one in found]
    return "\n\n".join(sections)


def stage_report(builds: Sequence[BuildRecord], name: str, *, look: Look) -> str:
    """
    Return one stage's history: the course of each of its steps, as far as they ran.

    Args:
        builds: The latest builds, newest first.
        name: The stage's name; there is a build that has it.
        look: What the stream can take.
    """
    latest = next(stage for build in builds for stage in build.stages if stage.name == name)
    rows: list[tuple[str, ...]] = [("", "time", "", "ran", "step")]
    recent = list(reversed(builds[:DRAWN]))
    for step in latest.steps:
        times = [_step_time(build, latest, step.number) for build in recent]
        known = [one for one in times if one is not None]
        ran = f"{len(known)}/{len(recent)}"
        last = duration(known[-1]) if known else "cached"
        rows.append((str(step.number), _bars(times, look), last, ran, fit(clean(step.command), 60)))
    return f"{look.paint(latest.label, Tone.TITLE)}\n\n{_aligned(rows, look=look)}"


def regression_line(found: Regression, *, look: Look) -> str:
    """Return what got worse, in one line with its mark."""
    return f"{look.paint(look.glyphs.failed, Tone.CAUTION)} {regression_text(found)}"


def regression_text(found: Regression) -> str:
    """Return what got worse, in one sentence without its full stop."""
    match found:
        case SlowerStage():
            usual = found.spread
            return (
                f"{found.stage} took {duration(found.took_s)}; its last {usual.runs} runs took "
                f"{duration(usual.typical_s)} ± {duration(usual.allowed_s)}"
            )
        case LargerImage():
            text = (
                f"the image grew by {found.share:.0%}, from {size(found.before_bytes)} to "
                f"{size(found.after_bytes)}"
            )
            if found.layer is not None:
                text += (
                    f"; most by {fit(clean(found.layer.created_by), 60)} "
                    f"(+{size(max(found.layer_growth_bytes, 0))})"
                )
            return text


def moment(at_s: float) -> str:
    """Return a moment as people here write it, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))


def _courses(builds: Sequence[BuildRecord], look: Look) -> tuple[str, ...]:
    """Return course and latest figure of time, cached share and size, of what was built."""
    built = [build for build in builds if build.outcome == "built"][:DRAWN]
    recent = built[::-1]
    if not recent:
        return ("", "", "", "", "", "")
    latest = recent[-1]
    sizes = [build.size_bytes for build in recent]
    return (
        _bars([build.wall_s for build in recent], look),
        duration(latest.wall_s),
        _bars([build.cached for build in recent], look, top=1.0),
        f"{latest.cached:.0%}",
        _bars(sizes, look),
        "" if latest.size_bytes is None else size(latest.size_bytes),
    )


def _stage_courses(
    stage: StageRecord, builds: Sequence[BuildRecord], look: Look
) -> tuple[str, ...]:
    recent = [build for build in builds if build.outcome == "built"][:DRAWN][::-1]
    found = [
        next((one for one in build.stages if one.label == stage.label), None) for build in recent
    ]
    shares = [
        None if one is None or not one.steps else 1 - len(one.ran) / len(one.steps) for one in found
    ]
    return (
        _bars([None if one is None else one.busy_s for one in found], look),
        duration(stage.busy_s),
        _bars(shares, look, top=1.0),
        f"{len(stage.steps) - len(stage.ran)}/{len(stage.steps)}",
        _bars([None if one is None else one.size_bytes for one in found], look),
        "" if stage.size_bytes is None else size(stage.size_bytes),
    )


def _last_built(builds: Sequence[BuildRecord]) -> BuildRecord | None:
    return next((build for build in builds if build.outcome == "built"), None)


def _step_time(build: BuildRecord, stage: StageRecord, number: int) -> float | None:
    for one in build.stages:
        if one.label == stage.label:
            for step in one.steps:
                if step.number == number and not step.cached:
                    return step.busy_s
    return None


def _build_line(build: BuildRecord, look: Look) -> str:
    """Return what one build was: when, how long, how much of it cached, what came of it."""
    mark = {
        "built": look.glyphs.done,
        "skipped": look.glyphs.dot,
        "promoted": look.glyphs.done,
        "failed": look.glyphs.failed,
    }
    glyph = mark.get(build.outcome, look.glyphs.canceled)
    commit = ""
    if build.git is not None:
        commit = build.git.sha[:7] + ("*" if build.git.dirty else "")
    came = build.error or (build.digest or "")[:19]
    facts = _GAP.join(
        (
            moment(build.started_s),
            right(duration(build.wall_s), 8),
            right(f"{build.cached_steps}/{build.steps}", 7),
            left(commit, 8),
            clean(came),
        )
    )
    shown = fit(facts.rstrip(), look.width - 2, ellipsis=look.glyphs.ellipsis)
    return f"{look.paint(glyph, _TONES.get(build.outcome, Tone.PLAIN))} {shown}"


def _bars(values: Sequence[float | None], look: Look, *, top: float | None = None) -> str:
    if all(value is None for value in values):
        return ""
    return sparkline(values, bars=BARS if look.glyphs == UNICODE else ASCII_BARS, top=top)


def _aligned(rows: Sequence[tuple[str, ...]], *, look: Look) -> str:
    """Return the rows as lines: the head is quiet, every column as wide as it has to be."""
    columns = range(len(rows[0]))
    cells = [max(width(row[column]) for row in rows) for column in columns]
    lines = [
        _GAP.join(left(row[column], cells[column]) for column in columns).rstrip() for row in rows
    ]
    return "\n".join([look.paint(lines[0], Tone.QUIET), *lines[1:]])
