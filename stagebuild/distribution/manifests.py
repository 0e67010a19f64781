"""Manifests and indexes, as bytes that a digest stands for."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from stagebuild.model import Digest, Platform
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@frozen
class Manifest:
    """
    A manifest or an index, byte for byte as the registry has it.

    Attributes:
        content: The bytes.
        media_type: As ``application/vnd.oci.image.manifest.v1+json``.
    """

    content: bytes = field(repr=False)
    media_type: str

    @property
    def digest(self) -> Digest:
        """Of the bytes."""
        return Digest(f"sha256:{sha256(self.content).hexdigest()}")

    @property
    def document(self) -> dict[str, Any]:
        """
        The bytes read as JSON.

        Raises:
            ValueError: They are no JSON object.
        """
        found = json.loads(self.content)
        if not isinstance(found, dict):
            raise ValueError("a manifest that is no JSON object")  # noqa: TRY004 - its content
        return found

    def children(self) -> Iterator[Digest]:
        """Yield the manifests that an index names, attestations included; a manifest has none."""
        for entry in self.document.get("manifests") or ():
            yield Digest.parse(entry["digest"])

    def blobs(self) -> Iterator[tuple[Digest, int]]:
        """Yield configuration and layers with their sizes in bytes; an index has none."""
        document = self.document
        parts = [document["config"]] if "config" in document else []
        for part in [*parts, *(document.get("layers") or ())]:
            if not part.get("urls"):  # a foreign layer is nowhere in the registry
                yield Digest.parse(part["digest"]), int(part["size"])


def platform_manifests(document: Mapping[str, Any]) -> dict[str, Digest]:
    """
    Return manifest digest by platform of an index; empty for a manifest.

    Attestations are left out: they are annotated as such, or of the platform ``unknown``.

    Source: moby/buildkit docs/attestations/attestation-storage.md.
    """
    found: dict[str, Digest] = {}
    for entry in document.get("manifests") or ():
        platform = entry.get("platform") or {}
        is_attestation = "vnd.docker.reference.type" in (entry.get("annotations") or {})
        if not is_attestation and platform.get("os") not in (None, "", "unknown"):
            found.setdefault(platform_name(platform), Digest.parse(entry["digest"]))
    return found


def platform_name(named: Mapping[str, Any]) -> str:
    """
    Return the platform of a configuration or of an index's entry, as ``linux/arm64/v8``.

    Args:
        named: With ``os``, ``architecture`` and perhaps ``variant``.
    """
    parts = (named.get("os"), named.get("architecture"), named.get("variant"))
    text = "/".join(part for part in parts if part)
    try:
        return str(Platform.parse(text))
    except ValueError:
        return text
