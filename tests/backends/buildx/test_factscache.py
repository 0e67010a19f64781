"""What was found out is kept for the next run, and costs nothing where it can't be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.buildx.factscache import FactsCache, cache_path, program_identity

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "stagebuild" / "buildx.json"


def test_what_was_put_is_there_in_the_next_run(path: Path) -> None:
    FactsCache(str(path)).put("buildx", "0.29.1")

    assert FactsCache(str(path)).get("buildx") == "0.29.1"


def test_what_was_not_put_is_none(path: Path) -> None:
    assert FactsCache(str(path)).get("buildx") is None


def test_the_oldest_of_more_than_64_are_forgotten(path: Path) -> None:
    cache = FactsCache(str(path))
    for number in range(70):
        cache.put(str(number), number)

    again = FactsCache(str(path))
    assert again.get("5") is None
    assert again.get("6") == 6
    assert again.get("69") == 69


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_broken_file_is_as_none(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    cache = FactsCache(str(path))

    assert cache.get("buildx") is None
    cache.put("buildx", "0.29.1")
    assert FactsCache(str(path)).get("buildx") == "0.29.1"


def test_a_place_that_can_not_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = FactsCache(str(tmp_path / "file" / "buildx.json"))

    cache.put("buildx", "0.29.1")

    assert cache.get("buildx") == "0.29.1"


def test_no_unfinished_file_stays(path: Path) -> None:
    FactsCache(str(path)).put("buildx", "0.29.1")

    assert [found.name for found in path.parent.iterdir()] == ["buildx.json"]


def test_it_is_in_the_users_cache_folder() -> None:
    assert cache_path({"XDG_CACHE_HOME": "/c"}) == "/c/stagebuild/buildx.json"
    assert cache_path({"HOME": "/h"}) == "/h/.cache/stagebuild/buildx.json"


def test_another_program_in_the_same_place_is_another(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.touch(mode=0o755)
    environ = {"PATH": str(tmp_path)}
    before = program_identity(("docker", "buildx"), environ)

    os.utime(program, ns=(1, 1))

    assert before is not None
    assert program_identity(("docker", "buildx"), environ) not in (None, before)


def test_a_program_that_is_not_there_has_no_identity(tmp_path: Path) -> None:
    assert program_identity(("docker", "buildx"), {"PATH": str(tmp_path)}) is None
