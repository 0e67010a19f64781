"""Against the hpack package, which comes with h2."""

from __future__ import annotations

from contextlib import suppress

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.hpack import Decoder, encode

NAME = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=12)
VALUE = st.text(st.characters(max_codepoint=255), max_size=40)
HEADERS = st.lists(st.tuples(NAME | st.sampled_from([":status", "grpc-status", "te"]), VALUE))


@given(HEADERS)
def test_another_implementation_reads_our_headers(headers: list[tuple[str, str]]) -> None:
    decoded = hpack.Decoder(max_header_list_size=1 << 20).decode(encode(headers), raw=True)

    assert [(n.decode("latin-1"), v.decode("latin-1")) for n, v in decoded] == headers


@given(st.lists(HEADERS, max_size=5), st.booleans())
def test_the_blocks_of_another_implementation_are_read_in_turn(
    blocks: list[list[tuple[str, str]]], huffman: bool
) -> None:
    encoder, decoder = hpack.Encoder(), Decoder()

    for headers in blocks:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        assert decoder.decode(encoder.encode(raw, huffman=huffman)) == headers


def test_a_table_size_within_what_was_agreed_is_heeded() -> None:
    encoder, decoder = hpack.Encoder(), Decoder()
    encoder.encode([("a", "1")])
    encoder.header_table_size = 64

    assert decoder.decode(encoder.encode([("b", "2")])) == [("b", "2")]


@given(st.binary(max_size=60))
def test_bytes_are_headers_or_malformed(data: bytes) -> None:
    with suppress(MalformedMessage):
        Decoder().decode(data)


@pytest.mark.parametrize(
    "block", [b"\x80", b"\xff\xff\xff\xff\xff\xff\x7f", b"\x3f\xe2\x1f", b"\xbf"]
)
def test_a_place_or_number_out_of_bounds_is_malformed(block: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Decoder().decode(block)
