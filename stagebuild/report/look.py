"""
How text for people looks: the marks, and the few colours, by what they mean.

Colours are the terminal's own sixteen, so that they follow the user's theme, light or dark.
Nothing is told by colour alone: each state has its mark.
"""

from __future__ import annotations

from enum import StrEnum

from stagebuild.values import frozen


class Tone(StrEnum):
    """What a piece of text means. The value is its SGR parameters (ECMA-48)."""

    PLAIN = ""
    TITLE = "1"
    QUIET = "2"
    GOOD = "32"
    BUSY = "36"
    CAUTION = "33"
    BAD = "1;31"


@frozen
class Glyphs:
    """
    The marks that a stream can show.

    Attributes:
        done: A build, stage or step that ended well.
        busy: One that runs.
        waiting: One that has not begun.
        failed: One that failed.
        canceled: One that was stopped.
        pipe: Before a line that a step printed.
        arrow: From one step of the critical path to the next.
        rule: Makes horizontal lines.
        bar: Makes the chart of when a stage ran.
        ellipsis: Where text was cut.
        dot: Between two facts on one line.
    """

    done: str
    busy: str
    waiting: str
    failed: str
    canceled: str
    pipe: str
    arrow: str
    rule: str
    bar: str
    ellipsis: str
    dot: str


UNICODE = Glyphs(
    done="✓",
    busy="▸",
    waiting="·",
    failed="✗",
    canceled="■",
    pipe="│",
    arrow="→",
    rule="─",
    bar="━",
    ellipsis="…",
    dot="·",
)
ASCII = Glyphs(
    done="+",
    busy=">",
    waiting=".",
    failed="x",
    canceled="-",
    pipe="|",
    arrow="->",
    rule="-",
    bar="=",
    ellipsis="...",
    dot="-",
)


@frozen
class Look:
    """
    What a stream can take.

    Attributes:
        width: Cells in a line.
        color: Whether colours are welcome.
        glyphs: The marks that its encoding has.
    """

    width: int = 100
    color: bool = False
    glyphs: Glyphs = UNICODE

    def paint(self, text: str, tone: Tone) -> str:
        """Return ``text`` in a tone, or as it is without colours."""
        if not self.color or not tone or not text:
            return text
        return f"\x1b[{tone.value}m{text}\x1b[0m"


def glyphs_for(encoding: str | None) -> Glyphs:
    """Return the marks that text in ``encoding`` can hold; ASCII for an unknown one."""
    wanted = f"{UNICODE.done}{UNICODE.busy}{UNICODE.failed}{UNICODE.bar}{UNICODE.ellipsis}"
    try:
        wanted.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE
