"""What only this backend does, on real engines."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.sdk import SdkBackend
from stagebuild.buildkit.client import Client
from stagebuild.buildkit.endpoints import UnixAddress
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.messages import Exporter, SolveRequest
from stagebuild.buildkit.session import Session, new_id
from stagebuild.context.folder import Folder
from stagebuild.errors import EngineUnavailable
from stagebuild.progress.events import StatusUpdate, VertexUpdate
from tests.specs import local_spec

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from stagebuild.progress.events import Event

pytestmark = pytest.mark.engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nonce").write_text(uuid.uuid4().hex)
    return tmp_path


@pytest.mark.parametrize("name", ["20.10", "26.1", "28.5"])
def test_it_builds_with_no_program_on_the_path(
    name: str, engines: Callable[[str], Any], folder: Path
) -> None:
    engine = engines(name)
    backend = SdkBackend(environ={**engine.env, "PATH": "/nowhere"})

    response = backend.build(
        local_spec(folder, "FROM busybox\nCOPY nonce /\nRUN cat /nonce\n"), lambda _: None, Cancel()
    )

    assert response.image_id is not None
    assert response.versions["docker"].startswith(name)


def test_a_failure_says_line_and_exit_code_by_the_engines_own_types(
    engine: Any, folder: Path
) -> None:
    events: list[Event] = []

    with pytest.raises(SolveFailed) as caught:
        SdkBackend(environ=engine.env).build(
            local_spec(folder, "FROM busybox\n\nRUN exit 42\n"), events.append, Cancel()
        )

    failed = {event.digest for event in events if isinstance(event, VertexUpdate) and event.error}
    assert (caught.value.process_exit_code, caught.value.line) == (42, 3)
    assert {caught.value.vertex} == failed


def test_builds_that_run_together_share_a_transfer(engine: Any, folder: Path) -> None:
    (folder / "big").write_bytes(uuid.uuid4().bytes * 100_000)
    one = local_spec(
        folder, "FROM busybox AS a\nCOPY . /a\nFROM busybox AS b\nCOPY . /b\n", target="a"
    )
    both = (one, replace(one, name="y", target="b"))
    events: list[Event] = []
    with (
        SdkBackend(environ=engine.env).together(both) as backend,
        ThreadPoolExecutor(2) as pool,
    ):
        for future in [pool.submit(backend.build, each, events.append, Cancel()) for each in both]:
            future.result()

    names = {event.digest: event.name for event in events if isinstance(event, VertexUpdate)}
    moved = {
        (event.vertex, event.current)
        for event in events
        if isinstance(event, StatusUpdate) and event.current > 1_000_000
        if names.get(event.vertex) == "[internal] load build context"
    }
    assert len({vertex for vertex, _ in moved}) == 1


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.05, 0.1, 0.3, 0.6])
def test_a_build_canceled_at_any_moment_ends_within_two_seconds(
    engine: Any, folder: Path, delay_s: float
) -> None:
    for number in range(800):
        (folder / f"{number}").write_bytes(uuid.uuid4().bytes * 2_000)
    wanted = local_spec(folder, "FROM busybox\nCOPY . /x\nRUN sleep 97531\n")
    cancel = Cancel()
    canceled_s: list[float] = []

    def stop() -> None:
        canceled_s.append(time.monotonic())
        cancel.cancel("enough")

    timer = threading.Timer(delay_s, stop)
    timer.start()
    with pytest.raises(SolveFailed, match="enough") as caught:
        SdkBackend(environ=engine.env).build(wanted, lambda _: None, cancel)
    ended_s = time.monotonic()
    timer.join()

    assert caught.value.canceled
    assert ended_s - canceled_s[0] < 2


def test_an_engine_that_is_not_there_says_what_to_start(folder: Path, tmp_path: Path) -> None:
    backend = SdkBackend(environ={}, host=f"unix://{tmp_path}/none.sock")

    with pytest.raises(EngineUnavailable, match="there is no Docker engine") as caught:
        backend.build(local_spec(folder, "FROM scratch\n"), lambda _: None, Cancel())

    assert caught.value.hint is not None


class PlainBuildKit:
    """The engine's BuildKit as a buildkitd serves it: HTTP/2 from the first byte, no /session."""

    def __init__(self, path: str) -> None:
        self._path = path

    def connect(self, timeout_s: float) -> socket.socket:
        sock = UnixAddress(path=self._path).connect(timeout_s)
        sock.sendall(
            b"POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        return sock


def test_a_plain_buildkit_is_built_with_over_one_connection(engine: Any, folder: Path) -> None:
    local_spec(folder, "FROM busybox\nCOPY nonce /\n")
    path = engine.env["DOCKER_HOST"].removeprefix("unix://")
    with Client(PlainBuildKit(path)) as client:
        tree = Folder(str(folder))
        session = Session([FileSync({"context": tree, "dockerfile": tree})])
        client.serve(session)
        running = client.solve(
            SolveRequest(
                ref=new_id(),
                session=session.id,
                frontend="dockerfile.v0",
                frontend_attrs={"filename": "Dockerfile", "image-resolve-mode": "local"},
                exporters=(Exporter(type="moby", attrs={}),),
            )
        )
        answer = running.response().exporter_response

    assert not client.is_docker
    assert answer["containerimage.config.digest"].startswith("sha256:")
