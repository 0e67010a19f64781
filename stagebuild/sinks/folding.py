"""
Which lines of a build are shown when there are more than the window has rows.

Finished overhead goes first, then finished stages are counted on one line, oldest first, then
waiting ones, last one first, and at last running ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import slotted

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """

    build: BuildState
    groups: list[GroupState]
    folded_done: int = 0
    folded_waiting: int = 0
    folded_running: int = 0

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
        folds = (self.folded_done, self.folded_waiting, self.folded_running)
        return 1 + len(self.groups) + sum(fold > 0 for fold in folds)


def _worth_a_line(build: BuildState, group: GroupState) -> bool:
    if group.is_stage or not group.started:
        return False
    if any(step.running for step in group.steps) or group.failed:
        return True
    return build.busy_s(group, build.started_s) >= _WORTH_A_LINE_S


def shorten(sections: Sequence[Section], rows: int) -> None:
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


def _fold(section: Section, foldable: Sequence[GroupState], excess: int) -> int:
    """Take enough groups out to save ``excess`` lines, the line that counts them included."""
    if excess <= 0 or len(foldable) < 2:  # noqa: PLR2004 - folding one line saves none
        return 0
    folded = foldable[: excess + 1]
    for group in folded:
        section.groups.remove(group)
    return len(folded)
