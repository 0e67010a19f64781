"""Writing the tags of a promotion, and remembering it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from stagebuild.history.records import BuildRecord
from stagebuild.model.references import Reference
from stagebuild.promotion.choosing import plan_promotion
from stagebuild.promotion.repositories import Repositories
from stagebuild.registry.copying import copy_image, gone
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.history import History
    from stagebuild.model import Project
    from stagebuild.promotion.values import Promotion


def promote(
    source: str,
    target: str,
    *,
    project: Project,
    history: History,
    digest: str | None = None,
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Promotion:
    """
    Give the image that ``source`` runs the tags of ``target``, without a rebuild.

    Args:
        source: As ``staging``.
        target: As ``prod``.
        project: Theirs.
        history: Says which gates the image has passed, and remembers the promotion.
        digest: The image, instead of the one that was pushed last.
        dry_run: Whether everything is looked at and nothing written.
        environ: The process environment, for credentials; this process' own when not given.

    Returns:
        What was done, or would be.

    Raises:
        PromotionRefused: As ``plan_promotion``, which says it all before anything is written.
        RegistryError: Likewise, or a write failed; tags are written last, in order.
        ConfigError: As ``plan_promotion``.
        HistoryError: As ``plan_promotion``.
    """
    environ = os.environ if environ is None else environ
    planned = plan_promotion(
        source, target, project=project, history=history, digest=digest, environ=environ
    )
    if not dry_run:
        begun_s = time.time()
        _write(planned, Repositories(environ))
        history.add(_record(planned, begun_s, time.time()))
    return planned


def _write(planned: Promotion, repositories: Repositories) -> None:
    at = Reference.parse(planned.repository)
    source = repositories.of(at)
    manifest = source.manifest(planned.digest)
    if manifest is None:
        raise gone(source, planned.digest)
    by_repository: dict[tuple[str, str], list[Reference]] = {}
    for move in planned.moves:
        tag = Reference.parse(move.tag)
        by_repository.setdefault((tag.domain, tag.path), []).append(tag)
    for tags in by_repository.values():
        target = repositories.of(tags[0], pushes=True, source=at)
        copy_image(manifest, source, target, [tag.tag or "latest" for tag in tags])


def _record(planned: Promotion, begun_s: float, ended_s: float) -> BuildRecord:
    """Return what is remembered: the same image, in the other environment, with its gates."""
    made = planned.record
    return BuildRecord(
        uid=os.urandom(16).hex(),
        environment=planned.target,
        target=made.target,
        platforms=made.platforms,
        outcome="promoted",
        started_s=round(begun_s, 3),
        wall_s=round(ended_s - begun_s, 3),
        digest=planned.digest,
        image_id=made.image_id,
        is_index=made.is_index,
        pushed=True,
        tags=tuple(move.tag for move in planned.moves),
        size_bytes=made.size_bytes,
        compressed=made.compressed,
        versions={"stagebuild": __version__},
        git=made.git,
        gates=made.gates,
    )
