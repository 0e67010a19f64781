"""Who a shipped image runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit
from stagebuild.checks.images import NOT_ROOT_IMAGES
from stagebuild.checks.subject import root_source
from stagebuild.dockerfile import ContextSource, ImageSource, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.subject import Subject, Target
    from stagebuild.dockerfile import Step

_ROOT = ("root", "0")


def runs_as_root(subject: Subject) -> Iterator[Hit]:
    """Yield each shipped image whose last USER is root, or that has none."""
    for target in subject.production:
        last = _last_user(target)
        if last is not None:
            user = last.expanded.user if isinstance(last.expanded, User) else ""
            if user.partition(":")[0] not in _ROOT:
                continue
            line, end = last.instruction.line, last.instruction.lines.end
            what = f"{target.shown} runs as {user}"
        else:
            if _base_has_user(target):
                continue
            line = end = target.stage.text.opening.line
            what = f"{target.shown} sets no user, and so runs as root"
        yield Hit(
            line=line,
            end_line=end,
            message=what,
            hint="end the stage with USER and a number, as USER 10001:10001",
        )


def _last_user(target: Target) -> Step | None:
    found = None
    for _, step in target.image_steps():
        if isinstance(step.instruction, User):
            found = step
    return found


def _base_has_user(target: Target) -> bool:
    """Say whether the image at the root sets a user, or may do so without our knowing."""
    match root_source(target.graph, target.stage):
        case ImageSource(reference=reference):
            return NOT_ROOT_IMAGES.search(reference) is not None
        case ContextSource():
            return True
        case _:
            return False
