"""When the stages and steps of a build ran, why, and what they printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.html.markup import NOTHING, Html, element, join
from stagebuild.report.quantities import count, duration, size
from stagebuild.report.runs.values import place_of
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.report.runs.values import BuildReport, StepPlace, Verdict
    from stagebuild.timeline import Interval, Overhead, StageTiming, StepTiming, Timeline

_TICKS = 4
_THINNEST = 0.3
_MANY_STEPS = 40
_LONGEST_COMMAND = 1000
_NEGLIGIBLE_S = 0.05


@frozen
class _Scale:
    """Turns moments into places on a track."""

    start_s: float
    length_s: float

    def bars(self, intervals: Iterable[Interval], kind: str) -> Html:
        """Return a track with a bar for each interval, and where the build waited for it."""
        return _track(*(self.bar(each, kind) for each in intervals if each.length_s > 0))

    def bar(self, interval: Interval, kind: str) -> Html:
        """Return the bar of an interval."""
        left = 100 * (interval.start_s - self.start_s) / self.length_s
        wide = max(_THINNEST, 100 * interval.length_s / self.length_s)
        return element("i", class_=kind, style=f"left:{min(left, 99.7):.2f}%;width:{wide:.2f}%")


def gantt(build: BuildReport, *, prefix: str) -> Html:
    """
    Return the stages of a build with their steps, and what ran outside of them.

    Args:
        build: The build.
        prefix: Makes ids of the page unique.
    """
    timeline = build.timeline
    if timeline is None or timeline.started_s is None:
        return element("p", "Nothing of it ran.")
    scale = _Scale(start_s=timeline.started_s, length_s=max(timeline.covered_s, 1e-6))
    hot = [each for each in timeline.critical_path if each.length_s >= _NEGLIGIBLE_S]
    hot_labels = {segment.label for segment in hot}
    hot_stages = {segment.stage for segment in hot}
    few = sum(len(stage.step_timings) for stage in timeline.stages) <= _MANY_STEPS
    stages = [
        _stage(
            build,
            stage,
            scale,
            hot_labels,
            prefix=f"{prefix}-{at}",
            is_hot=stage.name in hot_stages,
            is_open=bool(stage.error) or (few and stage.cached_steps < stage.steps),
        )
        for at, stage in enumerate(timeline.stages)
    ]
    others = [_overhead(row, scale, row.label) for row in timeline.overheads if _is_told(row)]
    return join(
        [
            _axis(timeline),
            *stages,
            element("h4", "Outside of stages") if others else NOTHING,
            element("ul", *others, class_="steps flat") if others else NOTHING,
        ]
    )


def _axis(timeline: Timeline) -> Html:
    ticks = [
        element(
            "b",
            duration(timeline.covered_s * at / _TICKS),
            style=f"left:{100 * at / _TICKS:.0f}%",
        )
        for at in range(_TICKS)
    ]
    return element(
        "div", element("span", *ticks, class_="track"), class_="axis", aria_hidden="true"
    )


def _stage(
    build: BuildReport,
    stage: StageTiming,
    scale: _Scale,
    hot_labels: set[str],
    *,
    prefix: str,
    is_hot: bool,
    is_open: bool,
) -> Html:
    platform = stage.built_for or stage.platform
    name = stage.name if platform is None else f"{stage.name} {platform}"
    all_cached = stage.steps and stage.cached_steps == stage.steps
    bars = [
        scale.bar(each, _kind(step, hot_labels))
        for step in stage.step_timings
        if not step.cached
        for each in step.intervals
        if each.length_s > 0
    ]
    badges = [
        element("span", "failed", class_="badge bad") if stage.error else NOTHING,
        element("span", "critical path", class_="badge hot") if is_hot else NOTHING,
    ]
    took = "cached" if all_cached else duration(stage.busy_s)
    summary = element(
        "summary",
        element("span", element("strong", name), *badges, class_="what"),
        element("span", f"{stage.cached_steps}/{stage.steps} cached", class_="figure cached"),
        element("span", took, class_="figure"),
        _track(*bars),
    )
    steps = [
        _step(build, step, place_of(stage, step), scale, hot_labels, prefix=prefix)
        for step in stage.step_timings
    ]
    return element(
        "details", summary, element("ol", *steps, class_="steps"), class_="stage", open=is_open
    )


def _step(
    build: BuildReport,
    step: StepTiming,
    place: StepPlace,
    scale: _Scale,
    hot_labels: set[str],
    *,
    prefix: str,
) -> Html:
    (state, tone), kind = _state(step), _kind(step, hot_labels)
    command = step.command[:_LONGEST_COMMAND] + "…" * (len(step.command) > _LONGEST_COMMAND)
    took = duration(step.busy_s) if step.busy_s and not step.cached else ""
    return element(
        "li",
        element(
            "div",
            element(
                "span", element("b", str(step.index)), " ", element("code", command), class_="what"
            ),
            element("span", state, class_=f"figure state {tone}"),
            element("span", took, class_="figure"),
            scale.bars(() if step.cached else step.intervals, kind),
            class_="row",
        ),
        _why(step, build.verdicts.get(place)),
        _log(build, step, place),
        id=f"{prefix}-{step.index}",
    )


def _state(step: StepTiming) -> tuple[str, str]:
    """Return what became of a step as a word, and as the class of its bar."""
    if step.canceled:
        return "canceled", "quiet"
    if step.error:
        return "failed", "bad"
    if step.cached:
        return "cached", "good"
    return ("ran", "ran") if step.intervals else ("never ran", "quiet")


def _kind(step: StepTiming, hot_labels: set[str]) -> str:
    """Return the class of a step's bar: ``hot`` for one that the build waited for."""
    kind = _state(step)[1]
    return "hot" if kind == "ran" and step.name in hot_labels else kind


