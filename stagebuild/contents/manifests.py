"""
Blobs by digest -> the images among them. Where the blobs are is for a ``Blobs`` to know.

Source: the OCI image specification, image-index.md, manifest.md; docker's manifest schema 2.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from stagebuild.contents.image import content_of
from stagebuild.contents.layers import read_layer
from stagebuild.contents.streams import ByteStream
from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from stagebuild.contents.image import ImageContent
    from stagebuild.contents.layers import Layer
    from stagebuild.dockerfile import StageGraph


class Blobs(Protocol):
    """Where an image's blobs are: a folder, a registry."""

    def manifest(self, digest: str) -> dict[str, Any]:
        """
        Return a manifest or an index.

        Raises:
            ImageUnreadable: It is not there, or no JSON.
        """
        ...

    def config(self, digest: str) -> dict[str, Any]:
        """
        Return a configuration.

        Raises:
            ImageUnreadable: It is not there, or no JSON.
        """
        ...

    def open(self, digest: str) -> AbstractContextManager[Iterator[bytes]]:
        """
        Give a layer in pieces.

        Raises:
            ImageUnreadable: It is not there.
        """
        ...


def contents_of(
    blobs: Blobs,
    digest: str,
    *,
    stages: StageGraph | None = None,
    target: str | None = None,
) -> tuple[ImageContent, ...]:
    """
    Return what is in an image, for each of its platforms, in the order of its index.

    A layer that several platforms share is read once.

    Raises:
        ImageUnreadable: Something of it is missing, or is not what it should be.
    """
    read: dict[str, Layer] = {}
    return tuple(
        _content(blobs, manifest, read, stages, target)
        for manifest in _manifests(blobs, blobs.manifest(digest))
    )


def _manifests(blobs: Blobs, top: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the manifests of images, those of attestations left out."""
    if "manifests" not in top:
        yield top
        return
    for entry in top["manifests"]:
        platform = entry.get("platform") or {}
        is_statement = "vnd.docker.reference.type" in (entry.get("annotations") or {})
        if not is_statement and platform.get("os") != "unknown":
            yield from _manifests(blobs, blobs.manifest(entry["digest"]))


def _content(
    blobs: Blobs,
    manifest: Mapping[str, Any],
    read: dict[str, Layer],
    stages: StageGraph | None,
    target: str | None,
) -> ImageContent:
    try:
        config = blobs.config(manifest["config"]["digest"])
        digests = [str(layer["digest"]) for layer in manifest["layers"]]
    except (KeyError, TypeError) as error:
        raise ImageUnreadable(f"there is no image in a manifest: {error!r}") from error
    for digest in digests:
        if digest not in read:
            with blobs.open(digest) as pieces:
                read[digest] = read_layer(ByteStream(pieces))
    layers = [read[digest] for digest in digests]
    return content_of(config, layers, digests, stages=stages, target=target)


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """
    Return what a document holds.

    Raises:
        ImageUnreadable: It is no JSON object; ``what`` says which.
    """
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ImageUnreadable(f"{what} is no JSON document") from error
    if not isinstance(found, dict):
        raise ImageUnreadable(f"{what} is no JSON object")
    return found
