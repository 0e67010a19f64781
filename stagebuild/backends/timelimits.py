"""
A backend around another one, that ends a build which takes too long or says nothing any more.

The build is canceled as if somebody had asked for it, so nothing is left of it, in the engine or
here. A build without limits is handed on as it is.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.progress.events import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stagebuild.backends.base import Backend, Emit, ImageStore, SolveResponse
    from stagebuild.model import ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event


class TimeLimitedBackend:
    """
    Builds with another backend, for no longer than the build may take.

    Attributes:
        name: The other backend's.
    """

    def __init__(self, backend: Backend, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Prepare.

        Args:
            backend: What builds.
            clock: Gives seconds that go on evenly.
        """
        self.name = backend.name
        self._backend = backend
        self._clock = clock

    @contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """Give a backend for the builds of one run."""
        with self._backend.together(specs) as backend:
            yield TimeLimitedBackend(backend, clock=self._clock)

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """
        Build ``spec`` as every backend does.

        Raises:
            SolveFailed: Besides, ``timed_out`` when it took longer than ``spec.timeout_s``, or said
                nothing for ``spec.idle_timeout_s``.
        """
        if spec.timeout_s is None and spec.idle_timeout_s is None:
            return self._backend.build(spec, emit, cancel)
        with _Watch(spec, emit, cancel, self._clock) as watch:
            try:
                return self._backend.build(spec, watch.emit, watch.cancel)
            except SolveFailed as failed:
                if watch.verdict is None or cancel.requested:
                    raise
                raise SolveFailed(
                    watch.verdict, exit_code=failed.exit_code, timed_out=True
                ) from failed

    def image_store(self) -> ImageStore:
        """Return the store that images are loaded into."""
        return self._backend.image_store()

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """Look at the image that was built."""
        return self._backend.image_facts(spec, response)

    def command(self, spec: BuildSpec) -> str:
        """Return what ``build`` would do as one line of text."""
        return self._backend.command(spec)


class _Watch:
    """
    The watch over one build: a thread that sleeps until a limit may have been reached.

    Attributes:
        cancel: What the build is to obey: the caller's wish to stop, or ours.
        verdict: Why the build was ended, or None.
    """

    def __init__(
        self, spec: BuildSpec, emit: Emit, cancel: Cancel, clock: Callable[[], float]
    ) -> None:
        self.cancel = Cancel()
        self.verdict: str | None = None
        self._spec = spec
        self._emit = emit
        self._clock = clock
        self._began_s = clock()
        self._heard_s = self._began_s
        self._over = threading.Event()
        self._outer = cancel
        self._unlink: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="time limits", daemon=True)

    def __enter__(self) -> Self:
        outer = self._outer
        self._unlink = outer.on_cancel(lambda: self.cancel.cancel(outer.reason or "canceled"))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._unlink()
        self._over.set()
        self._thread.join()

    def emit(self, event: Event) -> None:
        """Hand an event on, and note that the build is alive."""
        self._heard_s = self._clock()
        if isinstance(event, AttemptFailed):
            # Nothing is to be heard while another attempt is waited for.
            self._heard_s += event.wait_s
        self._emit(event)

    def _run(self) -> None:
        while not self._over.wait(self._left_s()):
            self.verdict = self._judged()
            if self.verdict is not None:
                self.cancel.cancel(self.verdict)
                return

    def _left_s(self) -> float:
        """Return how long no limit can be reached, in seconds."""
        ends_s = []
        if self._spec.timeout_s is not None:
            ends_s.append(self._began_s + self._spec.timeout_s)
        if self._spec.idle_timeout_s is not None:
            ends_s.append(self._heard_s + self._spec.idle_timeout_s)
        return max(0.0, min(ends_s) - self._clock())

    def _judged(self) -> str | None:
        now_s = self._clock()
        limit_s = self._spec.timeout_s
        if limit_s is not None and now_s - self._began_s >= limit_s:
            return f"timed out: it took longer than {_shown(limit_s)} (timeout)"
        limit_s = self._spec.idle_timeout_s
        if limit_s is not None and now_s - self._heard_s >= limit_s:
            return f"timed out: nothing was heard of it for {_shown(limit_s)} (idle-timeout)"
        return None


def _shown(seconds: float) -> str:
    """Return a limit as people write it: ``10m``, ``1m30s``, ``0.5s``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((f"{hours}h", hours), (f"{minutes}m", minutes), (f"{rest:g}s", rest))
    return "".join(text for text, count in parts if count) or "0s"
