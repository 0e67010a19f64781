"""A registry that one test has for itself: read-only, behind a password or a token, with TLS."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from tools.engine import places
from tools.engine.registry import configuration, free_port
from tools.engine.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
USER, PASSWORD = "ship", "right-password"
SERVICE, ISSUER = "the registry", "the tests"

# Of PASSWORD; the registry reads bcrypt alone, which Python has not.
_HTPASSWD = "ship:$2y$05$abcdefghijklmnopqrstuuBO.kmgTJhdt40M5ZyHgFmcpBdUb9aS.\n"
_PATIENCE_S = 15.0


@functools.cache
def own_address() -> str:
    """Return an address of this machine that is none of 127.0.0.0/8; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))
        return str(asked.getsockname()[0])


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """
    A certificate that signs itself.

    Attributes:
        file: The certificate, in PEM.
        key: Its key.
    """

    file: Path
    key: Path

    @classmethod
    def made(cls, folder: Path, name: str) -> Self:
        """Make one for this machine's addresses."""
        file, key = folder / f"{name}.crt", folder / f"{name}.key"
        argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        argv += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(file)]
        argv += ["-addext", f"subjectAltName=IP:{own_address()},IP:127.0.0.1,DNS:localhost"]
        subprocess.run(argv, check=True, capture_output=True)
        return cls(file=file, key=key)

    def server(self) -> ssl.SSLContext:
        """Return what a server with it needs."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.file, self.key)
        return made

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Return a JSON Web Token."""
        der = ssl.PEM_cert_to_DER_cert(self.file.read_text())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [b64encode(der).decode()]}
        text = ".".join(_safe(json.dumps(part).encode()) for part in (head, claims))
        argv = ["openssl", "dgst", "-sha256", "-sign", str(self.key)]
        done = subprocess.run(argv, input=text.encode(), check=True, capture_output=True)
        return f"{text}.{_safe(done.stdout)}"


@contextlib.contextmanager
def own_registry(
    folder: Path,
    *,
    tls: Certificate | None = None,
    read_only: bool = False,
    auth: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """
    Run a registry and give its host and port; what it stores stays in ``folder``.

    Args:
        folder: For what it stores.
        tls: Its certificate; it then answers at this machine's address, else at ``localhost``.
        read_only: Whether it takes nothing.
        auth: Who may use it, as its configuration says it; everybody when not given.
    """
    tool = Path(os.environ.get("STAGEBUILD_ENGINE_TOOL", ROOT / "tools" / "engine"))
    support = Stock.look(places.of_checkout(tool.resolve().parents[1])).support()
    port = free_port(0)
    storage = folder / "blobs"
    storage.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = {**configuration(storage=storage, port=port, secret="x")}
    host = "localhost" if tls is None else own_address()
    if tls is not None:
        said["http"] |= {
            "addr": f"{host}:{port}",
            "tls": {"certificate": str(tls.file), "key": str(tls.key)},
        }
    if read_only:
        said["storage"]["maintenance"] = {"readonly": {"enabled": True}}
    if auth is not None:
        said["auth"] = auth
    config = folder / "registry.yml"
    config.write_text(json.dumps(said))
    argv = [str(support.program("docker-registry")), "serve", str(config)]
    with (folder / "registry.log").open("ab") as log, subprocess.Popen(argv, stderr=log) as child:
        try:
            _wait_for(host, port, child, folder / "registry.log")
            yield f"{host}:{port}"
        finally:
            child.kill()


def password(folder: Path) -> Mapping[str, Any]:
    """Return the ``auth`` of a registry that USER may use, with PASSWORD."""
    file = folder / "htpasswd"
    file.write_text(_HTPASSWD)
    return {"htpasswd": {"realm": "the tests", "path": str(file)}}


@dataclass(kw_only=True)
class TokenServer:
    """
    Gives tokens to USER. A context manager.

    Attributes:
        certificate: By which the tokens are signed, and whose the server's own is where ``tls``.
        actions: What one is allowed to do, of what is asked for.
        tls: Whether it is asked by HTTPS.
        asked: The scopes of every request so far.
    """

    certificate: Certificate
    actions: frozenset[str] = frozenset({"pull", "push"})
    tls: bool = False
    asked: list[str] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        owner = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((own_address() if self.tls else "127.0.0.1", 0), Answers)
        if self.tls:
            context = self.certificate.server()
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def auth(self) -> Mapping[str, Any]:
        """Return the ``auth`` of a registry that sends people here."""
        assert self._server is not None
        host, port = self._server.server_address[:2]
        return {
            "token": {
                "realm": f"http{'s' if self.tls else ''}://{host!s}:{port}/token",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.certificate.file),
            }
        }

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request for a token."""
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        scopes = parse_qs(urlsplit(request.path).query).get("scope", [])
        self.asked += scopes
        if b64decode(given).decode() != f"{USER}:{PASSWORD}":
            request.send_error(401)
            return
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": SERVICE, "nbf": now - 60, "exp": now + 600, "jti": "1"}
        access = [self._allowed(scope) for scope in scopes]
        body = json.dumps({"token": self.certificate.signed({**claims, "access": access})})
        request.send_response(200)
        request.end_headers()
        request.wfile.write(body.encode())

    def _allowed(self, scope: str) -> dict[str, Any]:
        kind, name, actions = scope.split(":")
        allowed = [action for action in actions.split(",") if action in self.actions]
        return {"type": kind, "name": name, "actions": allowed}


def _safe(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _wait_for(host: str, port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the registry does not answer:\n{log.read_text()}")
