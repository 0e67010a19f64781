"""
The ``index.json`` of an OCI image layout: which blobs have a name.

Source: OCI image specification, image-layout.md; moby/buildkit client/ociindex.
"""

from __future__ import annotations

import json
import os
from typing import Any

_TAG = "org.opencontainers.image.ref.name"
_NAME = "io.containerd.image.name"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def find_digest(folder: str, tag: str) -> str | None:
    """
    Return the digest that a layout has under a tag, or its only one; None when it has none.

    Raises:
        OSError: There is an index that can't be read.
        ValueError: It is no JSON.
    """
    manifests = _read(folder).get("manifests") or []
    for entry in manifests:
        names = entry.get("annotations") or {}
        if tag in (names.get(_TAG), names.get(_NAME)):
            return str(entry.get("digest"))
    return str(manifests[0].get("digest")) if len(manifests) == 1 else None


def name_digest(folder: str, descriptor: dict[str, Any], tag: str) -> None:
    """
    Give a blob a tag, which it takes from whatever had it.

    Args:
        folder: Of the layout; it is made one when it is none.
        descriptor: Media type, digest and size of the blob.
        tag: As ``latest``.
    """
    index = _read(folder) or {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": []}
    kept = [
        entry
        for entry in index.get("manifests") or []
        if (entry.get("annotations") or {}).get(_TAG) != tag
    ]
    named = {**descriptor, "annotations": {**(descriptor.get("annotations") or {}), _TAG: tag}}
    index["manifests"] = [*kept, named]
    _replace(f"{folder}/oci-layout", {"imageLayoutVersion": "1.0.0"})
    _replace(f"{folder}/index.json", index)


def _read(folder: str) -> dict[str, Any]:
    try:
        with open(f"{folder}/index.json", "rb") as file:  # noqa: PTH123
            found = json.load(file)
    except FileNotFoundError:
        return {}
    return found if isinstance(found, dict) else {}


def _replace(path: str, content: dict[str, Any]) -> None:
    partial = f"{path}.{os.getpid()}.partial"
    with open(partial, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(content, file)
    os.replace(partial, path)  # noqa: PTH105
