"""Real engines, side by side: what Dockerfiles of the real world need works, and nothing stays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
LOCK = {
    "name": "app",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"isarray": "2.0.5"}},
        "node_modules/isarray": {
            "version": "2.0.5",
            "integrity": "sha512-xHjhDr3cNBK0BzdUJSPXZntQUx/mwMS5Rw4A7lPJ90XGAO6ISP/ePDNuo0vhqOZU+"
            "UD5JoodwCAAoZQd3FeAKw==",
        },
    },
}


def tool(checkout: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """Carry out a verb of the tool in a checkout; return what it printed."""
    done = subprocess.run(
        [sys.executable, str(checkout / "tools/engine"), *words],
        check=False,
        text=True,
        capture_output=True,
        env=dict(env or os.environ),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def status(checkout: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(tool(checkout, "status", "--json"))
    return value


def build(engine: Engine, folder: Path, dockerfile: str, *options: str) -> str:
    """Build without a cache; return the log."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    return engine.run(
        "docker", "build", "--no-cache", "--progress=plain", *options, str(folder)
    ).stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A second checkout on this machine, with the first one's downloads."""

    path: Path

    def docker(self, *words: str) -> str:
        exports: dict[str, str] = json.loads(tool(self.path, "env", "28.5", "--json"))
        return subprocess.run(
            ["docker", *words],
            check=True,
            text=True,
            capture_output=True,
            env={**os.environ, **exports},
        ).stdout.strip()


@pytest.fixture
def second(engine: Engine, tmp_path: Path) -> Iterator[Checkout]:
    assert engine.name == "28.5"  # so that the downloads are there
    ours, theirs = ROOT / ".engine", tmp_path / ".engine"
    shutil.copytree(ROOT / "tools/engine", tmp_path / "tools/engine")
    for folder, copy in (("toolboxes", os.link), ("apt", os.link), ("data/registry", shutil.copy2)):
        shutil.copytree(ours / folder, theirs / folder, copy_function=copy, symlinks=True)
    shutil.copy2(ours / "images.json", theirs)
    yield Checkout(path=tmp_path)
    tool(tmp_path, "clean")


def traces(key: str) -> list[str]:
    """Return what an engine of a checkout leaves in processes, networks, mounts and groups."""
    commands = [path.read_bytes().replace(b"\0", b" ").decode() for path in command_lines()]
    return [
        *(command for command in commands if f"/run/stagebuild/{key}" in command),
        *(path.name for path in Path("/sys/class/net").iterdir() if f"sb{key}" in path.name),
        *(line for line in Path("/proc/self/mountinfo").read_text().splitlines() if key in line),
        *(str(path) for path in Path("/sys/fs/cgroup").rglob(f"stagebuild-{key}-*")),
    ]


def command_lines() -> Iterator[Path]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            path.read_bytes()
        except OSError:
            continue
        yield path


def test_a_second_up_takes_seconds_and_starts_nothing(engine: Engine) -> None:
    before = status(ROOT)["engines"][engine.name]["pid"]
    began = time.monotonic()
    tool(ROOT, "up", engine.name)
    took_s = time.monotonic() - began
    print(f"second up: {took_s:.1f} s")
    assert took_s < 20
    assert status(ROOT)["engines"][engine.name]["pid"] == before


def test_engines_of_all_suites_build_at_once(
    engines: Callable[[str], Engine], tmp_path: Path
) -> None:
    names = ("20.10", "26.1", "28.5")
    dockerfile = "FROM python:3.11-slim\nRUN pip install --quiet six && python -c 'import six'\n"

    def build_on(name: str) -> str:
        return build(engines(name), tmp_path / name, dockerfile)

    for name in names:
        engines(name)
    with ThreadPoolExecutor() as pool:
        assert len(list(pool.map(build_on, names))) == len(names)


def test_python_installs_where_the_usual_image_does_and_compiles(
    engine: Engine, tmp_path: Path
) -> None:
    log = build(
        engine,
        tmp_path,
        "FROM python:3.11-slim AS build\n"
        "RUN pip install --quiet flask && python -m venv /venv && /venv/bin/pip --version\n"
        "RUN apt-get update -qq && apt-get check"
        " && apt-get install -qq --no-install-recommends gcc libc6-dev"
        " && pip install --quiet --no-binary :all: markupsafe"
        " && python -c 'import markupsafe._speedups'"
        " && dpkg --audit && echo consistent\n"
        "FROM python:3.11-slim\n"
        "COPY --from=build /usr/local/lib/python3.11/site-packages"
        " /usr/local/lib/python3.11/site-packages\n"
        "COPY --from=build /usr/local/bin /usr/local/bin\n"
        "RUN flask --version\n",
    )
    assert "Flask" in log
    assert "consistent" in log


def test_every_module_of_python_loads(engine: Engine) -> None:
    modules = "ssl, sqlite3, ctypes, readline, curses, lzma, bz2, uuid, hashlib, zlib, dbm.ndbm"
    code = f"import {modules}, distutils, venv, ensurepip, sys; print(sys.version)"
    said = engine.run("docker", "run", "--rm", "python:3.11-slim", "python", "-c", code).stdout
    assert said.startswith("3.11.")


