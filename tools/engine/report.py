"""What is printed: the environment of an engine, and what runs."""

import json
import os
import shlex
from collections.abc import Mapping
from typing import Any

from tools.engine import client, specs
from tools.engine.own_docker import Finding
from tools.engine.places import Places
from tools.engine.specs import EngineSpec
from tools.engine.state import Record


def environment(places: Places, spec: EngineSpec, *, registry: str, path: str) -> Mapping[str, str]:
    """
    Return the variables that make a shell or a test use an engine.

    Args:
        places: of the checkout.
        spec: the engine.
        registry: `localhost:PORT`.
        path: the present PATH, which comes after the engine's own docker command; another
            engine's command is taken out of it.
    """
    inherited = [
        folder for folder in path.split(os.pathsep) if not folder.startswith(f"{places.clients}/")
    ]
    return {
        "DOCKER_HOST": f"unix://{places.runtime(spec.name)}/docker.sock",
        "DOCKER_CONFIG": str(client.configuration(places, spec)),
        # 20.10's command builds without BuildKit unless told; newer ones know no other way.
        "DOCKER_BUILDKIT": "1",
        "STAGEBUILD_ENGINE": spec.name,
        "STAGEBUILD_REGISTRY": registry,
        "PATH": os.pathsep.join([str(client.programs(places, spec)), *inherited]),
    }


def as_exports(variables: Mapping[str, str]) -> str:
    """Return lines for a POSIX shell's `eval`."""
    return "\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items())


def status(
    places: Places, running: Mapping[str, Record], *, versions: Mapping[str, str | None]
) -> Mapping[str, Any]:
    """
    Return what runs, in the form of `status --json`.

    The form is kept: fields may be added, none changes its meaning.

    Args:
        places: of the checkout.
        running: what runs.
        versions: what the running engines say they are.
    """
    registry = running.get(specs.REGISTRY)
    return {
        "version": 1,
        "home": str(places.home),
        "registry": registry.address if registry else None,
        "engines": {
            name: {
                "running": name in running,
                "version": versions.get(name),
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


def status_text(value: Mapping[str, Any]) -> str:
    """Return `status` for a person."""
    lines = []
    for name, engine in value["engines"].items():
        store = "containerd image store" if engine["containerd_store"] else "graph driver"
        where = engine["host"] or "not running"
        lines.append(f"{name:<16} {engine['version'] or '':<8} {store:<23} {where}")
    lines.append(f"{'registry':<49} {value['registry'] or 'not running'}")
    lines.append(f"files: {value['home']}")
    return "\n".join(lines)


def finding(found: Finding) -> Mapping[str, Any]:
    """
    Return which Docker would be used, in the form of `find --json`.

    The form is kept: fields may be added, none changes its meaning.
    """
    own = found.docker
    return {
        "version": 1,
        "kind": "own" if own else "private",
        "engine": own.engine if own else specs.DEFAULT_ENGINE,
        "buildx": own.buildx if own else None,
        "reason": found.reason,
    }


def finding_text(value: Mapping[str, Any]) -> str:
    """Return `finding` for a person."""
    if value["kind"] == "own":
        return f"the machine's own Docker: {value['reason']}"
    return f"a private engine, {value['engine']}: {value['reason']}"


def as_json(value: Mapping[str, Any]) -> str:
    """Return a document for another program."""
    return json.dumps(value, indent=2)
