"""The backend around its child: what it starts, what it leaves, what it says without a child."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.buildx import BuildxBackend
from stagebuild.errors import EngineUnavailable, ProtocolError
from stagebuild.model import Secret
from stagebuild.progress.events import PlainLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event


@pytest.fixture
def backend(tmp_path: Path, program: Callable[[str], str]) -> Callable[[str], BuildxBackend]:
    """Makes a backend whose buildx is a Python program, with a folder for temporary files."""

    def make(source: str) -> BuildxBackend:
        return BuildxBackend(
            environ={
                "STAGEBUILD_BUILDX": program(source),
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "PATH": os.environ["PATH"],
            }
        )

    return make


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of the test's own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_the_metadata_file_does_not_exist_before_and_is_gone_after(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], temporary: Path
) -> None:
    source = (
        "import os, sys\n"
        "path = sys.argv[sys.argv.index('--metadata-file') + 1]\n"
        "assert not os.path.exists(path)\n"
        "open(path, 'w').write('{}')\n"
    )

    backend(source).build(spec(), lambda _: None, Cancel())

    assert list(temporary.iterdir()) == []


def test_success_without_an_answer_is_a_protocol_error(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], temporary: Path
) -> None:
    with pytest.raises(ProtocolError, match="left no metadata file"):
        backend("pass").build(spec(), lambda _: None, Cancel())

    assert list(temporary.iterdir()) == []


def test_secrets_are_blotted_out_of_the_message(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    (tmp_path / "held").write_text("from-a-file\n")
    source = (
        "import os, sys\n"
        "if 'version' not in sys.argv:\n"
        "    sys.exit('ERROR: ' + os.environ['NPM_TOKEN'] + ' from-a-file http://u:pass@h/')\n"
    )
    made = spec(
        build_args={"NPM_TOKEN": "s3cret-value"},
        secrets={"held": Secret(file=str(tmp_path / "held"))},
    )

    with pytest.raises(SolveFailed) as caught:
        backend(source).build(made, lambda _: None, Cancel())

    assert caught.value.message == "*** *** http://u:***@h/"


def test_an_unfinished_last_line_counts(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec]
) -> None:
    events: list[Event] = []
    source = "import os, sys\nif 'version' not in sys.argv: os.write(2, b'ERROR: a'); sys.exit(1)"

    with pytest.raises(SolveFailed, match=r"^a$"):
        backend(source).build(spec(), events.append, Cancel())

    assert events == [PlainLine(text="ERROR: a")]


def test_the_version_is_asked_for_once_per_program(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    source = (
        "import sys\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write(sys.argv[1] + '\\n')\n"
        "if sys.argv[1] == 'version': print('github.com/docker/buildx 0.29.1+ds1 x')\n"
        "else: open(sys.argv[sys.argv.index('--metadata-file') + 1], 'w').write('{}')\n"
    )

    made = backend(source)
    versions = [made.build(spec(), lambda _: None, Cancel()).versions for _ in range(2)]

    assert versions == [{"buildx": "0.29.1"}] * 2
    assert sorted((tmp_path / "calls").read_text().split()) == ["build", "build", "version"]


def test_no_program_is_an_error_that_says_what_to_install(
    spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    backend = BuildxBackend(
        "no-such-docker", environ={"PATH": "/bin", "XDG_CACHE_HOME": str(tmp_path)}
    )

    with pytest.raises(EngineUnavailable, match='there is no program "no-such-docker"') as caught:
        backend.build(spec(), lambda _: None, Cancel())

    assert "docs.docker.com/engine/install" in (caught.value.hint or "")


def test_a_project_folder_that_is_gone_is_told_as_that(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    with pytest.raises(SolveFailed, match="the project's folder: No such file"):
        backend("pass").build(spec(root=tmp_path / "gone"), lambda _: None, Cancel())


def test_a_nul_character_in_a_value_is_told_as_that(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec]
) -> None:
    with pytest.raises(SolveFailed, match="can't be given to buildx: embedded null byte"):
        backend("pass").build(spec(build_args={"A": "\0"}), lambda _: None, Cancel())


def test_what_it_would_start_is_one_line_and_starts_nothing(
    backend: Callable[[str], BuildxBackend], spec: Callable[..., BuildSpec], tmp_path: Path
) -> None:
    made = backend(f"open({str(tmp_path / 'started')!r}, 'w')")

    line = made.command(spec(target="prod", build_args={"NPM_TOKEN": "s3cret"}))

    words = shlex.split(line)
    assert words[0] == "NPM_TOKEN=***"
    assert words[2:5] == ["build", "--progress", "rawjson"]
    assert "s3cret" not in line
    assert not (tmp_path / "started").exists()


def test_what_a_build_without_surprises_loads_is_little() -> None:
    source = (
        "import sys\n"
        "from stagebuild.backends.buildx import BuildxBackend\n"
        "heavy = {'python_on_whales', 'pydantic', 'rich', 'structlog', 'tempfile', 'shutil',\n"
        "         'shlex', 'random', 'asyncio', 'difflib', 'urllib.request'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", source], check=True, capture_output=True, text=True
    )

    assert done.stdout == "[]\n"
