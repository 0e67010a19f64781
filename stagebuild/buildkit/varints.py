"""
Varints, protocol buffers' numbers: seven bits a byte, the lowest first, the high bit saying go on.

Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from stagebuild.buildkit.errors import MalformedMessage

_MAX_BYTES = 10
_SIGN = 1 << 63
_WORD = 1 << 64

LAST = [bytes((bits,)) for bits in range(0x80)]
"""The last byte of a varint, by its seven bits."""

MORE = [bytes((bits | 0x80,)) for bits in range(0x80)]
"""Any other byte, by its seven bits."""


def varint(number: int) -> bytes:
    """Return ``number`` as a varint; negative ones as 64-bit two's complement."""
    if 0 <= number < 0x4000:  # noqa: PLR2004 - two bytes, as most lengths are
        if number < 0x80:  # noqa: PLR2004 - one byte
            return LAST[number]
        return MORE[number & 0x7F] + LAST[number >> 7]
    number &= _WORD - 1
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """
    Return the unsigned number at ``position`` and the position after it.

    Raises:
        MalformedMessage: It is cut off, or longer than ten bytes.
    """
    result = shift = 0
    try:
        for _ in range(_MAX_BYTES):
            byte = data[position]
            position += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte
                return result & (_WORD - 1), position
            shift += 7
    except IndexError:
        raise MalformedMessage("a number is cut off") from None
    raise MalformedMessage("a number has more than ten bytes")


def signed(number: int) -> int:
    """Return a 64-bit pattern as a signed number."""
    return number - _WORD if number & _SIGN else number
