"""
What every backend is held to, on every engine that it claims to build with.

Each test runs once per row of ``TARGETS``. A feature that a target lacks is not skipped: the test
then asserts that the backend refuses it, with a remedy. Another backend joins by adding rows.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from stagebuild.backends.base import Backend, Cancel, Feature
from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.buildx.versions import NEEDS_CONTAINERD_STORE
from stagebuild.backends.sdk import SdkBackend
from stagebuild.errors import UnsupportedFeature
from stagebuild.model import Output
from stagebuild.planning.spec import BuildSpec
from stagebuild.progress.events import LogChunk, VertexUpdate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stagebuild.backends.base import SolveResponse
    from stagebuild.progress.events import Event

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A backend on an engine, and what it can't do there."""

    engine: str
    elsewhere: str
    lacks: frozenset[Feature] = frozenset()
    backend: Callable[[Mapping[str, str]], Backend] = lambda environ: BuildxBackend(environ=environ)


def _sdk(environ: Mapping[str, str]) -> Backend:
    return SdkBackend(environ=environ)


TARGETS = {
    "buildx-26.1": Target(engine="26.1", elsewhere="28.5", lacks=NEEDS_CONTAINERD_STORE),
    "buildx-26.1-containerd": Target(engine="26.1-containerd", elsewhere="28.5"),
    "buildx-28.5": Target(engine="28.5", elsewhere="26.1-containerd"),
    "buildx-28.5-graph": Target(
        engine="28.5-graph", elsewhere="28.5", lacks=NEEDS_CONTAINERD_STORE
    ),
    "sdk-26.1": Target(engine="26.1", elsewhere="28.5", lacks=NEEDS_CONTAINERD_STORE, backend=_sdk),
    "sdk-26.1-containerd": Target(engine="26.1-containerd", elsewhere="28.5", backend=_sdk),
    "sdk-28.5": Target(engine="28.5", elsewhere="26.1-containerd", backend=_sdk),
    "sdk-28.5-graph": Target(
        engine="28.5-graph", elsewhere="28.5", lacks=NEEDS_CONTAINERD_STORE, backend=_sdk
    ),
}


@dataclass(frozen=True, kw_only=True)
class Built:
    """A build that succeeded: the answer and everything that was told on the way."""

    response: SolveResponse
    events: list[Event]

    def cached(self, name: str) -> bool:
        """Whether the vertex whose name ends so came from the cache."""
        updates = [
            event
            for event in self.events
            if isinstance(event, VertexUpdate) and event.name.endswith(name)
        ]
        assert updates, f"no vertex {name!r}"
        return any(update.cached for update in updates)

    @property
    def log(self) -> str:
        """What the steps printed."""
        chunks = (event.data for event in self.events if isinstance(event, LogChunk))
        return b"".join(chunks).decode()


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A place to build in, with a folder, a registry and an engine of its own."""

    target: Target
    engine: Any
    folder: Path
    backend: Backend
    elsewhere: Backend
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def lacks(self, feature: Feature) -> bool:
        return feature in self.target.lacks

    def tag(self, tag: str = "1") -> str:
        """A reference in the registry that nothing else uses."""
        return f"{self.engine.registry}/contract/{self.nonce}:{tag}"

    def write(self, text: str) -> Path:
        path = self.folder / "Dockerfile"
        path.write_text(text.replace("NONCE", self.nonce))
        return path

    def spec(self, text: str, **fields: Any) -> BuildSpec:
        """A spec for a Dockerfile in the lab's folder; NONCE in it keeps caches apart."""
        path = self.write(text)
        decided = {
            "name": "contract",
            "root": self.folder,
            "context": str(self.folder),
            "dockerfile": str(path),
            "dockerfile_shown": "Dockerfile",
            "target": None,
        }
        return BuildSpec(**{**decided, **fields})

    def build(self, spec: BuildSpec, *, backend: Backend | None = None) -> Built:
        events: list[Event] = []
        response = (backend or self.backend).build(spec, events.append, Cancel())
        return Built(response=response, events=events)

    def exported(self, text: str, **fields: Any) -> dict[str, str]:
        """The files that a build exports, by path, as text."""
        dest = self.folder / f"exported-{uuid.uuid4().hex}"
        self.build(self.spec(text, outputs=(Output(type="local", dest=str(dest)),), **fields))
        return {
            str(path.relative_to(dest)): path.read_text()
            for path in dest.rglob("*")
            if path.is_file()
        }

    def refuses(self, spec: BuildSpec, feature: Feature) -> None:
        """Assert that the backend says what is missing and what to do."""
        with pytest.raises(UnsupportedFeature) as caught:
            self.build(spec)
        assert caught.value.feature == feature
        assert "containerd" in caught.value.remedy
        assert "docker-container" in caught.value.remedy

    def registry_manifest(self, reference: str) -> tuple[str, dict[str, Any]]:
        """Digest and content of what the registry has under a tag."""
        repository, _, tag = reference.removeprefix(f"{self.engine.registry}/").rpartition(":")
        url = f"http://{self.engine.registry}/v2/{repository}/manifests/{tag}"
        request = Request(url, headers={"Accept": ", ".join(MANIFEST_TYPES)})
        with urlopen(request) as answer:
            return answer.headers["Docker-Content-Digest"], json.loads(answer.read())

    def retag(self, source: str, tag: str) -> None:
        """Make a tag of the registry name what another one does, behind the engine's back."""
        registry = self.engine.registry
        repository, _, old = source.removeprefix(f"{registry}/").rpartition(":")
        url = f"http://{registry}/v2/{repository}/manifests"
        headers = {"Accept": ", ".join(MANIFEST_TYPES)}
        with urlopen(Request(f"{url}/{old}", headers=headers)) as answer:
            content, kind = answer.read(), answer.headers["Content-Type"]
        put = Request(f"{url}/{tag}", data=content, method="PUT", headers={"Content-Type": kind})
        urlopen(put).close()

    def docker(self, *argv: str) -> str:
        return str(self.engine.run("docker", *argv).stdout)


@pytest.fixture(params=TARGETS)
def lab(
    request: pytest.FixtureRequest,
    engines: Callable[[str], Any],
    tmp_path: Path,
) -> Lab:
    target = TARGETS[request.param]
    engine, elsewhere = engines(target.engine), engines(target.elsewhere)
    make = partial(_isolated, cache_home=str(tmp_path / "cache"))
    return Lab(
        target=target,
        engine=engine,
        folder=tmp_path,
        backend=target.backend(make(engine.env)),
        elsewhere=target.backend(make(elsewhere.env)),
    )


def _isolated(environ: Mapping[str, str], *, cache_home: str) -> dict[str, str]:
    """The engine's environment, with a cache folder of the test's own."""
    return {**os.environ, **environ, "XDG_CACHE_HOME": cache_home}