def _track(*bars: Html) -> Html:
    return element("span", *bars, class_="track", aria_hidden="true")


def _why(step: StepTiming, verdict: Verdict | None) -> Html:
    lines: list[Html] = []
    if step.error and not step.canceled:
        lines.append(element("p", step.error, class_="why bad"))
    if verdict is None:
        return join(lines)
    said = list(verdict.reasons)
    if verdict.follows:
        said.append(f"follows from {verdict.follows}")
    lines += [element("p", "because: ", reason, class_="why") for reason in said]
    if verdict.surprise and verdict.surprise not in said:
        lines.append(element("p", "unexpected: ", verdict.surprise, class_="why"))
    return join(lines)


def _log(build: BuildReport, step: StepTiming, place: StepPlace) -> Html:
    lines = build.logs.get(place, ())
    if not lines:
        return NOTHING
    told = f"Last {count(len(lines), 'line')}" if place in build.cut else count(len(lines), "line")
    stage, platform, number = place
    label = f"Log of {build.name}, {' '.join(filter(None, (stage, platform)))} {number}"
    return element(
        "details",
        element("summary", f"{told} of its log"),
        element("pre", "\n".join(lines), tabindex="0", role="group", aria_label=label),
        class_="log",
        open=bool(step.error) and not step.canceled,
    )


def _is_told(row: Overhead) -> bool:
    return row.busy_s >= _NEGLIGIBLE_S or bool(row.error)


def _overhead(row: Overhead, scale: _Scale, label: str) -> Html:
    moved = "" if row.size_bytes is None else size(row.size_bytes)
    kind = "bad" if row.error else "other"
    return element(
        "li",
        element(
            "div",
            element("span", element("b", row.kind), " ", label, class_="what"),
            element("span", moved, class_="figure"),
            element("span", duration(row.busy_s), class_="figure"),
            scale.bars(row.intervals, kind),
            class_="row",
        ),
        element("p", row.error, class_="why bad") if row.error else NOTHING,
    )


def critical_path(build: BuildReport) -> Html:
    """Return what the build waited for, in order; stretches too short to matter are counted."""
    timeline = build.timeline
    if timeline is None or not timeline.critical_path:
        return NOTHING
    total_s = max(timeline.covered_s, 1e-6)
    items = []
    for label, length_s in _stretches(timeline):
        share = length_s / total_s
        items.append(
            element(
                "li",
                element("span", label, class_="what"),
                element("span", f"{share:.0%}", class_="figure"),
                element("span", duration(length_s), class_="figure"),
                _track(element("i", class_="hot", style=f"left:0;width:{100 * share:.2f}%")),
                class_="row",
            )
        )
    return join(
        [
            element("h3", "Critical path"),
            element(
                "p",
                "What the build waited for, in order: making anything else faster does not make the"
                " build faster.",
                class_="note",
            ),
            element("ol", *items, class_="path"),
        ]
    )


def _stretches(timeline: Timeline) -> Sequence[tuple[str, float]]:
    """Return label and seconds of each stretch, neighbours of one label together."""
    found: list[tuple[str, float]] = []
    for segment in timeline.critical_path:
        if found and found[-1][0] == segment.label:
            found[-1] = (segment.label, found[-1][1] + segment.length_s)
        else:
            found.append((segment.label, segment.length_s))
    told = [each for each in found if each[1] >= _NEGLIGIBLE_S]
    short_s = sum(length_s for _, length_s in found) - sum(length_s for _, length_s in told)
    if short_s >= _NEGLIGIBLE_S:
        told.append(("all others", short_s))
    return told
