"""BuildKit's own checks, asked of real engines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.buildx.linting import read_lint
from stagebuild.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
# stagebuild: ignore=StageNameCasing historic
FROM busybox AS Tools
MAINTAINER somebody
FROM busybox:latest AS prod
ARG API_TOKEN
CMD echo hi
"""


def check(engine: Engine, folder: Path, *options: str) -> tuple[int, Any]:
    """Return exit code and document of ``stagebuild check --json`` in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "stagebuild", "check", "--json", *options],
        cwd=folder,
        env={**engine.env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def rules(document: Any) -> list[str]:
    return [finding["rule"] for finding in document["findings"]]


@pytest.mark.engine
def test_buildkits_checks_stand_in_the_same_list(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    code, document = check(engine, tmp_path)
    assert document["notes"] == []
    (found,) = (each for each in document["findings"] if each["rule"] == "MaintainerDeprecated")
    assert (found["line"], found["severity"], found["path"]) == (3, "warning", "Dockerfile")
    assert found["page"].startswith("https://docs.docker.com/")
    assert code == 1


@pytest.mark.engine
def test_buildkits_checks_are_put_aside_in_the_same_way(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    _, document = check(engine, tmp_path)
    assert [(each["rule"], each["reason"]) for each in document["ignored"]] == [
        ("StageNameCasing", "historic")
    ]
    assert "useless-ignore" not in rules(document)


@pytest.mark.engine
def test_what_both_find_is_told_once_in_our_words(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    _, document = check(engine, tmp_path)
    assert "secret-in-arg" in rules(document)
    assert "shell-form" in rules(document)
    assert not {"SecretsUsedInArgOrEnv", "JSONArgsRecommended"} & set(rules(document))


@pytest.mark.engine
def test_stages_that_only_another_target_reaches_are_looked_at_too(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox AS a\nCMD echo a\nFROM busybox AS b\n")
    assert "JSONArgsRecommended" in rules(check(engine, tmp_path)[1])
    assert "JSONArgsRecommended" not in rules(check(engine, tmp_path, "b")[1])


@pytest.mark.engine
def test_what_buildkit_refuses_is_told_once(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox AS prod\nCOPY --from=b /x /\nFROM busybox AS b\nRUN true\n"
    )
    _, document = check(engine, tmp_path)
    errors = [each["rule"] for each in document["findings"] if each["severity"] == "error"]
    assert errors == ["later-stage"]


@pytest.mark.engine
def test_an_older_buildx_leaves_them_out_with_a_note(
    engines: Callable[[str], Engine], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    _, document = check(engines("26.1"), tmp_path)
    (note,) = document["notes"]
    assert note.startswith("BuildKit's own checks are left out: ")
    assert "0.15" in note
    assert "secret-in-arg" in rules(document)


def test_an_answer_of_another_shape_is_a_protocol_error() -> None:
    for document in (b"{}", b"[]", b"not JSON", b'{"warnings": [{}]}'):
        with pytest.raises(ProtocolError):
            read_lint(document)


def test_no_warnings_at_all_is_null() -> None:
    assert read_lint(b'{"warnings": null, "sources": null}') == ()
