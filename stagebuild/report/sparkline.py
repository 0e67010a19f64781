"""Numbers over time in one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-~=+*#"
_NOTHING = " "


def sparkline(values: Sequence[float | None], *, bars: str = BARS, top: float | None = None) -> str:
    """
    Return one mark for each value, oldest first; a space where there is none.

    The lowest mark is zero, so that a line that looks flat is flat.

    Args:
        values: 0.0 or more.
        bars: The marks, from the lowest to the highest.
        top: What the highest mark means; the largest value when not given.
    """
    known = [value for value in values if value is not None]
    highest = max(known, default=0.0) if top is None else top
    if highest <= 0:
        return "".join(_NOTHING if value is None else bars[0] for value in values)
    steps = len(bars) - 1
    return "".join(
        _NOTHING if value is None else bars[min(steps, round(value / highest * steps))]
        for value in values
    )
