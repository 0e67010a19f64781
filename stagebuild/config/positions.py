"""
The line of every key in a TOML document, which ``tomllib`` does not tell.

Works on text that ``tomllib`` has accepted already, so it finds ends and checks nothing. It is run
only when an error needs a line.
"""

from __future__ import annotations

import re
import tomllib

from stagebuild.config.keypaths import quoted

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_SCALAR = re.compile(
    r'''
    """(?:[^"\\]|\\[\s\S]|"(?!"")|""(?!"))*"{3,5}   # the closing quotes may follow one or two
    | \'\'\'(?:[^']|'(?!\'\')|\'\'(?!'))*'{3,5}
    | "(?:[^"\\]|\\.)*"
    | '[^']*'
    | [^,\]}\#\n]+
    ''',
    re.VERBOSE,
)


def lines_of_keys(text: str) -> dict[str, int]:
    """
    Return the 1-based line by dotted key path, as ``environments.prod.tags[1]``.

    A table that is never opened itself (``a`` of ``[a.b]``) has the line of its first key.

    Args:
        text: A valid TOML document.
    """
    return _Scan(text.replace("\r\n", "\n")).run()


class _Scan:
    """One pass over a document. ``_at`` is the index of the next character to look at."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[str, int] = {}
        self._lengths: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        table = ""
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return self._lines
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, f"not TOML at {self._at}"  # noqa: S101 - tomllib accepted it
        self._at = found.end()
        return found[0]

    def _take(self, character: str) -> bool:
        if self._text.startswith(character, self._at):
            self._at += len(character)
            return True
        return False

    def _record(self, path: str) -> str:
        """Note the current line for ``path`` unless it has one, and return it."""
        if path not in self._lines:
            self._line += self._text.count("\n", self._counted, self._at)
            self._counted = self._at
            self._lines[path] = self._line
        return path

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(_unquoted(self._skip(_KEY)))
            self._skip(_SPACE)
            if not self._take("."):
                return keys

    def _header(self) -> str:
        """Read ``[a.b]`` or ``[[a.b]]``; return the path of the table that it opens."""
        many = self._take("[[") or not self._take("[")
        *outer, last = self._keys()
        self._at += 2 if many else 1
        path = ""
        for key in outer:
            path = self._record(_joined(path, key))
            if path in self._lengths:
                path = f"{path}[{self._lengths[path] - 1}]"
        path = self._record(_joined(path, last))
        if many:
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = self._record(f"{path}[{index}]")
        return path

    def _pair(self, path: str) -> None:
        for key in self._keys():
            path = self._record(_joined(path, key))
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: str) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: str) -> None:
        index = 0
        self._skip(_BLANK)
        while not self._take("]"):
            self._value(self._record(f"{path}[{index}]"))
            index += 1
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)

    def _inline_table(self, path: str) -> None:
        self._skip(_BLANK)
        while not self._take("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)


def _joined(path: str, key: str) -> str:
    return f"{path}.{quoted(key)}" if path else quoted(key)


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        return next(iter(tomllib.loads(f"{key} = 0"))) if "\\" in key else key[1:-1]
    return key
