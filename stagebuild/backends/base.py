"""
The seam between deciding and doing: what every backend is, takes and gives.

A backend has one verb, in BuildKit's own shape: a request in, events out, a response back.
Behaviours (retrying, recording) wrap a backend and are backends themselves.

Source for the shape: moby/buildkit client/solve.go, ``Solve(ctx, def, opt, statusChan)``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from stagebuild.progress.events import Event
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from stagebuild.model import Digest, ImageFacts
    from stagebuild.planning.spec import BuildSpec

Emit = Callable[[Event], None]


class Feature(StrEnum):
    """What a spec may require of a backend and its engine. The value is the name people read."""

    ANNOTATIONS = "annotations"
    ATTESTATIONS = "attestations"
    CACHE_EXPORT = "cache export"
    DOCKER_OUTPUT = "output type docker to a file"
    LOCKED_BASES = "locked base images"
    MULTI_PLATFORM = "several platforms"
    NAMED_CONTEXTS = "named build contexts"
    NO_CACHE_FILTER = "no-cache-filter"
    MULTIPLE_OUTPUTS = "several outputs"
    OCI_LAYOUT_CONTEXTS = "named build contexts from OCI layouts"
    OCI_OUTPUT = "output type oci"
    PUSH = "push"
    REPRODUCIBLE = "reproducible images"
    ULIMITS = "ulimits"


class Cancel:
    """
    A request to stop, that can be made from any thread and observed by one build or many.

    Safe to call from a signal handler. Callbacks run in the thread that cancels, once.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> str | None:
        """Why, or None as long as nobody asked to stop."""
        return self._reason

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._reason is not None

    def cancel(self, reason: str = "canceled") -> None:
        """Ask to stop. The first reason stays."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """
        Call ``callback`` when cancellation is asked for, at once if it already was.

        Returns:
            A function that withdraws the callback; calling it again does nothing.
        """
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return lambda: self._withdraw(callback)
        callback()
        return lambda: None

    def _withdraw(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@frozen
class SolveResponse:
    """
    What the engine answered to a build that succeeded.

    Attributes:
        digest: Of the manifest or index, as a registry answers for it; None where the build
            made no image (a local export, or nothing exported at all), or no manifest: a
            graph-driver store makes one when it pushes.
        image_id: Digest of the image's configuration, or None.
        is_index: Whether ``digest`` names an index (several platforms, or attestations).
        metadata: The engine's exporter response or buildx's metadata document, whole.
        versions: Version by program that took part, as ``{"buildx": "0.29.1"}``.
    """

    digest: Digest | None
    image_id: Digest | None
    is_index: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def check_held(name: str, held: Mapping[str, str]) -> None:
    """Raise SolveFailed for a secret of a command that nobody has run: a run does."""
    if name not in held:
        raise SolveFailed(f'secret "{name}": its command was not run; builds of a run have it')


class SolveFailed(Exception):
    """
    The engine did not finish a build; raised by backends, made a ``BuildFailed`` by the runner.

    Attributes:
        message: The engine's or the program's own words, secrets redacted.
        exit_code: Exit code of the program that drove the build, or None.
        canceled: Whether it ended because it was asked to.
        process_exit_code: Exit code of the RUN step's process, or None where nobody says.
        line: 1-based first line of the Dockerfile that the failure is about, or None.
        vertex: Digest of the vertex that failed, or None.
        timed_out: Whether it was ended because it took too long.
    """

    def __init__(
        self,
        message: str,
        *,
        exit_code: int | None = None,
        canceled: bool = False,
        process_exit_code: int | None = None,
        line: int | None = None,
        vertex: str | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.canceled = canceled
        self.process_exit_code = process_exit_code
        self.line = line
        self.vertex = vertex
        self.timed_out = timed_out


class ImageStore(Protocol):
    """The images that an engine keeps."""

    def save(self, image: str) -> AbstractContextManager[Iterator[bytes]]:
        """
        Give an image in pieces, as ``docker save`` writes it.

        Args:
            image: Its ID, digest or tag.

        Raises:
            ImageUnreadable: The engine has no such image, or broke off.
        """
        ...

    def remove_untagged(self, image: str) -> None:
        """Remove an image that has no tag; one that has, or is in use, stays. Raises nothing."""
        ...


class Backend(Protocol):
    """
    Something that builds.

    Attributes:
        name: As ``buildx``.
    """

    name: str

    def together(self, specs: Sequence[BuildSpec]) -> AbstractContextManager[Backend]:
        """
        Give a backend for the builds of one run, which may share a connection and a context.

        Args:
            specs: Every build that it will be asked for.

        Raises:
            UnsupportedFeature: They can't be built by one engine.
        """
        ...

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """
        Build ``spec`` and return the engine's answer.

        Blocks until the build has ended, in the engine too. ``emit`` is called in this thread,
        for every event in order, before this returns or raises. May run in several threads at
        once, with another spec in each.

        Raises:
            UnsupportedFeature: The spec requires what the backend lacks; nothing was started.
            EngineUnavailable: There is no engine or builder to build with.
            SolveFailed: The build failed or was canceled.
            ProtocolError: The answer can't be read.
        """
        ...

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """
        Look at the image that was built, in the registry if pushed, else in the image store.

        Off the hot path: called only when somebody asks for sizes or platform digests.

        Returns:
            None when no image was made, or it is nowhere to be seen.
        """
        ...

    def image_store(self) -> ImageStore:
        """Return the store of the engine that images are loaded into."""
        ...

    def command(self, spec: BuildSpec) -> str:
        """
        Return what ``build`` would do as one line of text, secrets blotted out; starts nothing.

        Raises:
            UnsupportedFeature: The spec requires what the backend can't say.
        """
        ...
