"""
Images in what ``docker save`` and the Engine API's ``images/NAME/get`` write, read as it comes.

The list of what is a layer comes last. So every file that looks like an archive is read as a layer,
every small one is kept, and the list says in the end which was which.

Source: Engine API, ImageGet; moby image/tarexport (``manifest.json``, and an OCI layout since 25).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stagebuild.contents.image import content_of
from stagebuild.contents.layers import Layer, read_layer
from stagebuild.contents.manifests import json_object
from stagebuild.contents.streams import GZIP_MAGIC, ZSTD_MAGIC, ByteStream
from stagebuild.contents.tarheaders import BLOCK_BYTES, read_headers
from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.contents.image import ImageContent
    from stagebuild.dockerfile import StageGraph

_MOST_DOCUMENT_BYTES = 8 << 20
_LIST = "manifest.json"


def contents_of_archive(
    pieces: Iterable[bytes],
    *,
    stages: StageGraph | None = None,
    target: str | None = None,
) -> tuple[ImageContent, ...]:
    """
    Return what is in the images of an archive, in its own order.

    Raises:
        ImageUnreadable: It is no such archive.
    """
    stream = ByteStream(pieces)
    layers: dict[str, Layer] = {}
    documents: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for entry in read_headers(stream):
        padding = -entry.size_bytes % BLOCK_BYTES
        if entry.kind == "symlink":
            folder = entry.path.rpartition("/")[0]
            links[entry.path] = _joined(folder, entry.link)
        if entry.kind != "file":
            continue
        start = stream.peek(min(BLOCK_BYTES, entry.size_bytes))
        if _is_archive(start):
            layers[entry.path] = _layer(stream, entry.size_bytes)
        elif entry.size_bytes <= _MOST_DOCUMENT_BYTES:
            documents[entry.path] = stream.take(entry.size_bytes)
        else:
            stream.skip(entry.size_bytes)
        stream.skip(padding)
    return tuple(
        _content(image, layers, documents, links, stages=stages, target=target)
        for image in _images(documents)
    )


def _images(documents: Mapping[str, bytes]) -> list[dict[str, Any]]:
    try:
        found = json.loads(documents[_LIST])
    except (KeyError, ValueError) as error:
        raise ImageUnreadable("there is no list of images in what the engine sent") from error
    return [image for image in found if isinstance(image, dict)] if isinstance(found, list) else []


def _content(
    image: Mapping[str, Any],
    layers: Mapping[str, Layer],
    documents: Mapping[str, bytes],
    links: Mapping[str, str],
    *,
    stages: StageGraph | None,
    target: str | None,
) -> ImageContent:
    try:
        config = json_object(documents[image["Config"]], "the image's configuration")
        paths = [links.get(path, path) for path in image["Layers"]]
        found = [layers[path] for path in paths]
    except (KeyError, TypeError) as error:
        raise ImageUnreadable(f"the engine sent an image without {error}") from error
    digests = [str(digest) for digest in (config.get("rootfs") or {}).get("diff_ids") or ()]
    if len(digests) != len(found):
        digests = paths
    return content_of(config, found, digests, stages=stages, target=target)


def _is_archive(start: bytes) -> bool:
    if start.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        return True
    # An empty layer is nothing but the end of an archive.
    return start[257:262] == b"ustar" or (len(start) == BLOCK_BYTES and not start.strip(b"\0"))


def _layer(stream: ByteStream, size: int) -> Layer:
    inner = ByteStream(stream.pieces(size))
    layer = read_layer(inner)
    for _ in inner.pieces():  # what comes after the archive's end
        pass
    return layer


def _joined(folder: str, link: str) -> str:
    parts = folder.split("/") if folder else []
    for part in link.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
