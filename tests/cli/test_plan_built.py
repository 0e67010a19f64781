"""``stagebuild plan`` of what was built before, with nobody to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.history import History
from tests.cli.test_why import record
from tests.fingerprint.conftest import Shop

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]
OFFLINE = ["plan", "prod", "--offline", "--exit-code"]


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Make the current folder a project that was built as it is."""
    made = Shop(tmp_path / "shop")
    monkeypatch.chdir(made.root)
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("STAGEBUILD_HISTORY", str(tmp_path / "h.sqlite"))
    with History(tmp_path / "h.sqlite") as history:
        history.add(record(made, 1, ran={"build 1", "build 2", "prod 1", "prod 2"}))
    return made


def test_the_exit_code_says_that_nothing_is_to_be_built(capsys: Captured) -> None:
    assert main(OFFLINE) == 0
    assert capsys.readouterr().out.startswith("prod  nothing to do")


def test_offline_takes_base_images_as_they_were_and_says_so(capsys: Captured) -> None:
    main(OFFLINE)
    assert "taken to be unchanged: docker.io/library/busybox:latest" in capsys.readouterr().out


def test_the_exit_code_says_that_a_file_has_to_be_built_in(shop: Shop, capsys: Captured) -> None:
    shop.write("src/d.c", "int d;")
    assert main(OFFLINE) == 1
    assert "src/ changed" in capsys.readouterr().out
