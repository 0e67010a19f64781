"""
Board -> the lines of one frame of the live display. Pure; knows the window's size, not the window.

A frame is calm: a stage's line stays where it first appeared and its columns do not move; what
comes and goes, the running steps' output, is below all of them. A frame always fits the
height; ``folding`` says what goes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.cells import clean, fit, left, right, width
from stagebuild.report.failuretext import reason
from stagebuild.report.look import Glyphs, Tone
from stagebuild.report.quantities import count, duration, size
from stagebuild.sinks.folding import Section, shorten
from stagebuild.sinks.naming import command
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stagebuild.sinks.board import Board
    from stagebuild.sinks.states import BuildState, GroupState, StepState

Line = tuple[tuple[str, Tone], ...]
"""A line of the display: pieces of text and what they mean, no wider than the window."""

_INDENT = "  "
_TITLE_CELLS = (8, 28)
_DONE_CELLS = 8
_TIME_CELLS = 7
_OUTPUT_LINES = 4
_SHORT_DIGEST = 12


@frozen
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
    sections = [Section.of(build) for build in builds]
    # The same share is kept for output whether there is any or not, so that lines don't jump.
    counted = shorten(sections, rows - max(2, rows // 4))
    lines = [page.done_line(counted)] if counted else []
    lines += [line for section in sections for line in page.section(section)]
    if len(lines) > rows:
        hidden = len(lines) - rows + 1
        more = f"{glyphs.ellipsis} {count(hidden, 'more line')}"
        lines = [*lines[: rows - 1], page.note(more)]
    lines += page.output(builds, rows - len(lines))
    return [_cut(line, size_.columns - 1, glyphs.ellipsis) for line in lines]


def compose_end(board: Board, size_: Size, *, now_s: float, glyphs: Glyphs) -> list[Line]:
    """Return what stays on the screen: a line for each build, however the run ended."""
    page = _Page(size=size_, now_s=now_s, glyphs=glyphs)
    lines = [page.end_line(build) for build in board.builds.values()]
    return [_cut(line, size_.columns - 1, glyphs.ellipsis) for line in lines]


@frozen
class _Page:
    """What every line of a frame depends on."""

    size: Size
    now_s: float
    glyphs: Glyphs

    def section(self, section: Section) -> Iterable[Line]:
        """Yield the lines of one build."""
        build = section.build
        if section.is_brief:
            yield self._brief_line(build)
            return
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

    def done_line(self, builds: int) -> Line:
        """Return the line for builds that have succeeded and have none of their own."""
        return (self.glyphs.done, Tone.GOOD), (f" {count(builds, 'build')} done", Tone.QUIET)

    def _brief_line(self, build: BuildState) -> Line:
        """Return the line of a running build that has no other lines."""
        busy = [group for group in build.groups.values() if group.running]
        if not busy:
            return self.build_line(build)
        newest = max(busy, key=lambda group: group.place)
        does = f"  {newest.title} {self._done(newest)}  {self._doing(newest, newest.running)}"
        return (*self.build_line(build), (clean(does), Tone.QUIET))

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
            waits = (_awaited(build), Tone.QUIET)
            return name, (f"  {elapsed}", Tone.PLAIN), (_attempt(build), Tone.CAUTION), waits
        return self.end_line(build)

    def end_line(self, build: BuildState) -> Line:
        """Return how a build ended; one that did not, since the run was interrupted, is stopped."""
        elapsed = duration(build.elapsed_s(self.now_s))
        name = (build.name, Tone.TITLE)
        if build.ended_s is None:
            mark = (f"{self.glyphs.canceled} ", Tone.CAUTION)
            return mark, name, (f"  {elapsed}", Tone.PLAIN), ("  interrupted", Tone.QUIET)
        marks = {Tone.GOOD: self.glyphs.done, Tone.CAUTION: self.glyphs.canceled}
        mark = (f"{marks.get(build.tone, self.glyphs.failed)} ", build.tone)
        return mark, name, (f"  {elapsed}", Tone.PLAIN), (self._end(build), Tone.QUIET)

    def _end(self, build: BuildState) -> str:
        """Return how a build ended, as far as it fits on its line."""
        if build.error is not None:
            if build.canceled:
                return "  canceled"
            return f"  {reason(build.error)}"
        steps = sum(group.total for group in build.groups.values() if group.is_stage)
        cached = sum(group.steps_cached for group in build.groups.values() if group.is_stage)
        facts = [f"{cached}/{steps} cached"] if steps else []
        if build.result is not None and build.result.digest is not None:
            facts.append(str(build.result.digest)[: len("sha256:") + _SHORT_DIGEST])
        if build.result is not None and build.result.warnings:
            facts.append(count(len(build.result.warnings), "warning"))
        return "".join(f"  {fact}" for fact in facts)

    def _group_line(self, build: BuildState, group: GroupState, column: int) -> Line:
        running = group.running
        failed = group.failed
        time = duration(build.busy_s(group, self.now_s)) if group.started else ""
        detail = ""
        if failed is not None:
            # A cache that can't be reached fails no build.
            fatal = not group.title.startswith("cache ") or group.is_stage
            bad = Tone.BAD if fatal else Tone.CAUTION
            mark, mark_tone, tone = self.glyphs.failed, bad, Tone.PLAIN
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
            (f"  {detail}" if detail else "", mark_tone if failed else Tone.QUIET),
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
        return f"{moved}{command(newest.name)}{more}"

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


def _awaited(build: BuildState) -> str:
    return f"  waiting for {', '.join(build.awaited)}" if build.awaited else ""


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
