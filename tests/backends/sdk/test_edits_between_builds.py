"""
What the engine sees of an edit, against its copy of the folder from the build before.

The comparison is the engine's own (fsutil, DiffMetadata): size and time of files, nothing of a
folder but that it is one, no extended attributes. So a changed mode of a folder, or contents that
kept both size and time, are not seen, whoever sends. buildx is the reference for what is.

Source: tonistiigi/fsutil diff_containerd.go (sameFile), diskwriter.go (HandleChange).
"""

from __future__ import annotations

import os
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel
from stagebuild.backends.sdk import SdkBackend
from tests.specs import local_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.engine


def same_size_and_time(folder: Path) -> None:
    before = (folder / "x").stat()
    (folder / "x").write_text("yy")
    os.utime(folder / "x", ns=(before.st_atime_ns, before.st_mtime_ns))


def link_broken(folder: Path) -> None:
    (folder / "b").unlink()
    (folder / "b").write_text("bb")


def file_to_folder(folder: Path) -> None:
    (folder / "x").unlink()
    (folder / "x").mkdir()


EDITS: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a file's mode": (lambda folder: (folder / "x").chmod(0o4750), True),
    "a hard link broken": (link_broken, True),
    "the first of three hard links gone": (lambda folder: (folder / "a").unlink(), True),
    "all hard links' contents": (lambda folder: (folder / "a").write_text("other"), True),
    "a file become a folder": (file_to_folder, True),
    "a folder's mode": (lambda folder: (folder / "d").chmod(0o700), False),
    "an extended attribute": (lambda folder: os.setxattr(folder / "x", "user.a", b"1"), False),
    "contents of the same size and time": (same_size_and_time, False),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_seen_as_buildx_sees_it(edit: str, engine: Any, tmp_path: Path) -> None:
    change, is_seen = EDITS[edit]
    seen = {}
    for name, build in (("we", by_us), ("buildx", by_buildx)):
        folder = planted(tmp_path / f"{name}-{uuid.uuid4().hex}")
        before = build(folder, engine.env)
        change(folder)
        seen[name] = build(folder, engine.env) != before

    assert seen == {"we": is_seen, "buildx": is_seen}


def planted(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a").write_text("a")
    (folder / "b").hardlink_to(folder / "a")
    (folder / "c").hardlink_to(folder / "a")
    (folder / "d").mkdir()
    (folder / "x").write_text("xx")
    (folder / "nonce").write_text(uuid.uuid4().hex)
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY . /to\n")
    return folder


def by_us(folder: Path, environ: Mapping[str, str]) -> str:
    spec = local_spec(folder)
    return str(SdkBackend(environ=environ).build(spec, lambda _: None, Cancel()).image_id)


def by_buildx(folder: Path, environ: Mapping[str, str]) -> str:
    argv = ["docker", "buildx", "build", "-q", "--provenance=false", str(folder)]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout
