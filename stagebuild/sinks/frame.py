"""
Board -> the lines of one frame of the live display. Pure; knows the window's size, not the window.

A frame is calm: a stage's line stays where it first appeared and its columns do not move; what
comes and goes, the running steps' output, is below all of them. A frame always fits the height:
finished overhead goes first, then finished stages are counted on one line, oldest first, then
waiting ones, and at last running ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagebuild.report.cells import clean, fit, left, right, width
from stagebuild.report.look import Glyphs, Tone
from stagebuild.report.quantities import count, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.sinks.board import Board, BuildState, GroupState, StepState

Line = tuple[tuple[str, Tone], ...]
"""A line of the display: pieces of text and what they mean, no wider than the window."""

_INDENT = "  "
_TITLE_CELLS = (8, 28)
_DONE_CELLS = 8
_TIME_CELLS = 7
_OUTPUT_LINES = 4
_WORTH_A_LINE_S = 0.5
_SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The window, in cells."""

    columns: int
    rows: int


def compose(board: Board, size_: Size, *, now_s: float, glyphs: Glyphs) -> list[Line]:
    """
    Return the frame: at most ``size_.rows - 1`` lines, each narrower than the window.

    One row stays free for the cursor, one column so that no line wraps.
    """
    page = _Page(size=size_, now_s=now_s, glyphs=glyphs)
    rows = max(size_.rows - 1, 1)
    builds = list(board.builds.values())
    sections = [_Section.of(build) for build in builds]
    # The same share is kept for output whether there is any or not, so that lines don't jump.
    _shorten(sections, rows - max(2, rows // 4))
    lines = [line for section in sections for line in page.section(section)]
    if len(lines) > rows:
        hidden = len(lines) - rows + 1
        lines = [*lines[: rows - 1], page.note(f"{glyphs.ellipsis} {hidden} more")]
    lines += page.output(builds, rows - len(lines))
    return [_cut(line, size_.columns - 1, glyphs.ellipsis) for line in lines]


def compose_end(board: Board, size_: Size, *, now_s: float, glyphs: Glyphs) -> list[Line]:
    """Return what stays on the screen: a line for each build, however the run ended."""
    page = _Page(size=size_, now_s=now_s, glyphs=glyphs)
    lines = [page.build_line(build) for build in board.builds.values()]
    return [_cut(line, size_.columns - 1, glyphs.ellipsis) for line in lines]


@dataclass(slots=True, kw_only=True)
class _Section:
    """
    The lines of one build, before they are text.

    Attributes:
        build: Which.
        groups: Those that have a line of their own.
        folded_done: Finished stages that are only counted.
        folded_waiting: Waiting ones, likewise.
        folded_running: Running ones, likewise.
    """

    build: BuildState
    groups: list[GroupState]
    folded_done: int = 0
    folded_waiting: int = 0
    folded_running: int = 0

    @classmethod
    def of(cls, build: BuildState) -> _Section:
        """Return the section with everything that is worth a line; none for an ended build."""
        if build.ended_s is not None:
            return cls(build=build, groups=[])
        stages = [group for group in build.groups.values() if group.is_stage]
        others = [group for group in build.groups.values() if _worth_a_line(group)]
        return cls(build=build, groups=stages + others)

    @property
    def height(self) -> int:
        """Number of lines."""
        folds = (self.folded_done, self.folded_waiting, self.folded_running)
        return 1 + len(self.groups) + sum(fold > 0 for fold in folds)


def _worth_a_line(group: GroupState) -> bool:
    if group.is_stage or not group.started:
        return False
    if any(step.running for step in group.steps) or group.failed:
        return True
    return group.busy_s(0.0) >= _WORTH_A_LINE_S


def _shorten(sections: Sequence[_Section], rows: int) -> None:
    """Fold lines, the least interesting first, until the sections fit into ``rows`` lines."""

    def excess() -> int:
        return sum(section.height for section in sections) - rows

    for section in sections:
        for group in [g for g in section.groups if not g.is_stage and g.finished]:
            if excess() > 0:
                section.groups.remove(group)
    for section in sections:
        done = [g for g in section.groups if g.is_stage and g.finished and not g.failed]
        section.folded_done += _fold(section, done, excess())
    for section in sections:
        waiting = [g for g in section.groups if g.is_stage and not g.running and not g.failed]
        section.folded_waiting += _fold(section, waiting[::-1], excess())
    for section in sections:
        running = [g for g in section.groups if g.running and not g.failed]
        section.folded_running += _fold(section, running[:-1], excess())


def _fold(section: _Section, foldable: Sequence[GroupState], excess: int) -> int:
    """Take enough groups out to save ``excess`` lines, the line that counts them included."""
    if excess <= 0 or len(foldable) < 2:  # noqa: PLR2004 - folding one line saves none
        return 0
    folded = foldable[: excess + 1]
    for group in folded:
        section.groups.remove(group)
    return len(folded)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What every line of a frame depends on."""

    size: Size
    now_s: float
    glyphs: Glyphs

    def section(self, section: _Section) -> Iterable[Line]:
        """Yield the lines of one build."""
        build = section.build
        yield self.build_line(build)
        if section.folded_done:
            text = f"{count(section.folded_done, 'stage')} done"
            yield self._marked(self.glyphs.done, Tone.GOOD, text)
        titles = (width(group.title) for group in section.groups)
        column = min(max(titles, default=0), _TITLE_CELLS[1], self.size.columns // 3)
        column = max(column, _TITLE_CELLS[0])
        for group in section.groups:
            yield self._group_line(build, group, column)
        if section.folded_running:
            text = f"{count(section.folded_running, 'more stage')} running"
            yield self._marked(self.glyphs.busy, Tone.BUSY, text)
        if section.folded_waiting:
            text = f"{count(section.folded_waiting, 'stage')} waiting"
            yield self._marked(self.glyphs.waiting, Tone.QUIET, text)

    def note(self, text: str) -> Line:
        """Return a quiet line."""
        return ((f"{_INDENT}{text}", Tone.QUIET),)

    def _marked(self, mark: str, tone: Tone, text: str) -> Line:
        return (_INDENT, Tone.PLAIN), (mark, tone), (f" {text}", Tone.QUIET)

    def build_line(self, build: BuildState) -> Line:
        """Return the line of a build: running, or how it ended."""
        elapsed = duration(build.elapsed_s(self.now_s))
        name = (build.name, Tone.TITLE)
        if build.ended_s is None:
            return name, (f"  {elapsed}", Tone.PLAIN), (_attempt(build), Tone.CAUTION)
        mark = {Tone.GOOD: self.glyphs.done, Tone.CAUTION: self.glyphs.canceled}.get(
            build.tone, self.glyphs.failed
        )
        end = self._end(build)
        return (f"{mark} ", build.tone), name, (f"  {elapsed}", Tone.PLAIN), (end, Tone.QUIET)

    def _end(self, build: BuildState) -> str:
        """Return how a build ended, as far as it fits on its line."""
        if build.error is not None:
            if build.canceled:
                return "  canceled"
            stage = getattr(build.error, "stage", None)
            message = clean(build.error.message.partition("\n")[0])
            return f"  {stage}: {message}" if stage else f"  {message}"
        steps = sum(group.total for group in build.groups.values() if group.is_stage)
        cached = sum(group.steps_cached for group in build.groups.values() if group.is_stage)
        facts = [f"{cached}/{steps} cached"] if steps else []
        if build.result is not None and build.result.digest is not None:
            facts.append(str(build.result.digest)[: len("sha256:") + _SHORT_DIGEST])
        if build.warnings:
            facts.append(count(build.warnings, "warning"))
        return "".join(f"  {fact}" for fact in facts)

    def _group_line(self, build: BuildState, group: GroupState, column: int) -> Line:
        running = group.running
        failed = group.failed
        engine_now_s = build.engine_now_s(self.now_s)
        time = duration(group.busy_s(engine_now_s)) if group.started else ""
        detail = ""
        if failed is not None:
            mark, mark_tone, tone = self.glyphs.failed, Tone.BAD, Tone.PLAIN
            detail = clean(failed.error.partition("\n")[0])
        elif running:
            mark, mark_tone, tone = self.glyphs.busy, Tone.BUSY, Tone.PLAIN
            detail = self._doing(group, running)
        elif group.finished:
            mark, mark_tone, tone = self.glyphs.done, Tone.GOOD, Tone.PLAIN
            if group.is_stage and group.steps_cached == group.steps_done > 0:
                time, tone = "cached", Tone.QUIET
            elif group.steps_cached:
                detail = f"{group.steps_cached} cached"
        else:
            mark, mark_tone, tone = self.glyphs.waiting, Tone.QUIET, Tone.QUIET
        title = left(fit(group.title, column, ellipsis=self.glyphs.ellipsis), column)
        numbers = f"{right(self._done(group), _DONE_CELLS)}  {right(time, _TIME_CELLS)}"
        return (
            (_INDENT, Tone.PLAIN),
            (mark, mark_tone),
            (f" {title}", tone),
            (f"  {numbers}", tone),
            (f"  {detail}" if detail else "", Tone.BAD if failed else Tone.QUIET),
        )

    def _done(self, group: GroupState) -> str:
        """Return steps done and all, or the bytes of what is no stage."""
        if group.is_stage:
            return f"{group.steps_done}/{group.total}"
        current, _ = group.transferred
        return size(current) if current else ""

    def _doing(self, group: GroupState, running: Sequence[StepState]) -> str:
        """Return what a group is doing now: the newest of its running steps."""
        newest = running[-1]
        current, total = newest.transferred
        moved = f"of {size(total)}  " if total > current else ""
        if moved and group.is_stage:  # elsewhere the column before has it
            moved = f"{size(current)} {moved}"
        more = f"  +{len(running) - 1}" if len(running) > 1 else ""
        command = " ".join(clean(newest.name.command.replace("\n", " ")).split())
        return f"{moved}{command}{more}"

    def output(self, builds: Sequence[BuildState], rows: int) -> list[Line]:
        """Return the last lines of the running steps, under an empty one; at most ``rows``."""
        talking = list(_talking(builds))
        room = min(rows - 1, max(_OUTPUT_LINES, self.size.rows // 3))
        if not talking or room < 1:
            return []
        talking = talking[-room:]
        each = min(_OUTPUT_LINES, room // len(talking))
        many = sum(build.ended_s is None for build in builds) > 1
        names = [f"{b.name} {g.title}" if many else g.title for b, g, _ in talking]
        column = min(max(map(width, names)), self.size.columns // 3)
        lines: list[Line] = [()]
        for name, (_, _, step) in zip(names, talking, strict=True):
            label = right(fit(name, column, ellipsis=self.glyphs.ellipsis), column)
            for line in step.log.lines(each):
                lines.append(
                    (
                        (f"{_INDENT}{label} ", Tone.PLAIN),
                        (f"{self.glyphs.pipe} {clean(line)}", Tone.QUIET),
                    )
                )
                label = " " * column
        return lines


def _talking(builds: Iterable[BuildState]) -> Iterable[tuple[BuildState, GroupState, StepState]]:
    """Yield the running steps that have printed something."""
    for build in builds:
        if build.ended_s is None:
            for group in build.groups.values():
                for step in group.running:
                    if step.log.size_bytes:
                        yield build, group, step


def _attempt(build: BuildState) -> str:
    return "" if build.attempt == 1 else f"  attempt {build.attempt}: {clean(build.notice)}"


def _cut(line: Line, cells: int, ellipsis: str) -> Line:
    """Return the line cut to ``cells``; pieces without text are left out."""
    pieces = []
    for text, tone in line:
        shown = fit(text, cells, ellipsis=ellipsis)
        cells -= width(shown)
        if shown:
            pieces.append((shown, tone))
        if shown != text:
            break
    return tuple(pieces)
