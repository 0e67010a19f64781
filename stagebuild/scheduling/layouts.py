"""
Images that other builds are based on: each an OCI layout, in a folder that is gone after the run.

An OCI layout is read by every driver, and only blobs that a builder lacks are sent to it. The image
store would do for the docker driver alone, and would have to be cleaned up after a crash.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stagebuild.values import replaced

if TYPE_CHECKING:
    from stagebuild.model import Digest
    from stagebuild.planning.spec import BuildSpec


class Layouts:
    """The layouts of a run; ``remove`` has to be called after it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: str | None = None
        self._folders: dict[str, str] = {}
        self._made = 0
        self._contexts: dict[str, str] = {}

    def remove(self) -> None:
        """Remove all of them."""
        if self._root is not None:
            import shutil  # noqa: PLC0415 - most runs have no layouts

            shutil.rmtree(self._root, ignore_errors=True)

    def folder(self, build: str) -> str:
        """Return the folder for a build's image; made by whoever writes the layout."""
        with self._lock:
            if self._root is None:
                import tempfile  # noqa: PLC0415 - likewise

                self._root = tempfile.mkdtemp(prefix="stagebuild-images-")
            self._made += 1
            return self._folders.setdefault(build, f"{self._root}/{self._made}")

    def discard(self, build: str) -> None:
        """Remove a build's image, which nobody is based on."""
        import shutil  # noqa: PLC0415 - as above

        with self._lock:
            folder = self._folders.pop(build, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, build: str, digest: Digest) -> None:
        """Take note that a build's image is there."""
        self._contexts[build] = f"oci-layout://{self._folders[build]}@{digest}"

    def based(self, spec: BuildSpec) -> BuildSpec:
        """Return the spec with the images that it is based on as its named contexts."""
        if not spec.bases:
            return spec
        images = {context: self._contexts[base] for context, base in spec.bases.items()}
        return replaced(spec, contexts={**spec.contexts, **images})
