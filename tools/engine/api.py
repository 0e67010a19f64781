"""One question to an engine over its socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any

_OK = 200


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, *, timeout_s: float) -> None:
        super().__init__("docker", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(path: Path, question: str, *, timeout_s: float = 5.0) -> Any:
    """
    Return the answer to `GET question` as JSON.

    Args:
        path: the engine's socket.
        question: such as `/version`.
        timeout_s: how long to wait.

    Returns:
        None if no engine answers there, or not with JSON and 200.
    """
    connection = _Connection(path, timeout_s=timeout_s)
    try:
        connection.request("GET", question)
        answer = connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status == _OK else None
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return None
    finally:
        connection.close()


def version(path: Path) -> str | None:
    """Return the version of the engine at the socket, without Debian's suffix; None for none."""
    match ask(path, "/version"):
        case {"Version": str(text)}:
            return text.partition("+")[0]
    return None
