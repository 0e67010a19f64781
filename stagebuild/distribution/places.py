"""Where a registry is: its address, and whose certificate it has."""

from __future__ import annotations

import re
from typing import NamedTuple

CERTIFICATES = "/etc/docker/certs.d"
"""Where Docker has what it trusts besides the system's authorities, by registry."""

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


def endpoint_of(domain: str, *, certificates: str = CERTIFICATES) -> Endpoint:
    """
    Return where the registry of a domain answers.

    One on this machine is asked without TLS, as engines do at last, unless a certificate is there.

    Args:
        domain: As in a reference, ``docker.io``.
        certificates: Folder with a folder of ``*.crt`` files for each registry, Docker's.

    Source: docs.docker.com/engine/security/certificates.
    """
    from pathlib import Path  # noqa: PLC0415 - only where a registry is asked

    host = HUB if domain == "docker.io" else domain
    folder = Path(certificates, domain)
    authority = next((str(path) for path in sorted(folder.glob("*.crt"))), None)
    if authority is None and _LOOPBACK.fullmatch(host):
        return Endpoint(f"http://{host}")
    return Endpoint(f"https://{host}", authority)