def test_npm_ci_works_and_the_usual_user_is_there(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text(json.dumps(LOCK))
    (tmp_path / "package.json").write_text(json.dumps(LOCK["packages"][""]))  # type: ignore[index]
    log = build(
        engine,
        tmp_path,
        "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
        "RUN npm ci\nUSER node\n"
        'RUN node -e \'console.log("array", require("isarray")([]))\' && whoami && corepack -v\n',
    )
    assert "array true" in log
    assert " node\n" in log


def test_a_certificate_update_in_a_build_keeps_the_machines_certificates(
    engine: Engine, tmp_path: Path
) -> None:
    log = build(
        engine,
        tmp_path,
        "FROM debian:bookworm-slim\n"
        "RUN before=$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)"
        " && apt-get update -qq && apt-get install -qq ca-certificates"
        " && after=$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)"
        ' && test "$after" -ge "$before" && echo trusted\n',
    )
    assert " trusted\n" in log


def test_busybox_is_there_for_three_processors_and_i386_runs_as_it_is(
    engine: Engine, tmp_path: Path
) -> None:
    shown = engine.run(
        "docker", "buildx", "imagetools", "inspect", "--raw", f"{engine.registry}/library/busybox"
    ).stdout
    platforms = [one["platform"]["architecture"] for one in json.loads(shown)["manifests"]]
    assert platforms == ["amd64", "386", "arm64"]
    dockerfile = "FROM busybox\nRUN head -c 5 /bin/busybox | tail -c 1 | od -An -tu1\n"
    log = build(engine, tmp_path, dockerfile, "--platform=linux/amd64,linux/386")
    assert "[linux/386 2/2]" in log
    assert " 001\n" in log or "   1\n" in log  # EI_CLASS: 32 bits


def test_a_published_port_is_reached_from_the_machine(engine: Engine) -> None:
    container = engine.run(
        "docker", "run", "--detach", "--publish", "127.0.0.1::8000", "python:3.11-slim",
        "python", "-m", "http.server", "8000",
    ).stdout.strip()  # fmt: skip
    try:
        address = engine.run("docker", "port", container, "8000/tcp").stdout.strip()
        assert answered(f"http://{address}/") == 200
    finally:
        engine.run("docker", "rm", "--force", container)


def answered(url: str, *, patience_s: float = 15.0) -> int:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_two_checkouts_do_not_meet_and_a_down_leaves_nothing(
    engine: Engine, second: Checkout
) -> None:
    tool(second.path, "up", "28.5")
    first, other = status(ROOT), status(second.path)
    assert first["registry"] != other["registry"]
    assert first["engines"]["28.5"]["block"] != other["engines"]["28.5"]["block"]
    second.docker("network", "create", "more")
    second.docker("run", "--detach", "--network=more", "--init", "busybox", "sleep", "600")
    key = Path(other["engines"]["28.5"]["host"]).parts[-3]
    assert traces(key)

    tool(second.path, "down")

    assert traces(key) == []
    assert engine.run("docker", "run", "--rm", "busybox", "echo", "alive").stdout == "alive\n"


def test_an_engine_that_was_killed_starts_again_and_what_it_ran_is_ended(second: Checkout) -> None:
    tool(second.path, "up", "28.5")
    second.docker("run", "--detach", "busybox", "sleep", "600")
    before = status(second.path)["engines"]["28.5"]
    os.kill(before["pid"], signal.SIGKILL)

    tool(second.path, "up", "28.5")

    assert second.docker("run", "--rm", "busybox", "echo", "alive") == "alive"
    assert second.docker("ps", "--quiet") == ""
    tool(second.path, "down")
    assert traces(Path(before["host"]).parts[-3]) == []


def test_with_a_docker_of_the_machines_own_only_a_registry_is_started(
    engine: Engine, tmp_path: Path
) -> None:
    *_, program = (ROOT / ".engine/toolboxes").glob("*-support-*/usr/bin/docker-registry")
    shutil.copy2(program, tmp_path)
    build(
        engine,
        tmp_path,
        "FROM debian:bookworm-slim\n"
        "COPY docker-registry /usr/bin/\n"
        "RUN printf 'version: 0.1\\nstorage: {filesystem: {rootdirectory: /data}}\\n"
        'http: {addr: ":5000"}\\n\' > /config.yml\n'
        'CMD ["docker-registry", "serve", "/config.yml"]\n',
        "--tag=registry:2",
    )
    shutil.copytree(ROOT / "tools/engine", tmp_path / "tools/engine")
    socket = tmp_path / "own.sock"  # an engine that is not one of ours, as far as can be seen
    socket.symlink_to(engine.env["DOCKER_HOST"].removeprefix("unix://"))
    env = {**engine.env, "DOCKER_HOST": f"unix://{socket}"}
    try:
        assert json.loads(tool(tmp_path, "find", "--json", env=env))["kind"] == "own"
        tool(tmp_path, "up", "--if-needed", env=env)
        exports = json.loads(tool(tmp_path, "env", "--if-needed", "--json", env=env))
        assert exports["STAGEBUILD_ENGINE"] == "own"
        assert answered(f"http://{exports['STAGEBUILD_REGISTRY']}/v2/") == 200
        assert not (tmp_path / ".engine").exists()
    finally:
        tool(tmp_path, "down", env=env)
    names = engine.run("docker", "ps", "--all", "--format={{.Names}}").stdout
    assert "stagebuild-registry" not in names
