"""
What an engine can do, from what its workers say of themselves; and what to do where it can't.

Source: docker/buildx driver/docker/driver.go (Features); moby builder-next/worker; BuildKit's
release notes. A Docker engine's BuildKit says no version, or an unknown one: the API's stands for
it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.base import Feature
from stagebuild.backends.requirements import required_features
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.buildkit.messages import WorkerRecord
    from stagebuild.planning.spec import BuildSpec

_SNAPSHOTTER = "org.mobyproject.buildkit.worker.snapshotter"
_HOST_GATEWAY = "org.mobyproject.buildkit.worker.moby.host-gateway-ip"
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_UNSAID_VERSION = (0, 8)

# API version of an engine, and the BuildKit in it. Source: moby's go.mod (vendor.mod) at each tag.
_RELEASED = (
    ((1, 42), (0, 10)),
    ((1, 43), (0, 11)),
    ((1, 44), (0, 12)),
    ((1, 45), (0, 13)),
    ((1, 47), (0, 15)),
    ((1, 49), (0, 20)),
    ((1, 51), (0, 23)),
    ((1, 52), (0, 25)),
)

_NEEDS_STORE = frozenset(
    {
        Feature.ANNOTATIONS,
        Feature.ATTESTATIONS,
        Feature.CACHE_EXPORT,
        Feature.DOCKER_OUTPUT,
        Feature.MULTI_PLATFORM,
        Feature.OCI_LAYOUT_CONTEXTS,
        Feature.OCI_OUTPUT,
        Feature.REPRODUCIBLE,
    }
)
_STORE_REMEDY = (
    'turn on the engine\'s containerd image store ({"features": {"containerd-snapshotter": true}} '
    "in its daemon.json, Docker 24 or later), or use the buildx backend with a builder of the "
    "docker-container driver"
)
_OLDEST = {
    Feature.ANNOTATIONS: ((0, 11), "23.0"),
    Feature.ATTESTATIONS: ((0, 11), "23.0"),
    Feature.LOCKED_BASES: ((0, 11), "23.0"),
    Feature.MULTIPLE_OUTPUTS: ((0, 13), "26.0"),
    Feature.NAMED_CONTEXTS: ((0, 10), "23.0"),
    Feature.NO_CACHE_FILTER: ((0, 10), "23.0"),
    Feature.REPRODUCIBLE: ((0, 13), "26.0"),
    Feature.ULIMITS: ((0, 10), "23.0"),
}
_OLDEST_SHM = (0, 10)


class EngineFacts(NamedTuple):
    """
    What matters about an engine.

    Attributes:
        is_docker: Whether it is a Docker engine, not a buildkitd.
        has_store: Whether images are in containerd's store, as they always are in a buildkitd.
        buildkit: BuildKit's version, major and minor.
        versions: By program: ``docker``, ``buildkit``, as far as they say.
        host_gateway: Address of the host as containers see it, or None.
    """

    is_docker: bool
    has_store: bool
    buildkit: tuple[int, int]
    versions: Mapping[str, str]
    host_gateway: str | None


def facts_of(workers: Sequence[WorkerRecord], engine: Mapping[str, str]) -> EngineFacts:
    """
    Return what is known of an engine.

    Args:
        workers: Its own words.
        engine: Headers of its answer to a ping; empty for a buildkitd.
    """
    is_docker = bool(engine)
    labels = dict(workers[0].labels) if workers else {}
    said = workers[0].buildkit_version if workers else None
    version = said.version if said is not None and "unknown" not in said.version else ""
    found = _VERSION.search(version)
    return EngineFacts(
        is_docker=is_docker or any(".worker.moby." in label for label in labels),
        has_store=not is_docker or _SNAPSHOTTER in labels,
        buildkit=(int(found[1]), int(found[2])) if found else _buildkit_in(engine),
        versions=_versions(version, engine),
        host_gateway=labels.get(_HOST_GATEWAY) or None,
    )


def _buildkit_in(engine: Mapping[str, str]) -> tuple[int, int]:
    """Return the BuildKit that an engine was released with, by the API's version."""
    found = _VERSION.match(engine.get("api-version", ""))
    api = (int(found[1]), int(found[2])) if found else (1, 0)
    return max((kit for first, kit in _RELEASED if api >= first), default=_UNSAID_VERSION)


def _versions(buildkit: str, engine: Mapping[str, str]) -> dict[str, str]:
    said = {"buildkit": buildkit, "docker": engine.get("server", "")}
    said["docker"] = said["docker"].removeprefix("Docker/").partition(" ")[0]
    return {program: version for program, version in said.items() if version}


def check_features(spec: BuildSpec, facts: EngineFacts, *, outputs: int) -> None:
    """
    Refuse what the engine can't do as asked.

    Args:
        spec: What is asked.
        facts: Of the engine.
        outputs: How many exporters that comes to; an engine's own stores and pushes at once.

    Raises:
        UnsupportedFeature: With what to do about it.
    """
    required = required_features(spec)
    if outputs <= 1:
        required -= {Feature.MULTIPLE_OUTPUTS}
    for feature in sorted(required):
        if feature in _NEEDS_STORE and not facts.has_store:
            raise UnsupportedFeature(feature, backend=BACKEND, remedy=_STORE_REMEDY)
        oldest, engine = _OLDEST.get(feature, (_UNSAID_VERSION, ""))
        if facts.buildkit < oldest:
            remedy = (
                f"it needs BuildKit {oldest[0]}.{oldest[1]} (Docker {engine}): upgrade the engine"
            )
            raise UnsupportedFeature(feature, backend=BACKEND, remedy=remedy)
    if spec.shm_size_bytes and facts.buildkit < _OLDEST_SHM:
        remedy = "it needs BuildKit 0.10 (Docker 23.0) or later: upgrade the engine"
        raise UnsupportedFeature("a size for /dev/shm", backend=BACKEND, remedy=remedy)
    if spec.load and not facts.is_docker:
        raise UnsupportedFeature(
            "load",
            backend=BACKEND,
            remedy="a buildkitd has no image store of Docker's: use output type docker with a dest",
        )
