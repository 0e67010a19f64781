"""
Bytes that come in pieces, gzip and zstd unpacked on the way, read from the front only.

``isal`` and ``zstandard`` do the unpacking: zlib alone is slower than an image may be read.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, cast

from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# What one call may unpack: a small piece of zeros would become a gigabyte otherwise.
_PIECE_BYTES = 1 << 20
_GZIP_WINDOW = 31


class ByteStream:
    """
    A sequence of pieces as one stream.

    Args:
        pieces: In order; empty ones are skipped.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes; fewer only at the end."""
        end = self._at + count
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
            return taken
        parts = [self._piece[self._at :]]
        missing = count - len(parts[0])
        while missing > 0 and self._advance():
            part = self._piece[:missing]
            self._at = len(part)
            missing -= len(part)
            parts.append(part)
        if missing > 0:
            self._at = len(self._piece)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Pass over the next ``count`` bytes and return how many there were."""
        left = count
        while (there := len(self._piece) - self._at) < left:
            left -= there
            if not self._advance():
                return count - left
        self._at += left
        return count

    def peek(self, count: int) -> bytes:
        """Return the next ``count`` bytes without passing over them; fewer only at the end."""
        seen = self.take(count)
        self._piece = seen + self._piece[self._at :]
        self._at = 0
        return seen

    def pieces(self, count: int | None = None) -> Iterator[bytes]:
        """Give the next ``count`` bytes, or all that is left, in pieces; uses them up."""
        left = count
        while left is None or left > 0:
            if self._at >= len(self._piece) and not self._advance():
                return
            end = None if left is None else self._at + left
            piece = self._piece[self._at : end]
            self._at += len(piece)
            left = None if left is None else left - len(piece)
            yield piece

    def _advance(self) -> bool:
        for piece in self._pieces:
            if piece:
                self._piece = piece
                self._at = 0
                return True
        self._piece = b""
        self._at = 0
        return False


def unpacked(stream: ByteStream) -> ByteStream:
    """
    Return the stream unpacked, by its first bytes: gzip, zstd, or as it is.

    Raises:
        ImageUnreadable: When read: what comes can't be unpacked.
    """
    magic = stream.peek(len(ZSTD_MAGIC))
    if magic.startswith(GZIP_MAGIC):
        return ByteStream(_gunzipped(stream.pieces()))
    if magic == ZSTD_MAGIC:
        return ByteStream(_unzstd(stream.pieces()))
    return stream


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip; several members in a row are one stream, as estargz writes them."""
    unpacking = _unpacking()
    unpacker = unpacking.decompressobj(_GZIP_WINDOW)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpacker.eof:
                    if not rest.startswith(GZIP_MAGIC[:1]):
                        return  # padding after the last member
                    unpacker = unpacking.decompressobj(_GZIP_WINDOW)
                yield unpacker.decompress(rest, _PIECE_BYTES)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            while not unpacker.eof and (more := unpacker.decompress(b"", _PIECE_BYTES)):
                yield more
    except (unpacking.error, EOFError) as error:
        raise ImageUnreadable(f"a layer is no gzip stream: {error}") from error
    if not unpacker.eof:
        raise ImageUnreadable("a layer ends in the middle of its gzip stream")


def _unpacking() -> Any:
    """Return zlib, or what has the same calls and is faster."""
    try:
        from isal import isal_zlib  # noqa: PLC0415 - heavy
    except ImportError:  # no wheel for this machine, and no compiler
        import zlib  # noqa: PLC0415 - as above

        return zlib
    return isal_zlib


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    from zstandard import ZstdDecompressor, ZstdError  # noqa: PLC0415 - heavy, and rare

    reader = ZstdDecompressor().stream_reader(
        cast("IO[bytes]", _File(pieces)), read_across_frames=True
    )
    try:
        while piece := reader.read(_PIECE_BYTES):
            yield piece
    except ZstdError as error:
        raise ImageUnreadable(f"a layer is no zstd stream: {error}") from error


class _File:
    """Pieces as the file that zstandard reads from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._stream = ByteStream(pieces)

    def read(self, count: int) -> bytes:
        return self._stream.take(count)
