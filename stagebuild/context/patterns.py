"""
Lists of file patterns: those of ``.dockerignore``, and those that an engine asks for.

A pattern matches a path, and with it everything below. The patterns of a list are tried in order
and the last one that matches decides: a plain one says yes, one that begins with ``!`` says no.

Source: moby/patternmatcher patternmatcher.go (New, MatchesUsingParentResults).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stagebuild.context.goglob import BadPattern
from stagebuild.context.paths import cleaned
from stagebuild.context.pattern import Kind, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

# What Go's strings.TrimSpace takes away, which is less than what Python's strip does.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_WILDCARDS = frozenset("*[]?^\\")


class Match(NamedTuple):
    """
    What a list of patterns says of a path.

    Attributes:
        matched: Whether the path is one of those meant.
        bits: By pattern, the first in the lowest bit: whether it is known to match the path, and
            so everything below. A pattern that was not tried, since it could not have changed the
            answer, has 0; the engine's answers for what is below depend on that.
    """

    matched: bool
    bits: int


class Patterns:
    """
    A list of patterns.

    Args:
        patterns: In order. Space around one is taken away and its path cleaned; a blank one is
            left out.

    Raises:
        BadPattern: One can't be read.

    Attributes:
        rules: The patterns.
        has_exceptions: Whether one begins with ``!``.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.rules = tuple(map(_rule, filter(None, (given.strip(SPACE) for given in patterns))))
        self.has_exceptions = any(rule.exception for rule in self.rules)
        self._heads = (_heads(self.rules, exceptions=False), _heads(self.rules, exceptions=True))
        self._inherited: dict[int, Match] = {}
        self._exact = {rule.start for rule in self.rules if rule.kind is Kind.EXACT}
        loose = [rule for rule in self.rules if rule.kind is not Kind.EXACT]
        self._ends = tuple({rule.end for rule in loose if rule.end})
        self._starts = tuple({rule.start for rule in loose if rule.start and not rule.end})
        self._parts = tuple({rule.part for rule in loose if not rule.start and not rule.end})

    def match(self, path: bytes) -> bool:
        """
        Say whether a path is one of those meant, with nothing known of the folders above it.

        On a walk, `match_in` can say something else: of ``a``, ``!a/b``, ``a`` the last is not
        tried on a folder ``a``, and what is in the folder does not learn of it. What an engine is
        sent, a walk decides.

        Raises:
            BadPattern: A pattern that has to be tried means nothing to the engine.
        """
        above = [path[:slash] for slash, char in enumerate(path) if char == ord("/")]
        matched = False
        for rule in self.rules:
            if rule.exception == matched and (rule.matches(path) or any(map(rule.matches, above))):
                matched = not rule.exception
        return matched

    def match_in(self, path: bytes, bits: int) -> Match:
        """
        Return what is said of a path in a folder.

        Args:
            path: Relative, without ``.`` and ``..``.
            bits: Of the folder; 0 for a path with no folder above.

        Raises:
            BadPattern: A pattern that has to be tried means nothing to the engine.
        """
        if not self._may_match(path):
            return self._inherited.get(bits) or self._handed_on(bits)
        matched, own, bit = False, 0, 1
        for rule in self.rules:
            if bits & bit or (rule.exception == matched and rule.matches(path)):
                own |= bit
                matched = not rule.exception
            bit <<= 1
        return Match(matched, own)

    def may_match_below(self, folder: bytes, *, exceptions: bool = False) -> bool:
        """
        Say whether something in a folder has to be looked at for a plain pattern, or an exception.

        Where the engine looks at names only, so do we: it then never finds what ``a|b/*``, as it
        reads it, matches elsewhere.
        """
        inside = folder + b"/"
        heads = self._heads[exceptions]
        if heads is not None:
            return any(head.startswith(inside) for head in heads)
        return any(
            rule.exception == exceptions
            and (
                rule.start.startswith(inside)
                or (rule.kind is not Kind.EXACT and inside.startswith(rule.start))
            )
            for rule in self.rules
        )

    def _may_match(self, path: bytes) -> bool:
        """Say whether a pattern may match a path itself: quick, and seldom wrong."""
        if path in self._exact or path.endswith(self._ends) or path.startswith(self._starts):
            return True
        for part in self._parts:  # noqa: SIM110 - any() takes twice as long
            if part in path:
                return True
        return False

    def _handed_on(self, bits: int) -> Match:
        """Return what is said of a path that is matched only with the folder above it."""
        last = bits.bit_length() - 1  # the last pattern that matches decides
        matched = bits != 0 and not self.rules[last].exception
        return self._inherited.setdefault(bits, Match(matched, bits))


def _heads(rules: Iterable[Pattern], *, exceptions: bool) -> list[bytes] | None:
    """
    Return the folders that patterns name, each with a slash; None if one of them has a wildcard.

    Source: tonistiigi/fsutil filter.go, patternWithoutTrailingGlob.
    """
    texts = [rule.text for rule in rules if rule.exception == exceptions]
    heads = [text.removesuffix("/**").removesuffix("/*") for text in texts]
    if any(_WILDCARDS.intersection(head) for head in heads):
        return None
    return [head.encode(errors="surrogateescape") + b"/" for head in heads]


def _rule(given: str) -> Pattern:
    text = cleaned(given)
    exception = text.startswith("!")
    if text == "!":
        raise BadPattern(given, 'nothing after the "!"')
    return Pattern(text[exception:], exception=exception)
