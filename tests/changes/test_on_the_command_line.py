"""``--changed-since`` where nothing needs to be built, and where it says what would be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from stagebuild.cli import main
from stagebuild.report.schemas import result_schema

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Shop

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def inside(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the shop the current folder, with no engine in reach."""
    monkeypatch.chdir(shop.root)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STAGEBUILD_BACKEND", "sdk")


def test_nothing_changed_is_a_success_without_a_result(capsys: Captured) -> None:
    assert main(["--changed-since", "HEAD"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("nothing has changed since HEAD (")


def test_json_says_what_was_compared(capsys: Captured, shop: Shop) -> None:
    assert main(["--changed-since", "HEAD", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, result_schema())
    assert document["changed_since"]["commit"] == shop.git("rev-parse", "HEAD")
    assert (document["ok"], document["results"]) == (True, {})


def test_the_list_has_the_names_alone(capsys: Captured, shop: Shop) -> None:
    shop.write("api/tests/test_app.py", "2")
    assert main(["--list", "--changed-since", "HEAD"]) == 0
    assert capsys.readouterr().out == "api:test\napi:prod\n"


def test_it_narrows_down_what_is_named(capsys: Captured, shop: Shop) -> None:
    shop.write("api/tests/test_app.py", "2")
    assert main(["--list", "test", "--changed-since", "HEAD"]) == 0
    assert capsys.readouterr().out == "api:test\n"


def test_what_has_changed_is_told_before_it_is_built(capsys: Captured, shop: Shop) -> None:
    shop.write("docs/page", "2")
    assert main(["--changed-since", "HEAD"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith(": 1 of 4")
    assert lines[1] == "  docs:prod  docs/page"


def test_a_plan_is_made_of_what_has_changed(capsys: Captured, shop: Shop) -> None:
    shop.write("docs/page", "2")
    assert main(["plan", "--changed-since", "HEAD", "--offline", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["builds"]) == ["docs:prod"]
    assert document["changed_since"]["builds"] == {"docs:prod": ["docs/page"]}


def test_a_plan_of_nothing_says_so(capsys: Captured) -> None:
    assert main(["plan", "--changed-since", "HEAD", "--offline", "--exit-code"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err[:27]) == ("", "nothing has changed since H")


@pytest.mark.parametrize("verb", [(), ("plan",)])
def test_an_unknown_revision_is_refused(verb: tuple[str, ...], capsys: Captured) -> None:
    assert main([*verb, "--changed-since", "nowhere"]) == 3
    assert 'git knows no revision "nowhere"' in capsys.readouterr().err
