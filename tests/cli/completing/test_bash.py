"""Completion in a real bash."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BASH = shutil.which("bash") or "/bin/bash"
COMPLETE = r"""
source <(stagebuild completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_stagebuild
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and a ``stagebuild`` to run in it."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "Dockerfile").write_text("FROM a AS base\nFROM base AS test\nFROM base AS prod\n")
    (folder / "stagebuild.toml").write_text("[environments.test]\n[environments.prod]\n")
    other = folder / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM a AS elsewhere\n")
    program = folder / "bin" / "stagebuild"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m stagebuild "$@"\n')
    program.chmod(0o755)
    return folder


def environ(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TERM": "dumb"}


def completed(folder: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of these words."""
    done = subprocess.run(
        [BASH, "--norc", "-c", COMPLETE, "bash", "stagebuild", *words],
        cwd=folder,
        env=environ(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_first_word_is_an_environment_or_a_verb(folder: Path) -> None:
    found = completed(folder, "")
    assert {"test", "prod", "build", "check", "graph", "doctor"} <= set(found)


def test_a_word_that_was_begun_is_ended(folder: Path) -> None:
    assert completed(folder, "te") == ["test"]


def test_further_words_are_environments_alone(folder: Path) -> None:
    assert completed(folder, "test", "") == ["test", "prod"]


def test_a_verb_has_its_own_options(folder: Path) -> None:
    assert completed(folder, "check", "--str") == ["--strict"]
    assert completed(folder, "--str") == []
    assert completed(folder, "prod", "--pus") == ["--push"]


def test_the_environments_of_a_verb_are_completed(folder: Path) -> None:
    assert completed(folder, "graph", "te") == ["test"]


def test_stages_are_completed_where_one_is_meant(folder: Path) -> None:
    assert completed(folder, "prod", "--target", "") == ["base", "test", "prod"]


def test_choices_are_completed_also_after_an_equals_sign(folder: Path) -> None:
    assert completed(folder, "prod", "--progress", "r") == ["rawjson"]
    assert completed(folder, "check", "--format", "=", "s") == ["sarif"]


def test_the_words_of_a_verb_can_be_choices(folder: Path) -> None:
    assert completed(folder, "completion", "z") == ["zsh"]


def test_another_project_is_asked_when_it_is_named(folder: Path) -> None:
    assert completed(folder, "-f", "other", "else") == ["elsewhere"]


def test_files_are_completed_where_one_is_meant(folder: Path) -> None:
    assert completed(folder, "check", "--file", "stage") == ["stagebuild.toml"]


def test_a_broken_project_completes_nothing_and_says_nothing(folder: Path) -> None:
    broken = folder / "broken.toml"
    broken.write_text("[environments\n")
    assert completed(folder, "-f", "broken.toml", "pr") == []


def test_pressing_tab_in_an_interactive_bash_completes(folder: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(BASH, [BASH, "--norc", "--noprofile", "-i"], environ(folder))
    try:
        os.write(terminal, b"PS1='> '; source <(stagebuild completion bash); echo rea''dy\n")
        seen = read_until(terminal, b"ready\r\n")
        os.write(terminal, b"stagebuild graph pro\t\t")
        seen = read_until(terminal, b"graph prod ")
        assert b"stagebuild graph prod " in seen
    finally:
        os.write(terminal, b"\x03exit\n")
        os.close(terminal)
        os.waitpid(child, 0)


def read_until(terminal: int, text: bytes, *, within_s: float = 30.0) -> bytes:
    """Return what a terminal shows up to some text."""
    seen = b""
    end_s = time.monotonic() + within_s
    while text not in seen and time.monotonic() < end_s:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096)
    return seen
