"""Walks of real folders: what is told of each entry, in which order, and what can go wrong."""

from __future__ import annotations

import os
import socket
import stat as statmode
from typing import TYPE_CHECKING

import pytest

from stagebuild.context.filestat import (
    GO_CHARACTER_DEVICE,
    GO_DEVICE,
    GO_DIRECTORY,
    GO_FIFO,
    GO_SETGID,
    GO_SETUID,
    GO_STICKY,
    GO_SYMLINK,
    GO_TYPE,
)
from stagebuild.context.folder import Folder
from stagebuild.context.goglob import BadPattern

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.context.filestat import Stat

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="devices are made by root")


def entries(
    root: Path, *, excludes: str = "", includes: str = "", follow: str = ""
) -> dict[str, Stat]:
    """Return what a folder gives, by path; patterns one a word."""
    given = Folder(str(root)).entries(
        excludes=excludes.split(), includes=includes.split(), follow_paths=follow.split()
    )
    return {os.fsdecode(entry.path): entry for entry in given}


def plant(root: Path, *paths: str) -> None:
    for path in paths:
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            full.mkdir()
        else:
            full.write_bytes(os.fsencode(path))


def test_folders_come_before_what_is_in_them_and_names_in_byte_order(tmp_path: Path) -> None:
    plant(tmp_path, "a/x", "a-b", "a.b", "a0", "B", "é", "a/é", "z/")
    assert list(entries(tmp_path)) == ["B", "a", "a/x", "a/é", "a-b", "a.b", "a0", "z", "é"]


def test_a_folder_that_is_not_meant_comes_just_before_what_is(tmp_path: Path) -> None:
    plant(tmp_path, "a/b/keep", "a/b/drop", "c/drop", "d/e/f/keep")
    assert list(entries(tmp_path, excludes="** !**/keep")) == [
        *("a", "a/b", "a/b/keep", "d", "d/e", "d/e/f", "d/e/f/keep")
    ]


def test_includes_and_excludes_both_have_to_agree(tmp_path: Path) -> None:
    plant(tmp_path, "src/a.py", "src/a.pyc", "doc/a.py")
    found = entries(tmp_path, includes="src", excludes="**/*.pyc")
    assert list(found) == ["src", "src/a.py"]


def test_permissions_and_special_bits_are_told_as_gos(tmp_path: Path) -> None:
    for name, mode in (("uid", 0o4755), ("gid", 0o2710), ("sticky", 0o1644), ("plain", 0o640)):
        plant(tmp_path, name)
        (tmp_path / name).chmod(mode)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o1777)
    found = entries(tmp_path)
    assert found["uid"].mode == GO_SETUID | 0o755
    assert found["gid"].mode == GO_SETGID | 0o710
    assert found["sticky"].mode == GO_STICKY | 0o644
    assert found["plain"].mode == 0o640
    assert found["folder"].mode == GO_DIRECTORY | GO_STICKY | 0o777


def test_size_and_time_are_the_files_own(tmp_path: Path) -> None:
    plant(tmp_path, "file", "folder/inside")
    os.utime(tmp_path / "file", ns=(1, 1_234_567_890_123_456_789))
    found = entries(tmp_path)
    assert found["file"].size == 4
    assert found["file"].mtime_ns == 1_234_567_890_123_456_789
    assert found["folder"].size == 0


def test_a_symbolic_link_is_told_with_its_target_and_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, "folder/inside")
    for name, target in (("to", "folder"), ("self", "self"), ("out", "/etc"), ("none", "nothing")):
        (tmp_path / name).symlink_to(target)
    found = entries(tmp_path)
    assert {name: found[name].linkname for name in ("to", "self", "out", "none")} == {
        "to": b"folder",
        "self": b"self",
        "out": b"/etc",
        "none": b"nothing",
    }
    assert found["to"].mode & GO_TYPE == GO_SYMLINK
    assert "to/inside" not in found


def test_a_hard_link_names_the_first_of_its_paths_that_is_given(tmp_path: Path) -> None:
    plant(tmp_path, "a", "alone")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").hardlink_to(tmp_path / "a")
    assert {p: e.linkname for p, e in entries(tmp_path).items()} == {
        "a": b"",
        "alone": b"",
        "b": b"a",
        "c": b"a",
    }
    assert {p: e.linkname for p, e in entries(tmp_path, excludes="a").items()} == {
        "alone": b"",
        "b": b"",
        "c": b"b",
    }


def test_a_fifo_is_told_as_one_and_a_socket_as_an_empty_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        found = entries(tmp_path)
        assert found["fifo"].mode & GO_TYPE == GO_FIFO
        assert found["s"].mode & GO_TYPE == 0
        descriptor = Folder(str(tmp_path)).open(b"s")
    assert os.read(descriptor, 10) == b""
    os.close(descriptor)


