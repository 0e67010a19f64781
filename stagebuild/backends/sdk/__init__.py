"""
Building over the engine's own connection, with no docker command: ``buildkit`` joined to Docker.

What a build needs of Docker (which engine, which credentials, which proxies) is read here from the
same places as the docker command reads it; docker-py is imported only for what goes through the
Engine API, since that takes 150 ms, more than a build with nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.lazily import names_from

if TYPE_CHECKING:
    from stagebuild.backends.sdk.backend import SdkBackend

__all__ = ["SdkBackend"]


# Who only reads Docker's configuration, as the registry room does, pays for no protocol.
__getattr__ = names_from(__name__, {"SdkBackend": "backend"})
