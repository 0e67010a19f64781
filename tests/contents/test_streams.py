"""Bytes in pieces, whatever they are packed with."""

from __future__ import annotations

import gzip
import sys

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.contents.streams import ByteStream, unpacked
from stagebuild.errors import ImageUnreadable
from tests.contents.conftest import in_pieces


@given(
    st.lists(st.binary(max_size=20)),
    st.lists(st.tuples(st.sampled_from(["take", "skip", "peek"]), st.integers(0, 15))),
)
def test_a_stream_gives_what_a_file_would(
    pieces: list[bytes], calls: list[tuple[str, int]]
) -> None:
    whole, at = b"".join(pieces), 0
    stream = ByteStream(pieces)
    for call, count in calls:
        expected = whole[at : at + count]
        match call:
            case "take":
                assert stream.take(count) == expected
            case "peek":
                assert stream.peek(count) == expected
            case _:
                assert stream.skip(count) == len(expected)
        at += 0 if call == "peek" else len(expected)
    assert b"".join(stream.pieces()) == whole[at:]


CONTENT = bytes(range(256)) * 5000 + b"\0" * 3_000_000


@pytest.mark.parametrize(
    "packed",
    [
        CONTENT,
        gzip.compress(CONTENT),
        gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:]) + b"\0" * 20,
        zstandard.compress(CONTENT),
        zstandard.compress(CONTENT[:1000]) + zstandard.compress(CONTENT[1000:]),
    ],
    ids=["plain", "gzip", "gzip members", "zstd", "zstd frames"],
)
def test_what_is_packed_is_unpacked_in_small_pieces(packed: bytes) -> None:
    pieces = list(unpacked(ByteStream(in_pieces(packed, 4096))).pieces())
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= 1 << 20


@pytest.mark.parametrize("packed", [gzip.compress(CONTENT)[:2000], gzip.compress(CONTENT)[:-8]])
def test_a_gzip_stream_that_breaks_off_is_no_layer(packed: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="gzip"):
        list(unpacked(ByteStream(in_pieces(packed))).pieces())


def test_a_broken_zstd_stream_is_no_layer() -> None:
    packed = zstandard.compress(CONTENT)[:4] + b"\xff" * 200
    with pytest.raises(ImageUnreadable, match="zstd"):
        list(unpacked(ByteStream([packed])).pieces())


def test_gzip_is_unpacked_without_isal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    assert b"".join(unpacked(ByteStream([gzip.compress(CONTENT)])).pieces()) == CONTENT
