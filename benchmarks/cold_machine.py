"""
The example's five environments on engines that have seen nothing, with the registry cache alone.

A fresh engine is started for every run, so neither side finds a layer that the other one fetched.
Both import the same caches, and make the same outputs of the same targets with the same arguments.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Row
from tests.conftest import Engine
from tests.faults.privateengine import private_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.peers import Peers

NAMES = ("dev", "lint", "test", "staging", "prod")
RUNS = 3
_EXAMPLE = Path(__file__).parent.parent / "examples" / "webapp"


def rows(peers: Peers) -> Iterator[Row]:
    """Yield a figure for each backend."""
    with tempfile.TemporaryDirectory(prefix="stagebuild-bench-") as place:
        shop = _Shop(Path(place), peers)
        shop.fill_the_cache()
        took_s: dict[str, list[float]] = {"sdk": [], "buildx": [], "bake": []}
        for _ in range(RUNS):
            for way, times in took_s.items():
                times.append(shop.seconds_on_a_cold_machine(way))
        peer_s = statistics.median(took_s["bake"])
        for backend in ("sdk", "buildx"):
            ours_s = statistics.median(took_s[backend])
            yield Row(
                name=f"the example's five environments, cold engine, registry cache, {backend}",
                unit="s",
                ours=ours_s,
                peer=peer_s,
                peer_name="docker buildx bake, which can't gate",
                target="ratio <= 1.0, every step cached",
                met=ours_s / peer_s <= 1 and not shop.ran,
                spread=(
                    *(min(took_s[backend]), max(took_s[backend])),
                    *(min(took_s["bake"]), max(took_s["bake"])),
                ),
                versions=peers.versions,
            )
        for step in sorted(shop.ran):
            print("ran anew:", step)


class _Shop:
    """
    A copy of the example whose cache is in the registry.

    Attributes:
        ran: The user's steps that ran anew on a cold engine.
    """

    def __init__(self, place: Path, peers: Peers) -> None:
        self.ran: set[str] = set()
        self._place = place
        self._peers = peers
        self._folder = place / "webapp"
        shutil.copytree(_EXAMPLE, self._folder)
        config = self._folder / "stagebuild.toml"
        repository = f"{peers.env['STAGEBUILD_REGISTRY']}/cold/{uuid.uuid4().hex}"
        text = config.read_text().replace("${REGISTRY}/shortlinks", repository)
        text += '[environments.cached]\ncache = "registry"\n'
        for name in ("dev", "test", "lint", "prod"):
            text = text.replace(
                f"[environments.{name}]\n", f'[environments.{name}]\ninherits = ["cached"]\n'
            )
        config.write_text(text)

    def fill_the_cache(self) -> None:
        """Build everything once where it may be exported, as CI does on the main branch."""
        self._run(self._argv("sdk", NAMES), {**self._peers.env, "CI": "true"})
        done = self._run([sys.executable, "-c", _SPECS, *NAMES], self._peers.env)
        (self._place / "bake.json").write_text(done.stdout)

    def seconds_on_a_cold_machine(self, way: str) -> float:
        """Return how long one run takes on an engine that is started for it."""
        with _cold_engine(self._peers, self._place) as environ:
            argv = ["docker", "buildx", "bake", "-f", str(self._place / "bake.json")]
            if way != "bake":
                argv = self._argv(way, NAMES)
            began_s = time.perf_counter()
            told = self._run(argv, environ).stderr
            took_s = time.perf_counter() - began_s
        if way != "bake":
            self.ran |= set(_ran(told))
        return took_s

    def _argv(self, backend: str, names: Sequence[str]) -> list[str]:
        argv = [sys.executable, "-m", "stagebuild", *names, "--json", "--backend", backend]
        return [*argv, "--jobs", str(len(names)), "--no-history", "--progress", "rawjson"]

    def _run(
        self, argv: Sequence[str], environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv,
            cwd=self._folder,
            env={**environ, "GITHUB_REF_NAME": "main"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{argv}: exit {done.returncode}\n{done.stderr}")
        return done


# What bake is to build, as the plan has it.
_SPECS = """
import json, sys
import stagebuild as sb
target = {}
for spec in sb.plan_builds(sb.load(), sys.argv[1:]).specs:
    outputs = [",".join([f"type={one.type}"] + ([f"dest={one.dest}"] if one.dest else []))
               for one in spec.outputs]
    target[spec.name] = {
        "target": spec.target,
        "args": dict(spec.build_args),
        "tags": list(spec.tags),
        "output": outputs or ["type=docker"],
        "cache-from": [
            ",".join([f"type={one.type}", *(f"{k}={v}" for k, v in one.attributes.items())])
            for one in spec.cache_from
        ],
        "attest": ["type=provenance,disabled=true"],
    }
print(json.dumps({"group": {"default": {"targets": list(target)}}, "target": target}))
"""


@contextmanager
def _cold_engine(peers: Peers, place: Path) -> Iterator[Mapping[str, str]]:
    shared = Engine(name="28.5", env=peers.env, registry=peers.env["STAGEBUILD_REGISTRY"])
    with (
        tempfile.TemporaryDirectory(dir=place) as folder,
        private_engine(shared, Path(folder)) as engine,
    ):
        yield engine.environ


def _ran(lines: str) -> Iterator[str]:
    """
    Yield the steps of the Dockerfile that started and were never found in the cache.

    A FROM is a layer to fetch; and a cached step starts again when its layer is fetched.

    Args:
        lines: What ``--progress rawjson`` prints.
    """
    cached: set[str] = set()
    started: dict[str, str] = {}
    for line in lines.splitlines():
        if not line.startswith('{"v":'):
            continue
        event = json.loads(line)
        if event["type"] != "vertex":
            continue
        if event["cached"]:
            cached.add(event["digest"])
        name = re.sub(r"^\[\S+ +", "[", event["name"])
        if event["started_s"] and re.match(r"\[\d+/\d+\] (?!FROM)", name):
            started[event["digest"]] = event["name"]
    yield from (name for digest, name in started.items() if digest not in cached)
