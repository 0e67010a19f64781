"""A promotion as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.promotion import Promotion

VERSION = 1


def promotion_text(promotion: Promotion, *, dry_run: bool) -> str:
    """
    Return what a person reads.

    Args:
        promotion: What was done, or would be.
        dry_run: Whether nothing was written.
    """
    return "".join(f"{line}\n" for line in _lines(promotion, dry_run=dry_run))


def _lines(promotion: Promotion, *, dry_run: bool) -> Iterator[str]:
    verb = "would promote" if dry_run else "promoted"
    image = f"{promotion.repository}@{promotion.digest}"
    yield f"{verb} {promotion.source} to {promotion.target}: {image}"
    git = promotion.record.git
    if git is not None:
        yield f"  built from {git.sha[:7]}{'' if git.branch is None else f' ({git.branch})'}"
    yield f"  passed {', '.join(promotion.gates) or 'no gates: none are required'}"
    for move in promotion.moves:
        if move.before == promotion.digest:
            yield f"  {move.tag} is it already"
        elif move.before is None:
            yield f"  {move.tag} is new"
        else:
            yield f"  {move.tag} {'is' if dry_run else 'was'} {move.before}"
    for note in promotion.notes:
        yield f"  note: {note}"


def promotion_document(promotion: Promotion, *, dry_run: bool) -> dict[str, Any]:
    """Return what ``promote --json`` prints; arguments as ``promotion_text``."""
    git = promotion.record.git
    return {
        "version": VERSION,
        "source": promotion.source,
        "target": promotion.target,
        "dry_run": dry_run,
        "digest": promotion.digest,
        "references": list(promotion.references),
        "gates": list(promotion.gates),
        "tags": [{"tag": move.tag, "before": move.before} for move in promotion.moves],
        "revision": None if git is None else git.sha,
        "build": promotion.record.uid,
        "notes": list(promotion.notes),
    }
