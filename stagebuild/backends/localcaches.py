"""
Local caches, which BuildKit only ever adds to: what nothing refers to any more is removed.

A local cache is an OCI layout. ``index.json`` names the newest manifest (of each tag); that names
the layers and the cache's configuration. Source: moby/buildkit client/ociindex,
cache/remotecache/local.
"""

from __future__ import annotations

import json
import os
import re
import time

KEEP_S = 3600.0
"""How long a blob that nothing refers to stays, in seconds: another build may be about to."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST_MANIFEST_BYTES = 8 * 1024 * 1024


def rotate(folder: str, *, now_s: float | None = None, keep_s: float = KEEP_S) -> int:
    """
    Remove from a local cache the blobs that no manifest of its index leads to.

    Removes nothing when the index can't be read, and never fails: a cache is no reason to.

    Args:
        folder: The cache's.
        now_s: Seconds since 1970; now when not given.
        keep_s: How old a blob has to be, in seconds.

    Returns:
        How many bytes were freed.
    """
    try:
        wanted = _referred(folder)
        if wanted is None:
            return 0
        oldest_s = (time.time() if now_s is None else now_s) - keep_s
        freed = 0
        with os.scandir(f"{folder}/blobs/sha256") as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                if entry.name not in wanted and facts.st_mtime < oldest_s:
                    os.unlink(entry.path)  # noqa: PTH108 - no pathlib on this path
                    freed += facts.st_size
    except (OSError, ValueError):
        return 0
    return freed


def _referred(folder: str) -> set[str] | None:
    """Return the names of the blobs that the index leads to; None when there is no index."""
    with open(f"{folder}/index.json", "rb") as file:  # noqa: PTH123 - see above
        index = json.load(file)
    if not isinstance(index, dict) or not index.get("manifests"):
        return None
    wanted: set[str] = set()
    unread = _DIGEST.findall(json.dumps(index))
    while unread:
        name = unread.pop()
        if name not in wanted:
            wanted.add(name)
            unread += _DIGEST.findall(_text(f"{folder}/blobs/sha256/{name}"))
    return wanted


def _text(path: str) -> str:
    """Return the content of a manifest; nothing of what is too large to be one, or no JSON."""
    try:
        if os.path.getsize(path) > _LARGEST_MANIFEST_BYTES:  # noqa: PTH202 - see above
            return ""
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            content = file.read()
    except FileNotFoundError:
        return ""
    return content.decode("ascii", "replace") if content[:1] == b"{" else ""
