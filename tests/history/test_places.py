"""Each project has its own file, in the user's state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.history.places import history_path

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_lies_in_the_state_folder_and_is_called_like_the_project() -> None:
    path = history_path("/srv/my shop", {"XDG_STATE_HOME": "/state"})
    assert path is not None
    assert path.startswith("/state/stagebuild/my-shop-")
    assert path.endswith(".sqlite")


def test_without_a_state_folder_it_lies_below_the_home_folder() -> None:
    path = history_path("/srv/shop", {"HOME": "/home/ann", "XDG_STATE_HOME": "relative"})
    assert path is not None
    assert path.startswith("/home/ann/.local/state/stagebuild/shop-")


def test_two_checkouts_have_two_files() -> None:
    environ = {"HOME": "/home/ann"}
    assert history_path("/a/shop", environ) != history_path("/b/shop", environ)


def test_a_link_to_a_checkout_has_the_file_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    environ = {"HOME": "/home/ann"}
    assert history_path(f"{tmp_path}/link", environ) == history_path(f"{tmp_path}/real", environ)


@pytest.mark.parametrize("value", ["0", "no", "off", "FALSE"])
def test_a_variable_turns_it_off(value: str) -> None:
    assert history_path("/srv/shop", {"STAGEBUILD_HISTORY": value}) is None


def test_a_variable_names_another_file() -> None:
    assert history_path("/srv/shop", {"STAGEBUILD_HISTORY": "/ci/h.sqlite"}) == "/ci/h.sqlite"
