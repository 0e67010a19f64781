from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.config.keypaths import dotted
from stagebuild.config.positions import lines_of_keys


def keys_of(value: Any, *place: str | int) -> set[str]:
    """Return the dotted path of everything inside a document."""
    found = {dotted(place)} if place else set()
    if isinstance(value, dict):
        for key, member in value.items():
            found |= keys_of(member, *place, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= keys_of(item, *place, index)
    return found


def test_each_key_of_a_table_has_its_line() -> None:
    lines = lines_of_keys('[project]\n\nname = "x" # name\n\n[environments.prod]\ntarget = "a"\n')
    assert lines == {
        "project": 1,
        "project.name": 3,
        "environments": 5,
        "environments.prod": 5,
        "environments.prod.target": 6,
    }


def test_each_item_of_a_list_has_its_line() -> None:
    lines = lines_of_keys('tags = [ # two\n  "a",\n\n  "b", ["c",\n"d"]\n]\nx = 1\n')
    assert (lines["tags[0]"], lines["tags[1]"], lines["tags[2][1]"], lines["x"]) == (2, 4, 5, 7)


def test_inline_tables_and_dotted_keys_lie_on_their_line() -> None:
    lines = lines_of_keys("a.b = { c.d = 1, e = [\n{ f = 2 }] }\n")
    assert (lines["a.b.c.d"], lines["a.b.e"], lines["a.b.e[0].f"]) == (1, 1, 2)


def test_quoted_keys_are_written_as_toml_writes_them() -> None:
    lines = lines_of_keys('"org.x" = 1\n\'a b\'.c = 2\n"pl\\u0061in" = 3\n"" = 4\n')
    assert lines == {'"org.x"': 1, '"a b"': 2, '"a b".c': 2, "plain": 3, '""': 4}


def test_strings_over_several_lines_are_passed_over() -> None:
    text = 'a = """\n[b]\nc = "x"\n\\"""" # "\n' + "d = '''\ne = 1'\n''''\nf = '#'\n"
    assert lines_of_keys(text) == {"a": 1, "d": 5, "f": 8}


def test_a_table_in_an_array_of_tables_has_its_index() -> None:
    lines = lines_of_keys("[[a]]\nb = 1\n[a.c]\nd = 1\n[[a]]\nb = 2\n[[a.e]]\nf = 3\n")
    assert (lines["a"], lines["a[0].c.d"], lines["a[1].b"], lines["a[1].e[0].f"]) == (1, 4, 6, 8)


def test_lines_that_end_in_crlf_count_once() -> None:
    assert lines_of_keys('a = """x\r\ny"""\r\nb = 1\r\n') == {"a": 1, "b": 3}


_key = st.sampled_from(
    ["a", "b-c", "D_1", "7", '"q.r"', '"x y"', "'l\"t'", '"esc\\"\\n"', '"\\u00e9"', '""', "''"]
)
_dotted_key = st.lists(_key, min_size=1, max_size=3).map(" . ".join)
_scalar = st.sampled_from(
    [
        "1",
        "-1_000",
        "3.10",
        "inf",
        "true",
        "1979-05-27 07:32:00Z",
        "07:32:00",
        '"a # [b] = {"',
        '""',
        "''",
        "'c:\\'",
        '"\\"]"',
        '"""a\n[b]\n"""',
        '"""" ""x"""""',
        '"""\\\n   y\\""""',
        "'''it''s\n'''",
        "''''x'''''",
        '""""""',
    ]
)
_gap = st.sampled_from(["", " ", "\n", " # c ] }\n", "\n\n\t"])


def _list_of(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(_gap, st.lists(st.tuples(items, _gap), max_size=3), st.booleans()).map(
        lambda made: (
            f"[{made[0]}"
            + ",".join(f"{item}{gap}" for item, gap in made[1])
            + ("," if made[2] and made[1] else "")
            + "\n]"
        )
    )


def _table_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(_dotted_key, values), max_size=3).map(
        lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
    )


_value = st.recursive(_scalar, lambda inner: _list_of(inner) | _table_of(inner), max_leaves=6)
_statement = st.one_of(
    st.tuples(_dotted_key, _value).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.tuples(_dotted_key, _value).map(lambda pair: f"{pair[0]}= {pair[1]} # x = 1"),
    _dotted_key.map(lambda key: f"[{key}]"),
    _dotted_key.map(lambda key: f"[[ {key} ]] # t"),
    st.sampled_from(["", "# [a]", "  # b = 1"]),
)


def _keep_valid(statements: list[str]) -> str:
    """Return the longest valid document that leaves out the statements that contradict others."""
    kept: list[str] = []
    for statement in statements:
        try:
            tomllib.loads("\n".join([*kept, statement]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(statement)
    return "\n".join(kept)


@given(st.lists(_statement, max_size=12).map(_keep_valid))
def test_the_keys_are_those_that_tomllib_finds(text: str) -> None:
    document = tomllib.loads(text)
    assert set(lines_of_keys(text)) == keys_of(document)


@given(st.lists(_statement, max_size=12).map(_keep_valid))
def test_every_line_is_one_of_the_document(text: str) -> None:
    last = text.count("\n") + 1
    assert all(1 <= line <= last for line in lines_of_keys(text).values())
