"""Ways to an engine, other than its own socket."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel
from stagebuild.backends.sdk import SdkBackend
from stagebuild.backends.sdk.dockerconfig import EngineHost, address_of
from stagebuild.buildkit.client import Client
from stagebuild.buildkit.endpoints import CommandAddress
from stagebuild.buildkit.errors import ConnectionLost
from stagebuild.errors import EngineUnavailable
from stagebuild.model import Output
from tests.backends.sdk.fronts import HIDDEN, Authority, buildkitd, newest, served, whole
from tests.backends.sdk.sshhost import ssh_host
from tests.specs import local_spec

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.backends.base import SolveResponse
    from stagebuild.planning.spec import BuildSpec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "nonce").write_text(uuid.uuid4().hex)
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY nonce /\nRUN cat /nonce\n")
    return folder


@pytest.fixture
def socket_path(engine: Any) -> str:
    return str(engine.env["DOCKER_HOST"].removeprefix("unix://"))


def build(backend: SdkBackend, wanted: BuildSpec) -> SolveResponse:
    return backend.build(wanted, lambda _: None, Cancel())


@pytest.mark.engine
def test_an_engine_behind_tls_is_built_with_and_looked_at(
    folder: Path, socket_path: str, tmp_path: Path
) -> None:
    authority = Authority()
    with served(whole(socket_path), tls=authority.server()) as url:
        environ = {
            "DOCKER_HOST": url,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(authority.folder(tmp_path / "certificates")),
        }
        backend = SdkBackend(environ=environ)
        response = build(backend, local_spec(folder))
        facts = backend.image_facts(local_spec(folder), response)

    assert response.image_id is not None
    assert facts is not None  # by docker-py, over TLS likewise


@pytest.mark.engine
def test_a_docker_context_says_where_the_engine_is_and_brings_its_certificates(
    engine: Any, folder: Path, socket_path: str, tmp_path: Path
) -> None:
    authority = Authority()
    certificates = authority.folder(tmp_path / "certificates")
    environ = {**engine.env, "DOCKER_CONFIG": str(tmp_path / "config")}
    del environ["DOCKER_HOST"]
    with served(whole(socket_path), tls=authority.server()) as url:
        files = ",".join(f"{name}={certificates}/{name}.pem" for name in ("ca", "cert", "key"))
        create = ["docker", "context", "create", "far", "--docker", f"host={url},{files}"]
        subprocess.run(create, env=environ, check=True, capture_output=True)
        response = build(
            SdkBackend(environ={**environ, "DOCKER_CONTEXT": "far"}), local_spec(folder)
        )
        subprocess.run(
            ["docker", "context", "use", "far"], env=environ, check=True, capture_output=True
        )
        again = build(SdkBackend(environ=environ), local_spec(folder))

    assert response.image_id == again.image_id


@pytest.mark.engine
@pytest.mark.parametrize("whose", ["the engine's certificate", "ours"])
def test_a_certificate_that_is_not_accepted_says_which_folder_to_look_into(
    whose: str, folder: Path, socket_path: str, tmp_path: Path
) -> None:
    authority = Authority()
    certificates = authority.folder(tmp_path / "certificates")
    if whose == "ours":
        (certificates / "cert.pem").unlink()
    else:
        other = Authority().folder(tmp_path / "other")
        (other / "ca.pem").rename(certificates / "ca.pem")
    with served(whole(socket_path), tls=authority.server()) as url:
        environ = {
            "DOCKER_HOST": url,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(certificates),
        }
        with pytest.raises(EngineUnavailable) as caught:
            build(SdkBackend(environ=environ), local_spec(folder))

    assert "DOCKER_CERT_PATH" in str(caught.value.hint)


@pytest.mark.engine
def test_an_engine_at_an_ssh_host_is_built_with(engine: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    with ssh_host(tmp_path / "ssh", engine.env) as host:
        environ = {"DOCKER_HOST": host.url, "PATH": str(host.programs)}
        response = build(SdkBackend(environ=environ), local_spec(folder))

    assert response.image_id is not None
    assert set(host.commands) == {"docker system dial-stdio"}


@pytest.mark.engine
def test_an_ssh_host_that_refuses_says_so_in_sshs_own_words(
    engine: Any, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "ssh").mkdir()
    with ssh_host(tmp_path / "ssh", engine.env) as host:
        url = host.url.replace("builder@", "somebody@")
        environ = {"DOCKER_HOST": url, "PATH": str(host.programs)}
        with pytest.raises(EngineUnavailable, match="Permission denied") as caught:
            build(SdkBackend(environ=environ), local_spec(folder))

    assert "dial-stdio" in str(caught.value.hint)


@pytest.mark.engine
def test_an_ssh_host_without_docker_says_so(engine: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    with ssh_host(tmp_path / "ssh", {**engine.env, "PATH": "/nowhere"}) as host:
        environ = {"DOCKER_HOST": host.url, "PATH": str(host.programs)}
        with pytest.raises(EngineUnavailable, match="not found"):
            build(SdkBackend(environ=environ), local_spec(folder))


@pytest.mark.engine
@pytest.mark.parametrize("kind", ["unix", "tcp with TLS"])
def test_a_buildkitd_is_built_with_by_its_address_and_no_docker(
    kind: str, folder: Path, socket_path: str, tmp_path: Path
) -> None:
    # It has no exporter into an image store: what is built comes here.
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY nonce /\n")
    wanted = local_spec(folder, outputs=(Output(type="local", dest=str(tmp_path / "out")),))
    authority = Authority()
    environ = {"PATH": "/nowhere"}
    if kind == "unix":
        front = served(buildkitd(socket_path), path=tmp_path / "buildkitd.sock")
    else:
        front = served(buildkitd(socket_path), tls=authority.server())
        folder_of_certificates = authority.folder(tmp_path / "certificates")
        environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder_of_certificates)}
    with front as url:
        build(SdkBackend(environ=environ, host=url), wanted)
        build(SdkBackend(environ=environ), local_spec(folder, builder=url))

    assert (tmp_path / "out" / "nonce").read_bytes() == (folder / "nonce").read_bytes()


@pytest.mark.engine
def test_an_engine_that_serves_grpc_on_its_socket_is_built_with(
    folder: Path, socket_path: str, tmp_path: Path
) -> None:
    # As from API 1.53 on; the engine behind is older, and its upgrades are hidden.
    front = served(newest(socket_path), path=tmp_path / "engine.sock", hidden=HIDDEN)
    with front as url:
        backend = SdkBackend(environ={"DOCKER_HOST": url})
        response = build(backend, local_spec(folder))
        facts = backend.image_facts(local_spec(folder), response)

    assert response.image_id is not None
    assert facts is not None


@pytest.mark.engine
def test_a_programs_streams_are_a_connection_and_it_ends_with_it(engine: Any) -> None:
    # What runs at the far end of ssh:// addresses.
    argv = ("docker", "system", "dial-stdio")
    before = threading.active_count()

    with Client(CommandAddress(argv=argv, environ=engine.env)) as client:
        workers = client.workers()

    assert workers[0].id
    assert threading.active_count() == before


def test_a_program_that_ends_at_once_is_a_refused_connection_with_its_words() -> None:
    argv = ("sh", "-c", "echo no such host >&2; exit 255")

    with pytest.raises(ConnectionLost, match="no such host") as caught:
        Client(CommandAddress(argv=argv))

    assert caught.value.refused


def test_a_server_that_refuses_our_certificate_after_the_handshake_is_a_refused_connection(
    tmp_path: Path,
) -> None:
    # As TLS 1.3 has it. Whether the alert or the end of the connection is seen is chance.
    authority = Authority()
    certificates = authority.folder(tmp_path / "certificates")
    (certificates / "cert.pem").unlink()
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        guest, _ = listener.accept()
        with guest, contextlib.suppress(OSError):
            authority.server().wrap_socket(guest, server_side=True)

    thread = threading.Thread(target=refuse)
    thread.start()
    host = EngineHost(f"tcp://localhost:{listener.getsockname()[1]}", str(certificates))
    with pytest.raises(ConnectionLost, match=r"(?i)certificate|_ssl") as caught:
        Client(address_of(host))
    thread.join()
    listener.close()

    assert caught.value.refused


def test_a_program_that_does_not_exist_is_a_refused_connection(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost) as caught:
        Client(CommandAddress(argv=(f"{tmp_path}/none",)))

    assert caught.value.refused
