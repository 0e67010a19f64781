"""
The packets of a file transfer, put together by hand: there is one for every file of a context.

Source: tonistiigi/fsutil types/wire.proto, types/stat.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.grpc import framed
from stagebuild.buildkit.varints import LAST, MORE, read_varint, varint
from stagebuild.buildkit.wire import read_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.context.filestat import Stat

# Types of a packet.
STAT, REQUEST, DATA, FINISH, ERROR = range(5)

_REQUEST_START = b"\x08\x01\x18"
_CONTENT_BYTES = (32 << 10) - 32
NO_MORE_ENTRIES = b"\0\0\0\0\2\x08\0"


def _sized(data: bytes) -> bytes:
    return varint(len(data)) + data


def stat_packet(entry: Stat) -> bytes:
    """Return the framed STAT packet of an entry: ``Packet{type: 0, stat: …}``."""
    path, mode, size, mtime_ns, linkname, major, minor, xattrs = entry
    body = b"".join(
        (
            b"\x0a",
            varint(len(path)),
            path,
            _MODES.get(mode) or _MODES.setdefault(mode, b"\x10" + varint(mode)),
            b"\x28" + _size(size) if size else b"",
            b"\x30",
            MORE[mtime_ns & 0x7F],
            MORE[mtime_ns >> 7 & 0x7F],
            MORE[mtime_ns >> 14 & 0x7F],
            MORE[mtime_ns >> 21 & 0x7F],
            _LATE.get(mtime_ns >> _EARLY_BITS) or _late(mtime_ns >> _EARLY_BITS),
        )
    )
    if linkname or major or minor or xattrs:
        body += _rare_fields(entry)
    length = len(body)
    return (_HEADS.get(length) or _head(length)) + body


# Entries of one context have few modes and lengths, and were written at few moments: what these
# come to is kept. Of a time, the lowest 28 bits differ from file to file, and the others stand
# still for a quarter of a second.
_MODES: dict[int, bytes] = {}
_HEADS: dict[int, bytes] = {}
_LATE: dict[int, bytes] = {}
_EARLY_BITS = 28
_MOST_KEPT = 10_000


def _size(size: int) -> bytes:
    """Return ``varint(size)``, twice as fast for files between 16 KB and 2 MB."""
    if 0x4000 <= size < 0x20_0000:  # noqa: PLR2004 - three bytes
        return MORE[size & 0x7F] + MORE[size >> 7 & 0x7F] + LAST[size >> 14]
    return varint(size)


def _late(bits: int) -> bytes:
    """Return the end of a time's varint, after its first four bytes."""
    data = varint(bits & (1 << 64 - _EARLY_BITS) - 1)
    if len(_LATE) < _MOST_KEPT:
        _LATE[bits] = data
    return data


def _head(length: int) -> bytes:
    """Return what comes before a stat of ``length`` bytes: the prefix, and the packet's key."""
    written = varint(length)
    prefix = (1 + len(written) + length).to_bytes(5, "big")
    return _HEADS.setdefault(length, prefix + b"\x12" + written)


def _rare_fields(entry: Stat) -> bytes:
    parts: list[bytes] = []
    if entry.linkname:
        parts += (b"\x3a", _sized(entry.linkname))
    if entry.devmajor:
        parts += (b"\x40", varint(entry.devmajor))
    if entry.devminor:
        parts += (b"\x48", varint(entry.devminor))
    for name, value in sorted((entry.xattrs or {}).items()):
        key = _sized(name.encode("utf-8", "surrogateescape"))
        parts += (b"\x52", _sized(b"\x0a" + key + b"\x12" + _sized(value)))
    return b"".join(parts)


def content_parts(number: int, chunk: bytes) -> Iterator[bytes | memoryview]:
    """
    Give a file's next bytes as framed DATA packets, ``Packet{type: 2, id: number, data: …}``.

    The pieces make packets of 32 KB at most when they are put together: of that size a gRPC of Go
    keeps buffers, and asks for a megabyte for a larger one.
    """
    key = _content_key(number)
    whole = memoryview(chunk)
    for start in range(0, len(chunk), _CONTENT_BYTES):
        part = whole[start : start + _CONTENT_BYTES]
        head = b"%b\x22%b" % (key, varint(len(part)))
        yield (len(head) + len(part)).to_bytes(5, "big") + head
        yield part


def content_end(number: int) -> bytes:
    """Return the framed DATA packet without data, which ends a file."""
    return framed(_content_key(number))


def _content_key(number: int) -> bytes:
    return b"\x08\x02\x18" + varint(number) if number else b"\x08\x02"


def read_packet(data: bytes) -> tuple[int, int, bytes]:
    """Return type, id and data of a packet."""
    if data.startswith(_REQUEST_START):  # one a file, and nothing else is in it
        number, end = read_varint(data, len(_REQUEST_START))
        if end == len(data):
            return REQUEST, number, b""
    kind = number = 0
    words = b""
    for field, value in read_fields(data):
        if field in (1, 3):
            if not isinstance(value, int):
                raise MalformedMessage("a packet's number is no number")
            kind, number = (value, number) if field == 1 else (kind, value)
        elif field == 4 and not isinstance(value, int):  # noqa: PLR2004 - the packet's data
            words = bytes(value)
    return kind, number, words


def error_packet(words: str) -> bytes:
    """Return the framed ERR packet that tells what went wrong."""
    return framed(b"\x08\x04\x22" + _sized(words.encode("utf-8", "replace")))


def finish_packet() -> bytes:
    """Return the framed FIN packet."""
    return framed(bytes((0x08, FINISH)))
