from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.config import read_project
from stagebuild.config.builders import BUILDER_KEYS
from stagebuild.errors import ConfigError
from stagebuild.model import Builder, BuilderNode, TlsFiles

if TYPE_CHECKING:
    from stagebuild.config.keys import Key


def builder(settings: str) -> Builder:
    text = f"[builders.farm]\n{settings}\n"
    return read_project(text, path="stagebuild.toml", root=Path("/project")).builders["farm"]


def refusal(settings: str) -> str:
    with pytest.raises(ConfigError) as caught:
        builder(settings)
    return str(caught.value)


def test_a_builder_without_settings_is_a_container_where_docker_is() -> None:
    assert builder("") == Builder(driver="docker-container", nodes=(BuilderNode(),))


@pytest.mark.parametrize("key", BUILDER_KEYS.values(), ids=lambda key: key.name)
def test_the_example_of_each_key_is_read(key: Key) -> None:
    driver = "remote" if key.name == "nodes" else "docker-container"
    if key.name != "driver":
        builder(f"driver = '{driver}'\n{key.name} = {key.example}")


def test_a_node_is_an_endpoint_or_a_table() -> None:
    read = builder(
        'driver = "remote"\n'
        'nodes = ["tcp://a:1", { name = "b", endpoint = "tcp://b:1", platforms = "linux/arm64",'
        ' driver-options = { default-load = true }, tls = { ca = "ca.pem" } }]'
    )
    assert read.nodes == (
        BuilderNode(endpoint="tcp://a:1"),
        BuilderNode(
            name="b",
            endpoint="tcp://b:1",
            platforms=("linux/arm64",),
            driver_options={"default-load": "true"},
            tls=TlsFiles(ca="ca.pem"),
        ),
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('driver = "dokcer"', "builders.farm.driver: expected one of docker-container"),
        ('driver = "remote"', "builders.farm.nodes[0]: a node of the driver remote needs an"),
        ("nodes = []", "builders.farm.nodes: a builder has one node at least"),
        ("nodes = [3]", "builders.farm.nodes[0]: expected an endpoint as text, or a table"),
        ("nodes = [{ endpont = 'x' }]", 'nodes[0].endpont: unknown key; did you mean "endpoint"?'),
        (
            "driver = 'remote'\nnodes = [{ endpoint = 'tcp://a:1', tls = { cert = 'c' } }]",
            "nodes[0].tls: tls needs ca",
        ),
        (
            "driver = 'remote'\nnodes = [{ endpoint = 'tcp://a:1', tls = { ca='a', cert = 'c' } }]",
            "nodes[0].tls: a certificate and its key belong together",
        ),
        ("nodes = [{ tls = { ca = 'a' } }]", "nodes[0].tls: the driver docker-container has no"),
        (
            "driver = 'remote'\nnodes = 'tcp://a:1'\nbuildkitd-flags = '--debug'",
            "builders.farm.buildkitd-flags: the driver remote starts no buildkitd",
        ),
        ("dirver = 'remote'", 'builders.farm.dirver: unknown key; did you mean "driver"?'),
    ],
)
def test_a_mistake_is_told_with_its_place(settings: str, said: str) -> None:
    assert said in refusal(settings)


@pytest.mark.parametrize("name", ["Farm", "1farm", '"a b"'])
def test_a_name_that_buildx_would_not_keep_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="lower-case letters"):
        read_project(f"[builders.{name}]\n", path="stagebuild.toml", root=Path("/project"))


def test_the_name_default_is_buildx_own() -> None:
    with pytest.raises(ConfigError, match="buildx's own"):
        read_project("[builders.default]\n", path="stagebuild.toml", root=Path("/project"))
