"""What has not changed is not read again; what may have changed is."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from stagebuild.fingerprint.filedigests import FileDigests

if TYPE_CHECKING:
    from pathlib import Path

OLD_NS = time.time_ns() - 3600 * 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a").write_text("one")
    return tmp_path / "files"


def digests(folder: Path) -> FileDigests:
    return FileDigests(os.fsencode(folder), str(folder.parent / "kept"))


def keep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the file ten seconds from now, when it is not young any more."""
    later_ns = time.time_ns() + 10 * 10**9
    with monkeypatch.context() as patch:
        patch.setattr("stagebuild.fingerprint.filedigests.time.time_ns", lambda: later_ns)
        first = digests(folder)
        first.digest(b"a")
        first.save()


def test_a_digest_is_that_of_the_content(folder: Path) -> None:
    assert digests(folder).digest(b"a") == sha256(b"one").digest()


def test_an_unchanged_file_is_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(folder, monkeypatch)
    second = digests(folder)
    assert second.digest(b"a") == sha256(b"one").digest()
    assert second.read == 0


def test_a_changed_file_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(folder, monkeypatch)
    (folder / "a").write_text("two")
    assert digests(folder).digest(b"a") == sha256(b"two").digest()


def test_a_file_whose_time_was_set_back_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "a").stat()
    keep(folder, monkeypatch)
    (folder / "a").write_text("two")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digests(folder).digest(b"a") == sha256(b"two").digest()


def test_a_file_that_was_replaced_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / "a").stat()
    keep(folder, monkeypatch)
    (folder / "new").write_text("two")
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new").replace(folder / "a")
    assert digests(folder).digest(b"a") == sha256(b"two").digest()


def test_a_young_file_is_not_kept(folder: Path) -> None:
    first = digests(folder)
    first.digest(b"a")
    first.save()
    second = digests(folder)
    second.digest(b"a")
    assert second.read == 1


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\0" * 40])
def test_a_damaged_file_of_digests_is_passed_over(folder: Path, content: bytes) -> None:
    (folder.parent / "kept").write_bytes(content)
    assert digests(folder).digest(b"a") == sha256(b"one").digest()


def test_a_folder_that_cannot_be_written_costs_time_alone(folder: Path) -> None:
    (folder.parent / "file").write_text("")
    found = FileDigests(os.fsencode(folder), str(folder.parent / "file" / "kept"))
    found.digest(b"a")
    found.save()


def test_an_empty_file_is_not_opened(folder: Path) -> None:
    (folder / "a").write_text("")
    (folder / "a").chmod(0)
    assert digests(folder).digest(b"a") == sha256(b"").digest()
