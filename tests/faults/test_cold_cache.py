"""An engine that has seen nothing, and a registry cache: nothing that did not change is rebuilt."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("dev", "lint", "test", "staging", "prod")
DOCKERFILE = """\
FROM busybox AS base
RUN echo NONCE && head -c 200000 /dev/zero | tr '\\0' 'a' > /installed
COPY source /source
FROM base AS dev
RUN cat /source /installed > /dev-tools
FROM base AS lint
RUN grep -q . /source && echo clean > /linted
FROM base AS test
RUN cp /source /tested && sleep 0.5
FROM base AS staging
RUN cp /source /staged && head -c 100000 /installed > /assets
FROM base AS prod
RUN cp /source /shipped && head -c 150000 /installed > /assets
CMD ["cat", "/shipped"]
"""


class Shop:
    """A project of five environments, whose cache is in the registry."""

    def __init__(self, folder: Path, registry: str) -> None:
        self.folder = folder
        self.repository = f"{registry}/cold/{uuid.uuid4().hex}"
        (folder / "Dockerfile").write_text(DOCKERFILE.replace("NONCE", uuid.uuid4().hex))
        (folder / "source").write_text(uuid.uuid4().hex)
        text = f'[project]\nrepository = "{self.repository}"\n[environments.base]\n'
        text += 'cache = "registry"\noutput = { type = "cacheonly" }\n'
        for name in ENVIRONMENTS:
            text += f'[environments.{name}]\ninherits = ["base"]\ntarget = "{name}"\n'
        (folder / "stagebuild.toml").write_text(text)

    def environ(self, engine: Engine, **changes: str) -> dict[str, str]:
        return {
            **engine.env,
            "PYTHONPATH": str(ROOT),
            "STAGEBUILD_HISTORY": "0",
            "GITHUB_REF_NAME": "main",
            **changes,
        }

    def build(self, engine: Engine, *words: str, **changes: str) -> dict[str, Any]:
        argv = [sys.executable, "-m", "stagebuild", *ENVIRONMENTS, "--json", *words]
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environ(engine, **changes),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        results: dict[str, Any] = json.loads(done.stdout)["results"]
        return results

    def bake(self, engine: Engine) -> None:
        """Build the same with the same cache imports by ``docker buildx bake``."""
        targets = {
            name: {
                "target": name,
                "cache-from": [f"type=registry,ref={self.repository}:cache-{name}-main"],
                "output": ["type=cacheonly"],
                "attest": ["type=provenance,disabled=true"],
            }
            for name in ENVIRONMENTS
        }
        document = {"group": {"default": {"targets": list(targets)}}, "target": targets}
        (self.folder / "bake.json").write_text(json.dumps(document))
        subprocess.run(
            ["docker", "buildx", "bake", "-f", "bake.json"],
            cwd=self.folder,
            env=self.environ(engine),
            capture_output=True,
            check=True,
        )


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, engine.registry)
    shop.build(engine, CI="true")
    return shop


def test_a_cold_engine_with_the_registry_cache_runs_no_step_anew(
    shop: Shop, engines: Callable[[str], Engine]
) -> None:
    results = shop.build(engines("26.1-containerd"))
    ran = [
        step["name"]
        for result in results.values()
        for stage in result["timeline"]["stages"]
        for step in stage["step_timings"]
        if not step["cached"] and "FROM" not in step["command"]
    ]
    assert ran == []
    imports = [use for result in results.values() for use in result["caches"]]
    assert {use["outcome"] for use in imports} == {"used", "empty"}, "main is there, master is not"


def test_a_change_rebuilds_what_depends_on_it_alone(
    shop: Shop, engines: Callable[[str], Engine]
) -> None:
    (shop.folder / "source").write_text("changed")
    results = shop.build(engines("26.1-containerd"))
    # The five share the base stage: one of them runs a step, the others find it done.
    ran = {
        step["command"].partition(" ")[0] + " " + stage["name"]
        for result in results.values()
        for stage in result["timeline"]["stages"]
        for step in stage["step_timings"]
        if not step["cached"]
    }
    assert {"COPY base", "RUN prod", "RUN dev"} <= ran
    # Fetching a cached layer counts as running, too; but only a step that runs prints.
    printed = [
        step["log_bytes"]
        for result in results.values()
        for stage in result["timeline"]["stages"]
        for step in stage["step_timings"]
        if stage["name"] == "base" and step["command"].startswith("RUN")
    ]
    assert set(printed) == {0}, "what is before the change comes from the cache"


if __name__ == "__main__":
    # The measurement of docs/explanation/reliability.md: alternating, each with a cache of its own.
    import os
    import tempfile

    from tests.conftest import engine_named

    warm, cold = engine_named("28.5"), engine_named("26.1-containerd")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(int(os.environ.get("RUNS", "5"))):
        for times in (ours, theirs):
            with tempfile.TemporaryDirectory() as place:
                made = Shop(Path(place), warm.registry)
                made.build(warm, CI="true")
                began_s = time.monotonic()
                if times is ours:
                    made.build(cold, *sys.argv[1:])
                else:
                    made.bake(cold)
                times.append(time.monotonic() - began_s)
    one, other = statistics.median(ours), statistics.median(theirs)
    print(f"stagebuild {one:.2f} s, bake {other:.2f} s, ratio {one / other:.2f}")
    print([round(value, 2) for value in ours], [round(value, 2) for value in theirs])
