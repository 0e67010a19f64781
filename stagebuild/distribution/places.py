"""Where a registry is: its address, and whose certificate it has."""

from __future__ import annotations

import re
from typing import NamedTuple

HUB = "registry-1.docker.io"

_LOOPBACK = re.compile(r"(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?")


class Endpoint(NamedTuple):
    """
    Where a registry answers.

    Attributes:
        url: Without a path, ``https://registry.example``.
        authority: File of the certificate authority to trust besides, or None.
    """

    url: str
    authority: str | None = None


def endpoint_of(domain: str, *, certificates: str = "/etc/docker/certs.d") -> Endpoint:
    """
    Return where the registry of a domain answers: without TLS on this machine, as for engines.

    Args:
        domain: As in a reference, ``docker.io``.
        certificates: Folder with a folder of ``*.crt`` files for each registry, Docker's.

    Source: docs.docker.com/engine/security/certificates.
    """
    host = HUB if domain == "docker.io" else domain
    if _LOOPBACK.fullmatch(host):
        return Endpoint(f"http://{host}")
    from pathlib import Path  # noqa: PLC0415 - only where a registry is far away

    folder = Path(certificates, domain)
    authority = next((str(path) for path in sorted(folder.glob("*.crt"))), None)
    return Endpoint(f"https://{host}", authority)
