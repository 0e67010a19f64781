"""
What an engine has told of an image by the end of a build's story, which is before its answer.

An engine with a build history (BuildKit 0.11 and later) ends the story of a build, writes the
build's record, and answers then. The record takes it 20 to 50 ms, a quarter of a build with nothing
to do, and adds nothing to what the image is: its digests stand in the story. So where a build had
nothing to do and ends with one image in the engine's own store, its response is taken from there;
what else the answer holds is in its metadata, for whoever looks.

A build that ran a step is not over before its answer. Until then the engine keeps the step at hand,
and tells the next build that has it as well of the same run, as if it had run again.

Source: moby/buildkit solver/llbsolver/solver.go (Solve, recordBuildHistory), which ends the story
first and writes the record even if nobody waits for it; exporter/containerimage/writer.go and moby
builder-next/exporter/mobyexporter for the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stagebuild.backends.sdk.responses import decoded
from stagebuild.buildkit.errors import BuildKitError
from stagebuild.progress.events import StatusUpdate, VertexUpdate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stagebuild.backends.sdk.caches import Caches
    from stagebuild.backends.sdk.outputs import Outputs
    from stagebuild.buildkit.running import Running
    from stagebuild.progress.events import Event

_EXPORT = "exporting to image"
_MANIFEST, _CONFIG = "exporting manifest sha256:", "exporting config sha256:"
_STORED = "writing image sha256:"
_NO_STEPS = ("[internal]", "[auth]", "[context ")
_SEVERAL = ("exporting manifest list ", "exporting attestation manifest ")


def is_all(outputs: Outputs, caches: Caches) -> bool:
    """Say whether one image in the engine's own store is all that a build is for."""
    if len(outputs.exporters) != 1 or any(cache.type != "inline" for cache in caches.exports):
        return False
    only = outputs.exporters[0]
    return only.type in ("moby", "image") and only.attrs.get("push", "false") == "false"


class ToldImage:
    """What a build's events say of its image."""

    def __init__(self) -> None:
        self._started: set[str] = set()
        self._failed = False
        self._ran: set[str] = set()
        self._cached: set[str] = set()
        self._export: str | None = None
        self._under_way: set[tuple[str, str]] = set()
        self._done: set[str] = set()

    def note(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case VertexUpdate():
                self._note_vertex(event)
            case StatusUpdate() if event.vertex == self._export:
                self._note_status(event)

    def _note_vertex(self, vertex: VertexUpdate) -> None:
        if vertex.name == _EXPORT:
            self._export = vertex.digest
        self._failed = self._failed or bool(vertex.error)
        if vertex.cached:
            self._cached.add(vertex.digest)
        if vertex.completed_s is not None:
            self._started.discard(vertex.digest)
            if vertex.name.startswith("[") and not vertex.name.startswith(_NO_STEPS):
                self._ran.add(vertex.digest)
        elif vertex.started_s is not None:
            self._started.add(vertex.digest)

    def _note_status(self, status: StatusUpdate) -> None:
        if status.completed_s is None:
            self._under_way.add((status.vertex, status.id))
        else:
            self._under_way.discard((status.vertex, status.id))
            self._done.add(status.id)

    def answer(self) -> dict[str, str] | None:
        """
        Return the image's digests as the engine will answer them.

        Returns:
            None if a step ran, or if the story, which has ended, leaves anything open: a step or a
            part of the export that did not end, or ended badly, or more than one image.
        """
        if self._ran - self._cached:
            return None
        if self._failed or self._started or self._under_way or self._export is None:
            return None
        if any(line.startswith(_SEVERAL) for line in self._done):
            return None
        stored = self._digests(_STORED)
        if stored:
            digests = {"containerimage.digest": stored, "containerimage.config.digest": stored}
        else:
            digests = {
                "containerimage.digest": self._digests(_MANIFEST),
                "containerimage.config.digest": self._digests(_CONFIG),
            }
        if any(len(found) != 1 for found in digests.values()):
            return None
        return {key: found[0] for key, found in digests.items()}

    def _digests(self, words: str) -> list[str]:
        start = len(words) - len("sha256:")
        return [line[start:] for line in self._done if line.startswith(words)]


class LateMetadata(Mapping[str, object]):
    """
    The metadata of a build that has not been answered yet: the answer's, for whoever looks at it.

    Looking waits for the answer. If the engine is gone by then, it is what was told.

    Args:
        running: The build.
        told: What was told of its image.
    """

    def __init__(self, running: Running, told: Mapping[str, str]) -> None:
        self._running = running
        self._told = told
        self._known: dict[str, object] | None = None

    def _whole(self) -> dict[str, object]:
        if self._known is None:
            try:
                answer = self._running.response().exporter_response
            except BuildKitError:
                answer = self._told
            self._known = decoded(answer)
        return self._known

    def __getitem__(self, key: str) -> object:
        return self._whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return dict, (self._whole(),)
