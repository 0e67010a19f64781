"""How builds end that do not succeed, and that several may run at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.errors import EngineUnavailable
from stagebuild.progress.events import LogChunk, VertexUpdate

if TYPE_CHECKING:
    from stagebuild.progress.events import Event

pytestmark = pytest.mark.engine


def test_a_failing_step_fails_the_build_with_its_exit_code(lab: Any) -> None:
    with pytest.raises(SolveFailed, match=r"did not complete successfully: exit code: 3") as caught:
        lab.build(lab.spec("FROM busybox\nRUN echo NONCE && exit 3\n"))

    assert not caught.value.canceled


def test_what_ran_before_the_failure_was_told(lab: Any) -> None:
    events: list[Event] = []
    spec = lab.spec("FROM busybox\nRUN echo NONCE && exit 3\n")

    with pytest.raises(SolveFailed):
        lab.backend.build(spec, events.append, Cancel())

    assert any(isinstance(event, VertexUpdate) and event.error for event in events)


def test_a_target_that_is_not_there_fails_the_build(lab: Any) -> None:
    with pytest.raises(SolveFailed, match=r'target stage "release" could not be found'):
        lab.build(lab.spec("FROM scratch AS relase\nCOPY Dockerfile /\n", target="release"))


def test_a_secret_is_not_in_the_message_of_a_failure(lab: Any) -> None:
    spec = lab.spec(
        'FROM busybox\nARG API_TOKEN\nRUN ["/bin/false", "NONCE-${API_TOKEN}"]\n'
        "ARG CHOSEN\nFROM no-such-${CHOSEN}\n",
        build_args={"API_TOKEN": "s3cret-value"},
    )

    with pytest.raises(SolveFailed) as caught:
        lab.build(spec)

    assert "s3cret-value" not in caught.value.message


def test_a_cancellation_ends_the_step_in_the_engine_within_two_seconds(lab: Any) -> None:
    # A duration that no other process of this machine has.
    seconds = f"9{int(lab.nonce[:6], 16)}"
    spec = lab.spec(f"FROM busybox\nRUN sleep {seconds}\n")
    cancel = Cancel()
    with ThreadPoolExecutor(1) as pool:
        build = pool.submit(lab.backend.build, spec, lambda _: None, cancel)
        _wait_until(lambda: _sleeping(seconds) or build.done(), 30)
        assert _sleeping(seconds)

        began_s = time.monotonic()
        cancel.cancel("no longer wanted")
        with pytest.raises(SolveFailed, match="no longer wanted") as caught:
            build.result(timeout=10)
        _wait_until(lambda: not _sleeping(seconds), 10)
        took_s = time.monotonic() - began_s

    assert caught.value.canceled
    assert took_s < 2


def test_a_build_that_was_canceled_before_it_began_starts_nothing(lab: Any) -> None:
    cancel = Cancel()
    cancel.cancel("never mind")
    events: list[Event] = []

    with pytest.raises(SolveFailed, match="never mind") as caught:
        lab.backend.build(lab.spec("FROM scratch\nCOPY Dockerfile /\n"), events.append, cancel)

    assert caught.value.canceled
    assert events == []


def test_events_are_emitted_in_the_calling_thread_before_it_returns(lab: Any) -> None:
    threads = set()
    spec = lab.spec("FROM busybox\nRUN echo NONCE\n")

    lab.backend.build(spec, lambda _: threads.add(threading.get_ident()), Cancel())

    assert threads == {threading.get_ident()}


def test_an_emit_that_raises_ends_the_build(lab: Any) -> None:
    seconds = f"9{int(lab.nonce[:6], 16)}"
    # Not before the container runs: Docker 26.1 does not end one that is just being started.
    spec = lab.spec(f"FROM busybox\nRUN echo running && exec sleep {seconds}\n")

    def emit(event: Event) -> None:
        match event:
            case LogChunk():
                raise RuntimeError("the display broke")
            case _:
                pass

    with pytest.raises(RuntimeError, match="the display broke"):
        lab.backend.build(spec, emit, Cancel())

    _wait_until(lambda: not _sleeping(seconds), 2)
    assert not _sleeping(seconds)


def test_builds_run_at_the_same_time_in_several_threads(lab: Any) -> None:
    spec = lab.spec(
        "FROM busybox AS one\nRUN echo NONCE > /one\nFROM busybox AS two\nRUN echo NONCE > /two\n"
    )
    specs = [replace(spec, name=name, target=name) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lab.build, specs))

    assert len({build.response.image_id for build in built}) == 2


def test_no_engine_is_an_error_that_says_what_to_start(lab: Any, tmp_path: Path) -> None:
    nowhere = {**lab.engine.env, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    backend = lab.target.backend(nowhere)

    with pytest.raises(EngineUnavailable, match=r"no\.sock") as caught:
        lab.build(lab.spec("FROM scratch\nCOPY Dockerfile /\n"), backend=backend)

    assert caught.value.hint is not None
    assert "DOCKER_HOST" in caught.value.hint


def _wait_until(true: Any, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while not true() and time.monotonic() < until_s:
        time.sleep(0.02)


def _sleeping(seconds: str) -> bool:
    """Whether a process on this machine is ``sleep SECONDS``: engines here share its kernel."""
    wanted = b"sleep\0" + seconds.encode() + b"\0"
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (entry / "cmdline").read_bytes() == wanted:
                    return True
            except OSError:
                continue
    return False
