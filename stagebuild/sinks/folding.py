"""
Which lines of a build are shown when there are more than the window has rows.

Finished overhead goes first, then finished stages are counted on one line, oldest first, then
waiting ones, last one first, then builds that have succeeded, oldest first, and running stages.
With too many builds for all that, each that runs has one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import slotted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.sinks.states import BuildState, GroupState

_WORTH_A_LINE_S = 0.5


@slotted
class Section:
    """
    The lines of one build, before they are text.

    Attributes:
        build: Which.
        groups: Those that have a line of their own.
        folded_done: Finished stages that are only counted.
        folded_waiting: Waiting ones, likewise.
        folded_running: Running ones, likewise.
        is_brief: Whether the build's own line tells what it does, instead of lines of stages.
    """

    build: BuildState
    groups: list[GroupState]
    folded_done: int = 0
    folded_waiting: int = 0
    folded_running: int = 0
    is_brief: bool = False

    @classmethod
    def of(cls, build: BuildState) -> Section:
        """Return the section with everything that is worth a line; none for an ended build."""
        if build.ended_s is not None:
            return cls(build=build, groups=[])
        stages = [group for group in build.groups.values() if group.is_stage]
        others = [group for group in build.groups.values() if _worth_a_line(build, group)]
        stages.sort(key=lambda group: group.place)
        return cls(build=build, groups=stages + others)

    @property
    def height(self) -> int:
        """Number of lines."""
        if self.is_brief:
            return 1
        folds = (self.folded_done, self.folded_waiting, self.folded_running)
        return 1 + len(self.groups) + sum(fold > 0 for fold in folds)


def _worth_a_line(build: BuildState, group: GroupState) -> bool:
    if group.is_stage or not group.started:
        return False
    if any(step.running for step in group.steps) or group.failed:
        return True
    return build.busy_s(group, build.started_s) >= _WORTH_A_LINE_S


def shorten(sections: list[Section], rows: int) -> int:
    """
    Fold lines, the least interesting first, until the sections fit into ``rows`` lines.

    Returns:
        How many builds were taken out, to be counted on one line: they have succeeded.
    """
    excess = sum(section.height for section in sections) - rows
    for fold in (_drop_overhead, _fold_done, _fold_waiting):
        excess = _each(sections, fold, excess)
    done = [s for s in sections if s.build.ended_s is not None and s.build.error is None]
    counted = 0
    if excess > 0 and len(done) > 1:
        counted = min(excess + 1, len(done))
        last = done[counted - 1]
        cut = next(at for at, section in enumerate(sections) if section is last) + 1
        kept = [s for s in sections[:cut] if s.build.ended_s is None or s.build.error is not None]
        sections[:] = [*kept, *sections[cut:]]
        excess -= counted - 1
    excess = _each(sections, _fold_running, excess)
    if excess > 0:
        for section in sections:
            section.is_brief = section.build.ended_s is None
    return counted


def _each(sections: Sequence[Section], fold: Callable[[Section, int], None], excess: int) -> int:
    """Fold in one section after another while there are too many lines; return the rest of them."""
    for section in sections:
        if excess <= 0:
            break
        before = section.height
        fold(section, excess)
        excess -= before - section.height
    return excess


def _drop_overhead(section: Section, excess: int) -> None:
    for group in [g for g in section.groups if not g.is_stage and g.finished][:excess]:
        section.groups.remove(group)


def _fold_done(section: Section, excess: int) -> None:
    done = [g for g in section.groups if g.is_stage and g.finished and not g.failed]
    section.folded_done += _fold(section, done, excess)


def _fold_waiting(section: Section, excess: int) -> None:
    waiting = [g for g in section.groups if g.is_stage and not g.running and not g.failed]
    section.folded_waiting += _fold(section, waiting[::-1], excess)


def _fold_running(section: Section, excess: int) -> None:
    running = [g for g in section.groups if g.running and not g.failed]
    section.folded_running += _fold(section, running[:-1], excess)


def _fold(section: Section, foldable: Sequence[GroupState], excess: int) -> int:
    """Take enough groups out to save ``excess`` lines, the line that counts them included."""
    if len(foldable) < 2:  # noqa: PLR2004 - folding one line saves none
        return 0
    folded = foldable[: excess + 1]
    for group in folded:
        section.groups.remove(group)
    return len(folded)
