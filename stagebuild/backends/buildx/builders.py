"""
Builders that a project defines: made where they are missing, refused where they are others.

What there is, is read from buildx's own file, in 0.1 ms: ``docker buildx inspect`` would connect to
every node, and wait 20 s for a dead one. Making a builder takes a process for each of its nodes,
which python-on-whales can't do: its ``create`` has no name for a node, nor an environment.

Source: docker/buildx store/nodegroup.go (the file), store/store.go (its place), builder/builder.go
(Create), driver/remote/factory.go (the options of TLS).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from stagebuild.backends.buildx.argv import BACKEND
from stagebuild.backends.buildx.discovery import builders_folder
from stagebuild.backends.buildx.factscache import cache_path
from stagebuild.errors import EngineUnavailable
from stagebuild.model.csvfields import join_fields
from stagebuild.model.values import Platform
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.model.builders import Builder, BuilderNode

_CREATE_S = 60.0
_TLS_OPTIONS = {"ca": "cacert", "cert": "cert", "key": "key", "server_name": "servername"}
_OWN_FLAG = "--allow-insecure-entitlement"


@frozen
class WantedNode:
    """
    A node in buildx's terms.

    Attributes:
        name: Its name.
        endpoint: Its address; None leaves it to buildx.
        platforms: As ``linux/arm64``, normalised.
        options: Options of the driver by name.
    """

    name: str
    endpoint: str | None
    platforms: tuple[str, ...]
    options: Mapping[str, str]


def wanted_nodes(name: str, builder: Builder) -> tuple[WantedNode, ...]:
    """Return the nodes that the builder called ``name`` has to have."""
    return tuple(
        WantedNode(
            name=node.name or f"{name}{index}",
            endpoint=node.endpoint,
            platforms=node.platforms,
            options={**builder.driver_options, **node.driver_options, **_tls_options(node)},
        )
        for index, node in enumerate(builder.nodes)
    )


def _tls_options(node: BuilderNode) -> dict[str, str]:
    if node.tls is None:
        return {}
    given = ((option, getattr(node.tls, field)) for field, option in _TLS_OPTIONS.items())
    return {option: value for option, value in given if value is not None}


def ensure_builder(
    name: str, builder: Builder, *, command: Sequence[str], environ: Mapping[str, str]
) -> None:
    """
    Make the builder called ``name`` where it is missing, or some of its nodes are.

    Safe for several threads and processes at once.

    Args:
        name: As buildx shall know it.
        builder: What it has to be, everything filled in.
        command: What runs buildx.
        environ: Where buildx keeps its builders, and finds docker.

    Raises:
        EngineUnavailable: There is one of that name that is another, a file for TLS can't be read,
            or buildx refuses to make it.
    """
    nodes = wanted_nodes(name, builder)
    if missing_nodes(name, builder, nodes, environ=environ):
        check_files(name, builder)
        with _alone(environ):
            for node in missing_nodes(name, builder, nodes, environ=environ):
                _create(name, builder, node, command=command, environ=environ)


def missing_nodes(
    name: str, builder: Builder, nodes: Sequence[WantedNode], *, environ: Mapping[str, str]
) -> Sequence[WantedNode]:
    """
    Return the nodes that the builder lacks; all of them where there is no builder.

    A builder of which only the first nodes are there is one whose making was cut off.

    Raises:
        EngineUnavailable: There is one of that name that is another.
    """
    known = _read(f"{builders_folder(environ)}/instances/{name}")
    if known is None:
        return nodes
    difference = _difference(known, builder, nodes)
    if difference is not None:
        raise EngineUnavailable(
            f'there is a builder "{name}" that is not the project\'s: {difference}',
            backend=BACKEND,
            hint=f"remove it (docker buildx rm {name}; its cache goes with it), or give the"
            f" project's another name than builders.{name}",
        )
    return nodes[len(known["Nodes"]) :]


def _read(path: str) -> dict[str, Any] | None:
    """Return what buildx wrote of a builder; None where there is nothing that could be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - text paths
            known = json.load(file)
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and isinstance(known.get("Nodes"), list) else None


