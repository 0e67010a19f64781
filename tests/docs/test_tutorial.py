"""The tutorial does what it says: its files are written and its commands run, on a real engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-build.md"
DEFAULT_REGISTRY = "localhost:5000"
BLOCK = re.compile(
    r"^(?:<!-- (?P<key>file|exit): (?P<value>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the reader is told to write."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """
    A command that the reader is told to type.

    Attributes:
        text: What stands after the prompt.
        shown: The lines below it; ``…`` stands for anything. They come in this order, and others
            may stand between them.
        exit_code: How it ends.
    """

    text: str
    shown: tuple[str, ...]
    exit_code: int = 0


def steps_of(page: str) -> Iterator[File | Command]:
    """Yield what a reader of the page does, in order."""
    for block in BLOCK.finditer(page):
        if block["key"] == "file":
            yield File(path=block["value"], text=block["text"])
        elif block["language"] == "console":
            exit_code = int(block["value"]) if block["key"] == "exit" else 0
            typed = re.split(r"^\$ ", block["text"], flags=re.MULTILINE)
            assert typed.pop(0) == "", f"output before the first command:\n{block['text']}"
            for number, text in enumerate(typed, 1):
                command, *shown = text.splitlines()
                last = number == len(typed)
                yield Command(text=command, shown=tuple(shown), exit_code=exit_code if last else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """
    A shell that remembers its folder and variables from one command to the next.

    Attributes:
        state: File that holds them.
        env: Process environment of every command.
    """

    state: Path
    env: dict[str, str]

    def folder(self) -> Path:
        return Path(self.run("pwd").stdout.strip())

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        keep = f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {self.state}'
        script = f"set -a; . {self.state}\ntrap '{keep}' EXIT\n{command}\n"
        return subprocess.run(
            ["bash", "-c", script],
            check=False,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def missing_line(shown: tuple[str, ...], output: str) -> str | None:
    """Return the first shown line that the output lacks in its place, or None."""
    lines = iter(output.splitlines())
    for line in shown:
        pattern = ".*".join(map(re.escape, line.split("…")))
        if line != "…" and not any(re.fullmatch(pattern, given.rstrip()) for given in lines):
            return line
    return None


@pytest.mark.engine
def test_every_command_of_the_tutorial_does_what_the_page_shows(
    engine: Engine, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.write_text(f"cd {tmp_path}\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{engine.env['PATH']}"
    terminal = Terminal(state=state, env={**engine.env, "PATH": path, "NO_COLOR": "1"})
    page = TUTORIAL.read_text(encoding="utf-8").replace(DEFAULT_REGISTRY, engine.registry)
    for step in steps_of(page):
        match step:
            case File():
                (terminal.folder() / step.path).write_text(step.text)
            case Command():
                done = terminal.run(step.text)
                told = f"$ {step.text}\n{done.stdout}"
                assert done.returncode == step.exit_code, told
                assert missing_line(step.shown, done.stdout) is None, told


def test_a_step_is_a_file_or_a_command_with_what_it_shows() -> None:
    page = (
        "<!-- file: a.txt -->\n```\nA\n```\n\n"
        "<!-- exit: 3 -->\n```console\n$ true\n$ cat a.txt\nA\n…\n```\n\n```sh\nno step\n```\n"
    )
    assert list(steps_of(page)) == [
        File(path="a.txt", text="A\n"),
        Command(text="true", shown=()),
        Command(text="cat a.txt", shown=("A", "…"), exit_code=3),
    ]


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (("one", "three"), None),
        (("t…e",), None),
        (("three", "one"), "one"),
        (("four",), "four"),
    ],
)
def test_shown_lines_are_looked_for_in_order(shown: tuple[str, ...], missing: str | None) -> None:
    assert missing_line(shown, "one\ntwo\nthree\n") == missing


def test_the_terminal_remembers_folder_and_variables(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text(f"cd {tmp_path}\n")
    terminal = Terminal(state=state, env=dict(os.environ))
    terminal.run("mkdir -p inner && cd inner")
    terminal.run('IMAGE="a b"')
    assert terminal.run('echo "$IMAGE $PWD"').stdout == f"a b {tmp_path}/inner\n"


def test_the_terminal_tells_a_failure(tmp_path: Path) -> None:
    terminal = Terminal(state=tmp_path / "state", env=dict(os.environ))
    terminal.state.write_text("")
    assert terminal.run("exit 3").returncode == 3
