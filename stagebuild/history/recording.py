"""
Builds as they end -> records. Watches a run; never fails it and hardly delays it.

Opening the file, git and the machine's facts take some milliseconds: a thread of its own does that
while the engine builds.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Self

from stagebuild.errors import HistoryError, StagebuildError
from stagebuild.fingerprint import Folders, fingerprint
from stagebuild.history.making import record_of_build, timeline_of, with_sizes
from stagebuild.history.observing import finished_steps, image_digests, linked_images
from stagebuild.history.surroundings import git_state, this_machine
from stagebuild.history.wishes import cache_owner, delivery_key
from stagebuild.runevents import (
    BuildEnded,
    BuildStarted,
    GatesAwaited,
    Progressed,
    Retrying,
    RunEnded,
)
from stagebuild.secrecy import secret_values
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.fingerprint import Fingerprint
    from stagebuild.history.records import BuildRecord
    from stagebuild.history.store import History
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.runevents import RunEvent

_Came = BuildStarted | tuple[BuildStarted, BuildEnded] | None


class Recorder:
    """
    Puts every build of a run into a history.

    Args:
        history: Where to.
        environ: The process environment, for the values that must not be remembered.

    Attributes:
        trouble: Why something was not remembered, or None. Known once the recorder was left.
    """

    def __init__(self, history: History, *, environ: Mapping[str, str] | None = None) -> None:
        self.trouble: HistoryError | None = None
        self._history = history
        self._environ = os.environ if environ is None else environ
        self._started: dict[str, BuildStarted] = {}
        self._came: list[_Came] = []
        self._folders: dict[str, Folders] = {}
        self._linked: dict[str, str] = {}
        self._waiting = threading.Semaphore(0)  # queue.SimpleQueue costs a millisecond to import
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until everything is written."""
        if self._thread is not None:
            self._put(None)
            self._thread.join()
            self._history.close()

    def emit(self, event: RunEvent) -> None:
        """Take one event of the run."""
        match event:
            case BuildStarted():
                self._started[event.build] = event
                if self._thread is None:
                    self._start(str(event.spec.root))
                self._put(event)
            case BuildEnded():
                begun = self._started.pop(event.build, None)
                if begun is not None:
                    self._put((begun, event))
            case Progressed() | Retrying() | GatesAwaited() | RunEnded():
                pass

    def _put(self, came: _Came) -> None:
        self._came.append(came)
        self._waiting.release()

    def _next(self) -> _Came:
        self._waiting.acquire()
        return self._came.pop(0)

    def _start(self, root: str) -> None:
        self._thread = threading.Thread(
            target=self._write, args=(root,), name="stagebuild-history", daemon=True
        )
        self._thread.start()

    def _write(self, root: str) -> None:
        try:
            self._history.open()
            git, machine = git_state(root), this_machine()
            while (came := self._next()) is not None:
                if isinstance(came, BuildStarted):
                    self._see(came.spec)
                    continue
                record = replaced(self._record(*came), git=git, machine=machine)
                record, listings = self._with_prints(record, *came)
                self._history.add(record, listings=listings)
        except HistoryError as error:
            self.trouble = error
        except Exception as error:  # noqa: BLE001 - what is remembered must not fail what was built
            self.trouble = HistoryError(
                f"the build was not recorded: {error!r}", path=self._history.path
            )

    def _see(self, spec: BuildSpec) -> None:
        """Look at the files of a build that has just begun."""
        folders = self._folders[spec.name] = Folders(spec.dockerfile, self._environ)
        self._linked |= linked_images(spec, self._environ)
        try:
            fingerprint(spec, folders=folders, images=lambda *_: None)
        except (StagebuildError, OSError, ValueError):
            # The engine will say what is wrong with a context that can't be read.
            del self._folders[spec.name]
        else:
            folders.save()

    def _with_prints(
        self, record: BuildRecord, begun: BuildStarted, ended: BuildEnded
    ) -> tuple[BuildRecord, Mapping[str, Mapping[str, str]]]:
        """Return the record with the keys of its steps, and the listings of files that are new."""
        record = replaced(record, builder=cache_owner(begun.spec, self._environ))
        folders = self._folders.pop(begun.build, None)
        if folders is None:
            return record, {}
        timeline = timeline_of(ended)
        digests = self._linked | image_digests(timeline)
        found = fingerprint(
            begun.spec, folders=folders, images=lambda reference, _: digests.get(reference)
        )
        built = ended.result is not None
        if self._is_new(found, record) and _may_have_changed(folders, begun):
            return record, {}  # nobody knows which state of the files the engine saw
        steps = tuple(finished_steps(found, timeline, succeeded=built))
        selections = {one.digest: one for step in steps for one in step.selections.values()}
        listings = {
            digest: one.listing()
            for digest, one in selections.items()
            if not self._history.has_listing(digest)
        }
        key = found.image if built and not found.doubts else None
        delivery = delivery_key(begun.spec, record.builder or "")
        return replaced(record, prints=steps, image_key=key, delivery=delivery), listings

    def _is_new(self, found: Fingerprint, record: BuildRecord) -> bool:
        """Say whether something would be remembered that is not known already."""
        keys = {step.key for step in found.steps}
        if keys - self._history.known_keys(keys, record.builder):
            return True
        known = None if record.digest is None else self._history.with_digest(record.digest)
        return known is None or known.image_key != found.image

    def _record(self, begun: BuildStarted, ended: BuildEnded) -> BuildRecord:
        secrets = secret_values(begun.spec, self._environ)
        record = record_of_build(begun, ended, secrets=secrets)
        if ended.result is None or ended.result.digest is None:
            return record
        # Looking at an image takes a request or a process: an image that is known is not looked at.
        known = self._history.with_digest(ended.result.digest)
        if known is not None:
            return replaced(
                record,
                size_bytes=known.size_bytes,
                compressed=known.compressed,
                layers=known.layers,
            )
        return with_sizes(record, ended.result, secrets=secrets)


def _may_have_changed(folders: Folders, begun: BuildStarted) -> bool:
    """Say whether the Dockerfile or a file looked at may be another since a build began."""
    try:
        changed_s = os.stat(begun.spec.dockerfile).st_ctime  # noqa: PTH116 - as above
    except OSError:
        return True
    return changed_s >= begun.at_s or folders.changed_since(begun.at_s)
