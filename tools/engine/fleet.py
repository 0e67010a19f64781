"""The order of an up and a down."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.engine import daemon, debian, machine, processes, registry, specs, state, toolbox
from tools.engine.daemon import Daemon
from tools.engine.debian import Archive, Release
from tools.engine.errors import EngineError
from tools.engine.images import catalogue
from tools.engine.images.kitchen import Kitchen
from tools.engine.places import Places, locked
from tools.engine.specs import EngineSpec
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

    def up(self, names: Sequence[str]) -> None:
        """
        Start engines, the registry, and serve the base images; what runs already is left alone.

        Args:
            names: of `specs.ENGINES`.
        """
        check_machine()
        chosen = [spec_of(name) for name in names]
        self.places.prepare()
        with locked(self.places.home / "lock"):
            base = Base.look(self.places)
            with ThreadPoolExecutor(max_workers=4) as pool:
                boxes = {
                    suite: pool.submit(self._engine_box, base, suite)
                    for suite in dict.fromkeys(spec.suite for spec in chosen)
                }
                support = pool.submit(base.support).result()
                env = toolbox.environment([support], os.environ)
                record = registry.up(self.places, support, env)
                self.say(f"registry: {record.address}")
                images = pool.submit(self._images, base, support, record.address)
                for spec in chosen:
                    self._start(spec, boxes[spec.suite].result(), support, record.address)
                images.result()

    def down(self, names: Sequence[str]) -> None:
        """End engines; the registry ends with the last one. Images and downloads stay."""
        with locked(self.places.home / "lock"):
            running = state.read_all(self.places.run)
            if not running:
                return
            base = Base.look(self.places)
            support = base.support()
            env = toolbox.environment([support], os.environ)
            for name in names:
                spec = spec_of(name)
                if name in running:
                    daemon.down(Daemon(spec=spec, places=self.places, support=support, env=env))
                    self.say(f"{name}: ended")
            if not set(state.read_all(self.places.run)) - {specs.REGISTRY}:
                registry.down(self.places)
                self.say("registry: ended")

    def clean(self) -> None:
        """End everything and remove everything that `up` made."""
        if self.places.home.exists():
            self.down(list(specs.ENGINES))
        shutil.rmtree(self.places.home, ignore_errors=True)
        shutil.rmtree(self.places.run, ignore_errors=True)

    def running(self) -> Mapping[str, state.Record]:
        """Return the records of the processes that run, the registry's among them."""
        return {
            name: record
            for name, record in state.read_all(self.places.run).items()
            if processes.is_running(record.pid, record.started_ticks)
        }

    def _engine_box(self, base: "Base", suite: str) -> Toolbox:
        packages = next(one.packages for one in specs.ENGINES.values() if one.suite == suite)
        return toolbox.make(self.places, base.archive(suite), packages, purpose="engine")

    def _start(self, spec: EngineSpec, box: Toolbox, support: Toolbox, address: str) -> None:
        env = toolbox.environment([box, support], os.environ)
        one = Daemon(spec=spec, places=self.places, support=support, env=env)
        daemon.up(one, registry=address)
        _prepare_client(self.places, spec, box)
        self.say(f"{spec.name}: unix://{one.socket}")

    def _images(self, base: "Base", support: Toolbox, address: str) -> None:
        kitchen = Kitchen(
            archive=base.archive(specs.SUPPORT_SUITE),
            machine=machine.look(mirror=base.mirror, suite=specs.SUPPORT_SUITE),
            support=support,
            env=toolbox.environment([support], os.environ),
            scratch=self.places.home / "scratch",
        )
        stamp = self.places.home / "images.json"
        catalogue.serve(address, kitchen, stamp=stamp, say=self.say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """
    The packages that everything is made of.

    Attributes:
        places: where they are kept.
        mirror: of Debian, the machine's own.
        architecture: the machine's.
    """

    places: Places
    mirror: str
    architecture: str

    @classmethod
    def look(cls, places: Places) -> "Base":
        """Ask the machine."""
        return cls(
            places=places,
            mirror=debian.choose_mirror(
                debian.machine_sources(), codename=debian.machine_codename()
            ),
            architecture=debian.machine_architecture(),
        )

    def archive(self, suite: str) -> Archive:
        """Return the packages of a suite."""
        release = Release(mirror=self.mirror, suite=suite, architecture=self.architecture)
        return Archive(release, self.places.apt)

    def support(self) -> Toolbox:
        """Return the programs that all engines share."""
        archive = self.archive(specs.SUPPORT_SUITE)
        return toolbox.make(self.places, archive, specs.SUPPORT_PACKAGES, purpose="support")


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


def client_folder(places: Places, spec: EngineSpec) -> Path:
    """Return the folder of an engine's own docker command and its configuration."""
    return places.home / "clients" / spec.name


def _prepare_client(places: Places, spec: EngineSpec, box: Toolbox) -> None:
    """Give the engine a docker command of its own, buildx a plugin of it, and nothing else."""
    folder = client_folder(places, spec)
    _link(folder / "bin/docker", box.root / "usr/bin/docker")
    (folder / "config").mkdir(parents=True, exist_ok=True)
    if spec.buildx:
        plugins = "config/cli-plugins/docker-buildx"
        _link(folder / plugins, box.root / "usr/libexec/docker/cli-plugins/docker-buildx")


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
