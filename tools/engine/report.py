"""What is printed: the environment of an engine, and what runs."""

import json
import os
import shlex
from collections.abc import Mapping

from tools.engine import specs
from tools.engine.fleet import client_folder
from tools.engine.places import Places
from tools.engine.specs import EngineSpec
from tools.engine.state import Record


def environment(
    places: Places, spec: EngineSpec, *, registry: Record, path: str
) -> Mapping[str, str]:
    """
    Return the variables that make a shell or a test use an engine.

    Args:
        places: of the checkout.
        spec: the engine.
        registry: the record of the running registry.
        path: the present PATH, which comes after the engine's own docker command.
    """
    folder = client_folder(places, spec)
    return {
        "DOCKER_HOST": f"unix://{places.runtime(spec.name)}/docker.sock",
        "DOCKER_CONFIG": str(folder / "config"),
        # 20.10's command builds without BuildKit unless told; newer ones know no other way.
        "DOCKER_BUILDKIT": "1",
        "STAGEBUILD_ENGINE": spec.name,
        "STAGEBUILD_REGISTRY": registry.address,
        "PATH": os.pathsep.join([str(folder / "bin"), path]),
    }


def as_exports(variables: Mapping[str, str]) -> str:
    """Return lines for a POSIX shell's `eval`."""
    return "\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items())


def status(places: Places, running: Mapping[str, Record]) -> Mapping[str, object]:
    """
    Return what runs, in the form of `status --json`.

    The form is kept: fields may be added, none changes its meaning.
    """
    registry = running.get(specs.REGISTRY)
    return {
        "version": 1,
        "home": str(places.home),
        "registry": registry.address if registry else None,
        "engines": {
            name: {
                "running": name in running,
                "suite": spec.suite,
                "containerd_store": spec.containerd_store,
                "buildx": spec.buildx,
                "host": running[name].address if name in running else None,
                "bridge": running[name].bridge if name in running else None,
                "block": running[name].block if name in running else None,
                "pid": running[name].pid if name in running else None,
            }
            for name, spec in specs.ENGINES.items()
        },
    }


def status_text(places: Places, running: Mapping[str, Record]) -> str:
    """Return what runs, for a person."""
    lines = []
    for name, spec in specs.ENGINES.items():
        store = "containerd image store" if spec.containerd_store else "graph driver"
        where = running[name].address if name in running else "not running"
        lines.append(f"{name:<16} {spec.suite:<9} {store:<23} {where}")
    registry = running.get(specs.REGISTRY)
    lines.append(f"{'registry':<50} {registry.address if registry else 'not running'}")
    lines.append(f"files: {places.home}")
    return "\n".join(lines)


def as_json(value: Mapping[str, object]) -> str:
    """Return a document for another program."""
    return json.dumps(value, indent=2)
