from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.buildkit.errors import MalformedMessage
from stagebuild.buildkit.grpc import Unframer
from stagebuild.buildkit.messages import (
    CacheEntry,
    CacheOptions,
    Packet,
    SolveRequest,
    StatMessage,
    Timestamp,
    Vertex,
)
from stagebuild.buildkit.packets import content_end, content_parts, stat_packet
from stagebuild.buildkit.varints import read_varint, signed, varint
from stagebuild.context.filestat import Stat

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def test_a_message_has_the_bytes_that_protobuf_says() -> None:
    # protobuf.dev/programming-guides/encoding: field 1 = 150 is 08 96 01, "testing" in 2 is 12 07 …
    assert Timestamp(seconds=150).encode().hex() == "089601"
    assert Vertex(inputs=("testing",)).encode() == b"\x12\x07testing"


@given(INT64)
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    data = varint(number)

    assert signed(read_varint(data, 0)[0]) == number
    assert read_varint(data, 0)[1] == len(data)


@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_a_message_is_read_as_it_was_written(
    ref: str, attrs: dict[str, str], entitlements: list[str]
) -> None:
    cache = CacheOptions(exports=(CacheEntry(type="registry", attrs=attrs),))
    request = SolveRequest(
        ref=ref, frontend_attrs=attrs, entitlements=tuple(entitlements), cache=cache
    )

    assert SolveRequest.decode(request.encode()) == request


def test_fields_that_are_not_known_are_skipped() -> None:
    unknown = b"\xa8\x06\x01" + b"\xb2\x06\x02hi" + b"\xbd\x06\x00\x00\x00\x00"

    assert Timestamp.decode(unknown + Timestamp(seconds=7).encode()).seconds == 7


@given(st.binary(max_size=60))
def test_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(MalformedMessage):
        SolveRequest.decode(data)


def test_a_field_written_in_another_way_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match=r"Timestamp\.seconds"):
        Timestamp.decode(b"\x0a\x01x")


def test_a_field_that_does_not_exist_can_not_be_given() -> None:
    with pytest.raises(TypeError, match="no field 'secnds'"):
        Timestamp(secnds=1)


def test_a_messages_repr_tells_no_values() -> None:
    assert repr(SolveRequest(ref="s3cret")) == "SolveRequest(ref)"


@given(
    path=st.binary(min_size=1, max_size=300),
    mode=st.integers(0, (1 << 32) - 1),
    size=st.integers(0, 1 << 50),
    mtime_ns=INT64,
    linkname=st.binary(max_size=20),
    device=st.integers(0, 1 << 20),
    xattrs=st.none() | st.dictionaries(TEXT, st.binary(max_size=9), min_size=1, max_size=3),
)
def test_a_stat_packet_by_hand_is_the_message(  # noqa: PLR0917 - hypothesis gives them by name
    path: bytes,
    mode: int,
    size: int,
    mtime_ns: int,
    linkname: bytes,
    device: int,
    xattrs: dict[str, bytes] | None,
) -> None:
    entry = Stat(path, mode, size, mtime_ns, linkname, device, device, xattrs)

    packet = stat_packet(entry)

    message = Packet.decode(packet[5:])
    assert int.from_bytes(packet[:5], "big") == len(packet) - 5
    assert message.stat == StatMessage(
        path=path.decode("utf-8", "surrogateescape"),
        mode=mode,
        size=size,
        mod_time=mtime_ns,
        linkname=linkname.decode("utf-8", "surrogateescape"),
        devmajor=device,
        devminor=device,
        xattrs=xattrs or {},
    )


@given(
    number=st.integers(0, 1 << 32),
    data=st.binary(min_size=1, max_size=99),
    times=st.sampled_from((1, 999)),
)
def test_a_content_by_hand_is_the_messages(number: int, data: bytes, times: int) -> None:
    content = data * times

    framed = b"".join((*content_parts(number, content), content_end(number)))

    packets = [Packet.decode(message) for message in Unframer().feed(framed)]
    assert b"".join(packet.data for packet in packets) == content
    assert packets[-1] == Packet(type=2, id=number)
    assert {(packet.type, packet.id) for packet in packets} == {(2, number)}
    assert all(len(packet.data) <= 32 << 10 for packet in packets)
