"""
A run's spans, sent to an OpenTelemetry receiver over HTTP when it has ended.

Source: opentelemetry.io, "OTLP Exporter Configuration" (variables, defaults, what may be tried
again) and "OTLP/HTTP".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from stagebuild.report.tracecontext import pairs, trace_of
from stagebuild.sinks.reports import Outlet
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.sinks.reports import Ended

_PATH = "/v1/traces"
_DEFAULT_MS = 10_000
_PASSING = frozenset({429, 502, 503, 504})
_WAITS_S = (0.3, 1.0)


@frozen
class Receiver:
    """
    Where spans go.

    Attributes:
        url: Where to post them.
        headers: Sent along: credentials, in most cases.
        timeout_s: How long it may take.
        compressed: Whether they are sent with gzip.
        certificate: File of certificates to trust, or None for the system's.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = _DEFAULT_MS / 1000
    compressed: bool = False
    certificate: str | None = None


def otlp_outlets(environ: Mapping[str, str]) -> Iterator[Outlet]:
    """Return what sends a run to the receiver that the environment names, if it names one."""
    receiver = receiver_of(environ)
    if receiver is None:
        return
    protocol = _named(environ, "PROTOCOL") or "http/json"

    def write(ended: Ended) -> None:
        from stagebuild.report.otlp import otlp  # noqa: PLC0415 - where spans are wanted

        if not protocol.startswith("http/"):
            raise OSError(
                f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}: stagebuild speaks http alone"
            )
        send(receiver, json.dumps(otlp(ended.report(), trace_of(environ))).encode())

    yield Outlet(name=f"the trace for {receiver.url}", write=write)


def receiver_of(environ: Mapping[str, str]) -> Receiver | None:
    """Return where ``OTEL_…`` variables say that spans go; None where they say nowhere."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return None
    url = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    if not url and environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        url = environ["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/") + _PATH
    if not url:
        return None
    timeout = _named(environ, "TIMEOUT")
    return Receiver(
        url=url,
        headers=pairs(_named(environ, "HEADERS")),
        timeout_s=(int(timeout) if timeout.isdecimal() else _DEFAULT_MS) / 1000,
        compressed=_named(environ, "COMPRESSION") == "gzip",
        certificate=_named(environ, "CERTIFICATE") or None,
    )


def _named(environ: Mapping[str, str], name: str) -> str:
    """Return a setting: that of traces, or else that of everything."""
    both = (f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}")
    return next((environ[each] for each in both if environ.get(each)), "")


def send(receiver: Receiver, body: bytes) -> None:
    """
    Post spans, and once or twice again where that may help.

    Raises:
        OSError: It is not http, nobody answers, or the answer is no.
    """
    import gzip  # noqa: PLC0415 - HTTP costs start-up time, and few runs are traced
    import ssl  # noqa: PLC0415 - likewise
    from urllib.error import HTTPError  # noqa: PLC0415 - likewise
    from urllib.request import Request, urlopen  # noqa: PLC0415 - likewise

    if not receiver.url.startswith(("http://", "https://")):
        raise OSError("the endpoint has to begin with http:// or https://")
    headers = {"Content-Type": "application/json", **receiver.headers}
    if receiver.compressed:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    trust = (
        ssl.create_default_context(cafile=receiver.certificate) if receiver.certificate else None
    )
    deadline_s = time.monotonic() + receiver.timeout_s
    for wait_s in (*_WAITS_S, None):
        request = Request(receiver.url, body, headers)  # noqa: S310 - its scheme was looked at
        left_s = max(0.1, deadline_s - time.monotonic())
        try:
            with urlopen(request, timeout=left_s, context=trust):  # noqa: S310 - as above
                return
        except HTTPError as error:
            error.close()
            passing = error.code in _PASSING
            if not passing or wait_s is None or time.monotonic() + wait_s > deadline_s:
                raise OSError(f"it answered {error.code} {error.reason}") from error
            time.sleep(wait_s)
