"""
Statements, against BuildKit's own parser as the ``dockerfile`` package binds it.

The package has no wheels for every machine; where it is missing these tests are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from stagebuild.dockerfile.source import SourceReader
from stagebuild.dockerfile.statements import read_statement
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from stagebuild.dockerfile.instructions import Statement

reference = pytest.importorskip("dockerfile")

CORPUS = sorted(Path(__file__).parent.joinpath("corpus").glob("*.Dockerfile"))

KEYWORDS = (
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *(
        "MAINTAINER",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
        "run",
        "Copy",
        "FOO",
    ),
    *("ONBUILD RUN", "ONBUILD COPY", "onbuild env", "ONBUILD"),
)
PIECES = (
    *(" ", " ", " ", "\t", "  ", " \\\n", "\\\n", " \\  \n", " \\\n# comment\n", " \\\n\n", "`\n"),
    *(
        "a",
        "b=c",
        "=",
        "'",
        '"',
        "\\",
        "$X",
        "${X}",
        "--from=a",
        "--mount=type=cache",
        "--",
        "--x ",
    ),
    *('["a", "b"]', '[ "a" ]', "[", "]", '"a"', "['a']", "[1]", "CMD", "NONE", "#", "é", "\u00a0"),
    *("<<EOF", "<<-E", "<<'Q'", "3<<EOF", "< <", "\\\\", "\f", "\v", "\\ ", "\r", "{", "}", "`"),
)
lines = st.builds(
    lambda keyword, rest, end: f"{keyword} {''.join(rest)}{end}",
    st.sampled_from(KEYWORDS),
    st.lists(st.sampled_from(PIECES), max_size=7),
    st.sampled_from(("\n", "\n", "\r\n", "\nEOF\n", "\n\tE\n", "\nbody\nEOF\n", "\nx\nQ\n", "")),
)
texts = st.builds(
    lambda head, body: head + "".join(body),
    st.sampled_from(("", "", "# escape=`\n", "# syntax=x\n# escape=`\n", "\n# escape=`\n", "#\n")),
    st.lists(st.one_of(lines, st.sampled_from(("\n", "# c\n", "  # c\n", "\\\n"))), max_size=5),
)

# The binding is of a BuildKit that ignored what follows an array; since 2024 it is no array then.
AFTER_ARRAY = re.compile(r"\].*\S", re.DOTALL)

Row = tuple[str, str | None, bool, int, int, tuple[str, ...], tuple[str, ...]]


def our_rows(text: str) -> list[Row] | None:
    reader = SourceReader(text, path="Dockerfile")
    rows: list[Row] = []
    try:
        while (line := reader.next_line()) is not None:
            rows.append(our_row(read_statement(line, reader)))
    except DockerfileError:
        return None
    return rows or None


def logical_lines(text: str) -> list[str]:
    reader = SourceReader(text, path="Dockerfile")
    try:
        return [line.text.rstrip() for line in iter(reader.next_line, None)]
    except DockerfileError:
        return []


def our_row(statement: Statement) -> Row:
    inner = statement.nested or statement
    arguments = inner.arguments
    if inner.keyword in ("ENV", "LABEL"):
        arguments = tuple(word for i, word in enumerate(arguments) if i % 3 != 2)
    return (
        statement.keyword,
        inner.keyword if statement.nested else None,
        inner.is_exec_form,
        statement.lines.start,
        statement.lines.end,
        statement.flags,  # the binding has no flags of what ONBUILD holds
        arguments,
    )


def their_rows(text: str) -> list[Row] | None:
    try:
        commands = reference.parse_string(text)
    except reference.GoParseError:
        return None
    except UnicodeDecodeError:
        # The binding cuts characters of several bytes in two where it trims white space.
        return reject()
    return [
        (
            (command.cmd or "").upper(),  # None for an empty keyword
            command.sub_cmd and command.sub_cmd.upper(),
            command.json,
            command.start_line,
            command.end_line,
            command.flags,
            () if command.value == ("",) else command.value,  # how it shows what it ignores
        )
        for command in commands
    ]


@settings(max_examples=1000, deadline=None)
@given(texts)
@example("FROM a\nRUN x \\\n\n\n y\n")
@example("RUN <<E <<'Q'\nE\nQ\n")
def test_statements_are_those_of_the_reference(text: str) -> None:
    assume("escape" not in text or "--" not in text)  # the binding's flags know one escape only
    assume(not any(AFTER_ARRAY.search(line) for line in logical_lines(text)))

    assert our_rows(text) == their_rows(text)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_reads_as_the_reference_reads_it(path: Path) -> None:
    text = path.read_bytes().decode()

    assert our_rows(text) == their_rows(text)
