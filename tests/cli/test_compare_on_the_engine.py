"""``stagebuild compare`` on real images: of environments, tags and digests, stored and pushed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS base
LABEL project=@name@
RUN mkdir /opt && echo same > /opt/same
FROM base AS dev
ENV DEBUG=1 API_TOKEN=hidden
RUN mkdir /opt/tools && head -c 2000000 /dev/zero > /opt/tools/big
FROM base AS prod
USER 1000
"""


def test_prod_is_told_by_what_it_does_not_carry(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository = f"{engine.registry}/compare-{tmp_path.name.replace('_', '')}"
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.replace("@name@", tmp_path.name))
    (tmp_path / "stagebuild.toml").write_text(
        f'[project]\nrepository = "{repository}"\n[environments.dev]\n[environments.prod]\n'
    )
    monkeypatch.chdir(tmp_path)
    environ = {**engine.env, "STAGEBUILD_HISTORY": str(tmp_path / "history.sqlite")}
    assert main(["dev", "-q"], environ=environ) == 0
    assert main(["prod", "--push", "-q"], environ=environ) == 0
    dev, prod = capsys.readouterr().out.split()

    def told(*names: str) -> dict[str, Any]:
        assert main(["compare", *names, "--json"], environ=environ) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    by_name, by_digest = told("dev", "prod"), told(dev, prod)
    for document in (by_name, by_digest, told(dev, f"{repository}:prod")):
        only_dev, only_prod = document["only"]
        assert only_dev["files"] == [{"path": "/opt/tools/", "files": 1, "size_bytes": 2_000_000}]
        assert only_dev["env"] == ["API_TOKEN=***", "DEBUG=1"]
        assert only_prod["files"] == []
        assert document["different"]["settings"] == [
            {"name": "user", "first": "root", "second": "1000"}
        ]
    layers = by_name["images"][0]["layers"]
    assert (layers[-1]["stage"], layers[-1]["line"]) == ("dev", 6)
    assert by_digest["images"][0]["layers"][-1]["stage"] is None

    assert main(["compare", "dev", "prod"], environ=environ) == 0
    text = capsys.readouterr().out
    assert "prod does not carry, and dev does: 2.0 MB" in text
    assert "hidden\n" not in text
    print(text)

    assert main(["compare", "dev", f"{repository}:none"], environ=environ) == 1
    assert "the engine has no such image" in capsys.readouterr().err
