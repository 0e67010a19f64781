"""What a folder's selections are is known from the last time, as long as nothing in it changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from stagebuild.fingerprint import Folders
from stagebuild.fingerprint.selecting import KnownSelection, Pick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "context/src").mkdir(parents=True)
    (tmp_path / "context/src/a").write_text("one")
    (tmp_path / "context/b").write_text("two")
    return tmp_path / "context"


def folders(folder: Path) -> Folders:
    environ = {"XDG_CACHE_HOME": str(folder.parent / "cache")}
    return Folders(str(folder / "Dockerfile"), environ)


def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Select ten seconds from now, when nothing is young any more, and return the digest."""
    later_ns = time.time_ns() + 10 * 10**9
    with monkeypatch.context() as patch:
        patch.setattr("stagebuild.fingerprint.filedigests.time.time_ns", lambda: later_ns)
        first = folders(folder)
        digest = first.select(str(folder), Pick("."), is_context=True).digest
        first.save()
    return digest


def later(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str = ".") -> object:
    """Select again, as late."""
    later_ns = time.time_ns() + 20 * 10**9
    with monkeypatch.context() as patch:
        patch.setattr("stagebuild.fingerprint.filedigests.time.time_ns", lambda: later_ns)
        return folders(folder).select(str(folder), Pick(source), is_context=True)


def test_in_an_unchanged_folder_it_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = kept(folder, monkeypatch)
    found = later(folder, monkeypatch)
    assert isinstance(found, KnownSelection)
    assert found.digest == digest
    assert sorted(found.listing()) == ["b", "src", "src/a"]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "src/a").write_text("eno"),
        lambda folder: (folder / "src/a").chmod(0o755),
        lambda folder: (folder / "src/c").write_text(""),
        lambda folder: (folder / "b").unlink(),
        lambda folder: (folder / "b").rename(folder / "c"),
        lambda folder: (folder / ".dockerignore").write_text("b\n"),
    ],
)
def test_any_change_makes_it_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    digest = kept(folder, monkeypatch)
    change(folder)
    found = later(folder, monkeypatch)
    assert not isinstance(found, KnownSelection)
    assert found.digest != digest  # type: ignore[attr-defined]  # a Selection


def test_another_selection_is_not_taken_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(folder, monkeypatch)
    assert not isinstance(later(folder, monkeypatch, "src"), KnownSelection)


def test_of_a_young_folder_nothing_is_kept(folder: Path) -> None:
    for _ in range(2):
        found = folders(folder)
        assert not isinstance(found.select(str(folder), Pick("."), is_context=True), KnownSelection)
        found.save()


def test_a_folder_that_is_as_remembered_is_not_walked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(folder, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr("stagebuild.fingerprint.folders.walk", lambda *_, **__: pytest.fail("walked"))
        found = folders(folder).select(str(folder), Pick("."), is_context=True)
    assert isinstance(found, KnownSelection)


def test_a_folder_that_is_as_remembered_is_no_mixture(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(folder, monkeypatch)
    began_s = time.time()
    found = folders(folder)
    found.select(str(folder), Pick("."), is_context=True)
    (folder / "b").write_text("changed after it was looked at")
    assert not found.may_be_mixed(began_s)
    assert found.changed_since(began_s)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "src/a").write_text("eno"),
        lambda folder: (folder / "b").unlink(),
        lambda folder: (folder / "c").touch(),
    ],
)
def test_a_folder_that_changes_while_it_is_walked_may_be_a_mixture(
    folder: Path, change: Callable[[Path], object]
) -> None:
    found = folders(folder)
    began_s = time.time() + 0.1
    found.select(str(folder), Pick("."), is_context=True)
    assert not found.may_be_mixed(began_s)
    change(folder)
    assert found.may_be_mixed(began_s)


def test_of_a_damaged_file_of_selections_nothing_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = kept(folder, monkeypatch)
    (file,) = (folder.parent / "cache/stagebuild/files").iterdir()
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert folders(folder).select(str(folder), Pick("."), is_context=True).digest == digest


def test_of_a_named_context_the_dockerfiles_own_ignore_file_is_none(folder: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("b\n")
    found = folders(folder)
    assert "b" in found.select(str(folder), Pick("."), is_context=False).listing()
    assert "b" not in found.select(str(folder), Pick("."), is_context=True).listing()


def test_what_was_kept_is_not_written_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(folder, monkeypatch)
    (file,) = (folder.parent / "cache/stagebuild/files").iterdir()
    later_ns = time.time_ns() + 10 * 10**9
    monkeypatch.setattr("stagebuild.fingerprint.filedigests.time.time_ns", lambda: later_ns)
    found = folders(folder)
    found.select(str(folder), Pick("src"), is_context=True)
    found.save()
    written = file.stat().st_ino
    found.save()
    assert file.stat().st_ino == written
