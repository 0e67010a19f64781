"""
Other ways into a real engine: what stands where a remote engine or a buildkitd would.

Everything behind the door is the engine's own BuildKit; only the door is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
    Upstream = Callable[[asyncio.StreamReader], Coroutine[None, None, tuple[Pair, bytes]]]

UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
HIDDEN = (b"POST /grpc HTTP/1.1", b"POST /session HTTP/1.1")
PREFACE = b"PRI * HTTP/2.0"
CHUNK_BYTES = 1 << 16


def whole(path: str) -> Upstream:
    """The engine as it is: what comes goes to its socket."""

    async def connect(_: asyncio.StreamReader) -> tuple[Pair, bytes]:
        return await asyncio.open_unix_connection(path), b""

    return connect


def buildkitd(path: str) -> Upstream:
    """The engine's BuildKit alone: HTTP/2 from the first byte, and no other HTTP."""

    async def connect(_: asyncio.StreamReader) -> tuple[Pair, bytes]:
        pair = await asyncio.open_unix_connection(path)
        pair[1].write(UPGRADE)
        await pair[0].readuntil(b"\r\n\r\n")
        return pair, b""

    return connect


def newest(path: str) -> Upstream:
    """
    An engine from API 1.53 on: HTTP/1.1 as ever, and gRPC on the socket itself.

    To be served with ``HIDDEN``, as its upgrades are gone.
    """

    async def connect(client: asyncio.StreamReader) -> tuple[Pair, bytes]:
        begin = await client.readexactly(len(PREFACE))
        if begin == PREFACE:
            return (await buildkitd(path)(client))[0], begin
        return await asyncio.open_unix_connection(path), begin

    return connect


@contextmanager
def served(
    upstream: Upstream,
    *,
    path: Path | None = None,
    tls: ssl.SSLContext | None = None,
    hidden: tuple[bytes, ...] = (),
) -> Iterator[str]:
    """
    Serve a door in a thread of its own; give its address, ``unix://`` or ``tcp://``.

    Args:
        upstream: What is behind it.
        path: Of a unix socket; None for a port.
        tls: The server's side, or None.
        hidden: Lines of requests that are not served.
    """
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    address = ""
    ending = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            (there, away), first = await upstream(reader)
            ends.append(away)
            away.write(first)
            await asyncio.gather(_copy(reader, away, hidden), _copy(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # as far as the door is concerned, a guest left
        finally:
            for end in ends:
                end.transport.abort()

    async def serve() -> None:
        nonlocal address
        if path is not None:
            server: asyncio.Server = await asyncio.start_unix_server(meet, path)
            address = f"unix://{path}"
        else:
            server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
            address = f"tcp://localhost:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await ending.wait()
        server.close()
        guests = asyncio.all_tasks() - {asyncio.current_task()}
        for guest in guests:
            guest.cancel()
        await asyncio.gather(*guests, return_exceptions=True)
        await asyncio.sleep(0.01)  # for the transports' own ends

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()


async def _copy(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, hidden: tuple[bytes, ...] = ()
) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            for line in hidden:
                data = data.replace(line, b"POST /gone HTTP/1.1")
            target.write(data)
            await target.drain()
    if not target.transport.is_closing():
        target.close()


class Authority:
    """Certificates: of a server, and of the clients that it accepts."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server(self) -> ssl.SSLContext:
        """Return a server's side that asks for certificates, as ``dockerd --tlsverify`` does."""
        import ssl  # noqa: PLC0415 - its name stands for types above

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)
        self._authority.issue_cert("localhost").configure_cert(context)
        return context

    def folder(self, folder: Path) -> Path:
        """Fill a folder as ``DOCKER_CERT_PATH`` wants it."""
        folder.mkdir()
        client = self._authority.issue_cert("client@example")
        self._authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        client.private_key_pem.write_to_path(str(folder / "key.pem"))
        client.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        return folder
