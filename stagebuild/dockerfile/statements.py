"""
Logical line to statement: how each keyword cuts its arguments.

Nothing is refused here that only the meaning of an instruction could refuse, since the line may
stand behind ONBUILD, where BuildKit does not look until it is triggered.

Source: moby/buildkit frontend/dockerfile/parser/line_parsers.go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.dockerfile.heredoc import announced_heredocs
from stagebuild.dockerfile.instructions import Statement
from stagebuild.dockerfile.location import LineRange
from stagebuild.dockerfile.words import (
    SPACE_CHARACTERS,
    CommandLine,
    cut_blanks,
    quoted_words,
    split_blanks,
    split_command,
    string_array,
)
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.dockerfile.heredoc import Heredoc
    from stagebuild.dockerfile.source import LogicalLine, SourceReader

    _Arguments = tuple[tuple[str, ...], bool]

_HEALTHCHECK = re.compile(r"([^\t\n\v\f\r ]+)[\t\n\v\f\r ]*(.*)", re.DOTALL)
_HEREDOC_KEYWORDS = frozenset(("ADD", "COPY", "RUN"))


def read_statement(
    line: LogicalLine, reader: SourceReader, *, lines: LineRange | None = None
) -> Statement:
    """
    Return the statement in a logical line, and the heredocs below it.

    Args:
        line: The logical line.
        reader: Where it came from, and where the bodies of its heredocs stand.
        lines: Overrides where the statement stands.

    Raises:
        DockerfileError: Without a place: the arguments can't be cut, as ``ENV name``. With one:
            a heredoc does not end.
    """
    command = split_command(line.text, escape=reader.escape)
    nested = None
    if command.keyword.upper() == "ONBUILD":
        is_exec_form = False
        arguments: tuple[str, ...] = ()
        if command.rest:
            nested = _nested_statement(command.rest, reader.escape, lines or line.lines)
            arguments = (nested.spelling, *nested.arguments)
    else:
        arguments, is_exec_form = _cut(command, reader.escape)
    heredocs: tuple[Heredoc, ...] = ()
    if "<<" in line.text and _takes_heredocs(
        nested.keyword if nested else command.keyword.upper(),
        is_exec_form=nested.is_exec_form if nested else is_exec_form,
    ):
        announced = announced_heredocs(line.text)
        heredocs = tuple(reader.read_body(each, line=line.lines.start) for each in announced)
    return Statement(
        spelling=command.keyword,
        text=line.text.strip(SPACE_CHARACTERS),
        lines=lines or LineRange(line.lines.start, reader.line),
        flags=command.flags,
        arguments=arguments,
        is_exec_form=is_exec_form,
        heredocs=heredocs,
        comments=line.comments,
        blank_lines=line.blank_lines,
        nested=nested,
    )


def _nested_statement(text: str, escape: str, lines: LineRange) -> Statement:
    """Return what ONBUILD holds; another ONBUILD in it is left alone, for it will be refused."""
    command = split_command(text, escape=escape)
    arguments, is_exec_form = _cut(command, escape)
    return Statement(
        spelling=command.keyword,
        text=text,
        lines=lines,
        flags=command.flags,
        arguments=arguments,
        is_exec_form=is_exec_form,
    )


def _takes_heredocs(keyword: str, *, is_exec_form: bool) -> bool:
    return keyword in _HEREDOC_KEYWORDS and not is_exec_form


def _cut(command: CommandLine, escape: str) -> _Arguments:
    return _CUTTERS.get(command.keyword.upper(), _nothing)(command.rest, escape)


def _nothing(_rest: str, _escape: str) -> _Arguments:
    return (), False


def _one_text(rest: str, _escape: str) -> _Arguments:
    return ((rest,) if rest else ()), False


def _blank_separated(rest: str, _escape: str) -> _Arguments:
    return split_blanks(rest), False


def _names(rest: str, escape: str) -> _Arguments:
    return quoted_words(rest, escape=escape), False


def _array_or_text(rest: str, escape: str) -> _Arguments:
    array = string_array(rest)
    return (array, True) if array is not None else _one_text(rest, escape)


def _array_or_words(rest: str, escape: str) -> _Arguments:
    array = string_array(rest)
    return (array, True) if array is not None else _blank_separated(rest, escape)


def _healthcheck(rest: str, escape: str) -> _Arguments:
    found = _HEALTHCHECK.fullmatch(rest)
    if found is None:
        return (), False
    arguments, is_exec_form = _array_or_text(found[2], escape)
    return (found[1], *arguments), is_exec_form


def _pairs(rest: str, escape: str) -> _Arguments:
    """Return triples of name, value and separator: ``a=1 b=2``, or the old form ``a value``."""
    words = quoted_words(rest, escape=escape)
    if not words:
        return (), False
    if "=" not in words[0]:
        name, value = cut_blanks(rest)
        if value is None:
            raise DockerfileError(f'"{name}" has no value', hint=f"write {name}=value")
        return (name, value, ""), False
    triples: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise DockerfileError(
                f'there is no "=" in "{word}"', hint="write name=value, and quote spaces"
            )
        triples += (name, value, equals)
    return tuple(triples), False


_CUTTERS: dict[str, Callable[[str, str], _Arguments]] = {
    "ADD": _array_or_words,
    "ARG": _names,
    "CMD": _array_or_text,
    "COPY": _array_or_words,
    "ENTRYPOINT": _array_or_text,
    "ENV": _pairs,
    "EXPOSE": _blank_separated,
    "FROM": _blank_separated,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _one_text,
    "RUN": _array_or_text,
    "SHELL": _array_or_text,
    "STOPSIGNAL": _one_text,
    "USER": _one_text,
    "VOLUME": _array_or_words,
    "WORKDIR": _one_text,
}
