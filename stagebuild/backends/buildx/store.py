"""The images that the docker command's engine keeps."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PIECE_BYTES = 1 << 20
_REMOVE_S = 60


class DockerStore:
    """
    An engine's image store, by ``docker``.

    Args:
        docker: The docker command.
        environ: Its environment.
    """

    def __init__(self, docker: str, environ: Mapping[str, str]) -> None:
        self._docker = docker
        self._environ = environ

    @contextlib.contextmanager
    def save(self, image: str) -> Iterator[Iterator[bytes]]:
        """Give an image in pieces, as ``docker save`` writes it."""
        with tempfile.TemporaryFile() as errors:
            try:
                child = subprocess.Popen(
                    [self._docker, "image", "save", image],
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    bufsize=0,
                )
            except OSError as error:
                raise ImageUnreadable(f"{self._docker}: {error.strerror}", image=image) from error
            assert child.stdout is not None  # noqa: S101 - it is a pipe
            read = child.stdout.read
            try:
                yield iter(lambda: read(_PIECE_BYTES), b"")
                child.stdout.read()
            except ImageUnreadable as broken:
                child.stdout.close()
                if child.wait() == 0:
                    raise
                raise _refused(errors, image) from broken
            finally:
                child.stdout.close()
                child.wait()
            if child.returncode != 0:
                raise _refused(errors, image)

    def remove_untagged(self, image: str) -> None:
        """Remove an image that has no tag; one that has, or is in use, stays."""
        tags = self._ask("inspect", "--format", "{{len .RepoTags}}", image)
        if tags is not None and tags.strip() == b"0":
            self._ask("rm", image)

    def _ask(self, *words: str) -> bytes | None:
        try:
            done = subprocess.run(
                [self._docker, "image", *words],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_REMOVE_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


def _refused(errors: IO[bytes], image: str) -> ImageUnreadable:
    errors.seek(0)
    words = " ".join(errors.read().decode(errors="replace").split())
    return ImageUnreadable(words or "docker save broke off", image=image)
