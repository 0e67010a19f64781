"""To bake and back: the same specs, and digests that buildx's own bake builds, too."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from stagebuild.cli import main
from stagebuild.config import load
from stagebuild.planning import buildable_names, plan_builds
from stagebuild.values import replaced

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.planning.spec import BuildSpec
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM busybox AS base
ARG LEVEL
LABEL project=@name@
RUN echo "$LEVEL" > /level
FROM base AS prod
ENV LEVEL=$LEVEL
"""

CONFIGURATIONS = """\
[environments.base]
target = "base"
[environments.args]
[environments.args.build-args]
LEVEL = "info"
N = 3
F = 3.10
T = true
DOLLAR = "a$${b} %{c} $$d"
Q = 'a "b", c'
[environments.labels]
labels = { "org.example/a.b" = "one two", c = "" , d = "x=y,z" }
[environments.annotated]
annotations = { "manifest:a" = "1", b = "2=3" }
[environments.tagged]
tags = ["localhost:5000/a:1", "b:2"]
[environments.two-platforms]
platforms = ["linux/amd64", "linux/arm64/v8"]
[environments.caches]
cache-from = ["type=registry,ref=a/b:cache", { type = "gha", scope = "x" }]
cache-to = { type = "registry", ref = "a/b:cache", mode = "max" }
[environments.secret]
secrets = { pip = { env = "PIP" }, netrc = { file = "netrc" } }
[environments.agents]
ssh = { default = ["key"], deploy = ["key"] }
[environments.reports]
output = { type = "local", dest = "reports" }
[environments.several]
output = ["type=tar,dest=a.tar", "type=oci,dest=b.tar,compression=zstd"]
[environments.nowhere]
output = { type = "cacheonly" }
[environments.pushed]
tags = ["localhost:5000/a:1"]
push = true
[environments.loaded]
load = true
[environments.proven]
attestations = { provenance = "max", sbom = true }
[environments.networked]
network = "none"
extra-hosts = { "db.test" = "10.0.0.5" }
[environments.limits]
ulimits = { nofile = 1024, nproc = "512:1024" }
shm-size = "64m"
[environments.contexts]
contexts = { other = "other", alpine = "docker-image://busybox" }
[environments.based]
contexts = { busybox = "image:@labels" }
[environments.fresh]
no-cache = true
pull = true
[environments.filtered]
no-cache-filter = ["base"]
[environments.elsewhere]
context = "other"
dockerfile = "sub/Dockerfile"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.replace("@name@", uuid.uuid4().hex))
    (tmp_path / "other" / "sub").mkdir(parents=True)
    (tmp_path / "other" / "sub" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "netrc").write_text("x\n")
    # buildx reads the key even to print.
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(keygen, check=True)
    text = CONFIGURATIONS
    for line in CONFIGURATIONS.splitlines():
        if re.fullmatch(r"\[environments\.(?!base)[a-z-]+\]", line):
            text = text.replace(f"{line}\n", f'{line}\ntarget = "prod"\n')
    (tmp_path / "stagebuild.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP", "x")
    return tmp_path


def specs(path: Path) -> dict[str, BuildSpec]:
    loaded = load(str(path))
    return {
        spec.name: replaced(spec, dockerfile_shown="", graph=None, graph_for=None)
        for spec in plan_builds(loaded, buildable_names(loaded)).specs
    }


def test_to_bake_and_back_gives_the_same_specs(
    engine: Engine, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {**engine.env, "PIP": "x"}
    assert main(["export", "bake"], environ=environ) == 0
    bake = project / "docker-bake.json"
    bake.write_text(capsys.readouterr().out)
    assert main(["import", "docker-bake.json"], environ=environ) == 0
    out, err = capsys.readouterr()
    before = specs(project)
    (project / "stagebuild.toml").write_text(out)
    after = specs(project)
    assert after.keys() == before.keys()
    assert [name for name, spec in before.items() if after[name] != spec] == [], out
    assert err == ""


def test_bake_builds_the_digests_that_stagebuild_builds(
    engine: Engine, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    environ = {**engine.env, "STAGEBUILD_HISTORY": "0"}
    names = ["args", "labels", "base", "annotated"]
    assert main([*names, "--json"], environ=environ) == 0
    results = json.loads(capfd.readouterr().out)["results"]
    assert main(["export", "bake", *names], environ=environ) == 0
    (project / "docker-bake.json").write_text(capfd.readouterr().out)
    engine.run(
        *("docker", "buildx", "bake", "-f", "docker-bake.json", "--metadata-file", "metadata.json"),
        "--allow=fs=*",
        cwd=project,
    )
    baked = json.loads((project / "metadata.json").read_text())
    for name in names:
        assert baked[name]["containerimage.digest"] == results[name]["digest"]
