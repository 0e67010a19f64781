"""Patterns, one rule at a time. The rules are patternmatcher's and documented by Docker and Go."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.context.goglob import BadPattern
from stagebuild.context.patterns import Patterns


def matches(patterns: str, path: str) -> bool:
    """Say whether a path matches patterns, given one a line."""
    return Patterns(patterns.split("\n")).match(path.encode(errors="surrogateescape"))


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        # docs.docker.com/build/concepts/context: what its tables say.
        ("*/temp*", "somedir/temporary.txt", True),
        ("*/temp*", "somedir/temp", True),
        ("*/temp*", "temporary.txt", False),
        ("*/temp*", "a/b/temporary.txt", False),
        ("*/*/temp*", "somedir/subdir/temporary.txt", True),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("temp?", "a/tempa", False),
        ("**/*.go", "main.go", True),
        ("**/*.go", "a/b/c/main.go", True),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README.md", "CHANGES.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
        ("/foo/bar", "foo/bar", False),  # a .dockerignore loses the slash before it comes here
        # moby/patternmatcher patternmatcher_test.go: what its cases are about.
        ("**", "any/thing", True),
        ("**/", "any/thing", True),
        ("dir/**", "dir/file", True),
        ("dir/**", "dir", False),
        ("**/dir", "a/b/dir", True),
        ("**/dir", "a/bdir", False),
        ("**dir", "a/bdir", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/bz", False),
        ("a**z", "a/b/z", True),
        ("docs", "docs/inside/file", True),
        ("docs/", "docs/inside", True),
        ("docs\n!docs/keep", "docs/keep/file", False),
        ("docs\n!docs/keep", "docs/drop", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[!a]x", "!x", True),  # ! in brackets is no negation
        (r"\*", "*", True),
        (r"\*", "a", False),
        (r"a\[b", "a[b", True),
        ("a.c", "abc", False),
        ("a+(b)$", "a+(b)$", True),
        ("*.c", "dir/x.c", False),
        ("*", ".hidden", True),
        ("*", "a/b", True),  # with its folder
        ("", "a", False),
        ("  a  ", "a", True),
        ("./a/../b", "b", True),
        ("a//b", "a/b", True),
        ("A", "a", False),
        ("é?", "éü", True),
        ("?", "\udcff", True),
        # Not documented, but so it is: these characters reach Go's regexp as they are.
        ("a|b*", "other/b", True),
        ("a{2}*", "aa", True),
        ("a{2}*", "a{2}", False),
        ("a{2}", "a{2}", True),  # no wildcard: compared as it is
        (r"\d*", "1", True),
        ("[*]", "*", False),
        ("[*]", "]", True),
        ("[[:alpha:]]", "q", True),
    ],
)
def test_a_path_matches_as_documented(patterns: str, path: str, *, expected: bool) -> None:
    assert matches(patterns, path) is expected


@pytest.mark.parametrize(
    "pattern", ["!", "! ", "!.", "[", "[]", "[^]", "a[b", "[-a]", "[a-]", "\\"]
)
def test_a_pattern_that_can_not_be_read_is_refused_at_once(pattern: str) -> None:
    if pattern == "!.":  # a folder's own path: strange, but it matches nothing
        assert not matches(pattern, "a")
        return
    with pytest.raises(BadPattern, match="invalid pattern"):
        Patterns([pattern])


@pytest.mark.parametrize(
    "pattern", ["[z-a]", r"\q*", r"\1*", "a{2}{3}*", "a{1001}*", r"\pL*", "[[:x:]]"]
)
def test_a_pattern_without_a_meaning_is_refused_when_it_is_tried(pattern: str) -> None:
    late = Patterns(["a", pattern])
    assert late.match(b"a")  # what matches already is not tried again
    with pytest.raises(BadPattern, match="invalid pattern"):
        late.match(b"b")


def test_an_exception_that_is_never_tried_can_be_wrong() -> None:
    assert not Patterns([r"!\q*"]).match(b"b")


def test_a_long_pattern_of_stars_takes_no_time() -> None:
    stars = Patterns(["*a" * 30 + "*b*"])
    start = time.process_time()
    assert not stars.match(b"a" * 200)
    assert time.process_time() - start < 0.5


PARTS = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "a*", "*b", "[ab]", "x.c", "*.c", r"\a", "a|b*"]
)
PATHS = st.lists(st.sampled_from([b"a", b"b", b"ab", b"x.c", b"c"]), min_size=1, max_size=5)
LISTS = st.lists(
    st.builds(
        lambda mark, parts: mark + "/".join(parts),
        st.sampled_from(["", "", "!"]),
        st.lists(PARTS, min_size=1, max_size=3),
    ),
    max_size=5,
)


@given(LISTS, PATHS)
def test_without_exceptions_a_walk_down_to_a_path_says_what_the_path_alone_says(
    patterns: list[str], names: list[bytes]
) -> None:
    compiled = Patterns(pattern.removeprefix("!") for pattern in patterns)
    bits = 0
    for depth in range(1, len(names) + 1):
        path = b"/".join(names[:depth])
        matched, bits = compiled.match_in(path, bits)
        assert matched == compiled.match(path)


def test_a_pattern_that_was_not_tried_on_a_folder_is_not_known_in_it() -> None:
    patterns = Patterns(["a", "!a/b", "a"])
    folder = patterns.match_in(b"a", 0)
    assert folder.matched
    assert not patterns.match_in(b"a/b", folder.bits).matched
    assert patterns.match(b"a/b")


def test_a_folder_is_skipped_by_the_names_in_a_pattern_even_if_its_expression_matches_there() -> (
    None
):
    patterns = Patterns(["a|b/*"])
    assert patterns.match(b"c/b/x")
    assert not patterns.may_match_below(b"c")


def test_a_byte_order_mark_before_a_wildcard_pattern_is_not_part_of_it() -> None:
    assert matches("\ufeffa*", "ab")
    assert not matches("\ufeffa", "a")


@given(LISTS, PATHS)
def test_a_folder_that_need_not_be_entered_has_nothing_to_find(
    patterns: list[str], names: list[bytes]
) -> None:
    if any("|" in pattern for pattern in patterns):
        return  # there the engine itself looks in fewer folders than it should
    compiled = Patterns(patterns)
    folder = b"/".join(names[:-1])
    if folder and not compiled.match(folder) and not compiled.may_match_below(folder):
        assert not compiled.match(b"/".join(names))


def test_twenty_thousand_paths_take_a_tenth_of_a_second() -> None:
    patterns = Patterns(
        [
            "**/*.pyc",
            ".git",
            "node_modules",
            "**/__pycache__",
            "docs/*.md",
            "*.log",
            "dist/**",
            "build",
            "**/.DS_Store",
            "tests/**/data",
        ]
    )
    paths = [b"pkg%d/src/module%d/file.py" % (n % 200, n) for n in range(20_000)]
    times = []
    for _ in range(5):
        start = time.process_time()
        for path in paths:
            patterns.match_in(path, 0)
        times.append(time.process_time() - start)
    assert min(times) < 0.1
