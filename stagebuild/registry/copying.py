"""
An image that is in a registry gets further names, in its repository or in another one.

Bytes are copied as they are, so the digest stays; indexes come with everything that they name,
attestations included. Within a registry blobs are mounted, not moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.distribution.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stagebuild.distribution import Manifest, Repository
    from stagebuild.model import Digest


def copy_image(
    manifest: Manifest, source: Repository, target: Repository, tags: Sequence[str]
) -> None:
    """
    Give an image tags in a repository; the tags are written last, one after the other.

    Args:
        manifest: The image's manifest or index, which ``source`` has.
        source: Where it is.
        target: Where the tags are to be.
        tags: Without the repository.

    Raises:
        RegistryError: A part of it is gone, or a registry can't be reached or refuses. Tags that
            were not written yet stay as they were.
    """
    if source.name != target.name:
        _copy_parts(manifest, source, target)
    for tag in tags:
        target.put_manifest(manifest, tag)
        found = target.digest(tag)
        if found != manifest.digest:
            raise RegistryError(
                f"it is {found or 'nothing'} right after it was made {manifest.digest}",
                reference=f"{target.name}:{tag}",
                hint="somebody else moves this tag at the same time",
            )


def _copy_parts(manifest: Manifest, source: Repository, target: Repository) -> None:
    for digest in manifest.children():
        child = source.manifest(digest)
        if child is None:
            raise gone(source, digest)
        _copy_parts(child, source, target)
        target.put_manifest(child, digest)
    for digest, size_bytes in dict(manifest.blobs()).items():
        if target.has_blob(digest):
            continue
        if source.domain == target.domain and target.mount_blob(digest, source.path):
            continue
        with source.blob(digest) as content:
            target.upload_blob(digest, size_bytes, content)


def gone(repository: Repository, digest: Digest) -> RegistryError:
    """Return the error that tells that a registry no longer has something."""
    return RegistryError(
        "it is no longer in the registry: its manifest was deleted",
        reference=f"{repository.name}@{digest}",
        status=404,
        hint="build and push it once more, and promote that",
    )
