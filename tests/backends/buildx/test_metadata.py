"""What buildx leaves in its metadata file, as a response. The documents are real, shortened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.buildx.metadata import read_response
from stagebuild.errors import ProtocolError

if TYPE_CHECKING:
    from stagebuild.backends.base import SolveResponse

MANIFEST = "sha256:" + "a" * 64
CONFIG = "sha256:" + "b" * 64


def read(document: Any) -> SolveResponse:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_response(content, backend="buildx", versions={"buildx": "0.29.1"})


def descriptor(media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": MANIFEST, "size": 1083}


def test_an_image_has_a_digest_and_an_id() -> None:
    document = {
        "buildx.build.ref": "default/default/ade",
        "containerimage.config.digest": CONFIG,
        "containerimage.descriptor": descriptor("application/vnd.oci.image.manifest.v1+json"),
        "containerimage.digest": MANIFEST,
    }

    response = read(document)

    assert (response.digest, response.image_id, response.is_index) == (MANIFEST, CONFIG, False)
    assert response.metadata == document
    assert response.versions == {"buildx": "0.29.1"}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ],
)
def test_an_index_has_no_id_even_if_buildx_repeats_its_digest(media_type: str) -> None:
    response = read(
        {
            "containerimage.config.digest": MANIFEST,
            "containerimage.descriptor": descriptor(media_type),
            "containerimage.digest": MANIFEST,
        }
    )

    assert (response.digest, response.image_id, response.is_index) == (MANIFEST, None, True)


def test_an_id_that_is_told_twice_is_no_digest() -> None:
    # A graph-driver store makes no manifest until it pushes.
    response = read({"containerimage.config.digest": CONFIG, "containerimage.digest": CONFIG})

    assert (response.digest, response.image_id) == (None, CONFIG)


def test_a_build_without_an_image_has_neither() -> None:
    response = read({"buildx.build.ref": "default/default/ade"})

    assert (response.digest, response.image_id) == (None, None)


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"\xff", {"containerimage.digest": "latest"}, {"containerimage.digest": 1}],
)
def test_what_can_not_be_read_is_a_protocol_error(document: Any) -> None:
    with pytest.raises(ProtocolError):
        read(document)
