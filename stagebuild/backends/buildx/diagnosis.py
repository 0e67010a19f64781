"""
What went wrong, from how buildx ended and what it said last.

Exit codes of ``docker buildx build`` (docker/buildx cmd/buildx/main.go, docker/cli
cmd/docker/docker.go): 1 any failure; since buildx 0.2x also 100 internal error, 102 no space left,
130 canceled; 125 the docker command did not understand; 128 + n when signal n ended it. What a RUN
step exited with is in the message, not in the code.

buildx's words come last on stderr, as ``ERROR: …``, which may have more lines; a Dockerfile excerpt
can stand before it. Texts are matched only where nothing else tells failures apart.
"""

from __future__ import annotations

import re
from signal import Signals
from typing import TYPE_CHECKING

from stagebuild.backends.base import Feature, SolveFailed
from stagebuild.backends.buildx.versions import CONTAINERD_REMEDY, OLDEST_BUILDX, Version, remedy
from stagebuild.backends.requirements import CACHE_KIND_REMEDY, unknown_cache
from stagebuild.errors import BackendError, EngineUnavailable, UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stagebuild.backends.buildx.process import Exit, NotStarted

BACKEND = "buildx"
USAGE_CODE = 125
NO_SPACE_CODE = 102
CANCELED_CODE = 130

INSTALL_HINT = (
    "install Docker Engine 23 or later with the buildx plugin 0.13 or later: "
    "https://docs.docker.com/engine/install/"
)
PLUGIN_HINT = (
    "install buildx 0.13 or later as the docker command's plugin (package docker-buildx-plugin, "
    "or docker-buildx): https://github.com/docker/buildx#installing"
)
START_HINT = (
    "start the engine (systemctl start docker, or Docker Desktop), or point DOCKER_HOST or "
    "`docker context use` at a running one"
)
PERMISSION_HINT = (
    "add the user to the group of the engine's socket (usermod -aG docker NAME, then log in anew), "
    "or use a rootless engine"
)

_MISSING_PLUGIN = re.compile(
    r"'buildx' is not a docker command|unknown command: docker buildx|"
    r"unknown flag: --(?:progress|metadata-file|builder)\b"
)
_TOO_OLD = re.compile(r"invalid progress mode rawjson|unknown flag: --")
_PERMISSION = re.compile(r"permission denied while trying to connect to the [Dd]ocker")
_UNREACHABLE = re.compile(
    r"Cannot connect to the Docker daemon|error during connect:|"
    r"(?:failed to (?:dial|connect)|dial (?:unix|tcp)) .*docker(?:\.raw)?\.sock"
)
_NO_BUILDER = re.compile(r'no builder ("?)(?P<name>[^"\s]+)\1 found')
_NO_NODE = re.compile(r"no valid drivers found|failed to find driver|failed to initialize builder")
_CANCELED = re.compile(r"context canceled\s*$")
_ENGINE_LOST = re.compile(
    r"rpc error: code = Unavailable|error reading from server: EOF|"
    r"failed to receive status: .*(?:EOF|connection)"
)

# What buildx says when the driver can't do something, before the solve begins.
# Source: docker/buildx build/opt.go and build/utils.go (notSupported), driver/features.go.
_UNSUPPORTED = (
    (re.compile(r"Attestations? (?:is|are) not supported"), Feature.ATTESTATIONS),
    (re.compile(r"Cache export is not supported"), Feature.CACHE_EXPORT),
    (re.compile(r"Multi-platform build is not supported"), Feature.MULTI_PLATFORM),
    (re.compile(r"exporting manifest lists"), Feature.MULTI_PLATFORM),
    (re.compile(r"unknown scheme oci-layout"), Feature.OCI_LAYOUT_CONTEXTS),
    (re.compile(r"OCI exporter is not supported"), Feature.OCI_OUTPUT),
    (re.compile(r"Docker exporter is not supported"), Feature.DOCKER_OUTPUT),
    (re.compile(r"multiple outputs currently unsupported"), Feature.MULTIPLE_OUTPUTS),
    (re.compile(r"index annotations not supported"), Feature.ANNOTATIONS),
    (re.compile(r"does not support --build-context"), Feature.NAMED_CONTEXTS),
)
_NOT_SUPPORTED_FOR = re.compile(r"(?P<what>[^\n:]+) is not supported for the \S+ driver")


