"""The plugin is run where docker would find it, and through docker where that can't be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stagebuild.backends.buildx.discovery import buildx_command, config_folder, list_builders
from stagebuild.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

THROUGH_DOCKER = ("docker", "buildx")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of docker with the plugin in its folder."""
    plugin(tmp_path / "config" / "cli-plugins")
    return tmp_path / "config"


def plugin(folder: Path) -> str:
    folder.mkdir(parents=True)
    path = folder / "docker-buildx"
    path.touch(mode=0o755)
    return str(path)


def test_the_plugin_of_the_configuration_is_run_itself(config: Path) -> None:
    environ = {"DOCKER_CONFIG": str(config)}

    assert buildx_command("docker", environ) == (f"{config}/cli-plugins/docker-buildx",)


def test_extra_folders_of_the_configuration_come_first(config: Path, tmp_path: Path) -> None:
    extra = plugin(tmp_path / "extra")
    (config / "config.json").write_text(
        json.dumps({"cliPluginsExtraDirs": [str(tmp_path / "extra")]})
    )

    assert buildx_command("docker", {"DOCKER_CONFIG": str(config)}) == (extra,)


@pytest.mark.parametrize(
    "content", ["{", '{"cliPluginsExtraDirs": 1}', "[]", '"cliPluginsExtraDirs"']
)
def test_a_broken_configuration_is_left_to_docker(content: str, config: Path) -> None:
    (config / "config.json").write_text(content)

    assert buildx_command("docker", {"DOCKER_CONFIG": str(config)})[0].endswith("docker-buildx")


@pytest.mark.parametrize("name", ["DOCKER_TLS", "DOCKER_TLS_VERIFY"])
def test_tls_by_environment_is_dockers_to_read(name: str, config: Path) -> None:
    environ = {"DOCKER_CONFIG": str(config), name: "1"}

    assert buildx_command("docker", environ) == THROUGH_DOCKER


def test_another_command_knows_where_its_plugins_are(config: Path) -> None:
    environ = {"DOCKER_CONFIG": str(config)}

    assert buildx_command("/usr/bin/podman", environ) == ("/usr/bin/podman", "buildx")


def test_the_variable_overrides_everything(config: Path) -> None:
    environ = {"DOCKER_CONFIG": str(config), "STAGEBUILD_BUILDX": "docker --debug buildx"}

    assert buildx_command("docker", environ) == ("docker", "--debug", "buildx")


def test_the_configuration_is_in_the_home_folder_unless_told(tmp_path: Path) -> None:
    assert config_folder({"HOME": str(tmp_path)}) == f"{tmp_path}/.docker"


def test_builders_without_docker_are_an_error_of_the_engine() -> None:
    with pytest.raises(EngineUnavailable, match='there is no program "no-such-docker"'):
        list_builders("no-such-docker")
