"""What is buildx's own, on real engines: its processes, its builders, its plugin."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.buildx.discovery import buildx_command
from stagebuild.errors import EngineUnavailable, UnsupportedFeature
from stagebuild.model import CacheEntry
from stagebuild.progress.events import LogChunk, PlainLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stagebuild.backends.base import SolveResponse
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.progress.events import Event

pytestmark = pytest.mark.engine


@pytest.fixture
def build(engine: Any, tmp_path: Path) -> Callable[..., SolveResponse]:
    """Builds a spec with the newest engine, or with what is given."""

    def run(
        made: BuildSpec,
        environ: Mapping[str, str] | None = None,
        emit: Callable[[Event], None] = lambda _: None,
    ) -> SolveResponse:
        chosen = {**(environ or engine.env), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        return BuildxBackend(environ=chosen).build(made, emit, Cancel())

    return run


@pytest.fixture
def dockerfile(tmp_path: Path) -> Callable[[str], None]:
    """Writes the project's Dockerfile; NONCE in it keeps caches apart."""

    def write(text: str) -> None:
        (tmp_path / "Dockerfile").write_text(text.replace("NONCE", uuid.uuid4().hex))

    return write


def logging_calls(environ: Mapping[str, str], folder: Path) -> tuple[dict[str, str], Path]:
    """The environment with a buildx that writes down how it is called."""
    calls, shim = folder / "calls", folder / "shim"
    calls.touch()
    (real,) = buildx_command("docker", environ)
    shim.write_text(f'#!/bin/sh\necho "$1" >> {shlex.quote(str(calls))}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    return {**environ, "STAGEBUILD_BUILDX": str(shim)}, calls


def test_a_build_is_one_process_once_the_version_is_known(
    engine: Any,
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    dockerfile: Callable[[str], None],
    tmp_path: Path,
) -> None:
    dockerfile("FROM scratch\nCOPY Dockerfile /\n")
    environ, calls = logging_calls(engine.env, tmp_path)

    versions = [build(spec(), environ).versions for _ in range(2)]

    assert versions[0] == versions[1]
    assert versions[0]["buildx"].startswith("0.")
    assert sorted(calls.read_text().split()) == ["build", "build", "version"]


def test_what_an_engine_lacks_is_refused_without_a_process_once_it_is_known(
    engines: Callable[[str], Any],
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    tmp_path: Path,
) -> None:
    environ, calls = logging_calls(engines("28.5-graph").env, tmp_path)
    made = spec(cache_to=(CacheEntry(type="local", attributes={"dest": "cache"}),))

    for _ in range(2):
        with pytest.raises(UnsupportedFeature, match="cache export"):
            build(made, environ)

    assert calls.read_text().split() == ["inspect"]


def test_a_docker_command_without_buildx_says_what_to_install(
    engines: Callable[[str], Any],
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
) -> None:
    old = engines("20.10").env
    docker = Path(old["PATH"].split(os.pathsep)[0]) / "docker"
    environ = {**old, "STAGEBUILD_BUILDX": f"{docker} buildx"}

    with pytest.raises(EngineUnavailable, match="the docker command has no buildx") as caught:
        build(spec(), environ)

    assert "docker-buildx-plugin" in (caught.value.hint or "")


def test_buildx_through_docker_builds_the_same(
    engine: Any,
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    dockerfile: Callable[[str], None],
) -> None:
    dockerfile("FROM scratch\nCOPY Dockerfile /\n")

    through_docker = build(spec(), {**engine.env, "STAGEBUILD_BUILDX": "docker buildx"})

    assert build(spec()).digest == through_docker.digest


def test_a_builder_that_is_not_there_says_how_to_make_it(
    build: Callable[..., SolveResponse], spec: Callable[..., BuildSpec]
) -> None:
    with pytest.raises(EngineUnavailable, match='there is no builder "farm"') as caught:
        build(spec(builder="farm"))

    assert "docker buildx create --name farm" in (caught.value.hint or "")


def test_no_argument_of_any_process_holds_a_build_args_value(
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    dockerfile: Callable[[str], None],
) -> None:
    dockerfile('FROM busybox\nARG NPM_TOKEN\nRUN echo NONCE && test "$NPM_TOKEN"\n')
    secret = uuid.uuid4().hex
    seen: set[bytes] = set()

    build(
        spec(build_args={"NPM_TOKEN": secret}),
        emit=lambda _: seen.update(_arguments("--build-arg")),
    )

    assert seen
    assert not any(secret.encode() in words for words in seen)


def test_a_killed_buildx_is_told_and_ends_the_step_in_the_engine(
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    dockerfile: Callable[[str], None],
    tmp_path: Path,
) -> None:
    seconds = f"8{uuid.uuid4().int % 10**8}"
    dockerfile(f"FROM busybox\nRUN echo running && exec sleep {seconds}\n")

    def kill(event: Event) -> None:
        if isinstance(event, LogChunk):
            (pid,) = _pids(str(tmp_path / "Dockerfile"))
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(SolveFailed, match="buildx was killed by SIGKILL"):
        build(spec(), emit=kill)

    _wait_until(lambda: not _arguments(seconds))
    assert not _arguments(seconds)


def test_a_long_log_is_passed_on_while_it_is_written(
    build: Callable[..., SolveResponse],
    spec: Callable[..., BuildSpec],
    dockerfile: Callable[[str], None],
) -> None:
    dockerfile("FROM busybox\nRUN : NONCE && seq 1 100000\n")
    printed: list[bytes] = []

    def emit(event: Event) -> None:
        if isinstance(event, LogChunk):
            printed.append(event.data)

    build(spec(), emit=emit)

    # BuildKit keeps a step's first 2 MiB and 200 KiB a second of them.
    assert b"".join(printed).startswith(b"1\n2\n3\n")


class TestAnotherDriver:
    """A builder that is not the engine itself: a pump to an engine's BuildKit, as ``remote``."""

    @pytest.fixture
    def builder(self, engine: Any) -> Iterator[str]:
        name = f"remote-{uuid.uuid4().hex[:8]}"
        with pumped(engine.env["DOCKER_HOST"].removeprefix("unix://")) as port:
            endpoint = f"tcp://127.0.0.1:{port}"
            engine.run("docker", "buildx", "create", "--name", name, "--driver=remote", endpoint)
            yield name
            engine.run("docker", "buildx", "rm", name)

    def test_a_result_without_an_output_stays_in_its_cache_and_that_is_told(
        self,
        builder: str,
        build: Callable[..., SolveResponse],
        spec: Callable[..., BuildSpec],
        dockerfile: Callable[[str], None],
    ) -> None:
        dockerfile("FROM scratch\nCOPY Dockerfile /\n")
        events: list[Event] = []

        response = build(spec(builder=builder), emit=events.append)

        assert (response.digest, response.image_id) == (None, None)
        lines = [event.text for event in events if isinstance(event, PlainLine)]
        assert any("No output specified" in line and "--push" in line for line in lines)

    def test_push_and_load_have_the_registrys_digest(
        self,
        builder: str,
        engine: Any,
        build: Callable[..., SolveResponse],
        spec: Callable[..., BuildSpec],
        dockerfile: Callable[[str], None],
    ) -> None:
        dockerfile("FROM scratch\nCOPY Dockerfile /NONCE\n")
        tag = f"{engine.registry}/contract/remote:{uuid.uuid4().hex}"

        response = build(spec(builder=builder, tags=(tag,), push=True, load=True))

        shown = engine.run("docker", "buildx", "imagetools", "inspect", tag).stdout
        assert f"Digest:    {response.digest}" in shown
        assert engine.run("docker", "image", "inspect", tag).stdout

    def test_what_a_graph_driver_store_lacks_it_has(
        self,
        builder: str,
        build: Callable[..., SolveResponse],
        spec: Callable[..., BuildSpec],
        dockerfile: Callable[[str], None],
        tmp_path: Path,
    ) -> None:
        dockerfile("FROM scratch\nCOPY Dockerfile /NONCE\n")

        build(
            spec(
                builder=builder,
                cache_to=(CacheEntry(type="local", attributes={"dest": "cache"}),),
            )
        )

        assert (tmp_path / "cache" / "index.json").exists()


@contextlib.contextmanager
def pumped(socket_path: str) -> Iterator[int]:
    """Offer an engine's BuildKit on a port of loopback, as a buildkitd would."""
    server = socket.create_server(("127.0.0.1", 0))
    with ThreadPoolExecutor(64) as pool, server:
        accepting = threading.Thread(target=_accept, args=(server, socket_path, pool))
        accepting.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()


def _accept(server: socket.socket, socket_path: str, pool: ThreadPoolExecutor) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(socket_path)
        engine.sendall(
            b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += engine.recv(1)
        pool.submit(_pump, client, engine)


def _pump(client: socket.socket, engine: socket.socket) -> None:
    with client, engine:
        back = threading.Thread(target=_copy, args=(engine, client))
        back.start()
        _copy(client, engine)
        back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _arguments(word: str) -> set[bytes]:
    """Argument lists of this machine's processes that have a word in them, ours left out."""
    return {words for pid, words in _processes() if word.encode() in words.split(b"\0")}


def _pids(word: str) -> list[int]:
    return [pid for pid, words in _processes() if word.encode() in words.split(b"\0")]


def _processes() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes()


def _wait_until(true: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 10
    while not true() and time.monotonic() < until_s:
        time.sleep(0.02)
