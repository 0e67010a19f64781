"""What of a step changed since an earlier build, told as people would. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.forecast.values import Cause, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stagebuild.fingerprint.values import StepPrint

_HIDDEN = "***"
_MOST_FILES = 50


def differences(
    now: StepPrint,
    before: StepPrint | None,
    *,
    listing: Callable[[str], Mapping[str, str] | None],
) -> tuple[Reason, ...]:
    """
    Return what of a step itself differs from an earlier one, the most telling first.

    Args:
        now: The step.
        before: Its counterpart, or None for a new step.
        listing: Returns the files of a selection by its digest, or None when forgotten.
    """
    if before is None:
        return (Reason(cause=Cause.NEW_STEP, after=now.facts.instruction),)
    found = [*_images(now, before), *_files(now, before, listing), *_variables(now, before)]
    if now.facts.instruction != before.facts.instruction or not found:
        changed = now.facts.instruction != before.facts.instruction
        if changed:
            found.insert(
                0,
                Reason(
                    cause=Cause.INSTRUCTION,
                    change="changed",
                    before=before.facts.instruction,
                    after=now.facts.instruction,
                ),
            )
    found += _settings(now, before)
    return tuple(found)


def _images(now: StepPrint, before: StepPrint) -> Iterator[Reason]:
    was = dict(before.facts.image)
    for reference, digest in now.facts.image.items():
        old = was.get(reference)
        if old is None and len(was) == len(now.facts.image) == 1:
            ((name, old),) = was.items()
            if name != reference:
                yield Reason(cause=Cause.IMAGE, name=reference, before=name, after=reference)
                continue
        if old != digest:
            yield Reason(cause=Cause.IMAGE, name=reference, before=old, after=digest)


def _files(
    now: StepPrint, before: StepPrint, listing: Callable[[str], Mapping[str, str] | None]
) -> Iterator[Reason]:
    old_digests = list(before.facts.files.values())
    new_digests = list(now.facts.files.values())
    if old_digests == new_digests:
        return
    old: dict[str, str] = {}
    for digest in old_digests:
        files = listing(digest)
        if files is None:
            yield Reason(cause=Cause.FILE, name=", ".join(now.facts.files), change="changed")
            return
        old |= files
    new: dict[str, str] = {}
    for path, digest in now.facts.files.items():
        selection = now.selections.get(path)
        files = listing(digest) if selection is None else selection.listing()
        if files is None:
            yield Reason(cause=Cause.FILE, name=", ".join(now.facts.files), change="changed")
            return
        new |= files
    yield from file_changes(old, new)


def file_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Reason]:
    """
    Yield what differs between two listings, at most fifty entries: contents first, then folders.

    A folder is told of by itself only when its mode changed, or nothing in it says the same.
    """
    changes: list[tuple[bool, str, str]] = []
    for path in sorted(old.keys() | new.keys()):
        was, is_ = old.get(path), new.get(path)
        if was == is_:
            continue
        if was is None:
            change = "added"
        elif is_ is None:
            change = "removed"
        else:
            change = "mode" if was.split(" ")[1:] == is_.split(" ")[1:] else "changed"
        is_folder = (is_ or was or "").endswith(" folder")
        changes.append((is_folder, path, change))
    for is_folder, path, change in sorted(changes)[:_MOST_FILES]:
        yield Reason(cause=Cause.FILE, name=path + "/" * is_folder, change=change)


def _variables(now: StepPrint, before: StepPrint) -> Iterator[Reason]:
    was, is_ = before.facts.env, now.facts.env
    for name in dict.fromkeys((*is_, *was)):
        old, new = was.get(name), is_.get(name)
        if old == new:
            continue
        is_arg = name in now.facts.args or name in before.facts.args
        change = "added" if old is None else "removed" if new is None else "changed"
        yield Reason(
            cause=Cause.BUILD_ARG if is_arg else Cause.ENV,
            name=name,
            change=change,
            before=_hidden(old),
            after=_hidden(new),
        )
    if was == is_ and list(was) != list(is_):
        yield Reason(cause=Cause.ENV, change="order", name=", ".join(is_))


def _settings(now: StepPrint, before: StepPrint) -> Iterator[Reason]:
    for name, value in now.facts.settings.items():
        old = before.facts.settings.get(name)
        if old != value:
            yield Reason(cause=Cause.SETTING, name=name, change="changed", before=old, after=value)


def _hidden(value: str | None) -> str | None:
    return _HIDDEN if value is not None and value.startswith("•") else value
