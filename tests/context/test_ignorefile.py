"""``.dockerignore`` files: what is read, which one, and where a mistake is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.context.ignorefile import parse_ignorefile, read_ignorefile
from stagebuild.errors import ContextError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("", []),
        ("# comment\n\n  \n", []),
        (" # no comment", ["# no comment"]),
        ("\ufeffa", ["a"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("  a  \t", ["a"]),
        ("/a", ["a"]),
        ("//a//b/", ["a/b"]),
        ("/", ["/"]),
        ("! /a", ["!a"]),
        ("!", ["!"]),
        ("a/../b", ["b"]),
        ("../a", ["../a"]),
        (".", ["."]),
        ("a b", ["a b"]),
        ("a # b", ["a # b"]),
        ("\\#a", ["\\#a"]),
        ("\udcff", ["\udcff"]),
    ],
)
def test_lines_become_patterns(text: str, patterns: list[str]) -> None:
    found = parse_ignorefile(text.encode(errors="surrogateescape"))
    assert list(found.patterns) == patterns


def test_each_pattern_knows_its_line() -> None:
    assert parse_ignorefile(b"# one\na\n\n!b\n").lines == (2, 4)


def test_a_bad_pattern_is_told_with_file_and_line() -> None:
    ignorefile = parse_ignorefile(b"ok\n\nsrc/[a-\n", path="shop/.dockerignore")
    with pytest.raises(ContextError) as caught:
        ignorefile.compiled()
    assert str(caught.value).startswith('shop/.dockerignore:3: invalid pattern "src/[a-": ')


def test_a_line_longer_than_the_engine_reads_is_told() -> None:
    with pytest.raises(ContextError, match=r"^\.dockerignore:2: this line is longer than 64 KiB"):
        parse_ignorefile(b"a\n" + b"b" * 65_536 + b"\n", path=".dockerignore")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    (tmp_path / ".dockerignore").write_text("of-the-context\n")
    return tmp_path


def patterns_of(context: Path, dockerfile: str = "Dockerfile") -> tuple[str, ...] | None:
    found = read_ignorefile(str(context), dockerfile=str(context / dockerfile))
    return None if found is None else found.patterns


def test_the_contexts_own_file_is_read(context: Path) -> None:
    assert patterns_of(context) == ("of-the-context",)


def test_the_dockerfiles_own_file_wins_even_if_it_is_empty(context: Path) -> None:
    (context / "docker" / "prod.Dockerfile.dockerignore").write_text("mine")
    (context / "docker" / "dev.Dockerfile.dockerignore").write_text("")
    assert patterns_of(context, "docker/prod.Dockerfile") == ("mine",)
    assert patterns_of(context, "docker/dev.Dockerfile") == ()
    assert patterns_of(context, "docker/Dockerfile") == ("of-the-context",)


def test_without_a_file_there_is_none(context: Path) -> None:
    (context / ".dockerignore").unlink()
    assert patterns_of(context) is None


def test_a_folder_or_a_link_out_of_the_context_counts_as_none(context: Path) -> None:
    (context / ".dockerignore").unlink()
    (context / ".dockerignore").symlink_to("/etc/passwd")
    assert patterns_of(context) is None
    (context / ".dockerignore").unlink()
    (context / ".dockerignore").mkdir()
    assert patterns_of(context) is None


def test_a_link_within_the_context_is_followed(context: Path) -> None:
    (context / "docker" / "ignore").write_text("linked")
    (context / ".dockerignore").unlink()
    (context / ".dockerignore").symlink_to("/docker/ignore")
    assert patterns_of(context) == ("linked",)


def test_a_file_that_can_not_be_read_is_told(as_somebody: Path) -> None:
    (as_somebody / ".dockerignore").write_text("a")
    (as_somebody / ".dockerignore").chmod(0)
    with pytest.raises(ContextError, match=r"/\.dockerignore: can't be read: Permission denied"):
        patterns_of(as_somebody)
