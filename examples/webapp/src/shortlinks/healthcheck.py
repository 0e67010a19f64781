"""Exit 0 when the service answers: ``python -m shortlinks.healthcheck``, for HEALTHCHECK."""

from __future__ import annotations

import http.client
import os
import sys
from http import HTTPStatus


def main() -> int:
    """Ask the instance in this container; the image needs no curl for it."""
    port = int(os.environ.get("PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/healthz")
        return int(connection.getresponse().status != HTTPStatus.OK)
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
