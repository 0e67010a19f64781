"""Which display a stream and an environment get."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from stagebuild.report.look import ASCII, UNICODE
from stagebuild.sinks.choice import ProgressChoice, ProgressMode, choose_progress, open_sink
from stagebuild.sinks.console import ConsoleSink
from stagebuild.sinks.plain import PlainSink
from stagebuild.sinks.quiet import QuietSink
from stagebuild.sinks.rawjson import RawJsonSink

if TYPE_CHECKING:
    from collections.abc import Mapping


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool, encoding: str | None = "utf-8") -> None:
        super().__init__()
        self._terminal = terminal
        self._encoding = encoding

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str | None:  # type: ignore[override]  # io declares str, streams vary
        return self._encoding


XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("asked", "terminal", "environ", "shown"),
    [
        ("auto", True, XTERM, "tty"),
        ("auto", False, XTERM, "plain"),
        ("auto", True, {}, "plain"),
        ("auto", True, {"TERM": "dumb"}, "plain"),
        ("auto", True, {"TERM": "unknown"}, "plain"),
        ("auto", True, {**XTERM, "CI": "true"}, "plain"),
        ("auto", True, {**XTERM, "CI": "1"}, "plain"),
        ("auto", True, {**XTERM, "CI": "false"}, "tty"),
        ("auto", True, {**XTERM, "CI": ""}, "tty"),
        ("auto", True, {**XTERM, "NO_COLOR": "1"}, "tty"),
        ("auto", True, {**XTERM, "BUILDKIT_PROGRESS": "plain"}, "plain"),
        ("auto", False, {"BUILDKIT_PROGRESS": "rawjson"}, "rawjson"),
        ("auto", False, {"BUILDKIT_PROGRESS": "tty"}, "plain"),
        ("auto", True, {**XTERM, "BUILDKIT_PROGRESS": "auto"}, "tty"),
        ("auto", True, {**XTERM, "BUILDKIT_PROGRESS": "fancy"}, "tty"),
        ("tty", True, {**XTERM, "CI": "true"}, "tty"),
        ("tty", True, {"TERM": "dumb"}, "plain"),
        ("tty", False, XTERM, "plain"),
        ("plain", True, XTERM, "plain"),
        ("rawjson", True, XTERM, "rawjson"),
        ("quiet", True, XTERM, "quiet"),
        ("quiet", True, {**XTERM, "BUILDKIT_PROGRESS": "plain"}, "quiet"),
    ],
)
def test_the_mode_follows_from_what_was_asked_the_stream_and_the_environment(
    asked: str, terminal: bool, environ: Mapping[str, str], shown: str
) -> None:
    choice = choose_progress(ProgressMode(asked), Stream(terminal=terminal), environ)
    assert choice.mode == shown


@pytest.mark.parametrize(
    ("terminal", "environ", "color"),
    [
        (True, XTERM, True),
        (True, {**XTERM, "NO_COLOR": ""}, True),
        (True, {**XTERM, "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, XTERM, False),
    ],
)
def test_colours_need_a_terminal_and_no_objection(
    terminal: bool, environ: Mapping[str, str], color: bool
) -> None:
    choice = choose_progress(ProgressMode.AUTO, Stream(terminal=terminal), environ)
    assert choice.color is color


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [("utf-8", UNICODE), ("UTF-16", UNICODE), ("ascii", ASCII), ("latin-1", ASCII), (None, ASCII)],
)
def test_marks_are_those_that_the_encoding_has(encoding: str | None, glyphs: object) -> None:
    stream = Stream(terminal=True, encoding=encoding)
    assert choose_progress(ProgressMode.AUTO, stream, XTERM).glyphs is glyphs


def test_logs_on_the_same_stream_silence_the_automatic_display_only() -> None:
    stream = Stream(terminal=True)
    assert choose_progress(ProgressMode.AUTO, stream, XTERM, logs=True).mode == "quiet"
    assert choose_progress(ProgressMode.PLAIN, stream, XTERM, logs=True).mode == "plain"


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert choose_progress(ProgressMode.AUTO, stream, XTERM).mode == "plain"


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (ProgressMode.TTY, ConsoleSink),
        (ProgressMode.PLAIN, PlainSink),
        (ProgressMode.RAWJSON, RawJsonSink),
        (ProgressMode.QUIET, QuietSink),
    ],
)
def test_every_mode_has_its_sink(mode: ProgressMode, kind: type) -> None:
    assert type(open_sink(ProgressChoice(mode=mode), io.StringIO())) is kind
