"""The dockerd process: its configuration, its start, and everything that it leaves behind."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tools.engine import api, network, processes, state
from tools.engine.errors import EngineError
from tools.engine.network import Bridge
from tools.engine.places import RUN_ROOT, Places, locked
from tools.engine.specs import EngineSpec
from tools.engine.state import Record
from tools.engine.toolbox import Toolbox

PATIENCE_S = 60.0
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """
    One engine of a checkout.

    Attributes:
        spec: which engine.
        places: where its files are.
        support: the programs that all engines share.
        env: the process environment that finds them and the engine's own.
    """

    spec: EngineSpec
    places: Places
    support: Toolbox
    env: Mapping[str, str]

    @property
    def runtime(self) -> Path:
        """The folder of the socket and of what runs."""
        return self.places.runtime(self.spec.name)

    @property
    def socket(self) -> Path:
        """The Engine API's socket."""
        return self.runtime / "docker.sock"

    @property
    def log(self) -> Path:
        """The daemon's log, of all its runs."""
        return self.places.logs / f"{self.spec.name}.log"

    @property
    def cgroup(self) -> str:
        """The control group of all containers, in every hierarchy."""
        return f"stagebuild-{self.places.key}-{self.spec.name}"


def configuration(
    daemon: Daemon, bridge: Bridge, *, registry: str, mtu: int
) -> Mapping[str, object]:
    """
    Return the content of daemon.json.

    Args:
        daemon: the engine.
        bridge: its own.
        registry: `localhost:PORT` of the registry that answers for docker.io.
        mtu: packet size of the machine's own way outside.
    """
    return {
        "data-root": str(daemon.places.data(daemon.spec.name)),
        "exec-root": str(daemon.runtime / "exec"),
        "pidfile": str(daemon.runtime / "dockerd.pid"),
        "hosts": [f"unix://{daemon.socket}"],
        "bridge": bridge.name,
        "default-address-pools": list(bridge.pools),
        "mtu": mtu,
        # A lost question to a name server costs 1 s instead of 5, and fails no download.
        "dns-opts": ["timeout:1", "attempts:5"],
        "iptables": False,
        "ip6tables": False,
        "registry-mirrors": [f"http://{registry}"],
        "insecure-registries": [registry],
        "features": {"buildkit": True, "containerd-snapshotter": daemon.spec.containerd_store},
        "init-path": str(daemon.support.program("tini-static")),
        # systemd's way of naming groups needs systemd; this one works everywhere.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{daemon.cgroup}",
        "shutdown-timeout": 5,
    }


def up(daemon: Daemon, *, registry: str) -> Record:
    """Return the running engine's record, starting it unless it runs."""
    name = daemon.spec.name
    record = state.read(daemon.places.run, name)
    if record and processes.is_running(record.pid, record.started_ticks):
        _wait(daemon, record)
        return record
    if record:
        clean(daemon, record)
    # Blocks are chosen under one lock for the whole machine, and are seen by all once recorded.
    with locked(RUN_ROOT / "lock"):
        bridge = Bridge(
            name=network.bridge_name(daemon.places.key, name),
            block=network.choose_block(_taken()),
        )
        network.raise_bridge(bridge, daemon.support, daemon.env)
    daemon.runtime.mkdir(parents=True, exist_ok=True)
    config = daemon.runtime / "daemon.json"
    content = configuration(daemon, bridge, registry=registry, mtu=network.outer_mtu())
    config.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    pid, ticks = processes.start(
        ["dockerd", "--config-file", str(config)], env=daemon.env, log=daemon.log
    )
    record = Record(
        name=name,
        pid=pid,
        started_ticks=ticks,
        address=f"unix://{daemon.socket}",
        bridge=bridge.name,
        block=str(bridge.block),
    )
    state.write(daemon.places.run, record)
    try:
        _wait(daemon, record)
    except EngineError:
        down(daemon)
        raise
    return record


def down(daemon: Daemon) -> bool:
    """
    End the engine, if it runs, and take away what it leaves; images and build cache stay.

    Returns:
        Whether there was one.
    """
    record = state.read(daemon.places.run, daemon.spec.name)
    if record:
        processes.end(record.pid, record.started_ticks)
        clean(daemon, record)
        state.forget(daemon.places.run, daemon.spec.name)
    return record is not None


def clean(daemon: Daemon, record: Record) -> None:
    """Take away processes, mounts, networks and control groups of an engine that has ended."""
    for pid, ticks in processes.mentioning(f"{daemon.runtime}/"):
        processes.end(pid, ticks)
    groups = [*_CGROUPS.glob(daemon.cgroup), *_CGROUPS.glob(f"*/{daemon.cgroup}")]
    for pid, ticks in processes.members(groups):
        processes.end(pid, ticks, patience_s=0)
    roots = (daemon.runtime, daemon.places.data(daemon.spec.name))
    for mount in mounts_below(Path("/proc/self/mountinfo").read_text(encoding="utf-8"), roots):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    bridge = Bridge(name=record.bridge, block=IPv4Network(record.block))
    network.lower_bridge(bridge, daemon.support, daemon.env)
    shutil.rmtree(daemon.runtime, ignore_errors=True)
    # The networks of `docker network create` would take their addresses again next time, when
    # another engine may have them.
    shutil.rmtree(daemon.places.data(daemon.spec.name) / "network", ignore_errors=True)
    for group in groups:
        for folder in (*sorted(group.rglob("*/"), reverse=True), group):
            _remove_folder(folder)


def mounts_below(mountinfo: str, roots: Sequence[Path]) -> Sequence[str]:
    r"""
    Return the mount points under some folders, the innermost first.

    Args:
        mountinfo: the text of /proc/self/mountinfo; the fifth field is the mount point, with
            spaces written as `\040`.
        roots: the folders.
    """
    points = [line.split()[4].replace("\\040", " ") for line in mountinfo.splitlines()]
    below = [point for point in points if any(Path(point).is_relative_to(root) for root in roots)]
    return sorted(below, key=lambda point: point.count("/"), reverse=True)


def _taken() -> Sequence[IPv4Network]:
    """Return what no block may overlap: routes, name servers, other engines of the machine."""
    records = [
        record for folder in RUN_ROOT.glob("*/") for record in state.read_all(folder).values()
    ]
    return [
        *(block for _, block in network.routes()),
        *network.resolvers(Path("/etc/resolv.conf").read_text(encoding="utf-8")),
        *(IPv4Network(record.block) for record in records if record.block),
    ]


def _wait(daemon: Daemon, record: Record) -> None:
    def settled() -> bool:
        running = processes.is_running(record.pid, record.started_ticks)
        return not running or api.version(daemon.socket) is not None

    processes.wait_until(settled, patience_s=PATIENCE_S)
    if api.version(daemon.socket) is None:
        raise EngineError(
            f"engine {daemon.spec.name} does not answer:\n{processes.tail(daemon.log)}",
            remedy=f"Its whole log is {daemon.log}.",
        )


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
