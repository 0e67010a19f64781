"""
For tests of code that uses stagebuild: a backend that plays a script instead of building.

::

    backend = ScriptedBackend({"prod": Script(events=[ran("[prod 1/1] RUN make", 0.0, 2.5)])})
    results = sb.execute(plan, backend=backend)
    assert results["prod"].stages[0].busy_s == 2.5

It says nothing about an engine: use a real one for that.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NoReturn

from stagebuild.backends.base import SolveFailed, SolveResponse
from stagebuild.errors import ImageUnreadable
from stagebuild.model import Digest
from stagebuild.progress.events import VertexUpdate
from stagebuild.values import field, frozen, slotted

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore
    from stagebuild.model import ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

IMAGE = SolveResponse(
    digest=Digest("sha256:" + "d" * 64), image_id=Digest("sha256:" + "c" * 64), versions={}
)
"""The answer of a script that names none: an image whose digests are easily recognised."""


@frozen
class Script:
    """
    What one build does.

    Attributes:
        events: Emitted in order.
        response: Answered at the end.
        error: Raised instead, when given.
        until: Waited for between events and answer: set it to let the build end. Without it the
            build ends at once. A canceled build stops waiting and raises as a backend does.
        facts: What ``image_facts`` says.
    """

    events: Sequence[Event] = ()
    response: SolveResponse = IMAGE
    error: Exception | None = None
    until: threading.Event | None = None
    facts: ImageFacts | None = None


@slotted
class ScriptedBackend:
    """
    A ``Backend`` that plays scripts.

    Attributes:
        scripts: By the build's name; a build without one succeeds at once.
        name: As results show it.
        store: The engine's images; none when not given.
        built: The specs it was given, in order.
    """

    scripts: Mapping[str, Script] = field(default_factory=dict)
    name: str = "scripted"
    store: ImageStore = field(default_factory=lambda: _EmptyStore())  # noqa: PLW0108 - it is below
    built: list[BuildSpec] = field(default_factory=list)

    def together(self, specs: Sequence[BuildSpec]) -> nullcontext[Backend]:
        """Give this same backend."""
        del specs
        return nullcontext(self)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """Play the script of ``spec``."""
        self.built.append(spec)
        script = self.scripts.get(spec.name, Script())
        for event in script.events:
            emit(event)
        if script.until is not None:
            _wait(script.until, cancel)
        if script.error is not None:
            raise script.error
        return script.response

    def command(self, spec: BuildSpec) -> str:
        """Return a line that names the build."""
        return f"{self.name} {spec.name}"

    def image_store(self) -> ImageStore:
        """Return an image store: the one that was given, or an empty one."""
        return self.store

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """Return the facts of the script of ``spec``."""
        del response
        return self.scripts.get(spec.name, Script()).facts


class _EmptyStore:
    """The store of an engine without images."""

    def save(self, image: str) -> NoReturn:
        raise ImageUnreadable("the engine has no such image", image=image)

    def remove_untagged(self, image: str) -> None:
        pass


def _wait(until: threading.Event, cancel: Cancel) -> None:
    """
    Return when ``until`` is set.

    Raises:
        SolveFailed: The build was canceled meanwhile.
    """
    withdraw = cancel.on_cancel(until.set)
    try:
        until.wait()
    finally:
        withdraw()
    if cancel.requested:
        raise SolveFailed(cancel.reason or "canceled", canceled=True)


def ran(
    name: str, start_s: float, end_s: float, *, inputs: Sequence[str] = (), error: str = ""
) -> VertexUpdate:
    """Return the last update of a step that ran; its digest is its name."""
    return VertexUpdate(
        digest=name,
        name=name,
        inputs=tuple(inputs),
        started_s=start_s,
        completed_s=end_s,
        error=error,
    )


def hit(name: str, *, at_s: float = 0.0, inputs: Sequence[str] = ()) -> VertexUpdate:
    """Return the last update of a step that came from the cache; its digest is its name."""
    return VertexUpdate(
        digest=name,
        name=name,
        inputs=tuple(inputs),
        started_s=at_s,
        completed_s=at_s,
        cached=True,
    )
