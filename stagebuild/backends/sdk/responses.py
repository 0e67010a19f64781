"""
What the engine answers to a solve, as a ``SolveResponse``.

Values are text; some are JSON in base64, which ``metadata`` holds decoded as buildx does.

Source: docker/buildx commands/build.go (decodeExporterResponse); moby/buildkit
exporter/containerimage/exptypes.
"""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveResponse
from stagebuild.backends.sdk.dockerconfig import BACKEND
from stagebuild.errors import ProtocolError
from stagebuild.model.values import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST = "containerimage.digest"
_IMAGE_ID = "containerimage.config.digest"
_DESCRIPTOR = "containerimage.descriptor"
_INDEX_TYPES = ("manifest.list.v2+json", "image.index.v1+json")


def response_of(
    answer: Mapping[str, str], *, has_store: bool, versions: Mapping[str, str]
) -> SolveResponse:
    """
    Return the response.

    Args:
        answer: The exporters' own words.
        has_store: Whether the engine makes manifests; one with a graph driver makes them when it
            pushes, and tells the image ID in their place.
        versions: By program.

    Raises:
        ProtocolError: A digest in it is none.
    """
    metadata = decoded(answer)
    digest = _digest(answer.get(_DIGEST))
    image_id = _digest(answer.get(_IMAGE_ID))
    if image_id is None and not has_store:
        image_id = digest
    descriptor = metadata.get(_DESCRIPTOR)
    media_type = descriptor.get("mediaType", "") if isinstance(descriptor, dict) else ""
    return SolveResponse(
        digest=None if digest == image_id or not has_store else digest,
        image_id=image_id,
        is_index=media_type.endswith(_INDEX_TYPES),
        metadata=metadata,
        versions=versions,
    )


def _digest(text: str | None) -> Digest | None:
    if not text:
        return None
    try:
        return Digest.parse(text)
    except ValueError as error:
        raise ProtocolError(f"the engine's answer: {error}", backend=BACKEND) from error


def decoded(answer: Mapping[str, str]) -> dict[str, object]:
    """Return the exporters' words with JSON that is in base64 decoded, as buildx does."""
    return {key: _decoded(value) for key, value in answer.items()}


def _decoded(value: str) -> object:
    """Return JSON that is in base64, decoded; anything else as it is."""
    try:
        found = json.loads(a2b_base64(value))
    except (Base64Error, ValueError):
        return value
    return found if isinstance(found, dict | list) else value
