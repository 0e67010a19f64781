"""What makes a build another one than it was: settings, files, instructions. For people to read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stagebuild.changes.earlier import EarlierFolders
from stagebuild.config.definitions import NAMES_OF_FIELDS
from stagebuild.errors import StagebuildError
from stagebuild.fingerprint import Folders, fingerprint
from stagebuild.values import field_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.changes.checkout import Checkout
    from stagebuild.changes.earlier import EarlierFiles
    from stagebuild.fingerprint import Fingerprint, StepPrint
    from stagebuild.planning import BuildSpec

_IRRELEVANT = frozenset(
    (
        "cache_from",
        "cache_to",
        "default_tag",
        "dockerfile_shown",
        "graph",
        "graph_for",
        "idle_timeout_s",
        "retries",
        "retry_budget_s",
        "retry_limits",
        "retry_steps",
        "timeout_s",
    )
)
"""Fields that change neither what is built nor what becomes of it, or that follow from others."""

_SHOWN_FILES = 3
_UNITS = ("_s", "_bytes")


class Differences:
    """
    Compares builds as they were with what they are.

    Args:
        checkout: What has changed.
        files: The files as they were.
        environ: The process environment, for where file digests are kept.
    """

    def __init__(self, checkout: Checkout, files: EarlierFiles, environ: Mapping[str, str]) -> None:
        self._checkout = checkout
        self._files = files
        self._environ = environ
        self._now: dict[str, Folders] = {}
        self._then: dict[str, EarlierFolders] = {}

    def between(self, then: BuildSpec, now: BuildSpec) -> Iterator[str]:
        """
        Yield what differs; nothing when the builds are the same.

        Raises:
            ContextError: A context can't be read.
            DockerfileError: BuildKit would refuse the Dockerfile as it is now.
        """
        yield from _settings(then, now)
        for folder in _folders(now):
            if self._checkout.within(os.path.realpath(folder)) is None:
                yield f"{folder} lies outside of the checkout"
        if self._may_differ(now):
            yield from self._inputs(then, now)

    def _may_differ(self, spec: BuildSpec) -> bool:
        """Say whether anything has changed that the build could take."""
        folders = [*_folders(spec), os.path.dirname(spec.dockerfile)]  # noqa: PTH120 - text all the way
        starts = [self._checkout.within(os.path.realpath(folder)) for folder in folders]
        return any(
            start is not None and (not start or path == start or path.startswith(start + b"/"))
            for start in starts
            for path in self._checkout.changed
        )

    def _inputs(self, then: BuildSpec, now: BuildSpec) -> Iterator[str]:
        folders = self._now.setdefault(now.dockerfile, Folders(now.dockerfile, self._environ))
        after = fingerprint(now, folders=folders, images=_unknown)
        folders.save()
        try:
            before = fingerprint(
                then,
                folders=self._then.setdefault(
                    then.dockerfile,
                    EarlierFolders(
                        self._files,
                        self._checkout,
                        dockerfile=then.dockerfile,
                        environ=self._environ,
                    ),
                ),
                images=_unknown,
            )
        except (StagebuildError, OSError, ValueError):
            yield "it could not be built then"
            return
        if _keys(before) == _keys(after):
            return
        paths, place = self._steps(before, after, now)
        shown = sorted(paths)
        yield from shown[:_SHOWN_FILES]
        if len(shown) > _SHOWN_FILES:
            yield f"{len(shown) - _SHOWN_FILES} more files"
        if place is not None or not paths:
            within = self._checkout.within(os.path.realpath(now.dockerfile))
            shown_path = now.dockerfile_shown if within is None else os.fsdecode(within)
            yield shown_path if place is None else f"{shown_path}:{place}"

    def _steps(
        self, before: Fingerprint, after: Fingerprint, spec: BuildSpec
    ) -> tuple[set[str], int | None]:
        """Return the files that differ, and the line of the first instruction that does."""
        old = {(step.stage, step.platform, step.number): step for step in before.steps}
        paths: set[str] = set()
        line = None
        for step in after.steps:
            was = old.get((step.stage, step.platform, step.number))
            if was is not None and was.own == step.own:
                continue
            found = set() if was is None else _paths(was, step)
            paths.update(self._shown(path, spec) for path in found)
            if not found and line is None:
                line = step.line
        return paths, line

    def _shown(self, path: str, spec: BuildSpec) -> str:
        """Return a path of a context as a path of the checkout."""
        end = os.fsencode(path)
        start = self._checkout.within(os.path.realpath(spec.context))
        of_context = end if not start else start + b"/" + end
        if of_context in self._checkout.changed:
            return os.fsdecode(of_context)
        others = (other for other in self._checkout.changed if other.endswith(b"/" + end))
        return os.fsdecode(next(others, end))


def _settings(then: BuildSpec, now: BuildSpec) -> Iterator[str]:
    """Yield the keys of the configuration whose values differ."""
    before, after = field_values(then), field_values(now)
    for field, value in after.items():
        if field in _IRRELEVANT or before[field] == value:
            continue
        name = field
        for unit in _UNITS:
            name = name.removesuffix(unit)
        yield NAMES_OF_FIELDS.get(name, name.replace("_", "-"))


def _folders(spec: BuildSpec) -> list[str]:
    """Return the folders that a build takes files from."""
    return [place for place in (spec.context, *spec.contexts.values()) if place.startswith("/")]


def _keys(made: Fingerprint) -> tuple[object, ...]:
    stages = sorted((stage.name, stage.platform, stage.key) for stage in made.stages)
    return stages, made.configuration, made.unknown


def _paths(before: StepPrint, after: StepPrint) -> set[str]:
    """Return the files that one of two steps takes and the other does not, or not as they are."""
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    for step, listing in ((before, old), (after, new)):
        for selection in step.selections.values():
            listing.update(selection.listing())
    differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    files = {path for path in differing if "folder" not in old.get(path, new.get(path, ""))}
    return files or differing


def _unknown(_reference: str, _platform: str) -> None:
    """Base images are no part of a checkout: their digests count as the same."""
