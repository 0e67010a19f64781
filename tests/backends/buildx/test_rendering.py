"""What ``--dry-run`` shows can be pasted into a shell, and shows no secret."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from stagebuild.backends.buildx.argv import Invocation
from stagebuild.backends.buildx.rendering import render


def shown(*argv: str, **added: str) -> str:
    return render(Invocation(argv=argv, added=added))


def test_an_argv_is_quoted_for_a_shell() -> None:
    argv = ("docker", "build", "--label", "a=it's $HOME", "/a folder")

    assert tuple(shlex.split(shown(*argv))) == argv


def test_build_args_by_name_stand_before_the_program() -> None:
    line = shown("printenv", "VERSION", VERSION="1 2")

    assert line == "VERSION='1 2' printenv VERSION"
    done = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True)
    assert done.stdout == "1 2\n"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("--build-arg", "API_TOKEN=s3cret"), "--build-arg 'API_TOKEN=***'"),
        (("--label", "password=s3cret"), "--label 'password=***'"),
        (
            ("--cache-to", "type=s3,bucket=b,secret_access_key=s3cret"),
            "--cache-to 'type=s3,bucket=b,secret_access_key=***'",
        ),
        (("--build-arg", "URL=http://u:s3cret@h/"), "--build-arg 'URL=***'"),
        (
            ("--build-context", "a=https://u:s3cret@h/r.git"),
            "--build-context 'a=https://u:***@h/r.git'",
        ),
        (("https://0123456789abcdef0123@h/r.git",), "'https://***@h/r.git'"),
        (("--tag", "localhost:5000/a@b"), "--tag localhost:5000/a@b"),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(argv: tuple[str, ...], line: str) -> None:
    assert shown(*argv) == line


def test_a_secret_build_arg_by_name_is_blotted_out() -> None:
    assert shown("docker", NPM_TOKEN="s3cret") == "NPM_TOKEN='***' docker"
