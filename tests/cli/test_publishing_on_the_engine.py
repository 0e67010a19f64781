"""From a build to a deployment, by the command line alone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

TOML = """\
[environments.test]
output = "type=cacheonly"
[environments.prod]
requires = ["test"]
tags = ["{repository}:prod"]
[environments.staging]
target = "prod"
requires = ["test"]
tags = ["{repository}:staging"]
[environments.ungated]
target = "prod"
tags = ["{repository}:ungated"]
"""


@pytest.fixture
def project(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "history.sqlite"))
    folder = tmp_path / "project"
    folder.mkdir()
    nonce = uuid.uuid4().hex[:12]
    (folder / "Dockerfile").write_text(
        f"FROM busybox AS prod\nRUN echo {nonce} > /made\nFROM prod AS test\nRUN test -f /made\n"
    )
    repository = f"{engine.registry}/publishing/{nonce}"
    (folder / "stagebuild.toml").write_text(TOML.format(repository=repository))
    monkeypatch.chdir(folder)
    return repository


def test_what_was_built_gated_and_pushed_is_promoted(
    project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staging", "--push", "-q"]) == 0
    staging = capsys.readouterr().out

    assert main(["promote", "staging", "prod"]) == 0
    assert capsys.readouterr().out == staging
    assert main(["history", "prod"]) == 0
    assert staging.partition("@")[2][:19] in capsys.readouterr().out
    assert main(["promote", "prod", "staging", "--dry-run"]) == 0
    assert f"{project}:staging is it already" in capsys.readouterr().err


def test_what_no_gate_has_seen_is_not_promoted(
    project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del project
    assert main(["ungated", "--push", "-q"]) == 0
    assert main(["promote", "ungated", "prod"]) == 1
    assert "is not known to have passed test" in capsys.readouterr().err


def test_two_reproducible_builds_have_one_digest(
    project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    files = [tmp_path / name for name in ("one.env", "two.env")]
    for file in files:
        words = ["prod", "--push", "--reproducible", "--no-cache", "-q", "--dotenv", str(file)]
        assert main(words) == 0

    first, second = (file.read_text() for file in files)
    assert first == second
    assert first.startswith(f"PROD_IMAGE={project}@sha256:")
