"""
What is exported to bake has the digests that stagebuild builds: the example, and 20 configurations.

Both build from the engine's cache, so the second one runs nothing: a digest is another one as soon
as a step, an argument, a label or a platform is.
"""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.config import load
from stagebuild.planning import buildable_names, plan_builds
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.planning.spec import BuildSpec
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "webapp"

DOCKERFILE = """\
ARG BASE=busybox
FROM ${BASE} AS base
ARG LEVEL=none
LABEL level=$LEVEL project=@name@
COPY message /
FROM base AS run
ARG LEVEL
RUN echo "$LEVEL" > /level
FROM run AS mounted
RUN --mount=type=secret,id=pip --mount=type=secret,id=netrc cat /run/secrets/* | md5sum > /sum
FROM base AS contexts
COPY --from=other note /
FROM base AS unchanging
ENV LEVEL=$LEVEL
FROM scratch AS files
COPY --from=base /message /
"""

# One thing each that changes what is built, or how.
CONFIGURATIONS: dict[str, str] = {
    "base": 'target = "base"',
    "number": 'target = "run"\nbuild-args = { LEVEL = 3 }',
    "decimal": 'target = "run"\nbuild-args = { LEVEL = 3.10 }',
    "signs": """target = "run"\nbuild-args = { LEVEL = '$${a} %{b} "c", d' }""",
    "argued": 'target = "base"\nbuild-args = { BASE = "busybox:latest" }',
    "labels": 'target = "run"\nlabels."org.example/a.b" = "one two"\nlabels.c = ""\n'
    'labels.d = "x=y,z"',
    "annotated": 'target = "base"\nannotations = { "manifest:a" = "1", b = "2=3" }',
    "indexed": 'target = "files"\nplatforms = ["linux/amd64", "linux/arm64"]\n'
    'annotations = { "index:a" = "1" }',
    "foreign": 'target = "files"\nplatforms = ["linux/arm64/v8"]',
    "tagged": 'target = "base"\ntags = ["a.example/@name@:1", "@name@:2"]',
    "secrets": 'target = "mounted"\nsecrets.pip = { env = "PIP" }\n'
    'secrets.netrc = { file = "netrc" }',
    "contexts": 'target = "contexts"\ncontexts = { other = "other" }',
    "replaced": 'target = "base"\ncontexts = { busybox = "docker-image://python:3.11-slim" }',
    "bare": 'target = "files"',
    "isolated": 'target = "run"\nnetwork = "none"\nbuild-args = { LEVEL = "none" }',
    "hosted": 'target = "run"\nextra-hosts = { "db.test" = "10.0.0.5" }',
    "limited": 'target = "run"\nulimits = { nofile = 1024, nproc = "512:1024" }\nshm-size = "64m"',
    "elsewhere": 'target = "base"\ncontext = "other"\ndockerfile = "sub/Dockerfile"',
    # In a folder of its own: what it makes anew is what others would find in the cache.
    "fresh": 'target = "unchanging"\ncontext = "fresh"\nno-cache = true\npull = true\n'
    'build-args = { SOURCE_DATE_EPOCH = "1000000000" }',
    "filtered": 'target = "unchanging"\nno-cache-filter = ["unchanging"]',
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = uuid.uuid4().hex
    (tmp_path / "other" / "sub").mkdir(parents=True)
    (tmp_path / "fresh").mkdir()
    for path in ("Dockerfile", "other/sub/Dockerfile", "fresh/Dockerfile"):
        (tmp_path / path).write_text(DOCKERFILE.replace("@name@", name))
    for path in ("message", "other/message", "other/note", "fresh/message", "netrc"):
        (tmp_path / path).write_text(f"{path}\n")
    # Bake fails now and then where two targets are one image: the engine names it twice.
    tables = (
        f'[environments.{key}]\n{text}\nlabels.configuration = "{key}"\n'
        for key, text in CONFIGURATIONS.items()
    )
    (tmp_path / "stagebuild.toml").write_text("".join(tables).replace("@name@", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP", "x")
    return tmp_path


def digests(
    folder: Path, names: Sequence[str], engine: Engine, said: pytest.CaptureFixture[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what stagebuild builds, and what bake does of the exported file."""
    environ = {**engine.env, "PIP": "x"}
    # One by one, so that there is one result of each step: its time is part of a digest.
    assert main([*names, "--json", "--jobs", "1"], environ=environ) == 0
    results: Mapping[str, Mapping[str, str]] = json.loads(said.readouterr().out)["results"]
    assert main(["export", "bake"], environ=environ) == 0
    (folder / "docker-bake.json").write_text(said.readouterr().out)
    bake = ["docker", "buildx", "bake", "-f", "docker-bake.json", "--allow=fs=*"]
    engine.run(*bake, "--metadata-file", "metadata.json", *names, cwd=folder, timeout=300)
    baked = json.loads((folder / "metadata.json").read_text())
    return (
        {name: results[name]["digest"] for name in names},
        {name: baked[name]["containerimage.digest"] for name in names},
    )


def specs(folder: Path) -> dict[str, BuildSpec]:
    project = load(str(folder / "stagebuild.toml"))
    return {
        spec.name: replaced(spec, dockerfile_shown="", graph=None, graph_for=None)
        for spec in plan_builds(project, buildable_names(project)).specs
    }


def test_twenty_configurations_have_the_same_digests_and_come_back(
    shop: Path, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(CONFIGURATIONS) == 20
    ours, theirs = digests(shop, list(CONFIGURATIONS), engine, capfd)
    assert theirs == ours
    assert len(set(ours.values())) == 20
    before = specs(shop)
    assert main(["import", "docker-bake.json"], environ={**engine.env, "PIP": "x"}) == 0
    text, warnings = capfd.readouterr()
    (shop / "stagebuild.toml").write_text(text)
    assert specs(shop) == before
    assert warnings == ""


def test_the_example_has_the_same_digests(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "webapp"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*", "reports"))
    monkeypatch.chdir(folder)
    ours, theirs = digests(folder, ["dev", "prod", "staging"], engine, capfd)
    assert theirs == ours
    assert len(set(ours.values())) == 3
