"""The folder of a build is its own, and goes with it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stagebuild.backends.buildx.privatefolder import private_folder


def test_it_is_for_nobody_else(tmp_path: Path) -> None:
    with private_folder(str(tmp_path)) as folder:
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        assert list(Path(folder).iterdir()) == []


def test_it_goes_with_what_is_in_it_whatever_happened(tmp_path: Path) -> None:
    def failing() -> None:
        with private_folder(str(tmp_path)) as folder:
            Path(folder, "metadata.json").touch()
            Path(folder, ".tmp-metadata.json123").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()

    assert list(tmp_path.iterdir()) == []


def test_one_that_somebody_removed_is_no_error(tmp_path: Path) -> None:
    with private_folder(str(tmp_path)) as folder:
        Path(folder).rmdir()


def test_two_are_two(tmp_path: Path) -> None:
    with private_folder(str(tmp_path)) as one, private_folder(str(tmp_path)) as two:
        assert one != two
