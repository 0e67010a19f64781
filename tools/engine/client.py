"""The docker command of an engine's own suite, with a configuration of its own."""

from pathlib import Path

from tools.engine.places import Places
from tools.engine.specs import EngineSpec
from tools.engine.toolbox import Toolbox

_PLUGINS = "usr/libexec/docker/cli-plugins"


def programs(places: Places, spec: EngineSpec) -> Path:
    """Return the folder for PATH; it holds `docker` and nothing else."""
    return places.clients / spec.name / "bin"


def configuration(places: Places, spec: EngineSpec) -> Path:
    """Return the folder for DOCKER_CONFIG; buildx is a plugin in it, and its builders too."""
    return places.clients / spec.name / "config"


def prepare(places: Places, spec: EngineSpec, box: Toolbox) -> None:
    """Lay out both folders; what `docker` itself has written there since is kept."""
    _link(programs(places, spec) / "docker", box.root / "usr/bin/docker")
    plugins = configuration(places, spec) / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    if spec.buildx:
        _link(plugins / "docker-buildx", box.root / _PLUGINS / "docker-buildx")


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_symlink() or path.readlink() != target:
        path.unlink(missing_ok=True)
        path.symlink_to(target)
