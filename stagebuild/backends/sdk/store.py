"""The images that an engine keeps, by docker-py."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from stagebuild.backends.sdk.engineapi import api_client
from stagebuild.errors import EngineUnavailable, ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.backends.sdk.dockerconfig import EngineHost

_PIECE_BYTES = 1 << 20


class EngineStore:
    """
    An engine's image store.

    Args:
        host: Where the engine is.
    """

    def __init__(self, host: EngineHost) -> None:
        self._host = host

    @contextlib.contextmanager
    def save(self, image: str) -> Iterator[Iterator[bytes]]:
        """Give an image in pieces, as ``docker save`` writes it."""
        from docker.errors import DockerException, ImageNotFound  # noqa: PLC0415 - see the package
        from requests.exceptions import RequestException  # noqa: PLC0415 - docker-py's own

        client = api_client(self._host)
        try:
            yield iter(client.get_image(image, chunk_size=_PIECE_BYTES))
        except ImageNotFound as error:
            raise ImageUnreadable("the engine has no such image", image=image) from error
        except (DockerException, RequestException, OSError) as error:
            raise ImageUnreadable(str(error), image=image) from error
        finally:
            client.close()

    def remove_untagged(self, image: str) -> None:
        """Remove an image that has no tag; one that has, or is in use, stays."""
        from docker.errors import DockerException  # noqa: PLC0415 - see the package
        from requests.exceptions import RequestException  # noqa: PLC0415 - docker-py's own

        with contextlib.suppress(DockerException, RequestException, OSError, EngineUnavailable):
            client = api_client(self._host)
            try:
                if not client.inspect_image(image).get("RepoTags"):  # type: ignore[no-untyped-call]
                    client.remove_image(image)
            finally:
                client.close()
