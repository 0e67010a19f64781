"""A build spec -> what tells apart whose cache it uses, and what becomes of its image; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.planning.spec import BuildSpec


def cache_owner(spec: BuildSpec, environ: Mapping[str, str]) -> str:
    """Return what tells one builder's cache from another's: its name, else the engine's address."""
    named = spec.builder or environ.get("BUILDX_BUILDER", "")
    host = environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT", "")
    return " ".join(filter(None, (named, host))) or "default"


def delivery_key(spec: BuildSpec, owner: str) -> str:
    """
    Return what tells one wish of what becomes of an image from another: where it goes, its gates.

    Args:
        spec: What is asked for.
        owner: What has the cache; see ``cache_owner``.
    """
    wish = [
        owner,
        spec.push,
        spec.load,
        sorted(map(str, spec.outputs)),
        sorted(map(str, spec.cache_to)),
        sorted(spec.requires),
        sorted(spec.platforms and map(str, spec.platforms)),
    ]
    if spec.budget is not None:
        wish.append(repr(spec.budget))
    return json.dumps(wish)
