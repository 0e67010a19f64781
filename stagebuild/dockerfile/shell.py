"""
One pass over one text: the grammar behind `Lexer`.

Source: moby/buildkit frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.patterns import (
    replace_all,
    replace_first,
    strip_prefix,
    strip_suffix,
)
from stagebuild.dockerfile.words import SPACE
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.dockerfile.expansion import Lexer

_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")


class Words:
    """
    Collects the words while characters arrive.

    A nested ``${name:-word}`` starts anew in the same buffer, as BuildKit's does: what stood
    before it in the outer word is lost.
    """

    def __init__(self, buffer: list[str] | None = None) -> None:
        self.buffer = [] if buffer is None else buffer
        self.buffer.clear()
        self.finished: list[str] = []
        self.inside = False

    def nested(self) -> Words:
        """Return the collector for a word inside this one."""
        return Words(self.buffer)

    def add(self, text: str) -> None:
        """Take characters that may separate words."""
        for character in text:
            if character not in SPACE:
                self.add_raw(character)
            elif self.inside and self.buffer:
                self._flush()

    def add_raw(self, text: str) -> None:
        """Take characters that are part of the word whatever they are."""
        if text:
            self.buffer.append(text)
        self.inside = True

    def finish(self) -> list[str]:
        """Return the words."""
        if self.buffer:
            self._flush()
        return self.finished

    def _flush(self) -> None:
        self.finished.append("".join(self.buffer))
        self.buffer.clear()
        self.inside = False


class NoWords(Words):
    """Collects nothing: for whoever wants the whole text only."""

    def nested(self) -> Words:
        """Return itself: there is nothing to keep apart."""
        return self

    def add(self, text: str) -> None:
        """Drop the text."""

    def add_raw(self, text: str) -> None:
        """Drop the text."""


class Reading:
    """
    A pass over a text. Every method starts at ``position`` and moves it.

    Attributes:
        used: Variables met so far that had a value.
        unset: Variables met so far that had none.
    """

    def __init__(
        self, lexer: Lexer, text: str, variables: Mapping[str, str], *, words: Words
    ) -> None:
        self.lexer = lexer
        self.words = words
        self.source = text
        self.text = text.removeprefix("\ufeff")  # Go's scanner drops a byte order mark
        self.variables = variables
        self.position = 0
        self.keep_escapes = lexer.keep_escapes
        self.used: set[str] = set()
        self.unset: set[str] = set()

    def whole(self) -> tuple[str, list[str]]:
        """
        Return the expanded text and its words.

        Raises:
            DockerfileError: Without a place, as `Lexer.expand`.
        """
        try:
            return self._until("", self.words, keep_escapes=self.lexer.keep_escapes)
        except RecursionError:
            raise DockerfileError(f'nested too deeply: "{self.source[:40]}…"') from None
        except DockerfileError as error:
            message = f'{error.message} in "{self.source}"'
            raise DockerfileError(message, hint=error.hint) from error

    def _peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def _next(self) -> str:
        character = self.text[self.position : self.position + 1]
        self.position += 1
        return character

    def _nested(self, stop: str, *, keep_escapes: bool) -> str:
        return self._until(stop, self.words.nested(), keep_escapes=keep_escapes)[0]

    def _until(self, stop: str, words: Words, *, keep_escapes: bool) -> tuple[str, list[str]]:
        """Return everything before ``stop`` (the end when empty), and its words."""
        outer, self.keep_escapes = self.keep_escapes, keep_escapes
        result: list[str] = []
        try:
            while character := self._peek():
                if character == stop:
                    self.position += 1
                    return "".join(result), words.finish()
                result.append(self._piece(character, words))
        finally:
            self.keep_escapes = outer
        if stop:
            raise DockerfileError(f'missing "{stop}"')
        return "".join(result), words.finish()

    def _piece(self, character: str, words: Words) -> str:
        read: Callable[[], str] | None = None
        if character == "$":
            piece = self._dollar()
            words.add(piece)
            return piece
        if character == "<":
            read = self._redirection
        elif not self.lexer.ignore_quotes:
            read = {"'": self._single_quoted, '"': self._double_quoted}.get(character)
        if read is not None:
            piece = read()
            words.add_raw(piece)
            return piece
        return self._literal(words)

    def _literal(self, words: Words) -> str:
        character = self._next()
        if character != self.lexer.escape:
            words.add(character)
            return character
        kept = character if self.keep_escapes else ""
        if kept:
            words.add_raw(kept)
        escaped = self._next()
        if escaped:
            words.add_raw(escaped)
        return kept + escaped

    def _redirection(self) -> str:
        self.position += 1
        if self._peek() != "<":
            return "<"
        start = self.position - 1
        self.position += 1
        while (following := self._peek()) and following in "\t\r ":
            self.position += 1
        return self.text[start : self.position]

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise DockerfileError("missing closing single quote")
        start, self.position = self.position, end + 1
        return self.text[start : end + 1] if self.lexer.keep_quotes else self.text[start + 1 : end]

    def _double_quoted(self) -> str:
        quote = self._next() if self.lexer.keep_quotes else self._next()[:0]
        result = [quote]
        while character := self._peek():
            if character == '"':
                self.position += 1
                return "".join((*result, quote))
            result.append(self._dollar() if character == "$" else self._inside_quotes())
        raise DockerfileError("missing closing double quote")

    def _inside_quotes(self) -> str:
        character = self._next()
        if character != self.lexer.escape:
            return character
        kept = character if self.keep_escapes else ""
        following = self._peek()
        if not following:
            return kept
        if following in ('"', "$", self.lexer.escape):
            self.position += 1
            return kept + following
        return kept + character

    def _dollar(self) -> str:
        self.position += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            return value if value is not None else self._missing(f"${name}")
        self.position += 1
        if self._peek() in ("{", "}", ":"):
            raise DockerfileError("bad substitution")
        name = self._name()
        modifier = self._next()
        match modifier:
            case "}":
                value = self._value(name)
                return value if value is not None else self._missing(f"${{{name}}}")
            case ":" | "+" | "-" | "?" | "#" | "%":
                return self._modified(name, modifier)
            case "/":
                return self._replaced(name)
            case "":
                raise DockerfileError('missing "}"')
            case _:
                raise _unsupported(modifier)

    def _missing(self, written: str) -> str:
        return written if self.lexer.keep_unset else ""

    def _modified(self, name: str, modifier: str) -> str:
        empty_counts = modifier == ":"
        operator = self._next() if empty_counts else modifier
        if operator not in "+-?#%" or (empty_counts and operator in "#%") or not operator:
            raise _unsupported(modifier + operator if empty_counts else modifier)
        word = self._nested("}", keep_escapes=operator in "#%")
        value = self._value(name)
        if value is None and self.lexer.keep_unset:
            return f"${{{name}{':' if empty_counts else ''}{operator}{word}}}"
        absent = value is None or (empty_counts and not value)
        match operator:
            case "-":
                return word if absent else value or ""
            case "+":
                return "" if absent else word
            case "?" if absent:
                state = "unset" if value is None else "empty"
                raise DockerfileError(f"{name}: {word or f'is not allowed to be {state}'}")
            case "?":
                return value or ""
        strip = strip_prefix if operator == "#" else strip_suffix
        greedy = word.startswith(operator)
        return strip(value or "", word[1:] if greedy else word, greedy=greedy)

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self.position += 1
        pattern = self._nested("/", keep_escapes=True)
        text = self._nested("}", keep_escapes=True)
        value = self._value(name)
        if value is None and self.lexer.keep_unset:
            return f"${{{name}/{pattern}/{text}}}"
        return (replace_all if everywhere else replace_first)(value or "", pattern, text)

    def _name(self) -> str:
        """Return the variable's name: digits, one special character, or letters, digits and _."""
        start = self.position
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self.position += 1
        elif first and first in _SPECIAL_PARAMETERS:
            self.position += 1
        else:
            while (ch := self._peek()) and (ch.isalpha() or ch.isdecimal() or ch == "_"):
                self.position += 1
        return self.text[start : self.position]

    def _value(self, name: str) -> str | None:
        value = self.variables.get(name)
        (self.unset if value is None else self.used).add(name)
        return value


def _unsupported(modifier: str) -> DockerfileError:
    return DockerfileError(
        f'unsupported modifier "{modifier}" in substitution',
        hint="known are :- - :+ + :? ? # ## % %% / //",
    )
