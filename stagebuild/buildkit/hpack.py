r"""
HTTP/2's compressed headers (HPACK): what a peer sent, read; what we send, written plainly.

A header block is a run of entries. Each names a header by its place in a table, or spells it out,
and may ask for it to be added to the table, which both sides keep. Strings may be Huffman coded.
We write every header spelled out and never added, which any peer reads and costs us no state.

This is here, and not the ``hpack`` package, because importing that takes 24 ms (``h2``: 45 ms),
a sixth of a whole build with nothing to do; the tests hold it against ``hpack`` instead.

Source: RFC 7541. Its Huffman code (appendix B) is canonical: within one length the codes ascend
with the symbols, so a list of symbols by length is the whole code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.buildkit.errors import MalformedMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

Header = tuple[str, str]

_MAX_TABLE_BYTES = 4096
_MAX_BLOCK_HEADERS = 10_000
_ENTRY_OVERHEAD = 32

# RFC 7541, appendix A: names and values in order, separated by spaces, values after an "=".
_STATIC_TEXT = """
:authority= :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https
:status=200 :status=204 :status=206 :status=304 :status=400 :status=404 :status=500
accept-charset= accept-encoding=gzip,~deflate accept-language= accept-ranges= accept=
access-control-allow-origin= age= allow= authorization= cache-control= content-disposition=
content-encoding= content-language= content-length= content-location= content-range= content-type=
cookie= date= etag= expect= expires= from= host= if-match= if-modified-since= if-none-match=
if-range= if-unmodified-since= last-modified= link= location= max-forwards= proxy-authenticate=
proxy-authorization= range= referer= refresh= retry-after= server= set-cookie=
strict-transport-security= transfer-encoding= user-agent= vary= via= www-authenticate=
"""
_STATIC: list[Header] = []
for _entry in _STATIC_TEXT.split():
    _name, _, _value = _entry.partition("=")
    _STATIC.append((_name, _value.replace("~", " ")))

# RFC 7541, appendix B: the symbols of each code length, ascending. EOS (thirty ones) is left out:
# it must never appear, and a code of thirty bits with no symbol here is an error all the same.
_SYMBOLS: dict[int, bytes] = {
    5: b"012aceiost",
    6: b" %-./3456789=A_bdfghlmnpru",
    7: b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: b"&*,;XZ",
    10: b'!"()?',
    11: b"'+|",
    12: b"#>",
    13: b"\x00$@[]~",
    14: b"^}",
    15: b"<`{",
    19: b"\\\xc3\xd0",
    20: b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2",
    21: b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6",
    22: b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe"
    b"\xc4\xc6\xe4\xe8\xe9",
    23: b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf"
    b"\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef",
    24: b"\t\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed",
    25: b"\xc7\xcf\xea\xeb",
    26: b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff",
    27: b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe",
    28: b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a"
    b"\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9",
    30: b"\n\r\x16",
}
_LONGEST = max(_SYMBOLS)


def _first_codes() -> list[tuple[int, bytes]]:
    """Return, by code length, the first code of that length and its symbols."""
    table: list[tuple[int, bytes]] = []
    code = 0
    for length in range(_LONGEST + 1):
        symbols = _SYMBOLS.get(length, b"")
        table.append((code, symbols))
        code = (code + len(symbols)) << 1
    return table


_CODES = _first_codes()


def unhuffman(data: bytes) -> bytes:
    """
    Return what Huffman coded ``data`` says.

    Raises:
        MalformedMessage: It holds no code, or ends in something else than up to seven ones.
    """
    out = bytearray()
    code = length = 0
    for byte in data:
        for shift in (7, 6, 5, 4, 3, 2, 1, 0):
            code = code << 1 | (byte >> shift & 1)
            length += 1
            first, symbols = _CODES[length]
            if symbols and code - first < len(symbols):
                out.append(symbols[code - first])
                code = length = 0
            elif length == _LONGEST:
                raise MalformedMessage("a header holds no Huffman code")
    if length > 7 or code != (1 << length) - 1:  # noqa: PLR2004 - less than a byte of padding
        raise MalformedMessage("a header's Huffman code is cut off")
    return bytes(out)


def _read_integer(data: bytes, position: int, bits: int) -> tuple[int, int]:
    """Return the number in the low ``bits`` of a byte and what may follow it (section 5.1)."""
    limit = (1 << bits) - 1
    value = data[position] & limit
    position += 1
    if value < limit:
        return value, position
    for shift in range(0, 35, 7):
        byte = data[position]
        position += 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte
            return value, position
    raise MalformedMessage("a header's number is too large")


def _write_integer(value: int, bits: int) -> bytes:
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((value,))
    out = bytearray((limit,))
    value -= limit
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(headers: Iterable[Header]) -> bytes:
    """Return a header block of headers spelled out, never indexed (section 6.2.2)."""
    parts: list[bytes] = []
    for name, value in headers:
        raw_name, raw_value = name.encode("latin-1"), value.encode("latin-1")
        parts += (b"\0", _write_integer(len(raw_name), 7), raw_name)
        parts += (_write_integer(len(raw_value), 7), raw_value)
    return b"".join(parts)


class Decoder:
    """Reads the header blocks of one connection, in order, and keeps the table they share."""

    def __init__(self) -> None:
        self._table: list[Header] = []  # newest first
        self._table_bytes = 0
        self._limit = _MAX_TABLE_BYTES

    def decode(self, block: bytes) -> list[Header]:
        """
        Return the headers of one block, in order.

        Raises:
            MalformedMessage: The block can't be read; the connection can't go on.
        """
        headers: list[Header] = []
        position = 0
        try:
            while position < len(block):
                position = self._entry(block, position, headers)
                if len(headers) > _MAX_BLOCK_HEADERS:
                    raise MalformedMessage("too many headers")
        except IndexError:
            raise MalformedMessage("a header block is cut off") from None
        return headers

    def _entry(self, block: bytes, position: int, headers: list[Header]) -> int:
        byte = block[position]
        if byte & 0x80:  # one of the table
            index, position = _read_integer(block, position, 7)
            headers.append(self._at(index))
            return position
        if byte & 0xE0 == 0x20:  # noqa: PLR2004 - a new limit of the table
            self._limit, position = _read_integer(block, position, 5)
            if self._limit > _MAX_TABLE_BYTES:
                raise MalformedMessage("a header table larger than agreed")
            self._evict()
            return position
        indexed = bool(byte & 0x40)
        index, position = _read_integer(block, position, 6 if indexed else 4)
        if index:
            name = self._at(index)[0]
        else:
            name, position = _read_string(block, position)
        value, position = _read_string(block, position)
        headers.append((name, value))
        if indexed:
            self._table.insert(0, (name, value))
            self._table_bytes += len(name) + len(value) + _ENTRY_OVERHEAD
            self._evict()
        return position

    def _at(self, index: int) -> Header:
        if index == 0:
            raise MalformedMessage("a header at place 0 of the table")
        if index <= len(_STATIC):
            return _STATIC[index - 1]
        return self._table[index - 1 - len(_STATIC)]

    def _evict(self) -> None:
        while self._table_bytes > self._limit:
            name, value = self._table.pop()
            self._table_bytes -= len(name) + len(value) + _ENTRY_OVERHEAD


def _read_string(block: bytes, position: int) -> tuple[str, int]:
    coded = block[position] & 0x80
    length, position = _read_integer(block, position, 7)
    end = position + length
    if end > len(block):
        raise MalformedMessage("a header is cut off")
    data = block[position:end]
    return (unhuffman(data) if coded else data).decode("latin-1"), end
