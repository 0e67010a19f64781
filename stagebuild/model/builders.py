"""
Builders as a project defines them: a driver, and the nodes that it runs on.

Not to be taken for what ``docker buildx ls`` finds: these are what there should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

DRIVERS = ("docker-container", "kubernetes", "remote")


@frozen
class TlsFiles:
    """
    What a remote node is reached with, as PEM files.

    Attributes:
        ca: Certificate of the authority that signed the node's.
        cert: Certificate that is shown to the node, or None.
        key: The key of ``cert``, or None.
        server_name: The name in the node's certificate where it is not the host of the endpoint.
    """

    ca: str
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None


@frozen
class BuilderNode:
    """
    One machine of a builder.

    Attributes:
        name: None is the builder's with a number: ``farm0``, ``farm1``.
        endpoint: ``tcp://HOST:PORT`` or ``unix://…`` of a buildkitd for the driver ``remote``; a
            Docker context or host for ``docker-container``, None the one in use; none for
            ``kubernetes``.
        platforms: What is built here, as ``linux/arm64``; none given means what it says itself.
        driver_options: The driver's, by name, merged with the builder's.
        tls: What a remote node is reached with.
    """

    name: str | None = None
    endpoint: str | None = None
    platforms: tuple[str, ...] = ()
    driver_options: Mapping[str, str] = field(default_factory=dict)
    tls: TlsFiles | None = None


@frozen
class Builder:
    """
    A buildx builder that is made where it is missing.

    Attributes:
        driver: One of DRIVERS.
        nodes: One or more, in the order in which they are asked for a platform.
        driver_options: The driver's, by name, for every node.
        buildkitd_flags: Flags of the buildkitd that the driver starts, as one text.
        buildkitd_config: Path of that buildkitd's configuration, or None.
    """

    driver: str = DRIVERS[0]
    nodes: tuple[BuilderNode, ...] = (BuilderNode(),)
    driver_options: Mapping[str, str] = field(default_factory=dict)
    buildkitd_flags: str | None = None
    buildkitd_config: str | None = None