def failure_of(
    ended: Exit,
    lines: Sequence[str],
    *,
    cancel_reason: str | None,
    version: Callable[[], str | None] = lambda: None,
) -> SolveFailed | BackendError:
    """
    Return the error to raise for a build that did not succeed.

    Args:
        ended: How the program ended.
        lines: The plain lines that it wrote, at least the last ones, redacted.
        cancel_reason: Why it was asked to end, or None.
        version: Gives buildx's version; called only if it seems to be too old.
    """
    if cancel_reason is not None:
        return SolveFailed(cancel_reason, exit_code=ended.code, canceled=True)
    said = last_words(lines)
    return (
        _unusable_buildx(ended, "\n".join(lines), version)
        or _unavailable(said)
        or _unsupported(said)
        or SolveFailed(
            _message(ended, said),
            exit_code=ended.code,
            canceled=ended.code == CANCELED_CODE or bool(_CANCELED.search(said)),
        )
    )


def not_started(failure: NotStarted, program: str) -> SolveFailed | BackendError:
    """Return the error for a program that could not be started at all."""
    error = failure.error
    if isinstance(error, ValueError):
        return SolveFailed(f"an option or variable can't be given to buildx: {error}")
    if failure.of_folder:
        return SolveFailed(f"the project's folder: {error.strerror}: {error.filename}")
    if isinstance(error, FileNotFoundError):
        return _error(f'there is no program "{program}"', INSTALL_HINT)
    if isinstance(error, PermissionError):
        hint = "check the permissions of the file and of the folders above it"
        return _error(f"{program} may not be run: {error.strerror}", hint)
    return _error(f"{program} can't be started: {error.strerror or error}", INSTALL_HINT)


def last_words(lines: Sequence[str]) -> str:
    """Return the last ``ERROR: …`` with the lines after it, without the prefix; else the end."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("ERROR: "):
            words = [lines[index].removeprefix("ERROR: "), *lines[index + 1 :]]
            return "\n".join(line for line in words if not _is_advice(line)).strip()
    return "\n".join(line for line in lines[-5:] if line.strip()).strip()


def _is_advice(line: str) -> bool:
    return line.startswith(("View build details:", "Build details:"))


def _unusable_buildx(
    ended: Exit, text: str, version: Callable[[], str | None]
) -> EngineUnavailable | None:
    """Return the error for a docker command without buildx, or with one that is too old."""
    by_docker = ended.code == USAGE_CODE or text.startswith("docker: ")
    if by_docker and _MISSING_PLUGIN.search(text) and version() is None:
        return _error("the docker command has no buildx", PLUGIN_HINT)
    if by_docker or _TOO_OLD.search(text):
        found = Version.find(version() or "")
        if found is not None and found < OLDEST_BUILDX:
            return _error(
                f"buildx {found} is too old: {OLDEST_BUILDX} is the oldest that works", PLUGIN_HINT
            )
    return None


def _unavailable(said: str) -> EngineUnavailable | None:
    """Return the error for an engine or builder that is not there."""
    if _PERMISSION.search(said):
        return _error("the Docker engine may not be used by this user", PERMISSION_HINT)
    if _UNREACHABLE.search(said):
        return _error(said, START_HINT)
    if _NO_NODE.search(said):
        return _error(said, "`docker buildx inspect --bootstrap` tells what its nodes lack")
    missing = _NO_BUILDER.search(said)
    if missing is None:
        return None
    return _error(
        f'there is no builder "{missing["name"]}"',
        "`docker buildx ls` lists the builders there are; "
        f"`docker buildx create --name {missing['name']}` makes one",
    )


def _unsupported(said: str) -> UnsupportedFeature | None:
    for pattern, feature in _UNSUPPORTED:
        if pattern.search(said):
            return UnsupportedFeature(feature, backend=BACKEND, remedy=remedy(feature))
    cache = unknown_cache(said)
    if cache:
        return UnsupportedFeature(cache, backend=BACKEND, remedy=CACHE_KIND_REMEDY)
    other = _NOT_SUPPORTED_FOR.search(said)
    if other:
        return UnsupportedFeature(other["what"].strip(), backend=BACKEND, remedy=CONTAINERD_REMEDY)
    return None


def _message(ended: Exit, said: str) -> str:
    if ended.code < 0:
        return _killed(-ended.code, said)
    if ended.code == NO_SPACE_CODE:
        return f"{said or 'no space left'}; `docker builder prune` frees what the cache holds"
    if _ENGINE_LOST.search(said):
        return f"the engine went away during the build: {said}"
    return said or f"buildx ended with exit code {ended.code} and said nothing"


def _killed(number: int, said: str) -> str:
    try:
        name = Signals(number).name
    except ValueError:
        name = f"signal {number}"
    why = " (out of memory, perhaps)" if name == "SIGKILL" else ""
    return f"buildx was killed by {name}{why}" + (f": {said}" if said else "")


def _error(message: str, hint: str) -> EngineUnavailable:
    return EngineUnavailable(message, backend=BACKEND, hint=hint)
