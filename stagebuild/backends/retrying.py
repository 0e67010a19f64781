"""
A backend around another one, that builds again where that may help.

The same build is asked for again: steps that finished stay in the engine's cache, so that in effect
only what failed is repeated, a push or the pull of a base image. What an attempt told before it
failed is void; ``AttemptFailed`` says so between the two.

Where the engine's cache has lost the layers of a step, the third attempt runs every step anew.

A failed RUN or COPY is never repeated, unless the build names its stage in ``retry_steps``. A build
that failed because of a cache is built again without it, whatever the number of retries.
"""

from __future__ import annotations

import queue
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.errors import EngineUnavailable
from stagebuild.progress.events import AttemptFailed, VertexUpdate, WarningRaised
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stagebuild.backends.base import Backend, Cancel, Emit, ImageStore, SolveResponse
    from stagebuild.backends.failureclasses import FailureClass
    from stagebuild.backends.patience import Tried
    from stagebuild.model import CacheEntry, ImageFacts
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event
    from stagebuild.progress.vertexnames import VertexName

_Failure = (SolveFailed, EngineUnavailable)
_EXPORTS = frozenset({"export", "push", "cache export"})


class RetryingBackend:
    """
    Builds with another backend, again if that may help.

    Attributes:
        name: The other backend's.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        budget_s: float | None = None,
        jitter: Callable[[], float] | None = None,
        pause: Callable[[float, Cancel], None] | None = None,
    ) -> None:
        """
        Prepare.

        Args:
            backend: What builds.
            budget_s: How long one build may wait between its attempts altogether, in seconds, where
                its spec does not say; ``patience.BUDGET_S`` when not given.
            jitter: Gives numbers from 0.0 to 1.0; random ones when not given.
            pause: Waits so many seconds, or until it is canceled.
        """
        self.name = backend.name
        self._backend = backend
        self._budget_s = budget_s
        self._jitter = jitter or _random
        self._pause = pause or pause_unless_canceled

    @contextmanager
    def together(self, specs: Sequence[BuildSpec]) -> Iterator[Backend]:
        """Give a backend for the builds of one run."""
        with self._backend.together(specs) as backend:
            yield RetryingBackend(
                backend, budget_s=self._budget_s, jitter=self._jitter, pause=self._pause
            )

    def build(self, spec: BuildSpec, emit: Emit, cancel: Cancel) -> SolveResponse:
        """Build ``spec`` as every backend does; ``spec.retries`` says how often."""
        attempts = _Attempts(
            self._backend,
            spec,
            emit,
            cancel,
            budget_s=self._budget_s,
            jitter=self._jitter,
            pause=self._pause,
        )
        try:
            return attempts.make()
        except _Failure as failure:
            if not attempts.another_may_help(failure):
                raise
        attempts.wait()
        return _again(attempts)

    def image_store(self) -> ImageStore:
        """Return the store that images are loaded into."""
        return self._backend.image_store()

    def image_facts(self, spec: BuildSpec, response: SolveResponse) -> ImageFacts | None:
        """Look at the image that was built."""
        return self._backend.image_facts(spec, response)

    def command(self, spec: BuildSpec) -> str:
        """Return what ``build`` would do as one line of text."""
        return self._backend.command(spec)


def _again(attempts: _Attempts) -> SolveResponse:
    """Make the second attempt, and further ones for as long as they may help."""
    # 50 ms, that only builds wait for which have failed once.
    from tenacity import Retrying, retry_if_exception  # noqa: PLC0415

    loop = Retrying(
        retry=retry_if_exception(attempts.another_may_help),
        sleep=lambda _: attempts.wait(),
        reraise=True,
    )
    return loop(attempts.make)


class _Attempts:
    """The attempts at one build, in one thread."""

    def __init__(
        self,
        backend: Backend,
        spec: BuildSpec,
        emit: Emit,
        cancel: Cancel,
        *,
        budget_s: float | None,
        jitter: Callable[[], float],
        pause: Callable[[float, Cancel], None],
    ) -> None:
        self._backend = backend
        self._spec = spec
        self._emit = emit
        self._cancel = cancel
        self._budget_s = budget_s
        self._jitter = jitter
        self._pause = pause
        self._tried: list[Tried] = []
        self._failed: dict[str, VertexUpdate] = {}
        self._began_s = 0.0
        self._next: AttemptFailed | None = None
        self._dropped: tuple[CacheEntry, ...] = ()

    def make(self) -> SolveResponse:
        """Build once, and return or raise what the backend does."""
        self._failed.clear()
        self._began_s = time.monotonic()
        return self._backend.build(self._spec, self._watch, self._cancel)

    def another_may_help(self, failure: BaseException) -> bool:
        """Say whether to try again after a failure, and prepare to."""
        from stagebuild.backends.cachefaults import without_culprits  # noqa: PLC0415 - as below
        from stagebuild.backends.failureclasses import retry_after_s  # noqa: PLC0415
        from stagebuild.backends.patience import Tried, next_wait_s  # noqa: PLC0415

        if not isinstance(failure, _Failure) or self._cancel.requested:
            return False
        cause, words, name = self._diagnosis(failure)
        self._tried.append(Tried(cause=cause, asked_s=retry_after_s(words)))
        wait_s = None
        if self._is_allowed(cause, name):
            wait_s = next_wait_s(
                self._tried,
                retries=self._spec.retries,
                budget_s=self._budget(),
                jitter=self._jitter(),
                limits=self._spec.retry_limits,
            )
        dropped: tuple[CacheEntry, ...] = ()
        if wait_s is None:
            spared = without_culprits(self._spec, cause, words, None if name is None else name.kind)
            if spared is None:
                return False
            self._spec, dropped = spared
            wait_s = 0.0
        self._dropped = dropped
        self._tried[-1] = replaced(self._tried[-1], wait_s=wait_s)
        self._next = AttemptFailed(
            number=len(self._tried),
            cause=cause,
            error=words.partition("\n")[0],
            wall_s=time.monotonic() - self._began_s,
            wait_s=wait_s,
        )
        if name is not None and name.kind in _EXPORTS:
            # Every step has run anew as asked; to run them once more would not be "only what
            # failed". They are in the cache now, newer than anything else there.
            self._spec = replaced(self._spec, no_cache=False, no_cache_filter=())
        if len(self._tried) > 1 and self._lost_layer(words):
            # What is in the engine's cache will not come back: only another result can help.
            self._spec = replaced(self._spec, no_cache=True)
        return True

    def _budget(self) -> float:
        """Return how long may be waited altogether, in seconds."""
        from stagebuild.backends.patience import BUDGET_S  # noqa: PLC0415 - as above

        said = (self._spec.retry_budget_s, self._budget_s)
        return next((seconds for seconds in said if seconds is not None), BUDGET_S)

    def _lost_layer(self, words: str) -> bool:
        """Say whether the engine lacks what its cache says that it has."""
        import re  # noqa: PLC0415 - not without a failure

        from stagebuild.backends.failureclasses import LOST_LAYER  # noqa: PLC0415

        return re.search(LOST_LAYER, words) is not None

    def wait(self) -> None:
        """
        Tell that there is another attempt, and wait until it is time for it.

        Raises:
            SolveFailed: The build was canceled meanwhile.
        """
        assert self._next is not None  # noqa: S101 - another_may_help came before
        self._emit(self._next)
        for entry in self._dropped:
            self._emit(_warning(entry, self._next))
        self._pause(self._next.wait_s, self._cancel)
        if self._cancel.requested:
            raise SolveFailed(self._cancel.reason or "canceled", canceled=True)

    def _watch(self, event: Event) -> None:
        if isinstance(event, VertexUpdate) and (event.error or event.digest in self._failed):
            if event.error:
                self._failed[event.digest] = event
            else:
                del self._failed[event.digest]
        self._emit(event)

    def _diagnosis(
        self, failure: SolveFailed | EngineUnavailable
    ) -> tuple[FailureClass, str, VertexName | None]:
        """Return what kind of failure it is, its words, and the failing vertex if there is one."""
        from stagebuild.backends.failureclasses import (  # noqa: PLC0415 - not without a failure
            FailureClass,
            FailureFacts,
            classify,
        )

        if isinstance(failure, EngineUnavailable):
            # It was there at the first attempt; at that one, it would have been a user's mistake.
            cause = FailureClass.BUILDER_GONE if self._tried else FailureClass.UNKNOWN
            return cause, failure.message, None
        if failure.canceled or failure.timed_out:
            return FailureClass.CANCELED, failure.message, None
        vertex, name = self._failing_vertex(failure)
        error = "" if vertex is None else vertex.error
        facts = FailureFacts(
            text=f"{error}\n{failure.message}" if error else failure.message,
            exit_code=failure.exit_code,
            process_exit_code=failure.process_exit_code,
            kind=None if name is None else name.kind,
        )
        return classify(facts), error or failure.message, name

    def _failing_vertex(
        self, failure: SolveFailed
    ) -> tuple[VertexUpdate | None, VertexName | None]:
        """
        Return the vertex that made the build fail, and its name.

        A cache that can't be imported never does, and what was canceled did not fail; a cache
        export does only when nothing else did.
        """
        from stagebuild.progress.vertexnames import parse_vertex_name  # noqa: PLC0415 - as above

        found = [
            (vertex, parse_vertex_name(vertex.name))
            for vertex in self._failed.values()
            if not vertex.error.endswith("context canceled")
        ]
        fatal = [pair for pair in found if pair[1].kind != "cache import"]
        if not fatal:
            return None, None
        named = [pair for pair in fatal if pair[0].digest == failure.vertex]
        return min(named or fatal, key=lambda pair: pair[1].kind == "cache export")

    def _is_allowed(self, cause: FailureClass, name: VertexName | None) -> bool:
        """Whether this build may be tried again after such a failure: a step only if it says so."""
        if cause != "step":
            return True
        return name is not None and _stage_of(self._spec, name) in self._spec.retry_steps


def _warning(entry: CacheEntry, failed: AttemptFailed) -> WarningRaised:
    """Return what is to be known of a cache that made a build fail."""
    from stagebuild.planning.sharedcaches import shown  # noqa: PLC0415 - only once it failed

    return WarningRaised(
        vertex="",
        short=f"the build failed because of the cache {shown(entry)} after {failed.wall_s:.1f} s,"
        f" and was built again without it: {failed.error}",
    )


def _stage_of(spec: BuildSpec, name: VertexName) -> str | None:
    """Return a step's stage; BuildKit leaves it out where a file has only one."""
    if name.stage is not None or name.kind != "step":
        return name.stage
    stages = spec.stages
    return None if stages is None or len(stages.stages) != 1 else stages.stages[0].label


def pause_unless_canceled(seconds: float, cancel: Cancel) -> None:
    """Return after so many seconds, or at once when canceled; a signal handler may do that."""
    # The one thing to wait for that may be set by a handler which interrupts the very wait.
    canceled: queue.SimpleQueue[None] = queue.SimpleQueue()
    withdraw = cancel.on_cancel(lambda: canceled.put(None))
    try:
        canceled.get(timeout=seconds)
    except queue.Empty:
        pass
    finally:
        withdraw()


def _random() -> float:
    from random import random  # noqa: PLC0415 - 5 ms

    return random()  # noqa: S311 - not for secrets