def _difference(
    known: Mapping[str, Any], builder: Builder, nodes: Sequence[WantedNode]
) -> str | None:
    """Return the first thing in which the builder that there is differs, in words."""
    if known.get("Driver") != builder.driver:
        return f"its driver is {known.get('Driver')}, not {builder.driver}"
    if len(known["Nodes"]) > len(nodes):
        return f"it has {len(known['Nodes'])} nodes, not {len(nodes)}"
    for there, node in zip(known["Nodes"], nodes, strict=False):
        told = {
            "name": (there.get("Name"), node.name),
            "endpoint": (there.get("Endpoint"), node.endpoint or there.get("Endpoint")),
            "platforms": (_platforms(there.get("Platforms")), node.platforms),
            "driver-options": (dict(there.get("DriverOpts") or {}), dict(node.options)),
            "buildkitd-flags": (_flags(there.get("Flags")), _flags(_split(builder))),
        }
        for key, (is_now, should_be) in told.items():
            if is_now != should_be:
                return f"{key} of node {node.name}: {_shown(is_now)}, not {_shown(should_be)}"
    return None


def _shown(value: object) -> str:
    match value:
        case str():
            return value
        case dict():
            return join_fields(f"{k}={v}" for k, v in sorted(value.items())) or "none"
        case tuple() | list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return "none" if value is None else str(value)


def _platforms(listed: object) -> tuple[str, ...]:
    found = []
    for each in listed if isinstance(listed, list) else ():
        parts = [each.get(part) for part in ("os", "architecture", "variant")]
        found.append(str(Platform.parse("/".join(filter(None, parts)))))
    return tuple(found)


def _split(builder: Builder) -> list[str]:
    from shlex import split  # noqa: PLC0415 - takes 8 ms to import, and is rarely needed

    return split(builder.buildkitd_flags or "")


def _flags(words: object) -> list[str]:
    """Return flags without the one that buildx adds of its own accord."""
    listed = words if isinstance(words, list) else []
    return [word for word in listed if not word.startswith(_OWN_FLAG)]


def check_files(name: str, builder: Builder) -> None:
    """Raise EngineUnavailable for a file of the builder that can't be read."""
    for node in builder.nodes:
        files = () if node.tls is None else (node.tls.ca, node.tls.cert, node.tls.key)
        for path in (*files, builder.buildkitd_config):
            if path is not None and not os.access(path, os.R_OK):
                raise EngineUnavailable(
                    f'builder "{name}": the file {path} can\'t be read',
                    backend=BACKEND,
                    hint=f"see builders.{name} in the configuration",
                )


@contextlib.contextmanager
def _alone(environ: Mapping[str, str]) -> Iterator[None]:
    """Keep out other processes and threads that make builders: nodes are added one by one."""
    path = f"{os.path.dirname(cache_path(environ))}/builders.lock"  # noqa: PTH120 - text paths
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - text paths
        lock = open(path, "ab")  # noqa: PTH123, SIM115 - closed below
    except OSError:
        # A home that can't be written to: buildx itself will say what that means for it.
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def create_argv(name: str, builder: Builder, node: WantedNode, *, is_first: bool) -> list[str]:
    """Return the arguments after buildx's own name that make a builder, or add a node to it."""
    argv = ["create", "--name", name, "--node", node.name]
    argv += ["--driver", builder.driver] if is_first else ["--append"]
    for platform in node.platforms:
        argv += ["--platform", platform]
    for option, value in node.options.items():
        argv += ["--driver-opt", join_fields([f"{option}={value}"])]
    if builder.buildkitd_flags is not None:
        argv += ["--buildkitd-flags", builder.buildkitd_flags]
    if builder.buildkitd_config is not None:
        argv += ["--config", builder.buildkitd_config]
    return [*argv, *([node.endpoint] if node.endpoint is not None else ())]


def _create(
    name: str,
    builder: Builder,
    node: WantedNode,
    *,
    command: Sequence[str],
    environ: Mapping[str, str],
) -> None:
    is_first = _read(f"{builders_folder(environ)}/instances/{name}") is None
    argv = [*command, *create_argv(name, builder, node, is_first=is_first)]
    try:
        done = subprocess.run(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_CREATE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(name, str(error)) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [
            f"exit {done.returncode}"
        ]
        raise _refused(name, said[-1].removeprefix("ERROR: "))


def _refused(name: str, said: str) -> EngineUnavailable:
    return EngineUnavailable(
        f'the builder "{name}" can\'t be created: {said}',
        backend=BACKEND,
        hint=f"see builders.{name} in the configuration, and `stagebuild doctor`",
    )
