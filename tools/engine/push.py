"""
The registry's HTTP API: what pushing an image takes.

Source: opencontainers/distribution-spec, spec.md, "Push".
"""

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tools.engine.errors import EngineError
from tools.engine.oci import MEDIA_INDEX, MEDIA_MANIFEST, Blob, canonical_json

_OK, _CREATED, _ACCEPTED = 200, 201, 202


class Repository:
    """
    One repository of a registry, such as `library/python`.

    Args:
        address: `localhost:PORT`; plain HTTP.
        name: of the repository.
    """

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name

    def digest_of(self, reference: str) -> str | None:
        """Return the digest that a tag or digest has in the registry; None if it has none."""
        accept = {"Accept": f"{MEDIA_INDEX}, {MEDIA_MANIFEST}"}
        status, headers = self._call("HEAD", f"/v2/{self.name}/manifests/{reference}", accept)
        return headers.get("docker-content-digest") if status == _OK else None

    def push_blob(self, blob: Blob) -> None:
        """Upload a layer or a config, unless the repository has it."""
        status, _ = self._call("HEAD", f"/v2/{self.name}/blobs/{blob.digest}")
        if status == _OK:
            return
        status, headers = self._call("POST", f"/v2/{self.name}/blobs/uploads/")
        self._expect(status, _ACCEPTED, f"an upload of {blob.digest}")
        place = urlsplit(headers["location"])
        query = "&".join(part for part in (place.query, f"digest={blob.digest}") if part)
        length = {"Content-Length": str(blob.size_bytes)}
        if isinstance(blob.content, Path):
            with blob.content.open("rb") as file:
                status, _ = self._call("PUT", f"{place.path}?{query}", length, file)
        else:
            status, _ = self._call("PUT", f"{place.path}?{query}", length, blob.content)
        self._expect(status, _CREATED, f"the blob {blob.digest}")

    def push_manifest(self, reference: str, value: Mapping[str, object]) -> str:
        """Put a manifest or an index under a tag or digest; return its digest."""
        body = canonical_json(value)
        kind = {"Content-Type": str(value["mediaType"])}
        status, headers = self._call("PUT", f"/v2/{self.name}/manifests/{reference}", kind, body)
        self._expect(status, _CREATED, f"the manifest {reference}")
        return headers["docker-content-digest"]

    def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
    ) -> tuple[int, Mapping[str, str]]:
        connection = http.client.HTTPConnection(self.address, timeout=300)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            answer.read()
        except OSError as error:
            raise EngineError(f"the registry at {self.address} does not answer: {error}") from error
        finally:
            connection.close()
        return answer.status, {key.lower(): text for key, text in answer.getheaders()}

    def _expect(self, status: int, wanted: int, what: str) -> None:
        if status != wanted:
            raise EngineError(
                f"the registry at {self.address} answered {status} to {what} for {self.name}",
                remedy="Its log is .engine/logs/registry.log; a full disk is the usual reason.",
            )
