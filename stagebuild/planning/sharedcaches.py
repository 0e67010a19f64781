"""Which environments of a plan write one and the same cache: each loses what the other had."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.model import CacheEntry
    from stagebuild.planning.spec import BuildSpec

# What of an export says where it goes; the rest says how.
_PLACES = {
    "registry": ("ref",),
    "local": ("dest", "tag"),
    "gha": ("scope",),
    "s3": ("bucket", "region", "prefix", "name"),
    "azblob": ("account_url", "container", "prefix", "name"),
}


def shared_exports(specs: Sequence[BuildSpec]) -> dict[str, tuple[str, ...]]:
    """
    Return a warning by name of each environment that overwrites another one's cache.

    Args:
        specs: Of one plan.
    """
    writers: dict[tuple[str, ...], dict[str, CacheEntry]] = {}
    for spec in specs:
        for entry in spec.cache_to:
            place = _place(entry)
            if place is not None:
                writers.setdefault(place, {})[spec.name] = entry
    warnings: dict[str, list[str]] = {}
    for written in writers.values():
        if len(written) > 1:
            names = " and ".join(written)
            for name, entry in written.items():
                warnings.setdefault(name, []).append(
                    f"{names} write one cache, {shown(entry)}: each replaces what the other had"
                )
    return {name: tuple(found) for name, found in warnings.items()}


def shown(entry: CacheEntry) -> str:
    """Return where a cache is, in a few words: ``registry r.example/shop:cache``."""
    keys = ("ref", "src", "dest", "scope", "name")
    place = next((entry.attributes[key] for key in keys if key in entry.attributes), "")
    return f"{entry.type} {place}".strip()


def _place(entry: CacheEntry) -> tuple[str, ...] | None:
    keys = _PLACES.get(entry.type)
    if keys is None:  # an inline cache is in its own image
        return None
    return (entry.type, *(entry.attributes.get(key, "") for key in keys))
