"""One HTTP exchange, without surprises: no password follows a redirect to another host."""

from __future__ import annotations

from http.client import HTTPException
from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message
    from http.client import HTTPMessage

TIMEOUT_S = 30.0

_MOST_ERROR_BYTES = 64 * 1024


class Answer(NamedTuple):
    """
    What a registry answered.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        body: Open for reading; the caller closes it.
    """

    status: int
    headers: Mapping[str, str]
    body: IO[bytes]

    def read(self) -> bytes:
        """
        Return the whole body and close it.

        Raises:
            OSError: It broke off.
        """
        try:
            with self.body:
                return self.body.read()
        except HTTPException as error:
            raise OSError(f"{error!r}") from error


class Refused(Exception):
    """
    An answer that is none of 200 to 399.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        content: The body's beginning.
    """

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.content = content


class _Redirects(HTTPRedirectHandler):
    """Follows redirects; stores of blobs refuse, and must not see, a registry's credentials."""

    def redirect_request(  # noqa: PLR0917 - urllib calls it so
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the next request, without ``Authorization`` when it goes to another host."""
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            following.remove_header("Authorization")
        return following


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    data: bytes | IO[bytes] | None = None,
    authority: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """
    Ask, and return what is answered.

    Args:
        method: As ``HEAD``.
        url: ``http`` or ``https``.
        headers: What goes with it; ``Content-Length`` where ``data`` is a file.
        data: The body, or None.
        authority: File of a certificate authority to trust besides the system's.
        timeout_s: How long nothing may be heard.

    Raises:
        Refused: The answer is an error.
        OSError: There is no answer, or it broke off.
        ValueError: The address is none.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an address of a registry: {url}")
    handlers = [_Redirects()] if authority is None else [_Redirects(), _trusting(authority)]
    request = Request(url, data=data, headers=dict(headers), method=method)  # noqa: S310 - checked
    try:
        answer = build_opener(*handlers).open(request, timeout=timeout_s)
    except HTTPError as error:
        with error:
            content = error.read(_MOST_ERROR_BYTES)
        raise Refused(error.code, _lower(error.headers), content) from None
    except HTTPException as error:
        raise OSError(f"no HTTP answer: {error!r}") from error
    return Answer(answer.status, _lower(answer.headers), answer)


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _trusting(authority: str) -> HTTPSHandler:
    import ssl  # noqa: PLC0415 - only where Docker's folder has a certificate

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=authority)
    return HTTPSHandler(context=context)
