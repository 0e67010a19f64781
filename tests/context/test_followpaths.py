"""Follow-paths: what a COPY of something behind links asks for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stagebuild.context.followpaths import real_path, with_followed

if TYPE_CHECKING:
    from pathlib import Path


def followed(root: Path, *paths: str, includes: str = "") -> list[str]:
    return with_followed(bytes(root), includes=includes.split(), follow_paths=paths)


def link(root: Path, name: str, target: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)


def test_a_path_without_links_is_itself(tmp_path: Path) -> None:
    assert followed(tmp_path, "/a/b", "./c/../d", "not-there") == ["a/b", "d", "not-there"]


def test_a_link_and_what_it_leads_to_are_both_asked_for(tmp_path: Path) -> None:
    link(tmp_path, "app", "src/app")
    assert followed(tmp_path, "app/config") == ["app", "src/app/config"]


def test_links_behind_links_are_followed(tmp_path: Path) -> None:
    link(tmp_path, "a", "b")
    link(tmp_path, "b", "c/d")
    link(tmp_path, "c/d", "../e")
    assert followed(tmp_path, "a") == ["a", "b", "c/d", "e"]


def test_an_absolute_target_counts_from_the_root_and_so_does_the_end_of_dots(
    tmp_path: Path,
) -> None:
    link(tmp_path, "x/abs", "/a")
    link(tmp_path, "x/up", "../../../../b")
    assert followed(tmp_path, "x/abs", "x/up") == ["a", "b", "x/abs", "x/up"]


def test_a_circle_ends(tmp_path: Path) -> None:
    link(tmp_path, "a", "b")
    link(tmp_path, "b", "a/x")
    assert followed(tmp_path, "a/y") == ["a", "b"]


def test_a_wildcard_finds_the_links_among_what_it_matches(tmp_path: Path) -> None:
    link(tmp_path, "one.so", "lib/one.so.1")
    link(tmp_path, "two.txt", "nothing")
    (tmp_path / "three.so").write_text("")
    assert followed(tmp_path, "*.so") == ["*.so", "lib/one.so.1"]


def test_a_wildcard_is_not_looked_for_behind_a_link_whose_name_has_one(tmp_path: Path) -> None:
    link(tmp_path, "real/inner", "/target")
    link(tmp_path, "[d]", "real")
    assert followed(tmp_path, "[d]/in*") == ["[d]/in*"]


def test_everything_is_asked_for_when_the_root_is(tmp_path: Path) -> None:
    link(tmp_path, "a", ".")
    assert followed(tmp_path, "/") == []
    assert followed(tmp_path, "a") == []
    assert followed(tmp_path, "/", includes="x") == ["x"]


def test_what_is_below_the_path_before_is_left_out(tmp_path: Path) -> None:
    assert followed(tmp_path, "a", "a/b", "ab") == ["a", "ab"]


def test_nothing_outside_of_the_tree_is_looked_at(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    link(tmp_path, "link", "elsewhere")
    assert followed(root, "../link") == ["../link"]


def test_a_real_path_stays_within_the_tree(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("")
    link(tmp_path, "out", "../../../etc/passwd")
    assert real_path(bytes(tmp_path), b"out") == b"etc/passwd"


def test_a_circle_has_no_real_path(tmp_path: Path) -> None:
    link(tmp_path, "a", "a")
    with pytest.raises(OSError, match=os.strerror(40)):
        real_path(bytes(tmp_path), b"a")
