"""What a lock holds, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model import Digest


@frozen
class LockedImage:
    """
    One base image, as it was.

    Attributes:
        name: In its complete form, ``docker.io/library/python:3.11-slim``.
        digest: Of the index, or of the manifest where there is no index: what its tag stood for.
        platforms: Manifest digest by platform, ``linux/amd64``; attestations are none of them.
        resolved: When, as ``2026-11-24T11:06:39Z``.
    """

    name: str
    digest: Digest
    platforms: Mapping[str, Digest] = field(default_factory=dict)
    resolved: str


@frozen
class Lock:
    """
    The base images of a project.

    Attributes:
        images: By name.
        path: The file as the user would type it, for messages.
    """

    images: Mapping[str, LockedImage] = field(default_factory=dict)
    path: str = "stagebuild.lock"
