"""
The tables: which engines there are, and the Debian packages that everything is made of.

Adding an engine is adding a line to `ENGINES`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

SUPPORT_SUITE = "bookworm"
"""The suite of all that the engines share; Debian 12's libc is new enough for it."""

SUPPORT_PACKAGES = (
    "busybox-static",
    "docker-registry",
    "iptables",
    "libdevmapper1.02.1",
    "libip4tc2",
    "libip6tc2",
    "libmnl0",
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftnl11",
    "libseccomp2",
    "libxtables12",
    "mmdebstrap",
    "runc",
    "tini",
)
"""
What the engines, the registry and the base images need beside the engine itself.

runc and tini are the support suite's for every engine: the newer ones need a newer libc.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """
    One kind of engine.

    Attributes:
        name: what it is called on the command line.
        suite: the Debian release whose docker.io it is.
        packages: unpacked from that suite.
        containerd_store: images live in containerd's store instead of the graph drivers'. Only
            with it can the `docker` driver export caches and build for several platforms.
        buildx: the docker CLI of this suite has buildx as a plugin.
    """

    name: str
    suite: str
    packages: Sequence[str]
    containerd_store: bool
    buildx: bool


_OLD = ("docker.io", "containerd")
_NEW = ("docker.io", "docker-cli", "docker-buildx", "containerd")

ENGINES: Mapping[str, EngineSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            EngineSpec(
                name="20.10", suite="bookworm", packages=_OLD, containerd_store=False, buildx=False
            ),
            EngineSpec(
                name="26.1", suite="trixie", packages=_NEW, containerd_store=False, buildx=True
            ),
            EngineSpec(
                name="26.1-containerd",
                suite="trixie",
                packages=_NEW,
                containerd_store=True,
                buildx=True,
            ),
            EngineSpec(
                name="28.5", suite="forky", packages=_NEW, containerd_store=True, buildx=True
            ),
            EngineSpec(
                name="28.5-graph",
                suite="forky",
                packages=_NEW,
                containerd_store=False,
                buildx=True,
            ),
        )
    }
)
"""Every engine by its name, oldest first."""

DEFAULT_ENGINE = "28.5"
REGISTRY = "registry"
"""The name under which the registry's process is recorded, beside the engines' names."""

PREFERRED_PORT = 5000
"""The registry's port, unless another program has it: what tutorials and Dockerfiles write."""

EMULATION_PACKAGES = ("qemu-user-static",)
"""Unpacked by `up --emulation` only."""
