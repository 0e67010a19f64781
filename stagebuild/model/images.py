"""What a built image says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.model.values import Digest


@frozen
class HistoryEntry:
    """
    One entry of an image's history, which is one instruction.

    Attributes:
        created_by: The instruction, as ``RUN /bin/sh -c make # buildkit``.
        size_bytes: Size of its layer, or None when it made none.
        digest: Of its layer, or None where nobody says.
    """

    created_by: str
    size_bytes: int | None = None
    digest: str | None = None


@frozen
class ImageFacts:
    """
    An image, looked at.

    Attributes:
        history: From the base up, entries without a layer included; of the first platform where
            there are several.
        compressed: Whether sizes are those of the layers as transferred (a registry's), or as
            unpacked (an image store's).
        platform_digests: Manifest digest by platform, attestation manifests left out.
    """

    history: tuple[HistoryEntry, ...]
    compressed: bool
    platform_digests: Mapping[str, Digest] = field(default_factory=dict)
