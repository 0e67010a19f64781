"""
Plain lines in groups that a CI system's log can fold: one for each build.

Builds that run at the same time would make groups of single lines. So one build has the floor and
is shown as it runs; what the others say is kept until it is their turn.

Sources: docs.github.com, "Grouping log lines"; docs.gitlab.com, "Create custom collapsible
sections".
"""

from __future__ import annotations

import time
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Protocol, Self, cast

from stagebuild.report.look import UNICODE, Glyphs
from stagebuild.runevents import BuildEnded, GatesAwaited, RunEnded, RunEvent
from stagebuild.sinks.plain import PlainSink
from stagebuild.sinks.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

_IN_MEMORY_CHARACTERS = 1 << 20


class Marks(Protocol):
    """How a CI system is told where a group begins and ends."""

    def begin(self, title: str, number: int) -> str:
        """Return the line that begins a group."""
        ...

    def end(self, number: int) -> str:
        """Return the line that ends it."""
        ...

    def harmless(self, text: str) -> str:
        """Return lines of strangers with nothing in them that the system would obey."""
        ...


class GitHubMarks:
    """GitHub Actions' groups."""

    def begin(self, title: str, number: int) -> str:
        """Return the line that begins a group."""
        del number
        return f"::group::{title}\n"

    def end(self, number: int) -> str:
        """Return the line that ends it."""
        del number
        return "::endgroup::\n"

    def harmless(self, text: str) -> str:
        """
        Return lines of strangers with nothing in them that the system would obey.

        ``::command::`` counts at the beginning of a line, where the build's name stands; the older
        ``##[command]`` anywhere. Source: actions/runner, ActionCommand.cs.
        """
        return text.replace("##[", "## [")


class GitLabMarks:
    """
    GitLab's sections.

    Args:
        clock: Returns seconds since the epoch, from which GitLab tells how long a section took.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def begin(self, title: str, number: int) -> str:
        """Return the line that begins a section."""
        return f"\x1b[0Ksection_start:{self._clock():.0f}:stagebuild_{number}\r\x1b[0K{title}\n"

    def end(self, number: int) -> str:
        """Return the line that ends it."""
        return f"\x1b[0Ksection_end:{self._clock():.0f}:stagebuild_{number}\r\x1b[0K\n"

    def harmless(self, text: str) -> str:
        """Return the text: escape sequences were taken out of it."""
        return text


def marks_of(environ: Mapping[str, str]) -> Marks | None:
    """Return the marks of the CI system that the environment tells of, or None."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHubMarks()
    return GitLabMarks() if environ.get("GITLAB_CI") == "true" else None


class _Part:
    """
    What one build writes: passed on while it has the floor, kept otherwise.

    Looks like a text stream as far as a ``PlainSink`` can tell.
    """

    def __init__(self, writer: Writer, marks: Marks, encoding: str | None) -> None:
        self.encoding = encoding
        self.is_shown = False
        self.number = 0
        self._writer = writer
        self._marks = marks
        self._kept: SpooledTemporaryFile[str] | None = None

    def write(self, text: str) -> int:
        """Take lines."""
        if self.is_shown:
            self._writer.write(self._marks.harmless(text))
        else:
            if self._kept is None:
                self._kept = SpooledTemporaryFile(  # noqa: SIM115 - closed when it is shown
                    _IN_MEMORY_CHARACTERS, "w+", encoding="utf-8", errors="replace"
                )
            self._kept.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is passed on is flushed."""

    def show(self) -> None:
        """Pass on what was kept, and what follows."""
        self.is_shown = True
        if self._kept is not None:
            self._kept.seek(0)
            for line in self._kept:
                self._writer.write(self._marks.harmless(line))
            self._kept.close()
            self._kept = None


class GroupedSink:
    """
    Writes lines in groups.

    Args:
        stream: Where to.
        marks: How the CI system is told of groups.
        glyphs: The marks that the stream's encoding has.
    """

    def __init__(self, stream: TextIO, marks: Marks, *, glyphs: Glyphs = UNICODE) -> None:
        self._writer = Writer(stream)
        self._encoding = getattr(stream, "encoding", None)
        self._marks = marks
        self._glyphs = glyphs
        self._parts: dict[str, _Part] = {}
        self._sinks: dict[str, PlainSink] = {}
        self._waiting: list[str] = []
        self._rests: set[str] = set()
        self._floor: str | None = None
        self._count = 0
        self._last = PlainSink(stream, glyphs=glyphs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Show what is still kept, also of a run that broke off."""
        self._rests.update(self._parts)
        self._pass_on()

    def emit(self, event: RunEvent) -> None:
        """Write or keep what one event has to say."""
        if isinstance(event, RunEnded):
            self._rests.update(self._parts)
            self._pass_on()
            self._last.emit(event)
            return
        name = event.build
        if name not in self._parts:
            part = self._parts[name] = _Part(self._writer, self._marks, self._encoding)
            self._sinks[name] = PlainSink(cast("TextIO", part), glyphs=self._glyphs)
        self._rests.discard(name)
        if name != self._floor and name not in self._waiting:
            self._waiting.append(name)
            self._pass_on()
        self._sinks[name].emit(event)
        if isinstance(event, (BuildEnded, GatesAwaited)):
            self._rests.add(name)
            self._pass_on()

    def _pass_on(self) -> None:
        """Give the floor to those who wait, until one has it that still goes on."""
        while True:
            if self._floor is not None:
                if self._floor not in self._rests:
                    return
                part = self._parts[self._floor]
                part.is_shown = False
                self._writer.write(self._marks.end(part.number))
                self._floor = None
            if not self._waiting:
                return
            self._floor = self._waiting.pop(0)
            self._count += 1
            part = self._parts[self._floor]
            part.number = self._count
            self._writer.write(self._marks.begin(f"build {self._floor}", self._count))
            part.show()
