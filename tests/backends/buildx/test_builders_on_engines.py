"""Builders of two nodes: two engines behind two ports, each a BuildKit of its own."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import stagebuild as sb
from stagebuild.backends.buildx.builders import ensure_builder
from stagebuild.backends.buildx.discovery import buildx_command
from stagebuild.backends.selection import select_backend
from tests.backends.buildx.pumps import Pump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM busybox AS build
ARG TARGETARCH
RUN sleep SECONDS; echo $TARGETARCH NONCE > /arch
FROM scratch AS prod
COPY --from=build /arch /arch
"""


@pytest.fixture
def nodes(engines: Callable[[str], Any]) -> Iterator[tuple[Pump, Pump]]:
    """Two nodes that have nothing in common."""
    sockets = [
        engines(name).env["DOCKER_HOST"].removeprefix("unix://")
        for name in ("28.5", "26.1-containerd")
    ]
    with Pump(sockets[0]) as first, Pump(sockets[1]) as second:
        yield first, second


@pytest.fixture
def environ(engine: Any, tmp_path: Path) -> Mapping[str, str]:
    """A process environment whose buildx knows no builder yet."""
    return {
        **engine.env,
        "BUILDX_CONFIG": str(tmp_path / "buildx"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


@pytest.fixture
def project(nodes: tuple[Pump, Pump], engine: Any, tmp_path: Path) -> Callable[..., sb.Project]:
    """Makes a project of two platforms, each with a node of its own."""

    def make(*, sleep_s: float = 0.3, retries: int = 0) -> sb.Project:
        text = DOCKERFILE.replace("NONCE", uuid.uuid4().hex).replace("SECONDS", str(sleep_s))
        (tmp_path / "Dockerfile").write_text(text)
        prod = sb.Environment(
            platforms=("linux/amd64", "linux/arm64"), builder="farm", push=True, retries=retries
        )
        pairs = zip(nodes, prod.platforms or (), strict=True)
        farm = sb.Builder(
            driver="remote",
            nodes=tuple(
                sb.BuilderNode(endpoint=node.address, platforms=(platform,))
                for node, platform in pairs
            ),
        )
        return sb.Project(
            root=tmp_path,
            repository=f"{engine.registry}/two-nodes-{uuid.uuid4().hex[:8]}",
            environments={"prod": prod},
            builders={"farm": farm},
        )

    return make


def built(project: sb.Project, environ: Mapping[str, str], **options: Any) -> sb.BuildResult:
    """Build with buildx, retries and all."""
    plan = sb.plan_builds(project, ["prod"])
    backend = select_backend("buildx", environ=environ).backend
    return sb.execute(plan, backend=backend, **options)["prod"]


def test_a_defined_builder_is_made_and_builds_each_platform_on_its_node(
    project: Callable[..., sb.Project], environ: Mapping[str, str], engine: Any
) -> None:
    result = built(project(sleep_s=1), environ)

    platforms = {"linux/amd64", "linux/arm64"}
    assert set(result.platform_digests) == platforms
    index = engine.run("docker", "buildx", "imagetools", "inspect", "--raw", result.reference)
    assert {
        f"{each['platform']['os']}/{each['platform']['architecture']}"
        for each in json.loads(index.stdout)["manifests"]
    } == platforms
    built_for = {
        str(stage.built_for or stage.platform)
        for stage in result.timeline.stages
        if stage.name == "build" and stage.work_s >= 1
    }
    assert built_for == platforms


def test_a_builder_that_is_there_is_used_again(
    project: Callable[..., sb.Project], environ: Mapping[str, str], tmp_path: Path
) -> None:
    made = project()
    first = built(made, environ)
    known = tmp_path / "buildx" / "instances" / "farm"
    before = known.read_text()
    again = built(made, environ)
    assert known.read_text() == before
    assert again.digest == first.digest


def test_sixteen_builds_at_once_make_one_builder(
    nodes: tuple[Pump, Pump], environ: Mapping[str, str], tmp_path: Path
) -> None:
    definition = sb.Builder(
        driver="remote", nodes=tuple(sb.BuilderNode(endpoint=node.address) for node in nodes)
    )
    command = buildx_command("docker", environ)
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda _: ensure_builder("farm", definition, command=command, environ=environ),
                range(16),
            )
        )
    known = json.loads((tmp_path / "buildx" / "instances" / "farm").read_text())
    assert [node["Endpoint"] for node in known["Nodes"]] == [node.address for node in nodes]


def test_a_builder_of_another_project_is_left_as_it_is(
    project: Callable[..., sb.Project], environ: Mapping[str, str]
) -> None:
    argv = ["docker", "buildx", "create", "--name", "farm", "--driver", "remote", "tcp://x:1"]
    subprocess.run(argv, env=dict(environ), check=True, capture_output=True)
    with pytest.raises(sb.EngineUnavailable, match='builder "farm" that is not the project\'s'):
        built(project(), environ)


@pytest.mark.parametrize("lost", [0, 1])
def test_a_node_that_is_lost_in_mid_build_ends_it_with_an_error(
    project: Callable[..., sb.Project],
    nodes: tuple[Pump, Pump],
    environ: Mapping[str, str],
    lost: int,
) -> None:
    def lose(event: sb.RunEvent) -> None:
        if "RUN sleep" in str(event):
            nodes[lost].lose()

    began_s = time.monotonic()
    with pytest.raises(sb.BuildFailed, match="went away"):
        built(project(sleep_s=30), environ, on_event=lose)
    assert time.monotonic() - began_s < 25
