"""
A build canceled while it syncs, solves or pushes: the engine is idle within two seconds.

Idle is the engine's own word: its history has no build under way with our label. A push through the
Engine API is no build, and moby's client of registries gives up no request that a registry does not
answer (nor does it for ``docker push``): there only the call is held to the time.
``CANCEL_RUNS=17`` (``make cancel-runs``) runs 51 and 17 of those; the moments are random.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.sdk import SdkBackend
from stagebuild.progress.events import LogChunk, StatusUpdate, VertexUpdate
from tests.backends.sdk.enginehistory import STARTED, history_of
from tests.faults.proxy import Fault, FaultProxy, Phase
from tests.specs import local_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

pytestmark = pytest.mark.engine

RUNS = int(os.environ.get("CANCEL_RUNS", "1"))
IDLE_S = 2.0
PATIENCE_S = 10.0
ESTABLISHED = "01"


def is_building(engine: Any, label: str) -> bool:
    """Say whether a build with a label is under way in the engine."""
    return any(each.type == STARTED for each in history_of(engine, label, active_only=True))


def is_connected_to(port: int) -> bool:
    """Say whether somebody on this machine has an open connection to a port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(line[2].endswith(f":{port:04X}") and line[3] == ESTABLISHED for line in lines)


def canceled_in(
    spec: BuildSpec,
    engine: Any,
    is_there: Callable[[Event], bool],
    *,
    delay_s: float,
    is_busy: Callable[[], bool],
) -> tuple[float, float]:
    """
    Build, cancel a while after an event; return when that was and when the call came back.

    Args:
        spec: What to build.
        engine: Where.
        is_there: Says whether an event is the one.
        delay_s: The while.
        is_busy: Says whether the engine is; it has to be.
    """
    cancel = Cancel()
    canceled_s: list[float] = []
    was_busy: list[bool] = []

    def stop() -> None:
        began_s = time.monotonic()
        while not is_busy() and time.monotonic() - began_s < PATIENCE_S:
            time.sleep(0.01)
        was_busy.append(is_busy())
        canceled_s.append(time.monotonic())
        cancel.cancel("enough")

    timer = threading.Timer(delay_s, stop)
    timer.daemon = True

    def emit(event: Event) -> None:
        if not timer.is_alive() and not canceled_s and is_there(event):
            timer.start()

    with pytest.raises(SolveFailed, match="enough") as caught:
        SdkBackend(environ=engine.env).build(spec, emit, cancel)
    assert caught.value.canceled
    assert was_busy == [True]
    return canceled_s[0], time.monotonic()


def syncing(event: Event) -> bool:
    return isinstance(event, StatusUpdate) and event.id == "transferring context:"


def solving(event: Event) -> bool:
    return isinstance(event, LogChunk)


def pushing(event: Event) -> bool:
    return isinstance(event, StatusUpdate | VertexUpdate) and "pushing" in (
        event.id if isinstance(event, StatusUpdate) else event.name
    )


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("phase", ["sync", "solve", "push", "push without the containerd store"])
def test_the_engine_is_idle_soon_after(
    phase: str, run: int, engines: Callable[[str], Any], tmp_path: Path
) -> None:
    rng = random.Random(f"{phase} {run}")
    label = f"canceled-{uuid.uuid4().hex}"
    engine = engines("26.1" if "without" in phase else "28.5")
    (tmp_path / "nonce").write_text(label)
    with FaultProxy(upstream=engine.registry) as proxy:
        is_busy = partial(is_building, engine, f"label:{label}")
        if "without" in phase:
            is_busy = partial(is_connected_to, proxy.port)
        tags = (f"{proxy.registry}/canceled/{label}:1",)
        match phase:
            case "sync":
                with (tmp_path / "large").open("wb") as file:
                    file.truncate(2 << 30)
                wanted, is_there = (
                    local_spec(tmp_path, "FROM busybox\nCOPY . /x\n", labels={label: "1"}),
                    syncing,
                )
            case "solve":
                text = "FROM busybox\nCOPY nonce /\nRUN echo runs && sleep 86413\n"
                wanted, is_there = local_spec(tmp_path, text, labels={label: "1"}), solving
            case _:
                text = "FROM busybox\nCOPY nonce /\n"
                wanted = local_spec(tmp_path, text, labels={label: "1"}, tags=tags, push=True)
                is_there = pushing
        with proxy.broken(Fault(name="hang", breaks="hang"), Phase.PUSH_BLOB):
            canceled_s, ended_s = canceled_in(
                wanted, engine, is_there, delay_s=rng.uniform(0.02, 0.3), is_busy=is_busy
            )
            while is_busy() and "without" not in phase:
                assert time.monotonic() - canceled_s < IDLE_S + PATIENCE_S
                time.sleep(0.02)
            idle_s = time.monotonic()

    took = {"the call": ended_s - canceled_s, "the engine": idle_s - canceled_s}
    assert max(took.values()) < IDLE_S, took
