"""
A registry with a name and a certificate: its way there can break, too.

Names are asked of a server that can fail, and connections are encrypted, which can be broken off;
so both need an engine that asks this server and trusts this certificate.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.faults.privateengine import private_engine
from tests.faults.proxy import Fault, FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Engine

HOST = "registry.test"
ADDRESS = "127.53.0.1"
"""Of the name server; any of 127.0.0.0/8 is this machine's own."""

DNS, TLS = "DNS", "TLS"
WAYS = (
    Fault(name="DNS failure", at=DNS, breaks="SERVFAIL"),
    Fault(name="unknown host", at=DNS, breaks="NXDOMAIN"),
    Fault(name="TLS broken off", at=TLS, breaks="reset"),
    Fault(name="wrong certificate", at=TLS, breaks="certificate"),
)
_CODES = {"SERVFAIL": 2, "NXDOMAIN": 3}
_HANDSHAKE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """
    Two that say they are the registry's.

    Attributes:
        folder: ``trusted.pem`` and ``other.pem`` are there, each with its key.
    """

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Self:
        """Make them; which one is trusted is up to the engine."""
        for name in ("trusted", "other"):
            path = folder / f"{name}.pem"
            argv = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
            argv += ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={name} {HOST}"]
            argv += ["-addext", f"subjectAltName=DNS:*.{HOST}"]
            argv += ["-keyout", str(path), "-out", f"{path}.crt"]
            subprocess.run(argv, check=True, capture_output=True)
            path.write_text(path.read_text() + path.with_name(f"{path.name}.crt").read_text())
        return cls(folder=folder)

    def context(self, name: str) -> ssl.SSLContext:
        """Return what a server with one of them needs."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.folder / f"{name}.pem")
        return made


@dataclass(kw_only=True)
class NameServer:
    """
    Answers every question with one address of this machine. A context manager.

    Attributes:
        address: None of 127.0.0.0/8, where engines check no certificate.
        proxies: Are asked whether a question is answered at all.
    """

    address: str
    proxies: list[NamedProxy] = field(default_factory=list)
    _socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 53))
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                question, asker = listening.recvfrom(512)
            except OSError:
                return
            if question:
                listening.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        """
        Return the answer in the form of RFC 1035, section 4.

        A registry is one of many names, ``p40001.registry.test`` being that of port 40001: so that
        a fault is of one build alone.
        """
        label = question[13 : 13 + question[12]].decode()
        end = question.index(b"\0", 12) + 5
        is_address = question[end - 4 : end - 2] == b"\0\1"
        code = 0
        for proxy in self.proxies:
            if proxy.label == label and (fault := proxy.chosen(DNS)) is not None:
                code = _CODES[fault.breaks or ""]
        answers = is_address and not code
        head = question[:2] + bytes([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0])
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(self.address)
        return head + question[12:end] + answer * answers


@dataclass(kw_only=True)
class NamedProxy(FaultProxy):
    """
    The proxy under its name, encrypted.

    Attributes:
        certificates: Its own.
        names: Where its name is asked for.
    """

    certificates: Certificates
    names: NameServer
    scheme: str = "https"

    def __enter__(self) -> Self:
        super().__enter__()
        self.names.proxies.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.names.proxies.remove(self)
        super().__exit__(*error)

    @property
    def label(self) -> str:
        """The first part of its name."""
        return f"p{self.port}"

    @property
    def registry(self) -> str:
        """Host and port, as image references have them."""
        return f"{self.label}.{HOST}:{self.port}"

    def welcome(self, connection: socket.socket) -> socket.socket | None:
        """Encrypt a new connection, unless that is what goes wrong."""
        fault = self.chosen(TLS)
        if fault is not None and fault.breaks == "reset":
            return None
        context = self.certificates.context("trusted" if fault is None else "other")
        connection.settimeout(_HANDSHAKE_S)
        try:
            encrypted = context.wrap_socket(connection, server_side=True)
        except OSError:
            return None
        encrypted.settimeout(None)
        return encrypted


@dataclass(frozen=True, kw_only=True)
class NamedRegistry:
    """
    An engine that knows the names and trusts the certificate, and proxies that have them.

    Attributes:
        environ: Of the engine.
        between: Makes a proxy in front of a registry.
    """

    environ: Mapping[str, str]
    between: Callable[[str], NamedProxy]


@contextlib.contextmanager
def named_registry(engine: Engine, folder: Path) -> Iterator[NamedRegistry]:
    """Run one, with the programs of a shared engine."""
    certificates = Certificates.made(folder)
    trusted = folder / "trusted.pem.crt"
    with (
        private_engine(engine, folder, resolver=ADDRESS, trusted=trusted) as own,
        NameServer(address=own.address) as names,
    ):
        yield NamedRegistry(
            environ=own.environ,
            between=lambda upstream: NamedProxy(
                upstream=upstream, address=own.address, certificates=certificates, names=names
            ),
        )
