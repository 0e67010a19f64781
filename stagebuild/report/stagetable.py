"""The table of a finished build: its stages, what else took time, the critical path, the digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import BuildCanceled
from stagebuild.progress.vertexnames import parse_vertex_name
from stagebuild.report.cells import clean, fit, left, right, width
from stagebuild.report.failuretext import reason
from stagebuild.report.look import Look, Tone
from stagebuild.report.quantities import duration, size
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stagebuild.errors import StagebuildError
    from stagebuild.result import BuildResult, BuildWarning
    from stagebuild.timeline import Interval, Overhead, PathSegment, StageTiming, Timeline

_NEGLIGIBLE_S = 0.05  # shows as 0.0 s
_CHART_CELLS = (12, 40)  # narrower tells nothing, wider spreads what belongs together
_NAME_CELLS = 32
_LABEL_CELLS = len("critical path")
_GAP = "  "


@frozen
class _Row:
    """A line of the table; the cells as text, ``ran`` is when it was busy."""

    name: str
    time: str
    cached: str = ""
    bytes: str = ""
    ran: tuple[Interval, ...] = ()
    tone: Tone = Tone.PLAIN


def stage_table(result: BuildResult, *, look: Look) -> str:
    """
    Return what a person wants to know of a build that succeeded, lines without a final line end.

    A row per stage (and platform) with the time it was busy, cached and all steps, and a chart of
    when it ran; a row per kind of overhead; the total; the critical path; the digest.
    """
    rows = _rows(result.timeline, title=_title(result), wall_s=result.wall_s, look=look)
    facts = [
        _critical_path(result.timeline.critical_path, look=look),
        _identity(result, look=look),
        _warnings(result.warnings, look=look),
    ]
    return "\n\n".join(filter(None, [rows, "\n".join(filter(None, facts))]))


def timeline_table(timeline: Timeline, *, title: str, wall_s: float, look: Look) -> str:
    """Return the rows, the total and the critical path of a build, also of one that failed."""
    rows = _rows(timeline, title=title, wall_s=wall_s, look=look)
    return "\n\n".join(filter(None, [rows, _critical_path(timeline.critical_path, look=look)]))


def _rows(timeline: Timeline, *, title: str, wall_s: float, look: Look) -> str:
    """Return the table down to its total."""
    stages = [_stage_row(stage) for stage in timeline.stages]
    others = _overhead_rows(timeline)
    steps = sum(stage.steps for stage in timeline.stages)
    cached = sum(stage.cached_steps for stage in timeline.stages)
    total = _Row(
        name="total", time=duration(wall_s), cached=f"{cached}/{steps}" if steps else "",
        tone=Tone.TITLE,
    )  # fmt: skip
    head = _Row(name="stage", time="busy", cached="cached", tone=Tone.QUIET)
    columns = _Columns.of([head, *stages, *others, total], timeline=timeline, look=look)
    rule = _GAP + look.paint(look.glyphs.rule * columns.table_cells, Tone.QUIET)
    sections = [
        look.paint(title, Tone.TITLE),
        columns.line(head),
        *map(columns.line, stages),
        *([rule] if stages and others else []),
        *map(columns.line, others),
        rule,
        columns.line(total),
    ]
    return "\n".join(sections)


def run_summary(
    results: Mapping[str, BuildResult], errors: Mapping[str, StagebuildError], *, look: Look
) -> str:
    """Return one line per build, for a run of several; lines without a final line end."""
    names = [*results, *errors]
    cells = max(map(width, names), default=0)
    lines = []
    for name, result in results.items():
        mark = look.paint(look.glyphs.done, Tone.GOOD)
        made = result.reference or result.digest or ""
        facts = f"{left(name, cells)}{_GAP}{right(duration(result.wall_s), 7)}{_GAP}{made}"
        lines.append(f"{mark} {facts.rstrip()}")
    for name, error in errors.items():
        canceled = isinstance(error, BuildCanceled)
        glyph = look.glyphs.canceled if canceled else look.glyphs.failed
        mark = look.paint(glyph, Tone.CAUTION if canceled else Tone.BAD)
        shown = fit(reason(error), look.width - cells - 4, ellipsis=look.glyphs.ellipsis)
        lines.append(f"{mark} {left(name, cells)}{_GAP}{shown}")
    return "\n".join(lines)


@frozen
class _Columns:
    """Where each column of one table ends."""

    name: int
    time: int
    cached: int
    bytes: int
    chart: int
    timeline: Timeline
    look: Look

    @classmethod
    def of(cls, rows: Sequence[_Row], *, timeline: Timeline, look: Look) -> _Columns:
        """Return the columns that fit all rows; the chart takes what is left of the width."""
        time = max(width(row.time) for row in rows)
        cached = max(width(row.cached) for row in rows)
        size_ = max(width(row.bytes) for row in rows)
        taken = time + cached + size_ + len(_GAP) * (4 if size_ else 3)
        room = max(8, min(_NAME_CELLS, look.width - taken))
        name = min(room, max(width(row.name) for row in rows))
        chart = min(look.width - taken - name - len(_GAP), _CHART_CELLS[1])
        drawn = chart >= _CHART_CELLS[0] and timeline.covered_s > _NEGLIGIBLE_S
        return cls(
            name=name,
            time=time,
            cached=cached,
            bytes=size_,
            chart=chart if drawn else 0,
            timeline=timeline,
            look=look,
        )

    @property
    def table_cells(self) -> int:
        """Cells from the first column to the last one that is not the chart."""
        numbers = self.name + self.time + self.cached + len(_GAP) * 2
        return numbers + len(_GAP) + self.bytes if self.bytes else numbers

    def line(self, row: _Row) -> str:
        """Return the row as text."""
        name = left(fit(row.name, self.name, ellipsis=self.look.glyphs.ellipsis), self.name)
        cells = [name, right(row.time, self.time), right(row.cached, self.cached)]
        if self.bytes:
            cells.append(right(row.bytes, self.bytes))
        text = _GAP.join(cells)
        chart = self._chart(row.ran)
        if chart:
            return f"{_GAP}{self.look.paint(text, row.tone)}{_GAP}{chart}"
        return f"{_GAP}{self.look.paint(text.rstrip(), row.tone)}"

    def _chart(self, ran: Iterable[Interval]) -> str:
        """Return the cells during which something ran; at least one for whatever ran at all."""
        start_s, length_s = self.timeline.started_s, self.timeline.covered_s
        if not self.chart or start_s is None:
            return ""
        busy: set[int] = set()
        for interval in ran:
            first = round((interval.start_s - start_s) / length_s * self.chart)
            end = round((interval.end_s - start_s) / length_s * self.chart)
            first = min(max(first, 0), self.chart - 1)
            busy.update(range(first, min(max(end, first + 1), self.chart)))
        bars = "".join(self.look.glyphs.bar if i in busy else " " for i in range(self.chart))
        return self.look.paint(bars.rstrip(), Tone.BUSY)


def _stage_row(stage: StageTiming) -> _Row:
    platform = stage.built_for or stage.platform
    name = stage.name if platform is None else f"{stage.name} {platform}"
    all_cached = 0 < stage.steps == stage.cached_steps
    return _Row(
        name=name,
        time=duration(stage.busy_s),
        cached=f"{stage.cached_steps}/{stage.steps}" if stage.steps else "",
        ran=tuple(
            interval
            for step in stage.step_timings
            for interval in step.intervals
            if interval.length_s > 0
        ),
        tone=Tone.BAD if stage.error else Tone.QUIET if all_cached else Tone.PLAIN,
    )


def _overhead_rows(timeline: Timeline) -> list[_Row]:
    """Return a row per kind of overhead; kinds that took no time to speak of are one row."""
    kinds: dict[str, list[Overhead]] = {}
    for overhead in timeline.overheads:
        kinds.setdefault(overhead.kind, []).append(overhead)
    rows = []
    rest_s = 0.0
    for kind, overheads in kinds.items():
        busy_s = sum(overhead.busy_s for overhead in overheads)
        transferred = sum(overhead.size_bytes or 0 for overhead in overheads)
        failed = any(overhead.error for overhead in overheads)
        if (busy_s < _NEGLIGIBLE_S and not failed) or kind == "other":
            rest_s += busy_s
            continue
        rows.append(
            _Row(
                name=kind,
                time=duration(busy_s),
                bytes=size(transferred) if transferred else "",
                tone=Tone.BAD if failed else Tone.PLAIN,
            )
        )
    if rest_s >= _NEGLIGIBLE_S:
        rows.append(_Row(name="other", time=duration(rest_s)))
    if timeline.uncovered_s >= _NEGLIGIBLE_S:
        rows.append(_Row(name="start and end", time=duration(timeline.uncovered_s)))
    return rows


def _critical_path(segments: Sequence[PathSegment], *, look: Look) -> str:
    """Return the path as one line, neighbours in one stage taken together, or ``""``."""
    merged: list[tuple[str, float]] = []
    for segment in segments:
        if segment.length_s < _NEGLIGIBLE_S:
            continue
        name, length_s = _waited_for(segment), segment.length_s
        if merged and merged[-1][0] == name:
            length_s += merged.pop()[1]
        merged.append((name, length_s))
    if not merged:
        return ""
    text = f" {look.glyphs.arrow} ".join(f"{name} {duration(took_s)}" for name, took_s in merged)
    room = look.width - len(_GAP) * 2 - _LABEL_CELLS
    return _fact("critical path", fit(text, room, ellipsis=look.glyphs.ellipsis), look=look)


def _waited_for(segment: PathSegment) -> str:
    """Return the stage, else the kind of overhead, else what the segment is called."""
    if segment.stage is not None or segment.vertex is None:
        return segment.stage or segment.label
    kind = parse_vertex_name(segment.label).kind
    return segment.label if kind in ("step", "other") else kind


def _fact(label: str, text: str, *, look: Look, tone: Tone = Tone.QUIET) -> str:
    return f"{_GAP}{look.paint(left(label, _LABEL_CELLS), tone)}{_GAP}{text}"


def _title(result: BuildResult) -> str:
    if result.skipped:
        return f"{result.name} (unchanged, not built)"
    attempts = len(result.attempts)
    return result.name if attempts <= 1 else f"{result.name} ({attempts} attempts)"


def _warnings(warnings: Sequence[BuildWarning], *, look: Look) -> str:
    """Return BuildKit's findings about the Dockerfile, one a line."""
    lines = []
    for warning in warnings:
        place = "" if warning.path is None else f"{warning.path}:{warning.line}: "
        # BuildKit repeats the line at the end, which has its place in front here.
        message = clean(warning.message).removesuffix(f" (line {warning.line})")
        lines.append(_fact("warning", f"{place}{message}", look=look, tone=Tone.CAUTION))
    return "\n".join(lines)


def _identity(result: BuildResult, *, look: Look) -> str:
    """Return what was made: reference, digest, image ID and tags, one a line, never cut."""
    facts: list[tuple[str, str]] = []
    if result.reference is not None:
        facts.append(("reference", result.reference))
    if result.digest is not None:
        facts.append(("digest", str(result.digest)))
    if result.image_id is not None and result.image_id != result.digest:
        facts.append(("image ID", str(result.image_id)))
    facts.extend(("tag", tag) for tag in result.spec.tags)
    facts.extend(
        ("wrote", output.dest) for output in result.spec.outputs if output.dest is not None
    )
    return "\n".join(_fact(label, text, look=look) for label, text in facts)
