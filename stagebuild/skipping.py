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
import threading
import time
from typing import TYPE_CHECKING

from stagebuild.errors import StagebuildError
from stagebuild.history.wishes import cache_owner, delivery_key
from stagebuild.model import Digest
from stagebuild.planning.locking import frontend_images
from stagebuild.registry import ImageDigests
from stagebuild.result import Attempt, BuildResult, references_of
from stagebuild.timeline.values import Timeline
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stagebuild.fingerprint import Folders
    from stagebuild.history.records import BuildRecord
    from stagebuild.history.store import History
    from stagebuild.planning.spec import BuildSpec

LOOKED_AT = 50
"""How many of an environment's latest builds may be the one that is found again."""

_NO_TIME = Timeline(
    started_s=None,
    completed_s=None,
    wall_s=0.0,
    covered_s=0.0,
    uncovered_s=0.0,
    stages=(),
    overheads=(),
    critical_path=(),
)
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
    look = _Look(history, environ, ask)
    found: dict[str, BuildRecord] = {}
    for spec in specs:
        record = look.found_again(spec)
        if record is not None:
            found[spec.name] = record
    look.save()
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


class _Look:
    """
    One look at everything: no folder is seen twice.

    Args:
        history: What was built.
        environ: The process environment.
        ask: Who is asked about images.
    """

    def __init__(self, history: History, environ: Mapping[str, str], ask: ImageDigests) -> None:
        self._history = history
        self._environ = environ
        self._answers = _EarlyAnswers(ask)
        self._folders: dict[str, Folders] = {}
        self._began_s = time.time()

    def found_again(self, spec: BuildSpec) -> BuildRecord | None:
        """Return the recorded build whose result is what the spec asks for, or None."""
        if spec.no_cache or spec.no_cache_filter or spec.attestations or spec.stages is None:
            return None
        if any(name not in spec.locked for name, _ in frontend_images(spec.stages)):
            return None  # nobody knows whether what reads the Dockerfile is still what it was
        builds = self._history.builds(spec.name, limit=LOOKED_AT, outcome="built")
        delivery = delivery_key(spec, cache_owner(spec, self._environ))
        candidates = [one for one in builds if one.image_key and one.delivery == delivery]
        if not candidates:
            return None
        self._answers.begin(spec, candidates[0])
        # While the engine is asked: both take 10 ms.
        from stagebuild.fingerprint import Folders, fingerprint  # noqa: PLC0415

        folders = self._folders.setdefault(spec.dockerfile, Folders(spec.dockerfile, self._environ))
        try:
            key = fingerprint(spec, folders=folders, images=self._answers)
        except (StagebuildError, OSError, ValueError):
            return None
        record = next((one for one in candidates if one.image_key == key.image), None)
        if record is None or key.doubts or not _is_there(spec, record, self._answers):
            return None
        return None if folders.may_be_mixed(self._began_s) else record

    def save(self) -> None:
        """Keep what was learnt of files."""
        for folders in self._folders.values():
            folders.save()


class _EarlyAnswers:
    """
    Answers about images, begun before they are needed.

    An engine takes 10 to 30 ms for one, which is as long as all the rest.

    Args:
        ask: Who is asked.
    """

    def __init__(self, ask: ImageDigests) -> None:
        self._ask = ask
        self._asked: dict[tuple[str, str], tuple[threading.Thread, list[str | None]]] = {}

    def begin(self, spec: BuildSpec, record: BuildRecord) -> None:
        """Ask for what will be asked for if the record is what is found again."""
        for step in record.prints:
            for reference in step.facts.image:
                self._begin("digest", reference)
        pushed, stored = _places(spec, record)
        for reference in pushed:
            self._begin("digest", reference)
        for name in stored:
            self._begin("stored", name)

    def _begin(self, kind: str, name: str) -> None:
        if (kind, name) in self._asked:
            return
        answers: list[str | None] = []
        ask = self._ask if kind == "digest" else self._ask.stored
        thread = threading.Thread(target=lambda: answers.append(ask(name)), daemon=True)
        self._asked[kind, name] = thread, answers
        thread.start()

    def _answer(self, kind: str, name: str) -> str | None:
        self._begin(kind, name)
        thread, answers = self._asked[kind, name]
        thread.join()
        return answers[0] if answers else None

    def __call__(self, reference: str, platform: str = "") -> str | None:
        """Return the digest that a normalized reference stands for now."""
        del platform
        return self._answer("digest", reference)

    def stored(self, name: str) -> str | None:
        """Return the ID that a name has in the engine's store."""
        return self._answer("stored", name)


def _pushes(spec: BuildSpec) -> bool:
    return spec.push or any(output.pushes for output in spec.outputs)


def _is_nowhere(spec: BuildSpec) -> bool:
    """Say whether the build makes no image, and only has to have succeeded."""
    kinds = {output.type for output in spec.outputs}
    return kinds == {"cacheonly"} and not spec.push and not spec.load


def _places(spec: BuildSpec, record: BuildRecord) -> tuple[list[str], list[str]]:
    """Return where the image has to be: references in registries, names in the engine's store."""
    if _is_nowhere(spec):
        return [], []
    pushed = [_full(tag) for tag in spec.tags] if _pushes(spec) else []
    if _pushes(spec) and not spec.load:
        return pushed, []
    return pushed, list(spec.tags or filter(None, (record.digest or record.image_id,)))


def _is_there(spec: BuildSpec, record: BuildRecord, answers: _EarlyAnswers) -> bool:
    """Say whether the image is where the spec wants it, under every tag."""
    kinds = {output.type for output in spec.outputs}
    if kinds - _HERE_ALREADY or any("name" in output.attributes for output in spec.outputs):
        return False
    if _is_nowhere(spec):
        return True
    if (record.digest is None and record.image_id is None) or (_pushes(spec) and not spec.tags):
        return False
    pushed, stored = _places(spec, record)
    expected = {record.digest, record.image_id} - {None}
    return all(answers(reference) == record.digest for reference in pushed) and all(
        answers.stored(name) in expected for name in stored
    )


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
        timeline=_NO_TIME,
        attempts=(Attempt(number=1, wall_s=0.0),),
        backend=record.backend,
        versions=record.versions,
        skipped=True,
    )
