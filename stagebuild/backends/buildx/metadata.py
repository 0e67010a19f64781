"""
What buildx answers: its ``--metadata-file``, as a ``SolveResponse``.

The file is written when the build has succeeded, and at no other time. Keys, all optional:
``containerimage.digest`` (what a registry answers for), ``containerimage.config.digest`` (the
image ID), ``containerimage.descriptor``, ``image.name``, ``buildx.build.ref``.

Source: docker/buildx commands/build.go (writeMetadataFile, decodeExporterResponse), build/build.go;
moby/buildkit exporter/containerimage/exptypes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stagebuild.backends.base import SolveResponse
from stagebuild.errors import ProtocolError
from stagebuild.model.values import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDEX_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)


def read_response(content: bytes, *, backend: str, versions: Mapping[str, str]) -> SolveResponse:
    """
    Return the response that a metadata file holds.

    Args:
        content: Of the file.
        backend: Name for the error.
        versions: By program, for the response.

    Raises:
        ProtocolError: It is no JSON object, or a digest in it is none.
    """
    try:
        metadata = json.loads(content)
    except ValueError as error:
        raise ProtocolError(f"the metadata file is no JSON: {error}", backend=backend) from error
    if not isinstance(metadata, dict):
        raise ProtocolError("the metadata file is no JSON object", backend=backend)
    digest = _digest(metadata, "containerimage.digest", backend)
    image_id = _digest(metadata, "containerimage.config.digest", backend)
    descriptor = metadata.get("containerimage.descriptor")
    if digest == image_id:
        # buildx fills in the one that is missing with the other. An index has no configuration;
        # a graph-driver store makes a manifest when it pushes, not before.
        digest, image_id = (digest, None) if isinstance(descriptor, dict) else (None, image_id)
    return SolveResponse(
        digest=digest,
        image_id=image_id,
        is_index=isinstance(descriptor, dict) and descriptor.get("mediaType") in _INDEX_TYPES,
        metadata=metadata,
        versions=versions,
    )


def _digest(metadata: Mapping[str, Any], key: str, backend: str) -> Digest | None:
    text = metadata.get(key)
    if text is None or text == "":
        return None
    try:
        return Digest.parse(text)
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"{key} in the metadata file: {error}", backend=backend) from error
