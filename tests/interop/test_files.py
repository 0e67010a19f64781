"""
Bake and Compose files, each with the ``stagebuild.toml`` that it becomes, warnings on top.

``NAME.printed.json`` is what ``docker buildx bake`` 0.29.1 prints of ``NAME.hcl`` or ``NAME.json``,
with its own default group and the descriptions that ``--list`` shows.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli.importing import imported_from, with_stages
from stagebuild.config import load
from stagebuild.interop.bakein import imported_from_bake
from stagebuild.interop.imported import toml_of
from stagebuild.planning import Surroundings, plan_builds
from stagebuild.values import replaced

if TYPE_CHECKING:
    from tests.conftest import Engine

FILES = Path(__file__).parent / "files"
BAKE = sorted(
    path
    for path in (FILES / "bake").iterdir()
    if path.suffix in (".hcl", ".json") and not path.name.endswith(".printed.json")
)
COMPOSE = sorted((FILES / "compose").glob("*.yaml"))
VARIABLES = ("TOKEN", "FROM_ENVIRONMENT", "HTTP_PROXY", "NEEDED", "PIP_TOKEN", "NPM_TOKEN")
ENVIRON = {**dict.fromkeys(VARIABLES, "x"), "GITHUB_TOKEN": "x", "SSH_AUTH_SOCK": "/agent"}


def golden(path: Path) -> str:
    return path.with_suffix(".toml").read_text()


def named(path: Path) -> str:
    return path.name


def lay_out(folder: Path, path: Path) -> Path:
    """Write the file, and every Dockerfile with the stages that its environments build."""
    stages: dict[Path, dict[str, None]] = {}
    for table in tomllib.loads(golden(path))["environments"].values():
        context = without_variables(table.get("context", "."))
        if "group" not in table and "://" not in context:
            (folder / context).mkdir(parents=True, exist_ok=True)
            dockerfile = (folder / context / table.get("dockerfile", "Dockerfile")).resolve()
            names = stages.setdefault(dockerfile, {"deps": None})
            names[without_variables(table["target"])] = None
    for dockerfile, names in stages.items():
        dockerfile.parent.mkdir(parents=True, exist_ok=True)
        dockerfile.write_text("".join(f"FROM busybox AS {name}\n" for name in names))
    for file in ("secrets/netrc", "secrets/aws", "keys/deploy", "libs/shared/a", "libs/proto/a"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    shutil.copy(path, folder)
    return folder


def without_variables(text: str) -> str:
    return re.sub(r"\$\{env\.\w+:-([^{}]*)\}", r"\1", text)


@pytest.mark.parametrize("path", BAKE, ids=named)
def test_a_printed_bake_file_becomes_this_configuration(path: Path, tmp_path: Path) -> None:
    printed = json.loads(path.with_suffix(".printed.json").read_text())
    found = with_stages(imported_from_bake(printed), lay_out(tmp_path, path))
    assert toml_of(found, path.name) == golden(path)


@pytest.mark.parametrize("path", COMPOSE, ids=named)
def test_a_compose_file_becomes_this_configuration(path: Path, tmp_path: Path) -> None:
    found = imported_from(str(lay_out(tmp_path, path) / path.name), "auto", {})
    assert toml_of(found, path.name) == golden(path)


@pytest.mark.parametrize("path", [*BAKE, *COMPOSE], ids=named)
def test_every_environment_and_group_of_it_can_be_planned(path: Path, tmp_path: Path) -> None:
    file = lay_out(tmp_path, path) / "stagebuild.toml"
    file.write_text(golden(path))
    project = load(str(file))
    assert project.environments
    surroundings = replaced(Surroundings.current(), environ=ENVIRON)
    plan = plan_builds(project, list(project.environments), surroundings=surroundings)
    groups = {name for name, each in project.environments.items() if each.group is not None}
    assert {spec.name for spec in plan.specs} == project.environments.keys() - groups


@pytest.mark.engine
@pytest.mark.parametrize("path", BAKE, ids=named)
def test_what_buildx_prints_of_it_today_becomes_the_same(
    engine: Engine, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lay_out(tmp_path, path))
    # buildx reads the key even to print.
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "keys/key"]
    subprocess.run(keygen, check=True)
    Path("keys/key").rename("keys/deploy")
    environ = {**engine.env, **dict.fromkeys(VARIABLES, "x")}
    environ.pop("CI", None)  # one of the files builds otherwise in CI
    assert toml_of(imported_from(path.name, "auto", environ), path.name) == golden(path)
