"""
A shell script as the commands in it, as far as a check needs them.

This is no shell: control structures are walked through, nothing is expanded, and what can't be read
is skipped. A check looks for ``apt-get install gcc`` wherever it stands, and a rare miss is better
than a wrong finding.
"""

from __future__ import annotations

import re
from functools import lru_cache
from posixpath import basename

from stagebuild.values import frozen

_TOKEN = re.compile(
    r"""
      (?P<gap>[ \t\r]+|\\\n)
    | (?P<comment>\#[^\n]*)
    | (?P<redirect>[0-9]*(?:<<<|[<>]{1,2}&?|&>>?)[ \t]*[^\s;&|()<>]*)
    | (?P<end>&&|\|\||[;&|\n()])
    | (?P<word>(?:
          \$\{[^}\n]*\}
        | \$\((?:[^()]|\([^()]*\))*\)
        | '[^']*'
        | "(?:[^"\\]|\\.)*"
        | \\.
        | [^\s;&|()<>'"\\]
      )+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_KEYWORDS = frozenset(
    [
        "!",
        "{",
        "}",
        "case",
        "do",
        "done",
        "elif",
        "else",
        "esac",
        "fi",
        "if",
        "then",
        "until",
        "while",
        "time",
    ]
)
_WRAPPERS = frozenset(("sudo", "exec", "env", "nice", "command", "nohup", "eatmydata", "gosu"))
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh"))
_PYTHONS = re.compile(r"python[0-9.]*|pypy[0-9.]*")
_MOST_NESTED = 3


@frozen
class Command:
    """
    One command of a script.

    Attributes:
        program: The last part of its path: ``apt-get``.
        words: What follows, quotes removed.
        assignments: ``NAME=value`` words in front of it, quotes removed.
    """

    program: str
    words: tuple[str, ...]
    assignments: tuple[str, ...] = ()

    @property
    def plain_words(self) -> tuple[str, ...]:
        """The words that are no options."""
        return tuple(word for word in self.words if not word.startswith("-"))

    @property
    def verb(self) -> str:
        """The first word that is no option: ``install`` of ``apt-get -y install``."""
        return next((word for word in self.words if not word.startswith("-")), "")

    @property
    def text(self) -> str:
        """The command on one line, for messages."""
        return " ".join((self.program, *self.words))

    def has(self, *options: str) -> bool:
        """Say whether one of these words, or an option of that name with a value, is there."""
        return any(word in options or word.partition("=")[0] in options for word in self.words)


@lru_cache(maxsize=4096)
def commands_of(script: str) -> tuple[Command, ...]:
    """Return the commands of a shell script, in order; ``sh -c '…'`` is looked into."""
    return tuple(_commands(script, depth=0))


def command_of(words: tuple[str, ...]) -> tuple[Command, ...]:
    """Return what an exec form runs: one command, or those of its ``sh -c``."""
    command = _command(list(words))
    if command is None:
        return ()
    inner = _inner_script(command)
    return (command,) if inner is None else commands_of(inner)


def _commands(script: str, *, depth: int) -> list[Command]:
    found: list[Command] = []
    for words in _sentences(script):
        command = _command(words)
        if command is None:
            continue
        inner = _inner_script(command)
        if inner is not None and depth < _MOST_NESTED:
            found += _commands(inner, depth=depth + 1)
        else:
            found.append(command)
    return found


def _sentences(script: str) -> list[list[str]]:
    """Return the words between separators, quotes removed."""
    sentences: list[list[str]] = [[]]
    for token in _TOKEN.finditer(script):
        kind = token.lastgroup
        if kind == "word":
            sentences[-1].append(_unquoted(token[0]))
        elif kind == "end":
            sentences.append([])
    return sentences


def _unquoted(word: str) -> str:
    if "'" not in word and '"' not in word and "\\" not in word:
        return word
    return re.sub(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", _content, word, flags=re.DOTALL)


def _content(found: re.Match[str]) -> str:
    single, double, escaped = found.groups()
    if single is not None:
        return single
    return re.sub(r"\\(.)", r"\1", double, flags=re.DOTALL) if double is not None else escaped


def _command(words: list[str]) -> Command | None:
    """Return the command that a sentence is, keywords, wrappers and assignments removed."""
    assignments: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        if _ASSIGNMENT.match(word):
            assignments.append(word)
        elif word not in _KEYWORDS and word not in _WRAPPERS:
            break
        elif word in _WRAPPERS:
            at += 1
            while at < len(words) and words[at].startswith("-"):
                at += 1
            continue
        at += 1
    if at == len(words):
        return None
    program, rest = basename(words[at]), words[at + 1 :]
    if _PYTHONS.fullmatch(program) and "-m" in rest[:-1]:
        at = rest.index("-m")
        program, rest = rest[at + 1], rest[at + 2 :]
    if re.fullmatch(r"pip[0-9.]+", program):
        program = "pip"
    return Command(program=program, words=tuple(rest), assignments=tuple(assignments))


def _inner_script(command: Command) -> str | None:
    """Return the script of ``sh -c script``, or None."""
    if command.program not in _SHELLS:
        return None
    for word, following in zip(command.words, command.words[1:], strict=False):
        if re.fullmatch(r"-[a-z]*c", word):
            return following
    return None
