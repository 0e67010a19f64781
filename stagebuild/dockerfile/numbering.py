"""
The ``i/n`` in the names of BuildKit's vertices.

n counts the FROM of anything but a stage or scratch, every RUN, COPY, ADD and WORKDIR, and every
instruction that ONBUILD triggered whatever it is. i counts what really becomes a vertex: no FROM
of a named context, no ``WORKDIR /``, and of the triggered instructions those four alone. So i
need not reach n.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, buildDispatchStates,
initOnBuildTriggers, prefixCommand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.instructions import Add, Copy, Instruction, Run, Workdir
from stagebuild.dockerfile.stages import ContextSource, ImageSource, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERED = (Add, Copy, Run, Workdir)


def count_steps(base: Source, written: Sequence[Instruction], *, triggered: int) -> int:
    """Return the n of a stage with this base, these instructions and so many triggered ones."""
    counted = sum(isinstance(instruction, _NUMBERED) for instruction in written)
    return isinstance(base, (ContextSource, ImageSource)) + counted + triggered


class Numbering:
    """Gives out the i, one after another."""

    def __init__(self, base: Source, *, total: int) -> None:
        self._total = total
        self.base_number = 1 if total and isinstance(base, ImageSource) else None
        """The number of the FROM, or None when it makes no vertex."""
        self._last = self.base_number or 0

    def next_number(self, instruction: Instruction, *, workdir: str | None) -> int | None:
        """
        Return the instruction's number, or None when it makes no vertex.

        Args:
            instruction: In file order.
            workdir: The working directory after it, or None when it is unknown.
        """
        is_nothing = isinstance(instruction, Workdir) and workdir == "/"
        if not self._total or not isinstance(instruction, _NUMBERED) or is_nothing:
            return None
        self._last += 1
        return self._last
