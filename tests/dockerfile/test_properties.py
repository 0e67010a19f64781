"""What holds for any text at all."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from stagebuild.dockerfile import Lexer, outline, parse, resolve
from stagebuild.errors import DockerfileError

WORDS = (
    *("FROM a AS b", "FROM b", "FROM ${A}", "ARG A=b", "ENV A=$A", "COPY --from=", "RUN --mount="),
    *("ONBUILD ", "COPY <<E /x", "E", "HEALTHCHECK ", "# escape=`", "# syntax=", "#!", "\ufeff"),
    *("EXPOSE ", "STOPSIGNAL ", "WORKDIR ", "VOLUME ", "ADD ", "LABEL ", "USER ", "SHELL ", "CMD "),
    *("${A:-", "${A#", "${A//", "}", "'", '"', "\\", "\n", "\n", "\n", " ", " ", "=", "type=", ","),
    *("b", "0", "$", "[", '["x"]', "from=b", "target=/x", "--", "\r\n", "\x00", "\x1c", "\ud800"),
)
soups = st.builds("".join, st.lists(st.sampled_from(WORDS), max_size=25))
texts = st.one_of(st.text(max_size=200), soups)


def read(text: str | bytes) -> None:
    """Do all there is to do with a Dockerfile; anything but a DockerfileError comes through."""
    graph = resolve(parse(text), build_args={"A": "x"}, contexts={"b": "docker-image://c"})
    outline(graph)
    graph.images()
    graph.check()


@settings(max_examples=1500, deadline=None)
@given(texts)
def test_any_text_gives_a_graph_or_a_dockerfile_error(text: str) -> None:
    with suppress(DockerfileError):
        read(text)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=200), soups.map(lambda t: t.encode("utf-8", "replace"))))
def test_any_bytes_give_a_graph_or_a_dockerfile_error(data: bytes) -> None:
    with suppress(DockerfileError):
        read(data)


def test_deep_nesting_is_refused_politely() -> None:
    for text in ("${A:-" * 5000, "[" * 5000, '{"a":' * 5000, "$" * 5000):
        with suppress(DockerfileError):
            read(f"FROM a\nENV A={text}\nCMD {text}\nCOPY {text} b\n")


def test_long_chains_of_stages_do_not_recurse() -> None:
    text = "FROM a AS s0\n" + "".join(
        f"FROM s{i} AS s{i + 1}\nCOPY --from=s{i} / /\n" for i in range(1500)
    )
    graph = resolve(parse(text))

    assert len(graph.reachable()) == 1501
    assert outline(graph).args == ()


plain = st.text(st.characters(exclude_characters="$'\"\\<", exclude_categories=["Cs"]), max_size=40)


@given(plain)
def test_a_word_without_special_characters_expands_to_itself(word: str) -> None:
    assert Lexer().expand(word, {}).text == word.removeprefix("\ufeff")


@given(plain)
def test_a_single_quoted_word_loses_its_quotes_alone(word: str) -> None:
    assert Lexer().expand(f"'{word}'", {}).text == word


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_value_is_never_expanded_again(value: str) -> None:
    assert Lexer().expand("$A", {"A": value}).text == value


@given(
    st.text("ab*/.", max_size=12), st.text("ab*?/.", max_size=5).filter(lambda p: p[:1] not in "#%")
)
def test_what_a_pattern_removes_and_what_it_leaves_is_the_value(value: str, pattern: str) -> None:
    lexer = Lexer()
    for operator in ("#", "##"):
        left = lexer.expand(f"${{V{operator}{pattern.replace('/', chr(92) + '/')}}}", {"V": value})
        assert value.endswith(left.text)
    for operator in ("%", "%%"):
        left = lexer.expand(f"${{V{operator}{pattern.replace('/', chr(92) + '/')}}}", {"V": value})
        assert value.startswith(left.text)
