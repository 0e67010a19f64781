"""
What an image's documents say of its history: manifest and configuration, or a store's list. Pure.

Sources: the OCI image specification, manifest.md, config.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.model.images import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Instructions that make a layer even if nothing changed, which an image store shows as size 0.
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (commitToHistory's withLayer).
_LAYER_KEYWORDS = ("RUN ", "COPY ", "ADD ", "WORKDIR ")


def history_of(
    config: Mapping[str, Any], layers: Sequence[Mapping[str, Any]]
) -> Iterator[HistoryEntry]:
    """Yield a configuration's history, its layers matched with the manifest's, in order."""
    remaining = iter(layers)
    for entry in config.get("history") or ():
        layer = None if entry.get("empty_layer") else next(remaining, None)
        yield HistoryEntry(
            created_by=entry.get("created_by") or "",
            size_bytes=None if layer is None else int(layer["size"]),
            digest=None if layer is None else layer["digest"],
        )


def stored_history(
    entries: Sequence[Mapping[str, Any]], layers: Sequence[str]
) -> Iterator[HistoryEntry]:
    """
    Yield what an image store says of an image's history, from the base up.

    It shows size 0 for an entry without a layer and for an empty layer alike, so what makes a layer
    is told by size and keyword; where their number is not that of the layers, no digest is named.

    Args:
        entries: As ``docker history`` and the Engine API have them, oldest first.
        layers: Digests of the unpacked layers, from the base up.
    """
    sizes = [int(entry.get("Size") or 0) for entry in entries]
    texts = [str(entry.get("CreatedBy") or "") for entry in entries]
    have = [
        size > 0 or text.startswith(_LAYER_KEYWORDS)
        for size, text in zip(sizes, texts, strict=True)
    ]
    remaining = iter(layers if sum(have) == len(layers) else ())
    for text, size, has_layer in zip(texts, sizes, have, strict=True):
        yield HistoryEntry(
            created_by=text,
            size_bytes=size if has_layer else None,
            digest=next(remaining, None) if has_layer else None,
        )
