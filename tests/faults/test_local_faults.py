"""What can be wrong on this machine: homes, folders, names, files that change, disks, clocks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.lab import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
COPIES = "FROM busybox AS prod\nCOPY . /all\nRUN ls -lR /all > /list\n"
EXPORTS = "FROM busybox AS made\nCOPY . /all\nFROM scratch AS prod\nCOPY --from=made /all /\n"


class Project:
    """A folder with a Dockerfile, built by the command line as a user would."""

    def __init__(self, folder: Path, engine: Engine, backend: str) -> None:
        self.folder, self.backend = folder, backend
        self.environ = {
            **engine.env,
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": str(folder.parent / "cache"),
            "STAGEBUILD_HISTORY": str(folder.parent / "history.sqlite"),
        }
        self.write(COPIES)

    def write(self, dockerfile: str) -> None:
        (self.folder / "Dockerfile").write_text(dockerfile + f"# {uuid.uuid4()}\n")

    def argv(self, *words: str) -> list[str]:
        argv = [sys.executable, "-m", "stagebuild", "prod", "--backend", self.backend]
        return [*argv, "--progress", "plain", *words]

    def run(
        self, *words: str, code: int = 0, by: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*by, *self.argv(*words)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stderr
        return done

    def exported(self) -> Path:
        self.write(EXPORTS)
        dest = self.folder.parent / f"out-{uuid.uuid4().hex}"
        self.run("-o", str(dest))
        return dest


@pytest.fixture(params=BACKENDS)
def project(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, engine, request.param)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system without a byte left."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=8", "tmpfs", str(place)], check=True
    )
    try:
        with (place / "filler").open("wb") as file:
            try:
                while True:
                    file.write(b"x" * 4096)
                    file.flush()
            except OSError:
                pass
    except OSError:
        pass
    for number in range(16):
        try:
            (place / str(number)).touch()
        except OSError:
            break
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_for_temporary_files_is_one_error_or_none(
    project: Project, full_disk: Path
) -> None:
    project.environ["TMPDIR"] = str(full_disk)
    if project.backend == "sdk":  # it has none
        project.run()
        return
    assert "No space left on device" in project.run(code=1).stderr


def test_a_full_disk_for_the_digest_file_is_one_error(project: Project, full_disk: Path) -> None:
    done = project.run("--digest-file", str(full_disk / "digest"), code=3)
    assert "No space left on device" in done.stderr


def test_a_full_disk_for_caches_and_history_costs_nothing(
    project: Project, full_disk: Path
) -> None:
    project.environ |= {
        "XDG_CACHE_HOME": str(full_disk / "cache"),
        "STAGEBUILD_HISTORY": str(full_disk / "history.sqlite"),
    }
    project.run()


def test_a_home_that_can_not_be_written_costs_nothing(project: Project) -> None:
    # Not even root can write here.
    project.environ |= {"HOME": "/proc/1/fdinfo", "XDG_CACHE_HOME": "/proc/1/fdinfo/cache"}
    project.environ["STAGEBUILD_HISTORY"] = "/proc/1/fdinfo/history.sqlite"
    project.run()


def test_no_docker_configuration_is_none(project: Project, tmp_path: Path) -> None:
    if project.backend == "buildx":  # its plugin may be in that folder alone
        plugins = Path(project.environ["DOCKER_CONFIG"]) / "cli-plugins"
        empty = tmp_path / "docker"
        empty.mkdir()
        if plugins.exists():
            (empty / "cli-plugins").symlink_to(plugins)
        project.environ["DOCKER_CONFIG"] = str(empty)
    else:
        project.environ["DOCKER_CONFIG"] = str(tmp_path / "nothing")
    project.run()


@pytest.mark.parametrize("name", ["new\nline", "tab\tname", "ünï", "*star?", "-dash", " space "])
def test_a_strange_name_is_built_as_it_is(project: Project, name: str) -> None:
    (project.folder / name).write_text("content")
    assert (project.exported() / name).read_text() == "content"


def test_a_name_that_is_no_utf_8_is_built_or_refused_in_words(project: Project) -> None:
    """BuildKit's messages are Protocol Buffers, whose texts are UTF-8."""
    path = os.fsencode(project.folder) + b"/bad\xff\xfename"
    Path(os.fsdecode(path)).write_text("content")
    done = subprocess.run(
        project.argv(),
        cwd=project.folder,
        env=project.environ,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1, 3)
    assert done.returncode == 0 or b"UTF-8" in done.stderr


