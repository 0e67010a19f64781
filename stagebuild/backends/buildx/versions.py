"""
Which feature needs what: the oldest buildx, the oldest BuildKit, and the engine's image store.

buildx 0.13 is the oldest that has ``--progress rawjson``, and it has every option that a spec can
ask for; so with it, what is missing is missing in the engine. The ``docker`` driver builds in the
engine itself, and there most of it needs the containerd image store.

Sources: docker/buildx commands/build.go and moby/buildkit frontend, exporter, solver at each tag;
docker/buildx driver/docker/driver.go (Features) and build/opt.go (toSolveOpt) for the image store.
On real engines: tests/backends/contract.
"""

from __future__ import annotations

import re
from typing import Self

from stagebuild.backends.base import Feature
from stagebuild.values import frozen

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


@frozen(kw_only=False, order=True)
class Version:
    """A version of a program, without what follows its numbers (``0.29.1+ds1``, ``0.13.0-rc2``)."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def find(cls, text: str) -> Self | None:
        """Return the first version in ``text``; None for a development build without numbers."""
        found = _VERSION.search(text)
        return None if found is None else cls(*(int(part or 0) for part in found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


OLDEST_BUILDX = Version(0, 13)
"""The first with ``--progress rawjson`` and several ``--output``."""


@frozen
class Requirement:
    """
    What a feature needs.

    Attributes:
        buildx: The release that brought the option.
        buildkit: The BuildKit release that can do it; in an engine, the one built into that.
        engine: The first Docker engine with that BuildKit.
        containerd_store: Whether the ``docker`` driver needs the containerd image store for it.
    """

    buildx: Version
    buildkit: Version
    engine: str
    containerd_store: bool = False


REQUIREMENTS = {
    Feature.ANNOTATIONS: Requirement(
        buildx=Version(0, 12), buildkit=Version(0, 11), engine="24.0", containerd_store=True
    ),
    Feature.ATTESTATIONS: Requirement(
        buildx=Version(0, 10), buildkit=Version(0, 11), engine="24.0", containerd_store=True
    ),
    Feature.CACHE_EXPORT: Requirement(
        buildx=Version(0, 2), buildkit=Version(0, 3), engine="24.0", containerd_store=True
    ),
    Feature.DOCKER_OUTPUT: Requirement(
        buildx=Version(0, 2), buildkit=Version(0, 3), engine="24.0", containerd_store=True
    ),
    Feature.LOCKED_BASES: Requirement(
        buildx=Version(0, 10), buildkit=Version(0, 11), engine="23.0"
    ),
    Feature.MULTI_PLATFORM: Requirement(
        buildx=Version(0, 2), buildkit=Version(0, 3), engine="24.0", containerd_store=True
    ),
    Feature.MULTIPLE_OUTPUTS: Requirement(
        buildx=Version(0, 13), buildkit=Version(0, 13), engine="26.0"
    ),
    Feature.NAMED_CONTEXTS: Requirement(
        buildx=Version(0, 8), buildkit=Version(0, 10), engine="23.0"
    ),
    Feature.NO_CACHE_FILTER: Requirement(
        buildx=Version(0, 8), buildkit=Version(0, 3), engine="23.0"
    ),
    Feature.OCI_LAYOUT_CONTEXTS: Requirement(
        buildx=Version(0, 9), buildkit=Version(0, 11), engine="24.0", containerd_store=True
    ),
    Feature.OCI_OUTPUT: Requirement(
        buildx=Version(0, 2), buildkit=Version(0, 3), engine="24.0", containerd_store=True
    ),
    Feature.PUSH: Requirement(buildx=Version(0, 2), buildkit=Version(0, 3), engine="20.10"),
    Feature.REPRODUCIBLE: Requirement(
        buildx=Version(0, 13), buildkit=Version(0, 13), engine="26.0", containerd_store=True
    ),
    Feature.ULIMITS: Requirement(buildx=Version(0, 7), buildkit=Version(0, 10), engine="23.0"),
}
"""What each feature needs, by feature."""

NEEDS_CONTAINERD_STORE = frozenset(
    feature for feature, needs in REQUIREMENTS.items() if needs.containerd_store
)

CONTAINERD_REMEDY = (
    'turn on the engine\'s containerd image store ({"features": {"containerd-snapshotter": true}} '
    "in its daemon.json, Docker 24 or later), or use a builder with another driver: docker buildx "
    "create --driver docker-container --use"
)
"""What to do when the ``docker`` driver lacks something for want of the image store."""


REPRODUCIBLE_REMEDY = (
    "buildx makes the engine unpack every image, which BuildKit refuses beside rewritten times: use"
    " the sdk backend, or a builder with another driver: docker buildx create --driver"
    " docker-container --use"
)
"""What to do where the ``docker`` driver is to store or push a reproducible image."""


def remedy(feature: Feature) -> str:
    """Return what to do about a missing feature, one sentence, with the versions that have it."""
    needs = REQUIREMENTS[feature]
    if needs.containerd_store:
        return CONTAINERD_REMEDY
    return (
        f"it needs buildx {needs.buildx} and BuildKit {needs.buildkit} (Docker {needs.engine}) "
        "or later: upgrade the engine, or use a builder with another driver"
    )
