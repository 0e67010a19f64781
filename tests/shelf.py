"""A real registry behind a proxy that breaks what it is told to, and images put there by hand."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stagebuild.distribution import Manifest, Repository
from stagebuild.model import Digest

if TYPE_CHECKING:
    from tests.faults.proxy import FaultProxy

OCI = "application/vnd.oci.image."


def nobody(domain: str) -> tuple[str, str]:
    """Return that nobody is logged in."""
    del domain
    return "", ""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """
    A place in the registry that nothing else uses.

    Attributes:
        proxy: Through it ``registry`` is reached.
        nonce: In every name.
    """

    proxy: FaultProxy
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def registry(self) -> str:
        return self.proxy.registry

    def path(self, name: str = "shop") -> str:
        return f"shelf/{self.nonce}/{name}"

    def repository(self, name: str = "shop", **options: Any) -> Repository:
        options = {"credentials": nobody, "pushes": True, **options}
        return Repository(self.registry, self.path(name), **options)

    def put(
        self, text: str, *tags: str, name: str = "shop", architectures: tuple[str, ...] = ()
    ) -> Digest:
        """Put an image that holds a text there, an index where architectures are named."""
        repository = self.repository(name)
        names = architectures or ("amd64",)
        made = [self._image(repository, f"{text} {each}", each) for each in names]
        if not architectures:
            top = made[0]
        else:
            entries = [
                {**described(each), "platform": {"os": "linux", "architecture": name}}
                for each, name in zip(made, architectures, strict=True)
            ]
            statement = self._image(repository, f"{text} statement", "unknown")
            entries.append(
                {**described(statement), "platform": {"os": "unknown", "architecture": "unknown"}}
            )
            for each in (*made, statement):
                repository.put_manifest(each, each.digest)
            top = manifest({"manifests": entries}, f"{OCI}index.v1+json")
        for tag in (*tags, top.digest):
            repository.put_manifest(top, tag)
        return top.digest

    def _image(self, repository: Repository, text: str, architecture: str) -> Manifest:
        config = json.dumps({"os": "linux", "architecture": architecture, "text": text}).encode()
        parts = [
            {"mediaType": f"{OCI}config.v1+json", **self._blob(repository, config)},
            {"mediaType": f"{OCI}layer.v1.tar", **self._blob(repository, text.encode() * 100)},
        ]
        return manifest({"config": parts[0], "layers": parts[1:]}, f"{OCI}manifest.v1+json")

    def _blob(self, repository: Repository, content: bytes) -> dict[str, Any]:
        digest = Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")
        repository.upload_blob(digest, len(content), io.BytesIO(content))
        return {"digest": digest, "size": len(content)}


def manifest(fields: dict[str, Any], media_type: str) -> Manifest:
    """Return a manifest with these fields."""
    document = {"schemaVersion": 2, "mediaType": media_type, **fields}
    return Manifest(content=json.dumps(document).encode(), media_type=media_type)


def described(manifest: Manifest) -> dict[str, Any]:
    """Return the descriptor of a manifest."""
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
    }
