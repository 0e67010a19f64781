"""Layers and images made of nothing, in every form in which they may come."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


def archive(files: Mapping[str, bytes | str | None], *, mode: int = 0o644) -> bytes:
    """Return an archive: bytes are a file, text is a link, None a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.mode = mode
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


def in_pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


CONFIG: dict[str, Any] = {
    "os": "linux",
    "architecture": "amd64",
    "config": {
        "User": "app",
        "Env": ["PATH=/usr/bin:/bin", "TOKEN=abc", "A=1"],
        "Labels": {"version": "1"},
        "Cmd": ["serve"],
    },
    "history": [
        {"created_by": "ADD rootfs /"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN make"},
    ],
}


@pytest.fixture
def layout(tmp_path: Path) -> Callable[..., str]:
    """A function that writes an OCI layout of layers and returns its folder."""

    def write(*layers: bytes, config: Mapping[str, Any] = CONFIG) -> str:
        folder = tmp_path / f"layout-{len(list(tmp_path.iterdir()))}"
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)

        def put(content: bytes) -> dict[str, Any]:
            digest = digest_of(content)
            (blobs / digest.partition(":")[2]).write_bytes(content)
            return {"digest": digest, "size": len(content)}

        manifest = {
            "config": put(json.dumps(config).encode()),
            "layers": [put(gzip.compress(layer)) for layer in layers],
        }
        top = {"manifests": [put(json.dumps(manifest).encode())]}
        (folder / "index.json").write_text(json.dumps(top))
        return str(folder)

    return write
