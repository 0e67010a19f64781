"""
Expansion, case by case.

The behaviour is that of moby/buildkit frontend/dockerfile/shell/lex.go and of the table in
frontend/dockerfile/docs/reference.md, "Environment replacement"; a real build is asked about two
thousand more in test_engine_builds.py.
"""

from __future__ import annotations

import pytest

from stagebuild.dockerfile import Lexer
from stagebuild.errors import DockerfileError

VARIABLES = {"A": "one", "E": "", "P": "a/b/b.tar.gz", "S": "two words", "X": "foo_bar", "Q": "'q'"}

CASES = {
    # plain references
    "$A": "one",
    "${A}": "one",
    "x$A.y": "xone.y",
    "$A$A": "oneone",
    "${A}b": "oneb",
    "$Ab": "",
    "$NOPE": "",
    "${NOPE}x": "x",
    "$": "$",
    "a$": "a$",
    "$$": "",
    "$1x": "x",
    "$12": "",
    "$@": "",
    "$ A": "$ A",
    # quotes and escapes
    "'$A'": "$A",
    '"$A"': "one",
    "\\$A": "$A",
    "\\\\$A": "\\one",
    "a\\ b": "a b",
    "a\\": "a",
    '"a\\"b"': 'a"b',
    '"a\\b"': "a\\b",
    '"a\\$A"': "a$A",
    "'a'\"b\"c": "abc",
    "'it''s'": "its",
    '"it\'s"': "it's",
    "$Q": "'q'",
    "a b": "a b",
    # defaults and alternatives
    "${A:-d}": "one",
    "${E:-d}": "d",
    "${NOPE:-d}": "d",
    "${E-d}": "",
    "${NOPE-d}": "d",
    "${NOPE:-}": "",
    "${A:+s}": "s",
    "${E:+s}": "",
    "${E+s}": "s",
    "${NOPE+s}": "",
    "${NOPE:-$A}": "one",
    "${NOPE:-${E:-${A}}}": "one",
    "${NOPE:-a b}": "a b",
    "${NOPE:-'q r'}": "q r",
    '${NOPE:-"$A"}': "one",
    "${NOPE:-a\\}b}": "a}b",
    "${A:?no}": "one",
    "${E?no}": "",
    # prefixes and suffixes
    "${P#*/}": "b/b.tar.gz",
    "${P##*/}": "b.tar.gz",
    "${P%.*}": "a/b/b.tar",
    "${P%%.*}": "a/b/b",
    "${P#x}": "a/b/b.tar.gz",
    "${P#?}": "/b/b.tar.gz",
    "${P%?}": "a/b/b.tar.g",
    "${P#a/b}": "/b.tar.gz",
    "${P%${A}}": "a/b/b.tar.gz",
    "${NOPE#x}": "",
    # replacement
    "${P/b/X}": "a/X/b.tar.gz",
    "${P//b/X}": "a/X/X.tar.gz",
    "${P//\\//-}": "a-b-b.tar.gz",
    "${P/b*/}": "a/",
    "${P//./}": "a/b/btargz",
    "${P//*/w}": "w",
    "${X/o*/$A}": "fone",
    "${NOPE//a/b}": "",
}


@pytest.mark.parametrize("word", CASES)
def test_a_word_expands(word: str) -> None:
    assert Lexer().expand(word, VARIABLES).text == CASES[word]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("'a", "single quote"),
        ('"a', "double quote"),
        ("${A", "missing"),
        ("${A:-x", "missing"),
        ("${", "missing"),
        ("${}", "bad substitution"),
        ("${{A}}", "bad substitution"),
        ("${A~x}", "unsupported modifier"),
        ("${A:x}", "unsupported modifier"),
        ("${A:#x}", "unsupported modifier"),
        ("${A/x}", "missing"),
        ("${NOPE:?say it}", "NOPE: say it"),
        ("${NOPE?}", "NOPE: is not allowed to be unset"),
        ("${E:?}", "E: is not allowed to be empty"),
        ("${P#\\x}", "not an escape"),
    ],
)
def test_a_word_is_refused(word: str, reason: str) -> None:
    with pytest.raises(DockerfileError, match=reason):
        Lexer().expand(word, VARIABLES)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("`$A", "$A"), ("C:\\a", "C:\\a"), ('"say `"hi`""', 'say "hi"'), ("``", "`")],
)
def test_a_backtick_escapes_when_the_file_says_so(word: str, expected: str) -> None:
    assert Lexer(escape="`").expand(word, VARIABLES).text == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ("a", "b")),
        ("$S", ("two", "words")),
        ('"$S"', ("two words",)),
        ("'a b' c", ("a b", "c")),
        ("a\\ b", ("a b",)),
        ("$E", ()),
        ("''", ()),
        ("a${NOPE:-b c}d", ("b", "cd")),
    ],
)
def test_words_are_split_after_expansion(text: str, words: tuple[str, ...]) -> None:
    assert Lexer().split(text, VARIABLES) == words


def test_an_expansion_tells_which_variables_it_used_and_missed() -> None:
    expansion = Lexer().expand("$A ${NOPE:-$E}", VARIABLES)

    assert expansion.used == {"A", "E"}
    assert expansion.unset == {"NOPE"}


def test_an_unset_variable_can_be_kept_as_written() -> None:
    lexer = Lexer(keep_unset=True)

    assert lexer.expand("$NOPE ${NOPE} ${NOPE:-x} $A", VARIABLES).text == (
        "$NOPE ${NOPE} ${NOPE:-x} one"
    )


def test_quotes_can_be_kept_and_ignored() -> None:
    assert Lexer(keep_quotes=True).expand("'a' \"$A\"", VARIABLES).text == "'a' \"one\""
    assert Lexer(ignore_quotes=True).expand("'$A\"", VARIABLES).text == "'one\""
