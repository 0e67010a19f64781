from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from stagebuild.config import read_project
from stagebuild.config.definitions import BUILT_INS, ENVIRONMENT_KEYS, PROJECT_KEYS
from stagebuild.config.reference import with_tables

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"


def test_the_page_is_as_the_definitions_make_it() -> None:
    """Refresh with ``python -m stagebuild.config.reference docs/reference/configuration.md``."""
    text = PAGE.read_text("utf-8")
    assert with_tables(text) == text


def test_every_key_and_built_in_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    for name in PROJECT_KEYS:
        assert f"### project.{name}\n" in text
    for name in ENVIRONMENT_KEYS:
        assert f"### environments.NAME.{name}\n" in text
    for name in BUILT_INS:
        assert f"`${{{name}}}`" in text


def test_the_first_example_of_the_page_can_be_read() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    tomllib.loads(example[1])
    project = read_project(example[1], path="stagebuild.toml", root=Path())
    assert set(project.environments or ()) == {"base", "dev", "prod"}


def test_a_table_that_there_is_not_can_not_be_asked_for() -> None:
    with pytest.raises(KeyError):
        with_tables("<!-- begin: nope -->\n\n<!-- end: nope -->")
