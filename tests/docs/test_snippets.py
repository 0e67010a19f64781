"""What the pages tell people to write is understood: commands, configuration, Python, make."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import stagebuild as sb
from stagebuild.cli.arguments import parser_of, split_verb

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```(?:console|make|sh|yaml)\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
PROGRAM = r"(?:stagebuild|python3? -m stagebuild|\$\(STAGEBUILD\))"
CALL = re.compile(
    rf"(?:^|\$\(|&& |run: |- )(?:\$ )?{PROGRAM} ([^)#|>&\n]*?)\s*(?:2?[)#|>&]|$)", re.MULTILINE
)


def calls_of(text: str) -> list[str]:
    """Return what follows ``stagebuild`` in every command of a page; prose is left alone."""
    code = (block or span for block, span in CODE.findall(text))
    return [call for part in code for call in CALL.findall(part)]


def _blocks(language: str, *, having: str = "") -> list[object]:
    return [
        pytest.param(
            block, id=f"{page.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 2}"
        )
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for match in FENCE.finditer(text)
        for given, block in [match.groups()]
        if given == language and re.search(having, block, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_command_on_a_page_is_one_that_stagebuild_understands(page: Path) -> None:
    for words in calls_of(page.read_text(encoding="utf-8")):
        if "…" in words or words == "--version":  # a pattern; what ends while parsing
            continue
        verb, rest = split_verb(shlex.split(words))
        parser_of(verb, {}).parse_intermixed_args(rest)


# A block without a table shows one key, and is checked where the reference page is made.
@pytest.mark.parametrize("block", _blocks("toml", having=r"^\["))
def test_every_configuration_on_a_page_is_valid(block: str, tmp_path: Path) -> None:
    (tmp_path / "stagebuild.toml").write_text(block)
    assert sb.load(tmp_path).environments


@pytest.mark.parametrize("block", _blocks("python"))
def test_every_piece_of_python_on_a_page_uses_names_that_exist(block: str) -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sb"
    }
    assert [name for name in sorted(used) if not hasattr(sb, name)] == []


@pytest.mark.parametrize("block", _blocks("make"))
def test_every_makefile_on_a_page_can_be_read(block: str, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(block + "\n%: ;\n")
    subprocess.run(["make", "-n", "-C", tmp_path], check=True, capture_output=True)


def test_a_command_is_found_wherever_it_stands_on_a_page() -> None:
    fenced = "```console\n$ stagebuild b -q 2>&1\n```\n```yaml\n- run: stagebuild c\n```\n"
    text = f"stagebuild is prose\n`stagebuild a`\n{fenced}`X=$(stagebuild d --push)`\n"
    assert calls_of(text) == ["a", "b -q", "c", "d --push"]
