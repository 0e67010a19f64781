"""Go's path.Match, as follow-paths use it."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.context.goglob import compiled_glob, has_wildcard


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        # golang/go path/match_test.go: what its cases are about.
        ("abc", "abc", True),
        ("*c", "abc", True),
        ("a*", "a/b", False),
        ("a*b*c*d*e*", "axbxcxdxexxx", True),
        ("ab[^c]", "abc", False),
        ("ab[b-d]", "abc", True),
        ("[z-a]", "b", False),
        ("[^z-a]", "b", True),
        (r"[\]a]", "]", True),
        (r"[\-x]", "-", True),
        (r"\\", "\\", True),
        ("a?b", "a/b", False),
        ("a[^a]b", "a☺b", True),
        ("a???b", "a☺b", False),
        ("[", "[", False),  # a mistake matches nothing
        ("[a-]", "-", False),
        ("[\ufffd]", "\udcff", True),  # what is no UTF-8 reads as U+FFFD
        ("\ufffd", "\udcff", False),
    ],
)
def test_a_name_matches_as_in_go(pattern: str, name: str, *, expected: bool) -> None:
    assert (compiled_glob(pattern).match(name) is not None) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("a", False), ("a*", True), ("[a", True), (r"\*", False), (r"\\*", True), ("a\\", False)],
)
def test_a_wildcard_counts_unless_a_backslash_precedes_it(pattern: str, *, expected: bool) -> None:
    assert has_wildcard(pattern) is expected


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_stars_and_question_marks_match_as_in_a_shell(pattern: str, name: str) -> None:
    assert (compiled_glob(pattern).match(name) is not None) == fnmatch.fnmatchcase(name, pattern)
