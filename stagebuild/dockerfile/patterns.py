r"""
The wildcard patterns of ``${name#pattern}``, ``${name%pattern}`` and ``${name/pattern/text}``.

``*`` and ``?`` are wildcards; ``\*``, ``\?`` and ``\\`` stand for themselves; brackets are
literal. No wildcard crosses a newline.

Source: moby/buildkit frontend/dockerfile/shell/lex.go, convertShellPatternToRegex.
"""

from __future__ import annotations

import re

from stagebuild.errors import DockerfileError

_ESCAPABLE = frozenset("*?\\")
_TEMPLATE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[^\W\d]\w*|\d+)\}|(?P<plain>\w+))")


def strip_prefix(value: str, pattern: str, *, greedy: bool) -> str:
    """
    Return ``value`` without the start that ``pattern`` matches, or unchanged.

    Args:
        value: The text to shorten.
        pattern: A wildcard pattern.
        greedy: Remove the longest match (``##``) instead of the shortest (``#``).

    Raises:
        DockerfileError: The pattern escapes a character that needs no escape.
    """
    found = _compiled(pattern, greedy=greedy).match(value)
    return value if found is None else value[found.end() :]


def strip_suffix(value: str, pattern: str, *, greedy: bool) -> str:
    """
    Return ``value`` without the end that ``pattern`` matches, or unchanged.

    Both are reversed and the start is removed, since a regular expression finds the leftmost
    match only. Arguments and errors are those of `strip_prefix`.
    """
    return strip_prefix(value[::-1], _reversed(pattern), greedy=greedy)[::-1]


def replace_first(value: str, pattern: str, text: str) -> str:
    """Return ``value`` with the leftmost, longest match of ``pattern`` replaced by ``text``."""
    found = _compiled(pattern, greedy=True).search(value)
    return value if found is None else value[: found.start()] + text + value[found.end() :]


def replace_all(value: str, pattern: str, text: str) -> str:
    """
    Return ``value`` with every match of ``pattern`` replaced.

    BuildKit hands ``text`` to Go's ``ReplaceAllString``, which expands ``$0`` to the match, any
    other ``$name`` to nothing and ``$$`` to a dollar, and drops an empty match that touches the
    match before it.
    """
    pieces: list[str] = []
    end = 0
    last_end = -1
    for found in _compiled(pattern, greedy=True).finditer(value):
        if found.start() == found.end() == last_end:
            continue
        pieces += (value[end : found.start()], _filled(text, found.group()))
        end = last_end = found.end()
    return "".join((*pieces, value[end:]))


def _filled(template: str, match: str) -> str:
    def value_of(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        return match if "0" in (found["braced"], found["plain"]) else ""

    return _TEMPLATE.sub(value_of, template)


def _reversed(pattern: str) -> str:
    """Return the pattern back to front, keeping each backslash before what it escapes."""
    units: list[str] = []
    position = 0
    while position < len(pattern):
        width = 2 if pattern[position] == "\\" and position + 1 < len(pattern) else 1
        units.append(pattern[position : position + width])
        position += width
    return "".join(reversed(units))


def _compiled(pattern: str, *, greedy: bool) -> re.Pattern[str]:
    wildcard = ".*" if greedy else ".*?"
    out: list[str] = []
    characters = iter(enumerate(pattern))
    for position, character in characters:
        if character == "*":
            if out[-1:] != [wildcard]:  # "**" means the same, and would be slow
                out.append(wildcard)
        elif character == "?":
            out.append(".")
        elif character == "\\":
            following = pattern[position + 1 : position + 2]
            if following and following in "}/":
                continue  # the escape belongs to ${…}, not to the pattern
            if following not in _ESCAPABLE:
                raise DockerfileError(
                    f'invalid pattern "{pattern}": "\\{following}" is not an escape',
                    hint='only "\\*", "\\?" and "\\\\" are',
                )
            out.append(re.escape(following))
            next(characters)
        else:
            out.append(re.escape(character))
    return re.compile("".join(out))