@as_root
def test_a_device_is_told_with_its_numbers(tmp_path: Path) -> None:
    os.mknod(tmp_path / "char", statmode.S_IFCHR | 0o600, os.makedev(1, 300))
    os.mknod(tmp_path / "block", statmode.S_IFBLK | 0o600, os.makedev(7, 1))
    found = entries(tmp_path)
    assert found["char"].mode & GO_TYPE == GO_DEVICE | GO_CHARACTER_DEVICE
    assert found["block"].mode & GO_TYPE == GO_DEVICE
    assert (found["char"].devmajor, found["char"].devminor) == (1, 300)


def test_extended_attributes_are_told(tmp_path: Path) -> None:
    plant(tmp_path, "file")
    try:
        os.setxattr(tmp_path / "file", "user.note", b"\0\xff")
        os.setxattr(tmp_path / "file", "user.com.apple", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes for users")
    assert entries(tmp_path)["file"].xattrs == {"user.note": b"\0\xff", "user.com.apple": b"kept"}


def test_a_file_system_without_extended_attributes_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "file")

    def refuse(*_: object, **__: object) -> list[str]:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "listxattr", refuse)  # no file system here is without
    assert entries(tmp_path)["file"].xattrs is None


def test_names_are_bytes_whatever_they_are(tmp_path: Path) -> None:
    names = ["\udcff\udcfe", "new\nline", " ", "-", "*", "[a]", "a\\b", "日本"]
    plant(tmp_path, *names)
    assert sorted(entries(tmp_path)) == sorted(names)
    assert "*" not in entries(tmp_path, excludes=r"\*")
    assert sorted(entries(tmp_path, excludes="\udcff*")) == sorted(names[1:])


def test_what_vanishes_during_the_walk_is_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "a", "b/c", "d", "e/f")
    walking = Folder(str(tmp_path)).entries(excludes=(), includes=(), follow_paths=())
    assert next(walking).path == b"a"
    (tmp_path / "d").unlink()
    (tmp_path / "e" / "f").unlink()
    (tmp_path / "e").rmdir()
    assert [entry.path for entry in walking] == [b"b", b"b/c"]


def test_a_deep_tree_is_walked_without_recursion(tmp_path: Path) -> None:
    deep = [str(tmp_path)]
    for _ in range(1_500):
        deep.append(f"{deep[-1]}/d")
        os.mkdir(deep[-1])  # noqa: PTH102 - pathlib itself can't take such a path
    try:
        assert len(entries(tmp_path)) == 1_500
        assert len(entries(tmp_path, excludes="** !**/d")) == 1_500
    finally:
        for folder in deep[:0:-1]:  # nor can pytest remove it
            os.rmdir(folder)  # noqa: PTH106


def test_a_folder_where_nothing_can_match_is_not_entered(tmp_path: Path) -> None:
    plant(tmp_path, "out/a", "in/a")
    (tmp_path / "out" / "gone").mkdir()
    opened: list[bytes] = []
    scandir = os.scandir

    def watched(path: bytes) -> object:
        opened.append(path.rpartition(b"/")[2])
        return scandir(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", watched)  # which folders are read is what is claimed
        assert list(entries(tmp_path, includes="in")) == ["in", "in/a"]
        assert list(entries(tmp_path, excludes="out !in/b")) == ["in", "in/a"]
    assert b"out" not in opened


def test_an_unreadable_folder_is_an_error_that_names_it_unless_it_is_not_meant(
    as_somebody: Path,
) -> None:
    plant(as_somebody, "closed/a", "open")
    closed = as_somebody / "closed"
    closed.chmod(0)
    with pytest.raises(PermissionError) as caught:
        entries(as_somebody)
    assert caught.value.filename == bytes(closed)
    assert list(entries(as_somebody, excludes="closed")) == ["open"]
    assert list(entries(as_somebody, excludes="closed !closed/a")) == ["open"]
    closed.chmod(0o700)


def test_a_bad_pattern_is_told_when_the_walk_begins(tmp_path: Path) -> None:
    walking = Folder(str(tmp_path)).entries(excludes=["a["], includes=(), follow_paths=())
    with pytest.raises(BadPattern):
        next(walking)


def test_a_pipe_in_a_files_place_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "was-a-file")
    descriptor = Folder(str(tmp_path)).open(b"was-a-file")
    assert os.read(descriptor, 1) == b""
    os.close(descriptor)


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "was-a-file").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        Folder(str(tmp_path)).open(b"was-a-file")
