"""Which features a spec requires of whatever builds it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.backends.base import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.planning.spec import BuildSpec


REPRODUCIBLE = {"rewrite-timestamp": "true", "oci-mediatypes": "true"}
"""What a reproducible image's exporter is told: file times, and one form of manifest."""

CACHE_KIND_REMEDY = (
    "an engine's own BuildKit exports caches of the types inline, registry, local and gha: take "
    "one of these, or a builder of the docker-container driver (`docker buildx create`) with the "
    "buildx backend"
)
"""What to do where an engine does not know a type of cache."""

_UNKNOWN_CACHE = r'unknown cache exporter: "(\w+)"'
_STORED = frozenset({"docker", "image", "registry"})


def required_features(spec: BuildSpec) -> frozenset[Feature]:
    """Return the features without which ``spec`` can't be built as asked."""
    return frozenset(feature for feature, asked_for in _asked_for(spec) if asked_for)


def _asked_for(spec: BuildSpec) -> Iterator[tuple[Feature, bool]]:
    outputs = spec.outputs
    yield Feature.ANNOTATIONS, bool(spec.annotations)
    yield Feature.ATTESTATIONS, bool(spec.attestations)
    yield Feature.CACHE_EXPORT, any(entry.type != "inline" for entry in spec.cache_to)
    yield Feature.DOCKER_OUTPUT, any(out.type == "docker" and out.dest for out in outputs)
    yield Feature.LOCKED_BASES, bool(spec.locked)
    yield Feature.MULTI_PLATFORM, len(spec.platforms) > 1
    yield Feature.MULTIPLE_OUTPUTS, len(outputs) + spec.push + spec.load > 1
    yield Feature.NAMED_CONTEXTS, bool(spec.contexts)
    yield Feature.NO_CACHE_FILTER, bool(spec.no_cache_filter) and not spec.no_cache
    yield (
        Feature.OCI_LAYOUT_CONTEXTS,
        any(location.startswith("oci-layout:") for location in spec.contexts.values()),
    )
    yield Feature.OCI_OUTPUT, any(out.type == "oci" for out in outputs)
    yield Feature.PUSH, spec.push or any(out.pushes for out in outputs)
    yield Feature.REPRODUCIBLE, spec.reproducible and makes_images(spec)
    yield Feature.ULIMITS, bool(spec.ulimits)


def unknown_cache(said: str) -> str | None:
    """
    Return the feature that an engine lacks by its own words, if it does not know a type of cache.

    Source: moby/buildkit control/control.go (Solve).
    """
    found = re.search(_UNKNOWN_CACHE, said)
    return f"cache export of type {found[1]}" if found else None


def makes_images(spec: BuildSpec) -> bool:
    """Return whether a build leaves an image somewhere, rather than files or nothing."""
    kinds = {output.type for output in spec.outputs}
    return spec.push or spec.load or not kinds or bool(kinds - {"local", "tar", "cacheonly"})


def stores_images(spec: BuildSpec) -> bool:
    """Return whether an image goes to an image store or a registry, rather than to a file."""
    return (
        spec.push
        or spec.load
        or not spec.outputs
        or any(output.type in _STORED and not output.dest for output in spec.outputs)
    )
