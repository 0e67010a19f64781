from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.buildx.builders import (
    check_files,
    create_argv,
    ensure_builder,
    missing_nodes,
    wanted_nodes,
)
from stagebuild.errors import EngineUnavailable
from stagebuild.model import Builder, BuilderNode, TlsFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FARM = Builder(
    driver="remote",
    nodes=(
        BuilderNode(endpoint="tcp://a:1", platforms=("linux/amd64",)),
        BuilderNode(endpoint="tcp://b:1", platforms=("linux/arm64", "linux/arm/v7")),
    ),
)
NODE_A: dict[str, Any] = {
    "Name": "farm0",
    "Endpoint": "tcp://a:1",
    "Platforms": [{"architecture": "amd64", "os": "linux"}],
    "DriverOpts": None,
    "Flags": None,
    "Files": None,
}
NODE_B: dict[str, Any] = {
    "Name": "farm1",
    "Endpoint": "tcp://b:1",
    "Platforms": [
        {"architecture": "arm64", "os": "linux"},
        {"architecture": "arm", "os": "linux", "variant": "v7"},
    ],
    "DriverOpts": {},
    "Flags": ["--allow-insecure-entitlement=network.host"],
    "Files": None,
}


@pytest.fixture
def missing(tmp_path: Path) -> Callable[..., list[str]]:
    """Gives the names of the nodes that are to be made where buildx has the nodes given."""

    def names(*nodes: dict[str, Any], driver: str = "remote", wanted: Builder = FARM) -> list[str]:
        known = tmp_path / "instances" / "farm"
        known.parent.mkdir(exist_ok=True)
        known.write_text(json.dumps({"Name": "farm", "Driver": driver, "Nodes": nodes}))
        environ = {"BUILDX_CONFIG": str(tmp_path)}
        found = missing_nodes("farm", wanted, wanted_nodes("farm", wanted), environ=environ)
        return [node.name for node in found]

    return names


def test_every_node_of_a_builder_that_is_not_there_is_missing(tmp_path: Path) -> None:
    environ = {"BUILDX_CONFIG": str(tmp_path)}
    nodes = wanted_nodes("farm", FARM)
    assert missing_nodes("farm", FARM, nodes, environ=environ) == nodes


def test_a_builder_as_it_should_be_lacks_nothing(missing: Callable[..., list[str]]) -> None:
    assert missing(NODE_A, NODE_B) == []


def test_a_builder_whose_making_was_cut_off_lacks_its_last_nodes(
    missing: Callable[..., list[str]],
) -> None:
    assert missing(NODE_A) == ["farm1"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Endpoint": "tcp://c:1"}, "endpoint of node farm0: tcp://c:1, not tcp://a:1"),
        ({"Platforms": None}, "platforms of node farm0: none, not linux/amd64"),
        ({"Name": "x"}, "name of node farm0: x, not farm0"),
        ({"DriverOpts": {"k": "v"}}, "driver-options of node farm0: k=v, not none"),
        ({"Flags": ["--debug"]}, "buildkitd-flags of node farm0: --debug, not none"),
    ],
)
def test_a_builder_that_is_another_is_refused_with_the_difference(
    missing: Callable[..., list[str]], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(EngineUnavailable, match=said):
        missing({**NODE_A, **changes}, NODE_B)


def test_a_builder_of_another_driver_is_refused(missing: Callable[..., list[str]]) -> None:
    with pytest.raises(EngineUnavailable, match="its driver is kubernetes, not remote"):
        missing(NODE_A, NODE_B, driver="kubernetes")


def test_a_builder_with_more_nodes_is_refused(missing: Callable[..., list[str]]) -> None:
    with pytest.raises(EngineUnavailable, match="it has 3 nodes, not 2"):
        missing(NODE_A, NODE_B, {**NODE_A, "Name": "farm2"})


def test_an_endpoint_that_is_left_to_buildx_is_any(missing: Callable[..., list[str]]) -> None:
    wanted = Builder(driver="docker-container", nodes=(BuilderNode(platforms=("linux/amd64",)),))
    assert missing(NODE_A, driver="docker-container", wanted=wanted) == []


def test_the_arguments_say_all_of_a_node() -> None:
    builder = Builder(
        driver="docker-container",
        nodes=(BuilderNode(name="n", platforms=("linux/arm64",), endpoint="ssh://b"),),
        driver_options={"network": "host", "env.X": "a,b"},
        buildkitd_flags="--debug",
        buildkitd_config="/p/buildkitd.toml",
    )
    (node,) = wanted_nodes("ci", builder)
    assert create_argv("ci", builder, node, is_first=True) == [
        *("create", "--name", "ci", "--node", "n", "--driver", "docker-container"),
        *("--platform", "linux/arm64", "--driver-opt", "network=host"),
        *("--driver-opt", '"env.X=a,b"', "--buildkitd-flags", "--debug"),
        *("--config", "/p/buildkitd.toml", "ssh://b"),
    ]


def test_further_nodes_are_appended() -> None:
    node = wanted_nodes("farm", FARM)[1]
    assert create_argv("farm", FARM, node, is_first=False)[5:6] == ["--append"]


def test_tls_files_are_options_of_the_driver() -> None:
    tls = TlsFiles(ca="/ca", cert="/c", key="/k", server_name="b")
    builder = Builder(driver="remote", nodes=(BuilderNode(endpoint="tcp://b:1", tls=tls),))
    (node,) = wanted_nodes("farm", builder)
    assert node.options == {"cacert": "/ca", "cert": "/c", "key": "/k", "servername": "b"}


def test_a_tls_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    tls = TlsFiles(ca=str(tmp_path / "ca.pem"))
    builder = Builder(driver="remote", nodes=(BuilderNode(endpoint="tcp://b:1", tls=tls),))
    with pytest.raises(EngineUnavailable, match=r'builder "farm": the file .*ca\.pem can\'t be'):
        check_files("farm", builder)


def test_what_buildx_says_against_a_builder_is_told(
    tmp_path: Path, program: Callable[[str], str]
) -> None:
    buildx = program('import sys; sys.stderr.write("x\\nERROR: no such driver\\n"); sys.exit(1)')
    environ = {"BUILDX_CONFIG": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "HOME": "/root"}
    with pytest.raises(EngineUnavailable, match='builder "farm" can\'t be created: no such driver'):
        ensure_builder("farm", FARM, command=(buildx,), environ=environ)
