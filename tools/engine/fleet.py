"""The order of an up and a down."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tools.engine import (
    api,
    client,
    daemon,
    debian,
    emulation,
    machine,
    processes,
    registry,
    specs,
    state,
    toolbox,
)
from tools.engine.daemon import Daemon
from tools.engine.errors import EngineError
from tools.engine.images import catalogue
from tools.engine.images.kitchen import Kitchen
from tools.engine.places import Places, locked
from tools.engine.specs import EngineSpec
from tools.engine.stock import Stock
from tools.engine.toolbox import Toolbox

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """
    The engines of one checkout.

    Attributes:
        places: where their files are.
        say: told what happens, a line at a time.
    """

    places: Places
    say: Say

    def up(self, names: Sequence[str], *, emulate: bool = False) -> None:
        """
        Start engines, the registry, and serve the base images; what runs already is left alone.

        Args:
            names: of `specs.ENGINES`.
            emulate: let the machine run arm64 programs, too.
        """
        check_machine()
        chosen = [spec_of(name) for name in names]
        self.places.prepare()
        with self._locked(), ThreadPoolExecutor(max_workers=4) as pool:
            stock = Stock.look(self.places)
            boxes = {
                suite: pool.submit(stock.engine, suite)
                for suite in dict.fromkeys(spec.suite for spec in chosen)
            }
            support = stock.support()
            if emulate:
                self._emulate(stock)
            env = toolbox.environment([support], os.environ)
            served = registry.up(self.places, support, env)
            self.say(f"registry: {served.address}")
            images = pool.submit(self._serve_images, stock, support, served.address)
            for spec in chosen:
                self._start(spec, boxes[spec.suite].result(), support, served.address)
            images.result()

    def down(self, names: Sequence[str]) -> None:
        """End engines; the registry ends with the last one. Images and downloads stay."""
        chosen = [spec_of(name) for name in names]
        if not state.read_all(self.places.run):
            return
        with self._locked():
            support = Stock.look(self.places).support()
            env = toolbox.environment([support], os.environ)
            daemons = [
                Daemon(spec=spec, places=self.places, support=support, env=env) for spec in chosen
            ]
            with ThreadPoolExecutor() as pool:  # an engine waits 10 s for a container that lingers
                for spec, ended in zip(chosen, pool.map(daemon.down, daemons), strict=True):
                    if ended:
                        self.say(f"{spec.name}: ended")
            if not set(state.read_all(self.places.run)) - {specs.REGISTRY}:
                registry.down(self.places)
                emulation.switch_off(self.places.run / "emulation")
                self.say("registry: ended")

    def clean(self) -> None:
        """End everything and remove everything that `up` made."""
        self.down(list(specs.ENGINES))
        for folder in (self.places.home, self.places.run):
            shutil.rmtree(folder, ignore_errors=True)

    def running(self) -> Mapping[str, state.Record]:
        """Return the records of the processes that run, the registry's among them."""
        return {
            name: record
            for name, record in state.read_all(self.places.run).items()
            if processes.is_running(record.pid, record.started_ticks)
        }

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.places.lock, on_wait=lambda: self.say("waiting for another up or down"))

    def _start(self, spec: EngineSpec, box: Toolbox, support: Toolbox, address: str) -> None:
        env = toolbox.environment([box, support], os.environ)
        one = Daemon(spec=spec, places=self.places, support=support, env=env)
        daemon.up(one, registry=address)
        client.prepare(self.places, spec, box)
        version = api.version(one.socket) or "?"
        self.say(f"{spec.name}: {version} at unix://{one.socket}")
        if not f"{version}.".startswith(f"{spec.name.partition('-')[0]}."):
            self.say(f"{spec.name}: Debian {spec.suite} has moved on to another engine, {version}")

    def _serve_images(self, stock: Stock, support: Toolbox, address: str) -> None:
        kitchen = Kitchen(
            archive=stock.archive(specs.SUPPORT_SUITE),
            machine=machine.look(stock.sources_of(specs.SUPPORT_SUITE)),
            support=support,
            env=toolbox.environment([support], os.environ),
            scratch=self.places.home / "scratch",
        )
        stamp = self.places.home / "images.json"
        catalogue.serve(address, kitchen, stamp=stamp, say=self.say)

    def _emulate(self, stock: Stock) -> None:
        if emulation.switch_on(stock.emulators(), self.places.run / "emulation"):
            self.say("emulation: arm64 programs run on the whole machine until the last `down`")
        else:
            self.say("emulation: the machine runs arm64 programs already")


def spec_of(name: str) -> EngineSpec:
    """Return the engine of that name; EngineError names the ones that there are."""
    try:
        return specs.ENGINES[name]
    except KeyError:
        known = ", ".join(specs.ENGINES)
        raise EngineError(f"there is no engine {name!r}", remedy=f"There are {known}.") from None


def check_machine() -> None:
    """Raise EngineError for a machine on which no engine can run."""
    if os.geteuid():
        raise EngineError(
            "an engine needs root: it sets up networks, mounts and control groups",
            remedy="Call it with sudo, or use a Docker that you may talk to.",
        )
    debian.machine_codename()
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="utf-8"):
        raise EngineError(
            f"the kernel {platform.release()} has no overlay file system, where images live",
            remedy="`modprobe overlay`, if it is a module.",
        )
    if not any(Path("/sys/fs/cgroup").iterdir()):
        raise EngineError(
            "no control groups are mounted at /sys/fs/cgroup, which containers need",
            remedy="`mount -t cgroup2 none /sys/fs/cgroup` mounts them.",
        )
