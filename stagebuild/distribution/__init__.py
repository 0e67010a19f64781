"""
The protocol of registries: manifests and blobs by HTTP, whoever asks for them.

Source: the OCI distribution specification 1.1; docs.docker.com/registry/spec/auth.
"""

from stagebuild.distribution.manifests import Manifest, platform_manifests
from stagebuild.distribution.places import Endpoint, endpoint_of
from stagebuild.distribution.repository import Repository

__all__ = ["Endpoint", "Manifest", "Repository", "endpoint_of", "platform_manifests"]
