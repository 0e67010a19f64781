"""
The machine's own Docker, if it has one that is new enough.

With one, `up --if-needed` starts no private engine. All that is started is a registry, in a
container of the usual image on a free port of the loopback interface, since an image digest is
what a registry answers; `down` removes it.
"""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.engine.errors import EngineError
from tools.engine.places import RUN_ROOT

OLDEST_ENGINE = (23, 0)
OLDEST_BUILDX = (0, 13)
REGISTRY_IMAGE = "registry:2"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDocker:
    """
    A Docker that somebody else runs.

    Attributes:
        engine: its version, such as `28.2.2`.
        buildx: the plugin's version.
    """

    engine: str
    buildx: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    Whether the machine's own Docker can be used.

    Attributes:
        docker: None if it cannot.
        reason: why, one sentence.
    """

    docker: OwnDocker | None
    reason: str


def find(environ: Mapping[str, str]) -> Finding:
    """Return whether the `docker` that this environment finds is usable and not one of ours."""
    host = environ.get("DOCKER_HOST", "")
    if host.startswith(f"unix://{RUN_ROOT}/"):
        return Finding(docker=None, reason="DOCKER_HOST is a private engine's")
    said = _said(["docker", "version", "--format", "{{json .}}"], environ)
    plugin = _said(["docker", "buildx", "version"], environ)
    return judge(said, plugin)


def judge(said: str | None, plugin: str | None) -> Finding:
    """
    Return whether an engine and a buildx of these versions are usable.

    Args:
        said: what `docker version --format '{{json .}}'` printed; None if there is no docker.
        plugin: what `docker buildx version` printed; None or empty without the plugin.
    """
    if said is None:
        return Finding(docker=None, reason="there is no docker command")
    engine = _engine_version(said)
    if engine is None:
        return Finding(docker=None, reason="no engine answers the docker command")
    if numbers(engine) < OLDEST_ENGINE:
        return Finding(docker=None, reason=f"its engine {engine} is older than 23.0")
    buildx = re.search(r"\bv?(\d+\.\d+[\w.]*)", (plugin or "").partition(" ")[2])
    if buildx is None:
        return Finding(docker=None, reason="its docker command has no buildx")
    if numbers(buildx[1]) < OLDEST_BUILDX:
        return Finding(docker=None, reason=f"its buildx {buildx[1]} is older than 0.13")
    return Finding(
        docker=OwnDocker(engine=engine, buildx=buildx[1]),
        reason=f"engine {engine} and buildx {buildx[1]} are new enough",
    )


def numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version, so that versions can be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def registry_name(key: str) -> str:
    """Return the name of the registry's container for a checkout."""
    return f"stagebuild-registry-{key}"


def start_registry(key: str, environ: Mapping[str, str]) -> str:
    """Return the address of the registry in the machine's Docker, starting it unless it runs."""
    if address := registry_address(key, environ):
        return address
    name = registry_name(key)
    _said(["docker", "container", "rm", "--force", name], environ)
    argv = ["docker", "run", "--detach", "--name", name, "--publish", "127.0.0.1::5000"]
    argv += ["--env", "REGISTRY_STORAGE_DELETE_ENABLED=true", REGISTRY_IMAGE]
    done = subprocess.run(argv, env=dict(environ), capture_output=True, text=True, check=False)
    address = registry_address(key, environ)
    if done.returncode or address is None:
        raise EngineError(
            f"`{' '.join(argv)}` started no registry: {done.stderr.strip()}",
            remedy="`python3 tools/engine up` without --if-needed starts a private engine.",
        )
    return address


def registry_address(key: str, environ: Mapping[str, str]) -> str | None:
    """Return `localhost:PORT` of the registry in the machine's Docker; None if it runs none."""
    said = _said(["docker", "port", registry_name(key), "5000/tcp"], environ) or ""
    port = said.partition("\n")[0].rpartition(":")[2].strip()
    return f"localhost:{port}" if port.isdigit() else None


def end_registry(key: str, environ: Mapping[str, str]) -> bool:
    """Remove the registry's container; tell whether there was one."""
    if registry_address(key, environ) is None:
        return False
    argv = ["docker", "container", "rm", "--force", "--volumes", registry_name(key)]
    return _said(argv, environ) is not None


def _engine_version(said: str) -> str | None:
    try:
        value: Any = json.loads(said)
    except json.JSONDecodeError:
        return None
    match value:
        case {"Server": {"Version": str(version)}}:
            return version.partition("+")[0]
    return None


def _said(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Return what a program prints, whatever its exit code; None if there is no such program."""
    try:
        done = subprocess.run(
            argv, env=dict(environ), capture_output=True, text=True, check=False, timeout=30
        )
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return None
    return done.stdout
