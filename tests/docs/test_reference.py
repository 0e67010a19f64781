"""The reference pages name everything that the code has; nothing is left undocumented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import stagebuild as sb
from stagebuild.cli.arguments import VERBS, parser_of
from stagebuild.cli.exitcodes import ExitCode
from stagebuild.report.schemas import result_schema

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings


@pytest.mark.parametrize(
    "option", sorted({option for verb in VERBS for option in options_of(parser_of(verb, {}))})
)
def test_every_option_is_documented(option: str) -> None:
    pages = "".join(
        map(page, ("reference/command-line.md", "reference/history.md", "reference/plan.md"))
    )
    assert re.search(rf"`[^`]*{re.escape(option)}\b", pages)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb: str) -> None:
    assert f"`{verb} " in page("reference/command-line.md")


def test_every_documented_option_exists() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", page("reference/command-line.md")))
    assert named <= {option for verb in VERBS for option in options_of(parser_of(verb, {}))}


def test_every_variable_of_the_options_is_documented() -> None:
    told = set(re.findall(r"STAGEBUILD_[A-Z_]+", parser_of("build", {}).format_help()))
    assert told == set(re.findall(r"STAGEBUILD_[A-Z_]+", page("reference/command-line.md")))


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert re.search(rf"^\|[^|]*\b{code.value}\b", page("reference/command-line.md"), re.MULTILINE)


def fields_of(schema: dict[str, Any]) -> Iterator[str]:
    yield from schema.get("properties", {})
    for inner in schema.get("$defs", {}).values():
        yield from fields_of(inner)


@pytest.mark.parametrize("name", sorted(set(fields_of(result_schema()))))
def test_every_field_of_the_json_document_is_documented(name: str) -> None:
    assert f"`{name}`" in page("reference/json.md")


@pytest.mark.parametrize("name", [name for name in sb.__all__ if not name.startswith("__")])
def test_every_public_name_is_documented(name: str) -> None:
    pages = page("reference/python.md") + page("reference/errors.md")
    assert f"`{name}`" in pages


def test_every_room_is_drawn_in_the_design() -> None:
    root = Path(sb.__file__).parent
    rooms = {path.stem for path in root.iterdir() if path.suffix == ".py" or path.is_dir()}
    rooms -= {"__init__", "__main__", "__pycache__", "version"}
    drawn = set(re.findall(r"^\| `([a-z]+)` \|", page("explanation/design.md"), re.MULTILINE))
    assert drawn == rooms
