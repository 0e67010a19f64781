"""
Finding what runs buildx, and who builds for it.

``docker buildx build`` is two programs more than buildx: the docker command starts the plugin once
to ask who it is and once to run it, which takes 0.1 s of a build that takes 0.3 s. The plugin is
also a program of its own ("standalone", github.com/docker/buildx#installing) which takes the same
arguments and reads the same configuration. So it is run directly where it is found in the folders
in which docker looks for it, and through docker where it is not.

``list_builders`` is for people (``doctor``), and the one place for python-on-whales here: it takes
0.3 s to import, has one answer for a builder where buildx has a table, and reads the process' own
environment only. Finding the plugin and asking for one builder's driver use none of it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from stagebuild.errors import EngineUnavailable
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAM_VARIABLE = "STAGEBUILD_BUILDX"
"""Names what runs buildx instead: words as for a shell, as ``docker buildx``."""

_PLUGIN = "docker-buildx"

# Source: docker/cli cli-plugins/manager/manager_unix.go (defaultSystemPluginDirs).
_SYSTEM_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)

# On its own, buildx before 0.25 does not read these (docker/buildx commands/root.go).
_DOCKER_ONLY_VARIABLES = ("DOCKER_TLS", "DOCKER_TLS_VERIFY")


def buildx_command(docker: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return what runs buildx: the plugin itself, or ``(docker, "buildx")``.

    Args:
        docker: The docker command, a name or a path. Of a command with another name it is not
            known where it looks for plugins.
        environ: Where to find the configuration; ``STAGEBUILD_BUILDX`` overrides everything.
    """
    chosen = environ.get(PROGRAM_VARIABLE)
    if chosen:
        import shlex  # noqa: PLC0415 - takes 8 ms to import, and is rarely needed

        return tuple(shlex.split(chosen))
    through_docker = (docker, "buildx")
    if os.path.basename(docker) != "docker":  # noqa: PTH119 - pathlib is not loaded on this path
        return through_docker
    if any(environ.get(name) for name in _DOCKER_ONLY_VARIABLES):
        return through_docker
    for folder in _plugin_folders(environ):
        plugin = f"{folder}/{_PLUGIN}"
        if os.access(plugin, os.X_OK):
            return (plugin,)
    return through_docker


def has_buildx(docker: str, environ: Mapping[str, str]) -> bool:
    """
    Return whether buildx is installed; looks at files alone.

    Args:
        docker: As for ``buildx_command``.
        environ: As for ``buildx_command``.
    """
    import shutil  # noqa: PLC0415 - not on the path of a build whose backend is named

    if environ.get(PROGRAM_VARIABLE):
        return True
    plugins = (f"{folder}/{_PLUGIN}" for folder in _plugin_folders(environ))
    return shutil.which(docker, path=environ.get("PATH")) is not None and any(
        os.access(plugin, os.X_OK) for plugin in plugins
    )


def config_folder(environ: Mapping[str, str]) -> str:
    """Return the folder of docker's configuration."""
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - see above
    return environ.get("DOCKER_CONFIG") or f"{home}/.docker"


def builders_folder(environ: Mapping[str, str]) -> str:
    """Return the folder in which buildx keeps its builders."""
    return environ.get("BUILDX_CONFIG") or f"{config_folder(environ)}/buildx"


def _plugin_folders(environ: Mapping[str, str]) -> Iterator[str]:
    """
    Yield the folders in which docker looks for plugins, in its order.

    Source: docker/cli cli-plugins/manager/manager.go (getPluginDirs).
    """
    folder = config_folder(environ)
    yield from _extra_folders(f"{folder}/config.json")
    yield f"{folder}/cli-plugins"
    yield from _SYSTEM_FOLDERS


def _extra_folders(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            content = file.read()
        if b"cliPluginsExtraDirs" not in content:
            return []
        listed = json.loads(content)["cliPluginsExtraDirs"]
    except (OSError, ValueError, KeyError, TypeError):
        # docker itself reports a broken configuration, once it runs.
        return []
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []


@frozen
class Node:
    """
    One node of a builder.

    Attributes:
        name: As ``default``.
        endpoint: A docker context, socket or address.
        status: As ``running``, or None when buildx does not say.
        buildkit: BuildKit's version as it names itself, or None.
        platforms: What it builds for, as ``linux/amd64``.
    """

    name: str
    endpoint: str
    status: str | None
    buildkit: str | None
    platforms: tuple[str, ...]


@frozen
class Builder:
    """
    One of buildx's builders.

    Attributes:
        name: As ``default``.
        driver: ``docker``, ``docker-container``, ``kubernetes``, ``remote``, or None when broken.
        nodes: In buildx's order.
    """

    name: str
    driver: str | None
    nodes: tuple[Node, ...]


def list_builders(docker: str = "docker") -> tuple[Builder, ...]:
    """
    Return the builders there are, for this process' own environment.

    Asks every node, so it takes as long as the slowest answers: 0.5 s, or 20 s for a dead one.

    Raises:
        EngineUnavailable: docker or buildx can't be run.
    """
    from python_on_whales import (  # noqa: PLC0415 - 0.3 s
        ClientNotFoundError,
        DockerClient,
        DockerException,
    )

    hint = "`docker buildx ls` tells more"
    try:
        found = DockerClient(client_call=[docker]).buildx.list()
    except ClientNotFoundError as error:
        message = f'there is no program "{docker}"'
        raise EngineUnavailable(message, backend="buildx", hint=hint) from error
    except DockerException as error:
        said = (error.stderr or "").strip().partition("\n")[0]
        message = f"the builders can't be listed: {said}"
        raise EngineUnavailable(message, backend="buildx", hint=hint) from error
    return tuple(
        Builder(
            name=builder.name or "",
            driver=builder.driver or None,
            nodes=tuple(
                Node(
                    name=node.name or "",
                    endpoint=node.endpoint or "",
                    status=node.status or None,
                    buildkit=node.version or None,
                    platforms=tuple(node.platforms or ()),
                )
                for node in builder.nodes or ()
            ),
        )
        for builder in sorted(found, key=lambda item: item.name or "")
    )
