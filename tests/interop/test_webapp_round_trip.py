"""The example to bake and back: the same specs, but for the gates, which bake has none of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.cli.importing import imported_from, with_stages
from stagebuild.config import load
from stagebuild.interop.bakein import imported_from_bake
from stagebuild.interop.imported import Imported, toml_of
from stagebuild.planning import buildable_names, plan_builds
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec
    from tests.conftest import Engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "webapp"


@pytest.fixture
def webapp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "webapp"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*", "reports"))
    monkeypatch.chdir(folder)
    return folder


def exported(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["export", "bake"]) == 0
    out, err = capsys.readouterr()
    assert [line for line in err.splitlines() if "bake has no gates" not in line] == []
    return out


def specs(folder: Path) -> dict[str, BuildSpec]:
    project = load(str(folder / "stagebuild.toml"))
    return {
        spec.name: replaced(
            spec,
            dockerfile_shown="",
            graph=None,
            graph_for=None,
            requires=(),
            default_tag=None,  # of project.repository, for those that are pushed without tags
            repository=None,
        )
        for spec in plan_builds(project, buildable_names(project)).specs
    }


def check_same_after(found: Imported, folder: Path) -> None:
    before = specs(folder)
    (folder / "stagebuild.toml").write_text(toml_of(found, "docker-bake.json"))
    after = specs(folder)
    assert after == before
    assert found.warnings == ()


def test_what_is_exported_is_imported_as_the_same_specs(
    webapp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = imported_from_bake(json.loads(exported(capsys)))
    assert set(found.environments) == {"dev", "test", "lint", "prod", "staging"}
    check_same_after(with_stages(found, webapp), webapp)


@pytest.mark.engine
def test_buildx_itself_prints_the_same_specs(
    engine: Engine, webapp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (webapp / "docker-bake.json").write_text(exported(capsys))
    check_same_after(imported_from("docker-bake.json", "auto", engine.env), webapp)
