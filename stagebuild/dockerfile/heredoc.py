"""
Heredocs: the words that announce them, and their bodies.

Source: moby/buildkit frontend/dockerfile/parser/parser.go, ParseHeredoc and heredocsFromLine.
"""

from __future__ import annotations

import re

from stagebuild.dockerfile.expansion import Lexer
from stagebuild.errors import DockerfileError
from stagebuild.values import frozen, replaced

_ANNOUNCEMENT = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)
_WORDS_OF_LINE = Lexer(keep_quotes=True, keep_escapes=True, keep_unset=True)
_UNQUOTED = Lexer(keep_unset=True)
_QUOTED = Lexer(keep_quotes=True, keep_unset=True)


@frozen
class Heredoc:
    """
    A document inside the Dockerfile.

    Attributes:
        name: The word that ends it.
        descriptor: The file descriptor before ``<<``; 0 when none is written.
        expands: Variables in it are expanded: no part of the name was quoted.
        strips_tabs: ``<<-``: tabs at the start of its lines, and before its end, don't count.
        body: Its lines with their line ends, as they stand in the file.
    """

    name: str
    descriptor: int
    expands: bool
    strips_tabs: bool
    body: str = ""

    @property
    def content(self) -> str:
        """The body, without the leading tabs that ``<<-`` takes away."""
        return _LEADING_TABS.sub("", self.body) if self.strips_tabs else self.body

    def with_body(self, body: str) -> Heredoc:
        """Return the same heredoc with this body."""
        return replaced(self, body=body)

    def ends_at(self, line: str) -> bool:
        """Say whether this physical line ends the document."""
        text = line.rstrip("\r\n")
        return (text.lstrip("\t") if self.strips_tabs else text) == self.name


def announced_heredocs(line: str) -> tuple[Heredoc, ...]:
    """
    Return the heredocs that a logical line announces, in order, without their bodies.

    A line whose quotes don't match announces none.
    """
    if "<<" not in line:
        return ()
    try:
        words = _WORDS_OF_LINE.split(line, {})
    except DockerfileError:
        return ()
    found = (heredoc_word(word) for word in words)
    return tuple(heredoc for heredoc in found if heredoc is not None)


def heredoc_word(word: str) -> Heredoc | None:
    """
    Return the heredoc that one word (``<<EOF``, ``3<<-"EOF"``) announces, or None.

    Raises:
        DockerfileError: Without a place: its quotes don't match.
    """
    found = _ANNOUNCEMENT.fullmatch(word)
    if found is None or not found[3]:
        return None
    plain = _UNQUOTED.split(found[3], {})
    if len(plain) != 1:
        return None
    quoted = _QUOTED.split(found[3], {})
    if len(quoted) != 1:
        raise DockerfileError(f'the name of the heredoc "{word}" can\'t be read')
    return Heredoc(
        name=plain[0],
        descriptor=int(found[1][:9] or "0"),
        expands=_quotes(plain[0]) == _quotes(quoted[0]),
        strips_tabs=found[2] == "-",
    )


def is_heredoc_word(word: str) -> bool:
    """Say whether the word announces a heredoc; a word that can't be read does not."""
    if "<<" not in word:
        return False
    try:
        return heredoc_word(word) is not None
    except DockerfileError:
        return False


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')
