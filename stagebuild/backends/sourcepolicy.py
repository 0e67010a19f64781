"""
Locked base images as a source policy: whoever asks for the tag gets the digest.

The Dockerfile, its stages and the names of its vertices stay as they are, and a base that an ARG
chooses is found by what it expands to. BuildKit applies it wherever an image is looked up: FROM,
COPY --from, mounts and named contexts.

Selectors are of the default kind, wildcards, of which an image's name has none: one that matches
exactly converts nothing (Format returns the selector's own identifier).

Source: moby/buildkit sourcepolicy/engine.go, formatter.go and pb/policy.proto; docker/buildx
build/build.go (ReadSourcePolicy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
_IMAGE = "docker-image://"


def policy_document(locked: Mapping[str, str]) -> dict[str, Any]:
    """Return the policy as buildx reads it, as JSON."""
    rules = [
        {
            "action": "CONVERT",
            "selector": {"identifier": f"{_IMAGE}{name}"},
            "updates": {"identifier": f"{_IMAGE}{name}@{digest}"},
        }
        for name, digest in locked.items()
    ]
    return {"version": VERSION, "rules": rules}
