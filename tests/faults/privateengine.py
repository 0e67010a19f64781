"""
An engine that one test has for itself: to be killed, to run out of space, to have its own resolver.

Its programs are those of the shared engines, its data and its network are its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import uuid
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from tools.engine import client, daemon, places, processes, report, specs, state, toolbox
from tools.engine.daemon import Daemon
from tools.engine.places import RUN_ROOT, Places
from tools.engine.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]

# The resolver is in a file of the whole machine; a mount of our own puts another one over it.
_WRAPPER = """\
#!/bin/sh
exec unshare --mount --propagation private sh -c \\
    'mount --bind "{resolv}" /etc/resolv.conf && exec "{dockerd}" "$@"' dockerd "$@"
"""


@dataclass(kw_only=True)
class PrivateEngine:
    """
    The engine, running.

    Attributes:
        one: Its program, its places.
        registry: Host and port of the registry that answers for docker.io.
    """

    one: Daemon
    registry: str

    @property
    def environ(self) -> Mapping[str, str]:
        """Process environment in which ``docker`` talks to it."""
        told = report.environment(
            self.one.places, self.one.spec, registry=self.registry, path=os.environ["PATH"]
        )
        return {**os.environ, **told}

    @property
    def address(self) -> str:
        """Address of this machine in the engine's own network."""
        record = state.read(self.one.places.run, self.one.spec.name)
        assert record is not None
        return str(IPv4Network(record.block).network_address + 1)

    def start(self) -> None:
        """Start it, again if it was killed; it has the data of the last time."""
        daemon.up(self.one, registry=self.registry)

    def kill(self) -> None:
        """End it and all that it runs at once, as a crash of the machine would."""
        record = state.read(self.one.places.run, self.one.spec.name)
        assert record is not None
        own = [(record.pid, record.started_ticks), *processes.mentioning(f"{self.one.runtime}/")]
        for pid, _ in own:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert processes.wait_until(
            lambda: not any(processes.is_running(*one) for one in own), patience_s=10
        )


@contextlib.contextmanager
def private_engine(
    shared: Engine,
    folder: Path,
    *,
    size: str | None = None,
    resolver: str | None = None,
    trusted: Path | None = None,
) -> Iterator[PrivateEngine]:
    """
    Run one of the same kind as a shared engine.

    Args:
        shared: Whose programs and registry it uses.
        folder: For what it stores.
        size: Of a file system in memory for its data, as ``48m``; the folder's own otherwise.
        resolver: Address of the name server that it asks instead of the machine's.
        trusted: Certificates that it trusts instead of the machine's.
    """
    tool = Path(os.environ.get("STAGEBUILD_ENGINE_TOOL", ROOT / "tools" / "engine"))
    stock = Stock.look(places.of_checkout(tool.resolve().parents[1]))
    spec = specs.ENGINES[shared.name]
    box, support = stock.engine(spec.suite), stock.support()
    key = uuid.uuid4().hex[:6]
    own = Places(home=folder / "engine", run=RUN_ROOT / key, key=key)
    own.prepare()
    data = own.data(spec.name)
    data.mkdir(parents=True)
    env = toolbox.environment([box, support], os.environ)
    if resolver is not None:
        env["PATH"] = f"{_wrapped(folder, resolver, env['PATH'])}:{env['PATH']}"
    if trusted is not None:
        env["SSL_CERT_FILE"] = str(trusted)
    one = Daemon(spec=spec, places=own, support=support, env=env)
    client.prepare(own, spec, box)
    with contextlib.ExitStack() as stack:
        if size is not None:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "x", data], check=True)
            stack.callback(_unmount, data)
        stack.callback(shutil.rmtree, own.run, ignore_errors=True)
        stack.callback(daemon.down, one)
        made = PrivateEngine(one=one, registry=shared.registry)
        made.start()
        yield made


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)


def _wrapped(folder: Path, resolver: str, path: str) -> Path:
    programs = folder / "programs"
    programs.mkdir()
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {resolver}\noptions timeout:1 attempts:1\n")
    dockerd = shutil.which("dockerd", path=path)
    assert dockerd is not None
    wrapper = programs / "dockerd"
    wrapper.write_text(_WRAPPER.format(resolv=resolv, dockerd=dockerd))
    wrapper.chmod(0o755)
    return programs
