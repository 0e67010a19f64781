from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.config import load
from stagebuild.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

OURS = '[project]\nname = "ours"\n'
SHARED = '[project]\nname = "x"\n\n[tool.stagebuild.project]\nname = "shared"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stagebuild_toml_comes_before_pyproject_and_dockerfile(folder: Path) -> None:
    (folder / "stagebuild.toml").write_text(OURS)
    (folder / "pyproject.toml").write_text(SHARED)
    (folder / "Dockerfile").write_text("FROM scratch AS dev\n")
    project = load()
    assert (project.name, project.root) == ("ours", folder)
    assert project.origin is not None
    assert project.origin.path == "stagebuild.toml"


def test_pyproject_counts_only_with_our_table(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.stagebuilder]\n[tool.x]\ny = 'stagebuild'\n")
    (folder / "Dockerfile").write_text("FROM scratch AS dev\n")
    assert load().environments is None
    (folder / "pyproject.toml").write_text(SHARED)
    assert load().name == "shared"


def test_a_dockerfile_alone_makes_every_stage_an_environment(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM scratch AS dev\n")
    project = load()
    assert (project.environments, project.origin, project.root) == (None, None, folder)


def test_folders_above_are_searched_the_nearest_first(folder: Path) -> None:
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    (folder / "stagebuild.toml").write_text(OURS)
    assert load(deep).root == folder
    (folder / "a" / "Dockerfile").write_text("FROM scratch AS dev\n")
    assert load(deep).root == folder / "a"


def test_a_file_can_be_named(folder: Path) -> None:
    (folder / "other.toml").write_text(OURS)
    (folder / "Dockerfile.slim").write_text("FROM scratch AS dev\n")
    assert load("other.toml").name == "ours"
    assert load(folder / "Dockerfile.slim").dockerfile == "Dockerfile.slim"


def test_nothing_to_load_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no stagebuild.toml, no pyproject.toml with"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="no such file or folder"):
        load(tmp_path / "nope")
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path / "nope.toml")


def test_lines_of_pyproject_are_those_of_the_whole_file(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(SHARED + "nmae = 1\n")
    with pytest.raises(ConfigError) as caught:
        load()
    error = caught.value
    assert (error.path, error.line, error.key) == ("pyproject.toml", 6, "project.nmae")


def test_our_table_in_pyproject_must_be_a_table(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool]\nx = 1\nstagebuild = 3\n")
    with pytest.raises(ConfigError) as caught:
        load("pyproject.toml")
    assert (caught.value.line, caught.value.key) == (3, "tool.stagebuild")


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    (folder / "stagebuild.toml").write_bytes(b"\xef\xbb\xbf" + OURS.encode())
    assert load().name == "ours"


def test_bytes_that_are_not_utf8_have_a_line(folder: Path) -> None:
    (folder / "stagebuild.toml").write_bytes(b'[project]\nname = "\xff"\n')
    with pytest.raises(ConfigError) as caught:
        load()
    assert (caught.value.path, caught.value.line) == ("stagebuild.toml", 2)


def test_the_path_is_shown_as_the_user_would_type_it(folder: Path) -> None:
    (folder / "app").mkdir()
    (folder / "app" / "stagebuild.toml").write_text("x = 1")
    with pytest.raises(ConfigError) as caught:
        load("app")
    assert caught.value.path == "app/stagebuild.toml"
