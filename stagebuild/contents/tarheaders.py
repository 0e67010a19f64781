"""
The entries of a tar archive, from a stream, without what is in its files.

The standard library's reader needs 110 µs for an entry, this one 10: with it, a layer is read as
fast as it is unpacked. A differential test holds it to the standard library's.

Sources: POSIX pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar
Format"; the OCI image specification, layer.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stagebuild.errors import ImageUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stagebuild.contents.streams import ByteStream

BLOCK_BYTES = 512

_LONG_LINK = b"K"
_LONG_NAME = b"L"
_PAX = b"x"
_PAX_GLOBAL = b"g"
_SPARSE = b"S"
_EXTENDING = frozenset({_LONG_LINK, _LONG_NAME, _PAX, _PAX_GLOBAL})
_MOST_KEPT_BYTES = 32 << 20
_KINDS = {
    b"\0": "file",
    b"0": "file",
    b"7": "file",
    _SPARSE: "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "fifo",
}


class Entry(NamedTuple):
    """
    One entry of a layer.

    A named tuple, since an image has a hundred thousand.

    Attributes:
        path: Relative to the root, without ``./`` in front and ``/`` behind; empty for the root.
        kind: ``file``, ``folder``, ``symlink``, ``hardlink``, ``device`` or ``fifo``.
        mode: Permission bits, setuid and the like included.
        uid: The owner's number.
        gid: The group's.
        size_bytes: Of a file; 0 for anything else.
        link: What a link points to; empty for anything else.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    size_bytes: int
    link: str = ""

    @property
    def is_executable(self) -> bool:
        """Whether it is a file that somebody may run, or a link that may lead to one."""
        return self.kind == "symlink" or (
            self.kind in ("file", "hardlink") and self.mode & 0o111 != 0
        )


def read_entries(
    stream: ByteStream, keep: Callable[[Entry], bool]
) -> Iterator[tuple[Entry, bytes | None]]:
    """
    Give each entry of an archive, in order, and what is in those that ``keep`` says to.

    Raises:
        ImageUnreadable: It is no tar archive, or ends too early.
    """
    for entry in read_headers(stream):
        if entry.kind == "file" and keep(entry):
            yield entry, _content(stream, entry.size_bytes)
        else:
            _skip(stream, entry.size_bytes)
            yield entry, None


def read_headers(stream: ByteStream) -> Iterator[Entry]:
    """
    Give each entry of an archive. Who takes a file has to pass over it, and over its padding.

    Raises:
        ImageUnreadable: It is no tar archive, or ends too early.
    """
    extended = _Extended()
    while header := stream.take(BLOCK_BYTES):
        if len(header) < BLOCK_BYTES:
            raise ImageUnreadable("a layer's archive ends in the middle of a header")
        if not header[0] and not header.strip(b"\0"):
            continue
        _check(header)
        kind = header[156:157]
        if kind in _EXTENDING:
            extended.take(kind, _content(stream, _number(header[124:136])))
            continue
        if kind == _SPARSE:
            _skip_sparse_map(stream, header)
        yield _entry(header, _KINDS.get(kind, "file"), extended)
        extended.clear()


class _Extended:
    """What the headers before an entry's own say of it: what has no room there."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.name: bytes | None = None
        self.link: bytes | None = None
        self.pax: dict[str, bytes] = {}

    def take(self, kind: bytes, content: bytes) -> None:
        if kind == _LONG_NAME:
            self.name = content.partition(b"\0")[0]
        elif kind == _LONG_LINK:
            self.link = content.partition(b"\0")[0]
        elif kind == _PAX:
            self.pax = _pax_records(content)


def _entry(header: bytes, kind: str, extended: _Extended) -> Entry:
    name, link = _names(header, extended)
    size = _number(header[124:136])
    uid, gid = _number(header[108:116]), _number(header[116:124])
    pax = extended.pax
    if pax:
        name, link = pax.get("path", name), pax.get("linkpath", link)
        size, uid, gid = (
            _decimal(pax.get(key), value)
            for key, value in (("size", size), ("uid", uid), ("gid", gid))
        )
    is_link = kind in ("symlink", "hardlink")
    return Entry(
        _clean(name),
        kind,
        _number(header[100:108]) & 0o7777,
        uid,
        gid,
        size if kind == "file" else 0,
        link.decode(errors="surrogateescape") if is_link else "",
    )


def _decimal(text: bytes | None, otherwise: int) -> int:
    try:
        return otherwise if text is None else int(text)
    except ValueError as error:
        raise ImageUnreadable("a layer's archive has a broken extended header") from error


def _check(header: bytes) -> None:
    told = _number(header[148:156])
    if told != sum(header) - sum(header[148:156]) + 8 * 32:
        raise ImageUnreadable("a layer is no tar archive: a header's checksum is wrong")


def _names(header: bytes, extended: _Extended) -> tuple[bytes, bytes]:
    name = extended.name
    if name is None:
        name = header[:100].partition(b"\0")[0]
        # GNU has times where ustar has the first part of a long path.
        if header[257:263] == b"ustar\0" and header[345]:
            name = header[345:500].partition(b"\0")[0] + b"/" + name
    link = header[157:257].partition(b"\0")[0] if extended.link is None else extended.link
    return name, link


def _clean(name: bytes) -> str:
    text = name.decode(errors="surrogateescape")
    if text.endswith("/") or text.startswith(("/", "./")) or text == "." or "//" in text:
        return "/".join(part for part in text.split("/") if part not in ("", "."))
    return text


def _number(field: bytes) -> int:
    """Return a number in octal, or in GNU's base 256."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big")
        bits = 8 * len(field)
        return value - (1 << bits) if field[0] & 0x40 else value & ((1 << (bits - 1)) - 1)
    digits = field.partition(b"\0")[0].strip()
    try:
        return int(digits, 8) if digits else 0
    except ValueError as error:
        raise ImageUnreadable("a layer is no tar archive: a header has no number") from error


def _pax_records(content: bytes) -> dict[str, bytes]:
    r"""Return the records of an extended header: ``25 path=…\n``, the length counting all of it."""
    records: dict[str, bytes] = {}
    at = 0
    while at < len(content) and content[at]:
        blank = content.find(b" ", at)
        try:
            end = at + int(content[at:blank])
        except ValueError as error:
            raise ImageUnreadable("a layer's archive has a broken extended header") from error
        key, equals, value = content[blank + 1 : end - 1].partition(b"=")
        if not equals or end <= at:
            raise ImageUnreadable("a layer's archive has a broken extended header")
        records[key.decode(errors="replace")] = value
        at = end
    return records


def _content(stream: ByteStream, size: int) -> bytes:
    if size > _MOST_KEPT_BYTES:
        raise ImageUnreadable(f"a layer's archive has a header of {size} bytes")
    content = stream.take(size)
    if len(content) < size:
        raise ImageUnreadable("a layer's archive ends in the middle of a file")
    stream.skip(-size % BLOCK_BYTES)
    return content


def _skip(stream: ByteStream, size: int) -> None:
    whole = size + -size % BLOCK_BYTES
    if whole and stream.skip(whole) < size:
        raise ImageUnreadable("a layer's archive ends in the middle of a file")


def _skip_sparse_map(stream: ByteStream, header: bytes) -> None:
    more = header[482]
    while more:
        block = stream.take(BLOCK_BYTES)
        more = block[504] if len(block) == BLOCK_BYTES else 0