# Root may read everything, so the right to do so is given up.
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_can_not_be_read_is_one_error_that_names_it(project: Project, kind: str) -> None:
    secret = project.folder / "locked"
    if kind == "folder":
        secret.mkdir()
        (secret / "inner").touch()
    else:
        secret.write_text("content")
    secret.chmod(0)
    if (project.backend, kind) == ("buildx", "file"):
        # Its own failing: it sends an empty file, and tells nobody (tonistiigi/fsutil, send.go).
        project.run(by=AS_ANYBODY)
        return
    done = project.run(code=1, by=AS_ANYBODY)
    assert "locked" in done.stderr
    assert "ermission denied" in done.stderr


def test_what_can_not_be_read_but_is_ignored_costs_nothing(project: Project) -> None:
    (project.folder / "locked").write_text("content")
    (project.folder / "locked").chmod(0)
    (project.folder / ".dockerignore").write_text("locked\n")
    project.run(by=AS_ANYBODY)


def test_links_in_a_circle_are_links(project: Project) -> None:
    (project.folder / "one").symlink_to("two")
    (project.folder / "two").symlink_to("one")
    (project.folder / "self").symlink_to("self")
    (project.folder / "up").symlink_to("..")
    dest = project.exported()
    assert [os.readlink(dest / name) for name in ("one", "two", "self", "up")] == [  # noqa: PTH115
        "two",
        "one",
        "self",
        "..",
    ]


def test_a_dockerfile_that_is_a_link_to_itself_is_one_error(project: Project) -> None:
    (project.folder / "Dockerfile").unlink()
    (project.folder / "Dockerfile").symlink_to("Dockerfile")
    assert "Dockerfile" in project.run(code=3).stderr


def test_files_that_change_while_they_are_sent_end_in_an_image_or_in_words(
    project: Project,
) -> None:
    over = threading.Event()
    for number in range(200):
        (project.folder / f"file{number}").write_bytes(os.urandom(2048))

    def change() -> None:
        number = 0
        while not over.is_set():
            path = project.folder / f"file{number % 200}"
            if number % 3:
                path.write_bytes(os.urandom(1024 + number % 4096))
            else:
                path.unlink(missing_ok=True)
            number += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        codes = set()
        for _ in range(3):
            project.write(COPIES)
            done = subprocess.run(
                project.argv(),
                cwd=project.folder,
                env=project.environ,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert "Traceback" not in done.stderr
            codes.add(done.returncode)
    finally:
        over.set()
        thread.join()
    assert codes <= {0, 1}
    project.write(COPIES)
    project.run()


def test_a_dockerfile_that_is_replaced_during_the_build_does_not_change_it(
    project: Project,
) -> None:
    text = "FROM busybox AS prod\nRUN sleep 1 && echo one > /n\nLABEL n=one\n"
    project.write(text)
    child = subprocess.Popen(
        project.argv("--json"),
        cwd=project.folder,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "RUN sleep" in line:
            break
    (project.folder / "Dockerfile").write_text("FROM nothing-like-it AS prod\nRUN false\n")
    shown, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    result: dict[str, Any] = json.loads(shown)["results"]["prod"]
    assert result["digest"] or result["image_id"]


def test_a_clock_that_is_far_off_changes_no_duration(project: Project) -> None:
    """The engine's times and ours are never mixed: here ours is an hour ahead."""
    faketime = project.folder.parent / "sitecustomize.py"
    faketime.write_text("import time\nreal = time.time\ntime.time = lambda: real() + 3600.0\n")
    project.environ["PYTHONPATH"] = f"{faketime.parent}:{project.environ['PYTHONPATH']}"
    result = json.loads(project.run("--json").stdout)["results"]["prod"]
    assert 0 <= result["wall_s"] < 60
    assert 0 <= result["timeline"]["covered_s"] < 60
    assert all(0 <= stage["busy_s"] < 60 for stage in result["timeline"]["stages"])
