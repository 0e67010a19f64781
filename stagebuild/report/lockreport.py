"""A lock and what changed in it, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stagebuild.locks import Change, Lock
    from stagebuild.planning.locking import Need

VERSION = 1

_WROTE = {"added": "+", "removed": "-", "moved": "~"}
_NOT_IN_IT = "is not in the lock"
_CHECKED = {
    "added": _NOT_IN_IT,
    "removed": "is in the lock, and nothing stands on it",
    "moved": "has moved",
}


@frozen
class LockReport:
    """
    What ``stagebuild lock`` has to tell.

    Attributes:
        lock: As it is now, or should be.
        changes: What differs from before.
        missing: Images that are not in it, and that nobody looked at.
        needs: Who needs which image.
        checked: Whether it was compared only, and nothing written.
    """

    lock: Lock
    changes: Sequence[Change]
    missing: Sequence[str]
    needs: Sequence[Need]
    checked: bool

    @property
    def is_stale(self) -> bool:
        """Whether it was checked, and is not as it should be."""
        return self.checked and bool(self.changes or self.missing)

    def text(self) -> str:
        """Return what a person reads."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for change in self.changes:
            yield from self._change(change)
        for name in self.missing:
            yield f"{name} {_NOT_IN_IT}"
            yield f"    for {self._users(name)}"
        images = len(self.lock.images)
        count = f"{images} base image{'' if images == 1 else 's'}"
        if self.is_stale:
            moved = any(change.kind == "moved" for change in self.changes)
            remedy = "stagebuild lock --upgrade" if moved else "stagebuild lock"
            yield f"{self.lock.path}: stale; `{remedy}` writes it anew"
        elif self.checked:
            yield f"{self.lock.path}: {count}, as locked"
        else:
            yield f"{self.lock.path}: {count}{'' if self.changes else ', nothing has changed'}"

    def _change(self, change: Change) -> Iterator[str]:
        told = _CHECKED[change.kind] if self.checked else ""
        yield f"{change.name} {told}" if told else f"{_WROTE[change.kind]} {change.name}"
        if change.before is not None and change.after is not None:
            yield f"    was {change.before.digest}, of {change.before.resolved}"
            yield f"    is  {change.after.digest}"
            before, after = change.before.platforms.keys(), change.after.platforms.keys()
            yield from (f"    no longer for {platform}" for platform in sorted(before - after))
            yield from (f"    now also for {platform}" for platform in sorted(after - before))
        elif change.after is not None:
            yield f"    {change.after.digest}"
        if change.after is not None:
            yield f"    for {self._users(change.name)}"

    def _users(self, name: str) -> str:
        """Return who needs an image, by line of a Dockerfile, as ``dev, prod (Dockerfile:3)``."""
        found: dict[str, list[str]] = {}
        for need in self.needs:
            if need.image == name:
                found.setdefault(f"{need.dockerfile}:{need.line}", []).append(need.build)
        return "; ".join(f"{', '.join(builds)} ({place})" for place, builds in found.items())

    def document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        removed = [change.name for change in self.changes if change.after is None]
        names = sorted({*self.lock.images, *removed, *self.missing})
        return {
            "version": VERSION,
            "path": self.lock.path,
            "checked": self.checked,
            "stale": self.is_stale,
            "images": [self._image(name) for name in names],
        }

    def _image(self, name: str) -> dict[str, Any]:
        change = next((each for each in self.changes if each.name == name), None)
        before = None if change is None else change.before
        image = self.lock.images.get(name)
        kind = "missing" if name in self.missing else None
        return {
            "name": name,
            "digest": None if image is None else image.digest,
            "platforms": {} if image is None else dict(image.platforms),
            "resolved": None if image is None else image.resolved,
            "change": kind if change is None else change.kind,
            "before": None if before is None else before.digest,
            "needed_by": [need.build for need in self.needs if need.image == name],
        }
