"""Every form of a vertex' name, and that no text breaks the reader."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.model import Platform
from stagebuild.progress.vertexnames import VertexName, parse_vertex_name

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")

STEPS = {
    "[builder 2/5] RUN make": VertexName(
        kind="step", stage="builder", index=2, total=5, command="RUN make"
    ),
    "[1/3] FROM docker.io/library/busybox@sha256:12": VertexName(
        kind="step", index=1, total=3, command="FROM docker.io/library/busybox@sha256:12"
    ),
    "[ 1/17] FROM busybox": VertexName(kind="step", index=1, total=17, command="FROM busybox"),
    "[web.v1-x_y  3/12] COPY . .": VertexName(
        kind="step", stage="web.v1-x_y", index=3, total=12, command="COPY . ."
    ),
    "[stage-2 1/1] FROM scratchy": VertexName(
        kind="step", stage="stage-2", index=1, total=1, command="FROM scratchy"
    ),
    "[linux/amd64 2/3] RUN [ 1/2] x": VertexName(
        kind="step", platform=AMD64, index=2, total=3, command="RUN [ 1/2] x"
    ),
    "[linux/arm/v7 base  2/13] RUN true": VertexName(
        kind="step",
        stage="base",
        platform=Platform("linux", "arm", "v7"),
        index=2,
        total=13,
        command="RUN true",
    ),
    "[linux/amd64->arm64 builder 2/3] RUN go build": VertexName(
        kind="step",
        stage="builder",
        platform=AMD64,
        built_for=ARM64,
        index=2,
        total=3,
        command="RUN go build",
    ),
    "[linux/amd64->arm/v6 2/3] RUN cc": VertexName(
        kind="step",
        platform=AMD64,
        built_for=Platform("linux", "arm", "v6"),
        index=2,
        total=3,
        command="RUN cc",
    ),
    "[linux/amd64->windows(10.0.17763)/amd64 b 1/2] RUN cc": VertexName(
        kind="step",
        stage="b",
        platform=AMD64,
        built_for=Platform("windows", "amd64"),
        index=1,
        total=2,
        command="RUN cc",
    ),
    "[api builder 2/5] RUN make": VertexName(
        kind="step", target="api", stage="builder", index=2, total=5, command="RUN make"
    ),
    "[api linux/arm64 builder 2/5] RUN make": VertexName(
        kind="step",
        target="api",
        platform=ARM64,
        stage="builder",
        index=2,
        total=5,
        command="RUN make",
    ),
    "[builder 4/5] RUN <<EOF (a...)\nb\nEOF": VertexName(
        kind="step", stage="builder", index=4, total=5, command="RUN <<EOF (a...)\nb\nEOF"
    ),
}

OTHERS = {
    "[internal] load build definition from Dockerfile": "definition",
    "[internal] load .dockerignore": "definition",
    "[internal] load metadata for docker.io/library/busybox:latest": "metadata",
    "[linux/amd64 internal] load metadata for docker.io/library/busybox:latest": "metadata",
    "[internal] load build context": "context",
    "[internal] load git source https://example.com/x.git": "context",
    "[internal] load remote build context": "context",
    "[internal] preparing inline document": "other",
    "[internal] setting cache mount permissions": "other",
    "[internal] booting buildkit": "other",
    "[api internal] load build context": "context",
    "[auth] library/busybox:pull token for registry-1.docker.io": "auth",
    "[auth] sharing credentials for localhost:5000": "auth",
    "[context base] load from client": "context",
    "[context python:3.11-slim] docker.io/library/python:3.11-slim@sha256:12": "context",
    "[context base] load metadata for docker.io/library/busybox:latest": "metadata",
    "[context base::linux/amd64] OCI load from client": "context",
    "FROM docker.io/library/busybox:latest": "image",
    "docker-image://docker.io/docker/dockerfile:1@sha256:12": "image",
    "resolve image config for docker-image://docker.io/docker/dockerfile:1": "metadata",
    "importing cache manifest from localhost:5000/cache:x": "cache import",
    "exporting cache to registry": "cache export",
    "exporting cache to client directory": "cache export",
    "exporting to GitHub Actions Cache": "cache export",
    "exporting to image": "export",
    "exporting to client directory": "export",
    "exporting to docker image format": "export",
    "importing to docker": "export",
    "[api] exporting to image": "export",
    "pushing localhost:5000/x:latest with docker": "push",
    "merging manifest list localhost:5000/x:latest": "push",
    "resolving provenance for metadata file": "attestation",
    "[linux/amd64] generating sbom using docker.io/docker/scout-sbom-indexer:1": "attestation",
    "[prod] generating sbom using docker.io/docker/scout-sbom-indexer:1": "attestation",
    "Verifying build result": "other",
    "[what is this] thing": "other",
    "[]": "other",
    "": "other",
}


@pytest.mark.parametrize("name", STEPS)
def test_a_steps_name_is_taken_apart(name: str) -> None:
    assert parse_vertex_name(name) == STEPS[name]


@pytest.mark.parametrize("name", OTHERS)
def test_a_vertex_outside_of_stages_has_its_kind(name: str) -> None:
    assert parse_vertex_name(name).kind == OTHERS[name]


def test_a_named_context_is_named() -> None:
    assert parse_vertex_name("[context python:3.11-slim] load from client").context == (
        "python:3.11-slim"
    )


def test_a_scan_belongs_to_its_stage() -> None:
    assert parse_vertex_name("[prod] generating sbom using x").stage == "prod"


def test_the_target_of_an_only_stage_is_told_from_a_stage_by_the_targets() -> None:
    name = "[api 2/3] RUN make"

    assert parse_vertex_name(name).stage == "api"
    told = parse_vertex_name(name, targets=frozenset({"api", "web"}))
    assert (told.target, told.stage, told.index) == ("api", None, 2)


platforms = st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"])
commands = st.text().filter(lambda text: "\n" not in text[:1])


@given(
    stage=st.none() | st.from_regex(r"[a-z][a-z0-9_.-]*", fullmatch=True),
    platform=st.none() | platforms,
    built_for=st.none() | st.sampled_from(["arm64", "arm/v7", "386", "s390x"]),
    total=st.integers(1, 200),
    data=st.data(),
    command=commands,
)
def test_every_prefix_that_buildkit_writes_is_read_back(
    *,
    stage: str | None,
    platform: str | None,
    built_for: str | None,
    total: int,
    data: st.DataObject,
    command: str,
) -> None:
    index = data.draw(st.integers(1, total))
    arrow = f"->{built_for}" if platform and built_for else ""
    words = [f"{platform}{arrow}"] if platform else []
    words += [stage] if stage else []
    width = int(1 + math.log10(total))
    words.append(f"{index:{width}}/{total}")

    read = parse_vertex_name(f"[{' '.join(words)}] {command}")

    assert (read.kind, read.stage, read.index, read.total) == ("step", stage, index, total)
    assert read.command == command
    assert read.platform == (None if platform is None else Platform.parse(platform))
    assert (read.built_for is None) == (not arrow)


@given(st.text() | st.from_regex(r"\[[a-z0-9/ >().-]*\] [a-zA-Z ]*", fullmatch=True))
def test_no_name_breaks_the_reader(name: str) -> None:
    parse_vertex_name(name)
