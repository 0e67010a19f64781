from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.config import read_project
from stagebuild.errors import ConfigError
from stagebuild.model import Builder, BuilderNode, TlsFiles
from stagebuild.planning import plan_builds

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.planning import BuildSpec


def spec(folder: Path, toml: str) -> BuildSpec:
    (folder / "Dockerfile").write_text("FROM scratch AS prod\nCOPY . /\n")
    text = f'[environments.prod]\nbuilder = "farm"\n{toml}'
    project = read_project(text, path="stagebuild.toml", root=folder)
    return plan_builds(project, ["prod"])["prod"]


def test_a_builder_that_the_project_defines_is_filled_in(tmp_path: Path) -> None:
    toml = (
        '[variables]\nfarm = "farm.example"\n[builders.farm]\ndriver = "remote"\n'
        'nodes = [{ endpoint = "tcp://${farm}:1", platforms = "linux/aarch64",'
        ' tls = { ca = "ca.pem" } }]\n'
    )
    assert spec(tmp_path, toml).builder_definition == Builder(
        driver="remote",
        nodes=(
            BuilderNode(
                endpoint="tcp://farm.example:1",
                platforms=("linux/arm64",),
                tls=TlsFiles(ca=f"{tmp_path}/ca.pem"),
            ),
        ),
    )


def test_a_builder_that_it_does_not_define_is_buildx_affair(tmp_path: Path) -> None:
    made = spec(tmp_path, "[builders.other]\n")
    assert (made.builder, made.builder_definition) == ("farm", None)


def test_a_variable_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    toml = '[builders.farm]\ndriver = "remote"\nnodes = [\n  { endpoint = "tcp://${nope}:1" },\n]\n'
    with pytest.raises(ConfigError) as caught:
        spec(tmp_path, toml)
    assert str(caught.value).startswith("stagebuild.toml:6: builders.farm.nodes[0].endpoint: ")


def test_a_platform_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    toml = '[builders.farm]\nnodes = [{ platforms = "arm" }]\n'
    with pytest.raises(ConfigError, match=r"builders\.farm\.nodes\[0\]\.platforms"):
        spec(tmp_path, toml)
