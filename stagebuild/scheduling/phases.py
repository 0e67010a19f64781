"""
A build in two solves: one that leaves no trace while its gates run, one that publishes.

The first makes everything, and nothing leaves the engine's build cache. When the gates have passed,
the second finds all of it in that cache, so it takes as long as exporting and pushing do. A build
that waits for nobody and has no budget is one solve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.model.entries import Output
from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.planning.spec import BuildSpec

_NOWHERE = Output(type="cacheonly")
_PACKING = ("compression", "compression-level", "force-compression", "oci-mediatypes")


def publishes(spec: BuildSpec) -> bool:
    """Return whether anything comes of a build besides that it succeeded."""
    nowhere = bool(spec.outputs) and all(output.type == "cacheonly" for output in spec.outputs)
    return not nowhere or spec.push or spec.load or bool(spec.cache_to)


def writes_files(spec: BuildSpec) -> bool:
    """Return whether a build leaves files in a folder of the caller: a test report, say."""
    return any(output.type in ("local", "tar") for output in spec.outputs)


def private(spec: BuildSpec, *, layout: str | None = None, stored: bool = False) -> BuildSpec:
    """
    Return what is built while the gates run, and before the budget is checked.

    Cache exports are a publication, too: a failing gate leaves the registry as it was.

    Args:
        spec: As planned.
        layout: Folder of an OCI layout that other builds and the budget read the image from, or
            None.
        stored: Whether the image goes into the engine's store, without a name: for a budget, on an
            engine that writes no OCI layouts.
    """
    output = _NOWHERE
    if layout is not None:
        # Packed as it will be published, so that it is packed once.
        packing = {
            key: value
            for published in spec.outputs
            for key, value in published.attributes.items()
            if key in _PACKING
        }
        output = Output(type="oci", dest=layout, attributes={"tar": "false", **packing})
    elif stored:
        output = Output(type="docker")
    return replaced(
        spec,
        tags=(),
        annotations={},
        attestations=()
        if layout is not None
        else tuple([kept for kept in spec.attestations if kept.type != "provenance"]),
        outputs=(output,),
        cache_to=(),
        push=False,
        load=False,
        recorded=False,
    )


def publication(spec: BuildSpec) -> BuildSpec:
    """
    Return what is built once the gates have passed: what the private solve made, nothing anew.

    So base images are not looked up again, and no step is told to run again.
    """
    return replaced(spec, no_cache=False, no_cache_filter=(), pull=False)
