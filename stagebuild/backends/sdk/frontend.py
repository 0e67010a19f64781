"""
A ``BuildSpec`` as the attributes of BuildKit's Dockerfile frontend. Pure.

Source: docker/buildx build/opt.go (toSolveOpt, loadInputs); moby/buildkit frontend/dockerui.
"""

from __future__ import annotations

import json
import os.path
import re
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.backends.sdk.facts import EngineFacts
    from stagebuild.buildkit.messages import CacheEntry
    from stagebuild.planning.spec import BuildSpec

FRONTEND = "dockerfile.v0"
GATEWAY = "gateway.v0"

_SYNTAX_ARG = "BUILDKIT_SYNTAX"
_REMOTE = r"(?:https?://|git://|ssh://|git@|github\.com/)|^[^/]+@[^/]+:.+\.git"
_PASSED_ON = ("docker-image://", "target:", "input:")
_OCI_LAYOUT = "oci-layout://"
_TAKEN_NAMES = ("context", "dockerfile")
_HOST_GATEWAY = "host-gateway"


def is_remote(context: str) -> bool:
    """Say whether a context is fetched by the engine: a Git repository or an HTTP URL."""
    return not context.startswith("/") and bool(re.match(_REMOTE, context))


def local_folders(spec: BuildSpec) -> dict[str, str]:
    """Return the folders that the engine may ask for, by the names that it uses."""
    folders = {}
    if not is_remote(spec.context):
        folders["context"] = spec.context
        folders["dockerfile"] = os.path.dirname(spec.dockerfile)  # noqa: PTH120
    for name, source in spec.contexts.items():
        if is_folder(source):
            folders[_local_name(name)] = os.path.join(spec.root, source)  # noqa: PTH118
    return folders


def is_folder(source: str) -> bool:
    """Say whether a named context is a folder of this machine."""
    return not is_remote(source) and not source.startswith((*_PASSED_ON, _OCI_LAYOUT))


def frontend_of(spec: BuildSpec) -> str:
    """Return which frontend reads the Dockerfile: the engine's own, unless a build arg says so."""
    return GATEWAY if spec.build_args.get(_SYNTAX_ARG, "").strip() else FRONTEND


def frontend_attributes(
    spec: BuildSpec,
    *,
    facts: EngineFacts,
    imports: Sequence[CacheEntry],
    layouts: Mapping[str, str],
    proxies: Mapping[str, str],
) -> dict[str, str]:
    """
    Return the attributes.

    Args:
        spec: What to build.
        facts: Of the engine.
        imports: Cache imports, as sent.
        layouts: What each named context in an OCI layout is called to the engine, by its name.
        proxies: Build args that hold unless the spec says otherwise.

    Raises:
        UnsupportedFeature: Something can't be told to this engine.
        SolveFailed: A build arg has a value that BuildKit refuses.
    """
    attributes = {"filename": os.path.basename(spec.dockerfile), **_base_images(spec, facts)}  # noqa: PTH119
    if is_remote(spec.context):
        attributes["context"] = spec.context
        attributes["filename"] = spec.dockerfile
    if spec.target is not None:
        attributes["target"] = spec.target
    folded = {name.upper() for name in spec.build_args}
    args = {name: value for name, value in proxies.items() if name.upper() not in folded}
    for name, value in {**args, **spec.build_args}.items():
        attributes[f"build-arg:{name}"] = value
    for name, value in spec.labels.items():
        attributes[f"label:{name}"] = value
    if spec.platforms:
        attributes["platform"] = ",".join(map(str, spec.platforms))
    if spec.no_cache or spec.no_cache_filter:
        attributes["no-cache"] = "" if spec.no_cache else ",".join(spec.no_cache_filter)
    attributes |= _surroundings(spec, facts)
    attributes |= _named_contexts(spec, layouts)
    attributes |= _syntax(spec)
    for attestation in spec.attestations:
        parts = ",".join(f"{key}={value}" for key, value in attestation.attributes.items())
        attributes[f"attest:{attestation.type}"] = parts
    if imports:
        entries = [{"Type": entry.type, "Attrs": dict(entry.attrs)} for entry in imports]
        attributes["cache-imports"] = json.dumps(entries)
    return attributes


def _base_images(spec: BuildSpec, facts: EngineFacts) -> dict[str, str]:
    """Return where base images are looked for: in the engine first, unless ``pull`` is asked."""
    if spec.pull:
        return {"image-resolve-mode": "pull"}
    return {"image-resolve-mode": "local"} if facts.is_docker else {}


def _syntax(spec: BuildSpec) -> dict[str, str]:
    if _SYNTAX_ARG not in spec.build_args:
        return {}
    command = spec.build_args[_SYNTAX_ARG].strip()
    if not command:
        raise SolveFailed(f"an empty {_SYNTAX_ARG} build arg is invalid: leave it out")
    return {"source": command.split(" ")[0], "cmdline": command}


def _surroundings(spec: BuildSpec, facts: EngineFacts) -> dict[str, str]:
    """Return what RUN steps find around them."""
    found: dict[str, str] = {}
    if spec.network in ("host", "none"):
        found["force-network-mode"] = spec.network
    elif spec.network not in (None, "", "default"):
        raise UnsupportedFeature(
            f"network {spec.network}", backend=BACKEND, remedy="BuildKit has default, host and none"
        )
    if spec.extra_hosts:
        found["add-hosts"] = ",".join(_hosts(spec.extra_hosts, facts))
    if spec.shm_size_bytes:
        found["shm-size"] = str(spec.shm_size_bytes)
    if spec.ulimits:
        limits = (f"{name}={limit}" for name, limit in spec.ulimits.items())
        found["ulimit"] = ",".join(limits)
    return found


def _hosts(hosts: Mapping[str, str], facts: EngineFacts) -> list[str]:
    found: list[str] = []
    for host, addresses in hosts.items():
        if addresses == _HOST_GATEWAY and facts.host_gateway is None:
            raise UnsupportedFeature(
                f"{_HOST_GATEWAY} as the address of {host}",
                backend=BACKEND,
                remedy="the engine does not tell it (Docker 23 and later do): give an IP address",
            )
        for address in addresses.split(","):
            plain = address.removeprefix("[").removesuffix("]")
            found.append(f"{host}={facts.host_gateway if plain == _HOST_GATEWAY else plain}")
    return found


def _local_name(name: str) -> str:
    return f"_{name}" if name in _TAKEN_NAMES else name


def _named_contexts(spec: BuildSpec, layouts: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, source in spec.contexts.items():
        if name in layouts:
            found[f"context:{name}"] = layouts[name]
        elif is_folder(source):
            found[f"context:{name}"] = f"local:{_local_name(name)}"
        else:
            found[f"context:{name}"] = source
    if found:
        found["frontend.caps"] = "moby.buildkit.frontend.contexts+forward"
    return found
