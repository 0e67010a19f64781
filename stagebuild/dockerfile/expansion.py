"""
Variable expansion and word splitting, as BuildKit's own small shell does them.

Known forms: ``$name``, ``${name}``, and with a modifier ``${name:-word}``, ``${name-word}``,
``${name:+word}``, ``${name+word}``, ``${name:?message}``, ``${name?message}``,
``${name#pattern}``, ``${name##pattern}``, ``${name%pattern}``, ``${name%%pattern}``,
``${name/pattern/text}`` and ``${name//pattern/text}``; words nest. Single quotes keep everything,
double quotes keep all but ``$`` and escapes, and both disappear.

Source: moby/buildkit frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile.shell import NoWords, Reading, Words
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"[^$'\"\\`\ufeff]*")
_UNCHANGED: frozenset[str] = frozenset()


def is_plain(word: str) -> bool:
    """Say whether the word expands to itself, whatever the variables and the escape character."""
    return _PLAIN.fullmatch(word) is not None


@frozen
class Expansion:
    """
    What became of a word.

    Attributes:
        text: The word with its variables replaced, quotes and escapes removed.
        used: Names that had a value.
        unset: Names that had none and so expanded to nothing (or to their default).
    """

    text: str
    used: frozenset[str] = _UNCHANGED
    unset: frozenset[str] = _UNCHANGED


@frozen
class Lexer:
    """
    The rules under which words are read.

    Attributes:
        escape: The escape character: a backslash, or a backtick by directive.
        keep_quotes: Leave quotes in the result.
        keep_escapes: Leave escape characters in the result.
        ignore_quotes: Treat quotes as ordinary characters, as in the body of a heredoc.
        keep_unset: Leave a variable without a value as it was written.
    """

    escape: str = "\\"
    keep_quotes: bool = False
    keep_escapes: bool = False
    ignore_quotes: bool = False
    keep_unset: bool = False

    def expand(self, word: str, variables: Mapping[str, str]) -> Expansion:
        """
        Return the expansion of ``word``, spaces kept.

        Raises:
            DockerfileError: Without a place: a quote or brace is missing, the modifier or its
                pattern is unknown, or ``${name?}`` demanded a value that there is not.
        """
        if is_plain(word):
            return Expansion(text=word)
        reading = Reading(self, word, variables, words=NoWords())
        text, _ = reading.whole()
        return Expansion(text=text, used=frozenset(reading.used), unset=frozenset(reading.unset))

    def split(self, text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
        """
        Return the words of ``text`` after expansion; a space in a value separates, too.

        Raises:
            DockerfileError: As `expand`.
        """
        _, words = Reading(self, text, variables, words=Words()).whole()
        return tuple(words)
