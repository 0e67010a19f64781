from __future__ import annotations

import binascii

import pytest

from stagebuild.buildkit.errors import MalformedMessage, Status
from stagebuild.buildkit.grpc import Any, RpcStatus, Unframer, framed, outcome, percent_encoded


def test_messages_come_out_however_the_bytes_are_cut() -> None:
    data = framed(b"one") + framed(b"") + framed(b"three" * 100)
    unframer = Unframer()

    found = [message for at in range(len(data)) for message in unframer.feed(data[at : at + 1])]

    assert found == [b"one", b"", b"three" * 100]
    assert unframer.is_empty


@pytest.mark.parametrize("prefix", [b"\1\0\0\0\1x", b"\0\x7f\0\0\0"])
def test_a_compressed_or_huge_message_is_malformed(prefix: bytes) -> None:
    with pytest.raises(MalformedMessage, match="compressed, or larger than 64 MB"):
        Unframer().feed(prefix)


def test_a_status_of_zero_is_no_error() -> None:
    assert outcome({"grpc-status": "0"}) is None


def test_words_of_an_error_are_decoded() -> None:
    error = outcome({"grpc-status": "5", "grpc-message": percent_encoded("fehlt: ä% \n")})

    assert error is not None
    assert (error.status, error.message) == (Status.NOT_FOUND, "fehlt: ä% \n")


def test_the_details_of_an_error_are_kept_by_type() -> None:
    rich = RpcStatus(
        code=2, message="whole words", details=(Any(type_url="x/T+json", value=b"{}"),)
    )
    details = binascii.b2a_base64(rich.encode(), newline=False).decode().rstrip("=")
    error = outcome(
        {"grpc-status": "2", "grpc-message": "short", "grpc-status-details-bin": details}
    )

    assert error is not None
    assert error.message == "whole words"
    assert error.details == (("x/T+json", b"{}"),)


def test_details_that_can_not_be_read_leave_the_words() -> None:
    error = outcome({"grpc-status": "2", "grpc-message": "short", "grpc-status-details-bin": "/w"})

    assert error is not None
    assert error.message == "short"


def test_a_code_that_does_not_exist_is_unknown() -> None:
    error = outcome({"grpc-status": "99"})

    assert error is not None
    assert error.status is Status.UNKNOWN


def test_an_answer_without_a_status_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="HTTP 502"):
        outcome({":status": "502"})
