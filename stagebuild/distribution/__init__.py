"""
The protocol of registries: manifests and blobs by HTTP, whoever asks for them.

Each name is imported when it is first used: who knows its errors, as the command line does, does
not wait for an HTTP client.

Source: the OCI distribution specification 1.1; docs.docker.com/registry/spec/auth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.distribution.manifests import Manifest, platform_manifests
    from stagebuild.distribution.places import Endpoint, endpoint_of
    from stagebuild.distribution.repository import Repository

_HOME_OF = {
    "Endpoint": "places",
    "Manifest": "manifests",
    "Repository": "repository",
    "endpoint_of": "places",
    "platform_manifests": "manifests",
}

__all__ = ["Endpoint", "Manifest", "Repository", "endpoint_of", "platform_manifests"]

__getattr__ = names_from(__name__, _HOME_OF)
