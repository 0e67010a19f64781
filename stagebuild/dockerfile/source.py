"""
Text to logical lines: comments, continuations and heredoc bodies.

Source: moby/buildkit frontend/dockerfile/parser/parser.go, Parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile.directives import Directive, DirectiveReader, escape_character
from stagebuild.dockerfile.location import LineRange, located
from stagebuild.dockerfile.words import SPACE_CHARACTERS
from stagebuild.errors import DockerfileError
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.dockerfile.heredoc import Heredoc

_LONGEST_LINE_BYTES = 65_535
_CONTINUED = {
    escape: re.compile(rf"(?:(?<=[^{re.escape(escape)}])|^){re.escape(escape)}[ \t]*\Z")
    for escape in ("\\", "`")
}


@frozen
class LogicalLine:
    """
    The physical lines of one instruction, joined.

    Attributes:
        text: Continuations, comments and empty lines in between removed.
        lines: Heredoc bodies not included.
        comments: The comments directly above, oldest first, without ``#``; an empty comment
            discards those before it.
        blank_lines: 1-based numbers of empty lines between continuations, which BuildKit accepts
            with a warning.
    """

    text: str
    lines: LineRange
    comments: tuple[str, ...]
    blank_lines: tuple[int, ...]


class SourceReader:
    """
    Hands out the logical lines of a Dockerfile, in order.

    Attributes:
        escape: The escape character in force, final once the first logical line was read.
        directives: Those found so far.
    """

    def __init__(self, text: str, *, path: str) -> None:
        self.escape = "\\"
        self.directives: list[Directive] = []
        self._path = path
        self._lines = physical_lines(text)
        self._index = 0
        self._reader = DirectiveReader()
        self._comments: list[str] = []

    def next_line(self) -> LogicalLine | None:
        """
        Return the next logical line, or None at the end.

        Raises:
            DockerfileError: A line is too long, or a directive invalid or repeated.
        """
        while self._index < len(self._lines):
            raw = self._take()
            text = raw.rstrip("\r\n").lstrip(SPACE_CHARACTERS)
            if text.startswith("#"):
                self._read_comment(text, raw)
                continue
            self._reader.read(text, line=self._index)  # the first instruction ends the directives
            start = self._index
            text, continued = self._without_continuation(text)
            if not text and not continued:
                continue
            return self._joined(text, start, continued=continued)
        return None

    def read_body(self, heredoc: Heredoc, *, line: int) -> Heredoc:
        """
        Return the heredoc with the body that follows, up to its end.

        Args:
            heredoc: As announced.
            line: The line of the instruction, for the error.

        Raises:
            DockerfileError: The file ends first.
        """
        body: list[str] = []
        while self._index < len(self._lines):
            raw = self._take()
            if heredoc.ends_at(raw):
                return heredoc.with_body("".join(body))
            body.append(raw)
        raise DockerfileError(
            f'the heredoc "{heredoc.name}" does not end',
            path=self._path,
            line=line,
            hint=f"put {heredoc.name} alone on a line after it",
        )

    @property
    def line(self) -> int:
        """The number of the last physical line read, 1-based; 0 before the first."""
        return self._index

    def _take(self) -> str:
        raw = self._lines[self._index]
        self._index += 1
        if _too_long(raw):
            raise DockerfileError(
                f"the line is longer than {_LONGEST_LINE_BYTES} bytes",
                path=self._path,
                line=self._index,
                hint="split it with continuations",
            )
        return raw

    def _read_comment(self, text: str, raw: str) -> None:
        with located(self._path, self._index):
            directive = self._reader.read(text, line=self._index)
            if directive is not None:
                self.directives.append(directive)
                if directive.name == "escape":
                    self.escape = escape_character(directive)
                return
        # BuildKit cuts one character, be it the "#" or indentation before it.
        comment = raw[1:].strip(SPACE_CHARACTERS)
        if comment:
            self._comments.append(comment)
        else:
            self._comments.clear()

    def _joined(self, text: str, start: int, *, continued: bool) -> LogicalLine:
        parts = [text]
        blank: list[int] = []
        while continued and self._index < len(self._lines):
            raw = self._take().rstrip("\r\n")
            stripped = raw.lstrip(SPACE_CHARACTERS)
            if stripped.startswith("#"):
                continue
            if not stripped:
                blank.append(self._index)
                continue
            text, continued = self._without_continuation(raw)
            parts.append(text)
        comments, self._comments = tuple(self._comments), []
        return LogicalLine(
            text="".join(parts),
            lines=LineRange(start, self._index),
            comments=comments,
            blank_lines=tuple(blank),
        )

    def _without_continuation(self, text: str) -> tuple[str, bool]:
        found = _CONTINUED[self.escape].search(text)
        return (text, False) if found is None else (text[: found.start()], True)


def physical_lines(text: str) -> Sequence[str]:
    """Return the lines with their ends; only a line feed ends one. A byte order mark is dropped."""
    lines = text.removeprefix("\ufeff").split("\n")
    last = lines.pop()
    kept = [line + "\n" for line in lines]
    return [*kept, last] if last else kept


def _too_long(line: str) -> bool:
    if len(line) <= _LONGEST_LINE_BYTES // 4:
        return False
    size_bytes = len(line.encode("utf-8", "replace"))
    return size_bytes > _LONGEST_LINE_BYTES + line.endswith("\n")
