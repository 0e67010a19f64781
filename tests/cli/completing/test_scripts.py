"""What the scripts of all shells and the manual page hold: everything that the parsers have."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.cli.arguments import VERBS, parser_of
from stagebuild.cli.completing.bash import bash_script
from stagebuild.cli.completing.fish import fish_script
from stagebuild.cli.completing.words import Value, verbs
from stagebuild.cli.completing.zsh import zsh_script
from stagebuild.cli.man import manual_page

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_verb_and_option_is_in_the_script(shell: str) -> None:
    script = SCRIPTS[shell](verbs())
    for verb in verbs():
        assert re.search(rf"\b{verb.name}\b", script)
        for option in verb.options:
            name = option.names[-1]
            assert (f" -l {name[2:]}" if shell == "fish" else name) in script


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_asks_for_environments_and_stages(shell: str) -> None:
    script = SCRIPTS[shell](verbs())
    assert re.search(r"completion environments|_asked environments", script)
    assert re.search(r"completion stages|_asked stages", script)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_shell_that_is_there_accepts_its_script(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(SCRIPTS[shell](verbs()))
    program = shutil.which(shell) or shutil.which("true")
    assert program is not None
    subprocess.run([program, "-n", str(tmp_path / "script")], check=True)


def test_what_an_option_takes_is_told_by_its_metavar() -> None:
    build = next(verb for verb in verbs() if verb.name == "build")
    takes = {name: option.value for option in build.options for name in option.names}
    assert takes["--push"] is Value.NOTHING
    assert takes["--target"] is Value.STAGE
    assert takes["--file"] is Value.FILE
    assert takes["--progress"] is Value.CHOICE
    assert takes["--tag"] is Value.ANYTHING
    assert build.words is Value.ENVIRONMENT


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr().out == SCRIPTS[shell](verbs())


def test_the_manual_page_has_every_option_of_every_verb() -> None:
    page = manual_page().replace("\\-", "-")
    for verb in VERBS:
        assert verb == "build" or f".SH {verb.upper()}\n" in page
        for action in parser_of(verb, {})._actions:
            assert all(name in page for name in action.option_strings)


def test_no_line_of_the_manual_page_is_taken_for_a_request() -> None:
    requests = {".TH", ".SH", ".SS", ".TP", ".br", ".nf", ".fi"}
    lines = [line for line in manual_page().splitlines() if line.startswith((".", "'"))]
    assert {line.split()[0] for line in lines} <= requests


def test_groff_has_nothing_to_complain_of(tmp_path: Path) -> None:
    (tmp_path / "page").write_text(manual_page())
    groff = shutil.which("groff")
    if groff is None:
        return
    done = subprocess.run(
        [groff, "-man", "-ww", "-z", "-Kutf8", "-Tutf8", str(tmp_path / "page")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
