"""The docker-registry process: a real registry on loopback, and the engines' docker.io."""

import json
import secrets
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tools.engine import processes, specs, state
from tools.engine.errors import EngineError
from tools.engine.places import Places
from tools.engine.state import Record
from tools.engine.toolbox import Toolbox

LOOPBACK = "127.0.0.1"
_CONFIG = "registry.yml"  # JSON is YAML


def free_port(preferred: int) -> int:
    """Return the preferred port if no program has it, else one that the kernel chooses."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EngineError("no free port is left on the loopback interface")


def configuration(*, storage: Path, port: int, secret: str) -> Mapping[str, object]:
    """Return docker-registry's configuration: deletion allowed, no telemetry, no proxying."""
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": {"addr": f"{LOOPBACK}:{port}", "secret": secret},
    }


def answers(address: str) -> bool:
    """Tell whether a registry answers at `localhost:PORT`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}/v2/", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False


def up(places: Places, support: Toolbox, env: Mapping[str, str]) -> Record:
    """Return the running registry's record, starting it unless it runs."""
    record = state.read(places.run, specs.REGISTRY)
    if record and processes.is_running(record.pid, record.started_ticks):
        return record
    # The port of the last time is preferred: an engine that still runs points at it.
    preferred = int(record.address.rpartition(":")[2]) if record else specs.PREFERRED_PORT
    port = free_port(preferred)
    storage = places.data(specs.REGISTRY)
    storage.mkdir(parents=True, exist_ok=True)
    config = places.run / _CONFIG
    config.write_text(
        json.dumps(configuration(storage=storage, port=port, secret=secrets.token_hex(16))),
        encoding="utf-8",
    )
    log = places.logs / "registry.log"
    argv = [str(support.program("docker-registry")), "serve", str(config)]
    pid, ticks = processes.start(argv, env=env, log=log)
    record = Record(name=specs.REGISTRY, pid=pid, started_ticks=ticks, address=f"localhost:{port}")
    state.write(places.run, record)
    if not processes.wait_until(lambda: answers(record.address), patience_s=15):
        down(places)
        raise EngineError(
            f"the registry does not answer on port {port}:\n{processes.tail(log)}",
            remedy=f"Its whole log is {log}.",
        )
    return record


def down(places: Places) -> None:
    """End the registry, if it runs; what it stores stays."""
    record = state.read(places.run, specs.REGISTRY)
    if record:
        processes.end(record.pid, record.started_ticks)
        state.forget(places.run, specs.REGISTRY)
        (places.run / _CONFIG).unlink(missing_ok=True)
