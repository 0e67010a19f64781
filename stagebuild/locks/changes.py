"""What differs between two locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import frozen

if TYPE_CHECKING:
    from stagebuild.locks.values import Lock, LockedImage


@frozen
class Change:
    """
    One image that differs.

    Attributes:
        name: In its complete form.
        before: As it was, or None where it is new.
        after: As it is, or None where nothing stands on it any more.
    """

    name: str
    before: LockedImage | None
    after: LockedImage | None

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``moved``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "moved"


def changes_between(before: Lock, after: Lock) -> tuple[Change, ...]:
    """Return what differs, by name; an image with the same digest does not."""
    found = []
    for name in sorted({*before.images, *after.images}):
        old, new = before.images.get(name), after.images.get(name)
        if old is None or new is None or old.digest != new.digest:
            found.append(Change(name=name, before=old, after=new))
    return tuple(found)
