"""The folder of a build is its own, and goes with it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stagebuild.backends.buildx.privatefolder import private_folder, sweep


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


def left_behind(tmp_path: Path) -> Path:
    """Return the folder of a process that was killed while it had one."""
    code = (
        "import sys, time\n"
        "from stagebuild.backends.buildx.privatefolder import private_folder\n"
        "with private_folder(sys.argv[1]) as folder:\n"
        "    open(f'{folder}/metadata.json', 'w').close()\n"
        "    print(folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip())
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert folder.is_dir()
    return folder


def aged(folder: Path) -> Path:
    os.utime(folder, (time.time() - 120,) * 2)
    return folder


def test_what_a_killed_process_leaves_the_next_one_removes(tmp_path: Path) -> None:
    folder = aged(left_behind(tmp_path))
    sweep(str(tmp_path))
    assert not folder.exists()


def test_one_that_may_just_be_made_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path)
    sweep(str(tmp_path))
    assert folder.exists()


def test_one_whose_owner_lives_stays_however_old_it_is(tmp_path: Path) -> None:
    with private_folder(str(tmp_path)) as folder:
        aged(Path(folder))
        sweep(str(tmp_path))
        assert Path(folder).exists()


def test_what_is_called_alike_but_is_no_folder_stays(tmp_path: Path) -> None:
    file, link = tmp_path / "stagebuild-file", tmp_path / "stagebuild-link"
    file.touch()
    (tmp_path / "elsewhere").mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    sweep(str(tmp_path))
    assert file.exists()
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("name", "mode", "inside"),
    [
        ("stagebuild-notes", 0o700, ""),
        ("stagebuild-0123456789abcdeg", 0o700, ""),
        ("stagebuild-0123456789abcdef0", 0o700, ""),
        ("stagebuild-0123456789abcdef", 0o755, ""),
        ("stagebuild-0123456789abcdef", 0o700, "folder"),
    ],
)
def test_what_somebody_else_made_stays(tmp_path: Path, name: str, mode: int, inside: str) -> None:
    folder = tmp_path / name
    (folder / inside).mkdir(parents=True)
    (folder / "file").touch()
    folder.chmod(mode)
    aged(folder)
    sweep(str(tmp_path))
    assert (folder / "file").exists()


def test_a_place_that_can_not_be_read_is_no_error(tmp_path: Path) -> None:
    sweep(str(tmp_path / "nowhere"))
