"""
Never build what is built: results of earlier builds, for specs of which nothing has changed.

A spec is skipped when everything holds: its image's key is that of a recorded build, with
base images as they are *now*; it is delivered in the same way, by the same builder, past the same
gates, which are all unchanged themselves; and the image is found where it has to be, under every
tag. Anything else, and anything that can't be seen, is built: that is the engine's business, and
mostly cached.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from stagebuild.errors import StagebuildError
from stagebuild.fingerprint import Folders, fingerprint
from stagebuild.history.recording import cache_owner, delivery_key
from stagebuild.model import Digest
from stagebuild.registry import ImageDigests
from stagebuild.result import Attempt, BuildResult, references_of
from stagebuild.timeline import TimelineBuilder
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.history.records import BuildRecord
    from stagebuild.history.store import History
    from stagebuild.planning.spec import BuildSpec

LOOKED_AT = 50
"""How many of an environment's latest builds may be the one that is found again."""

_HERE_ALREADY = frozenset({"cacheonly", "image", "registry"})


def unchanged(
    specs: Sequence[BuildSpec],
    *,
    history: History,
    environ: Mapping[str, str],
    images: ImageDigests | None = None,
) -> dict[str, BuildResult]:
    """
    Return the results of the builds that need not be done, by name; every skip is recorded.

    Args:
        specs: What is asked for, gates included.
        history: What was built.
        environ: The process environment.
        images: Who is asked about images; the engine and registries, anew, when not given.

    Raises:
        HistoryError: The history can't be read or written.
    """
    ask = ImageDigests(environ, kept_s=0) if images is None else images
    found: dict[str, BuildRecord] = {}
    for spec in specs:
        record = _found_again(spec, history, environ, ask)
        if record is not None:
            found[spec.name] = record
    by_name = {spec.name: spec for spec in specs}
    while True:
        # A build whose gate is not unchanged is not either. A gate that is still required by a
        # build that runs has to run with it.
        needed = {gate for spec in specs if spec.name not in found for gate in spec.requires}
        dropped = {
            name
            for name in found
            if name in needed or any(gate not in found for gate in by_name[name].requires)
        }
        if not dropped:
            break
        for name in dropped:
            del found[name]
    return {name: _skip(by_name[name], record, history) for name, record in found.items()}


def _found_again(
    spec: BuildSpec, history: History, environ: Mapping[str, str], ask: ImageDigests
) -> BuildRecord | None:
    """Return the recorded build whose result is what the spec asks for, or None."""
    if spec.no_cache or spec.no_cache_filter or spec.attestations or spec.stages is None:
        return None
    builds = history.builds(spec.name, limit=LOOKED_AT, outcome="built")
    owner = cache_owner(spec, environ)
    delivery = delivery_key(spec, owner)
    candidates = [one for one in builds if one.image_key and one.delivery == delivery]
    if not candidates:
        return None
    folders = Folders(spec.dockerfile, environ)
    began_s = time.time()
    try:
        key = fingerprint(spec, folders=folders, images=ask)
    except (StagebuildError, OSError, ValueError):
        return None
    folders.save()
    if key.doubts:
        return None
    record = next((one for one in candidates if one.image_key == key.image), None)
    if record is None or not _is_there(spec, record, ask) or folders.changed_since(began_s):
        return None
    return record


def _is_there(spec: BuildSpec, record: BuildRecord, ask: ImageDigests) -> bool:
    """Say whether the image is where the spec wants it, under every tag."""
    kinds = {output.type for output in spec.outputs}
    if kinds - _HERE_ALREADY or any("name" in output.attributes for output in spec.outputs):
        return False
    if kinds == {"cacheonly"} and not spec.push and not spec.load:
        return True
    if record.digest is None and record.image_id is None:
        return False
    pushes = spec.push or any(output.pushes for output in spec.outputs)
    if pushes and (not spec.tags or any(ask(_full(tag)) != record.digest for tag in spec.tags)):
        return False
    if pushes and not spec.load:
        return True
    names = spec.tags or (record.digest or record.image_id or "",)
    expected = {record.digest, record.image_id} - {None}
    return all(ask.stored(name) in expected for name in names)


def _full(tag: str) -> str:
    from stagebuild.dockerfile import normalize_reference  # noqa: PLC0415 - pushed images alone

    return normalize_reference(tag)


def _skip(spec: BuildSpec, record: BuildRecord, history: History) -> BuildResult:
    """Record that a build was skipped, and return its result."""
    began_s = time.time()
    skipped = replaced(
        record,
        uid=os.urandom(16).hex(),
        outcome="skipped",
        started_s=round(began_s, 3),
        wall_s=0.0,
        stages=(),
        overheads={},
        prints=(),
        tags=spec.tags,
    )
    history.add(skipped)
    digest = None if record.digest is None else Digest(record.digest)
    return BuildResult(
        name=spec.name,
        spec=spec,
        digest=digest,
        image_id=None if record.image_id is None else Digest(record.image_id),
        is_index=record.is_index,
        references=references_of(spec, digest),
        pushed=record.pushed,
        timeline=TimelineBuilder().build(wall_s=0.0, stage_order=()),
        attempts=(Attempt(number=1, wall_s=0.0),),
        backend=record.backend,
        versions=record.versions,
        skipped=True,
    )
