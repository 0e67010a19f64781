"""Which sink a run gets: from what was asked for, what stderr is, and what the environment says."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from stagebuild.report.look import UNICODE, Glyphs, glyphs_for
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from stagebuild.sinks.base import Sink
    from stagebuild.sinks.grouped import Marks

_DUMB_TERMINALS = frozenset({"", "dumb", "unknown"})
_NO = frozenset({"", "0", "false", "no"})


class ProgressMode(StrEnum):
    """What ``--progress`` takes. The value is the word on the command line."""

    AUTO = "auto"
    TTY = "tty"
    PLAIN = "plain"
    RAWJSON = "rawjson"
    QUIET = "quiet"


class Stream(Protocol):
    """What is asked of the stream that progress goes to."""

    @property
    def encoding(self) -> str | None:
        """Name of its encoding."""
        ...

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        ...


@frozen
class ProgressChoice:
    """
    How progress is shown.

    Attributes:
        mode: Never ``auto``.
        color: Whether colours are welcome.
        glyphs: The marks that the stream's encoding has.
        groups: How the CI system folds lines together, or None.
    """

    mode: ProgressMode
    color: bool = False
    glyphs: Glyphs = UNICODE
    groups: Marks | None = None


def choose_progress(
    mode: ProgressMode, stream: Stream, environ: Mapping[str, str], *, logs: bool = False
) -> ProgressChoice:
    """
    Return how progress is shown on ``stream``.

    ``auto`` is the live display on a terminal that can move its cursor and is not a CI job's
    (``TERM``, ``CI``), and plain lines elsewhere; ``BUILDKIT_PROGRESS`` decides before that, as for
    ``docker build``. ``tty`` becomes ``plain`` where there is no such terminal. Colours need a
    terminal and no ``NO_COLOR``.

    Args:
        mode: What was asked for.
        stream: Where it goes.
        environ: The process environment.
        logs: Whether structured logs go to the same stream; ``auto`` is then ``quiet``, since
            they tell the same story.
    """
    terminal = _is_terminal(stream) and environ.get("TERM", "") not in _DUMB_TERMINALS
    if mode is ProgressMode.AUTO:
        mode = ProgressMode.QUIET if logs else _automatic(environ, terminal=terminal)
    if mode is ProgressMode.TTY and not terminal:
        mode = ProgressMode.PLAIN
    return ProgressChoice(
        mode=mode,
        color=terminal and not environ.get("NO_COLOR"),
        glyphs=glyphs_for(stream.encoding),
        groups=_groups(environ) if mode is ProgressMode.PLAIN else None,
    )


def _groups(environ: Mapping[str, str]) -> Marks | None:
    if not (environ.get("GITHUB_ACTIONS") or environ.get("GITLAB_CI")):
        return None
    from stagebuild.sinks.grouped import marks_of

    return marks_of(environ)


def _automatic(environ: Mapping[str, str], *, terminal: bool) -> ProgressMode:
    asked = environ.get("BUILDKIT_PROGRESS", "")
    if asked in set(ProgressMode) - {ProgressMode.AUTO}:
        return ProgressMode(asked)
    in_ci = environ.get("CI", "").lower() not in _NO
    return ProgressMode.TTY if terminal and not in_ci else ProgressMode.PLAIN


def _is_terminal(stream: Stream) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it was closed
        return False


def open_sink(choice: ProgressChoice, stream: TextIO) -> Sink:
    """Return the sink for a choice, to be entered; its library is imported here, not before."""
    # ruff: noqa: PLC0415 - each sink costs start-up time, and a run needs one of them
    match choice.mode:
        case ProgressMode.TTY:
            from stagebuild.sinks.console import ConsoleSink

            return ConsoleSink(stream, color=choice.color, glyphs=choice.glyphs)
        case ProgressMode.RAWJSON:
            from stagebuild.sinks.rawjson import RawJsonSink

            return RawJsonSink(stream)
        case ProgressMode.QUIET:
            from stagebuild.sinks.quiet import QuietSink

            return QuietSink()
        case ProgressMode.PLAIN | ProgressMode.AUTO if choice.groups is not None:
            from stagebuild.sinks.grouped import GroupedSink

            return GroupedSink(stream, choice.groups, glyphs=choice.glyphs)
        case ProgressMode.PLAIN | ProgressMode.AUTO:
            from stagebuild.sinks.plain import PlainSink

            return PlainSink(stream, glyphs=choice.glyphs)
