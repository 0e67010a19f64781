"""What changed since a commit, as text and as a part of JSON documents. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.cells import clean
from stagebuild.report.look import Look, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.changes import Changes

_DIGITS = 7

Json = dict[str, object]


def changes_text(changes: Changes, *, look: Look) -> str:
    """Return the builds and what differs about each as lines, without a final line end."""
    return "\n".join(_lines(changes, look))


def changes_document(changes: Changes | None) -> Json | None:
    """Return what ``--changed-since`` found, or None where it was not asked for."""
    if changes is None:
        return None
    return {
        "revision": changes.revision,
        "commit": changes.commit,
        "builds": {name: list(reasons) for name, reasons in changes.builds.items()},
        "unchanged": list(changes.unchanged),
    }


def _lines(changes: Changes, look: Look) -> Iterator[str]:
    since = f"since {clean(changes.revision)} ({changes.commit[:_DIGITS]})"
    if not changes.builds:
        yield f"nothing has changed {since}"
        return
    asked = len(changes.builds) + len(changes.unchanged)
    yield f"changed {since}: {len(changes.builds)} of {asked}"
    cells = max(map(len, changes.builds))
    for name, reasons in changes.builds.items():
        why = look.paint(clean(", ".join(reasons)), Tone.QUIET)
        yield f"  {name:<{cells}}  {why}"
