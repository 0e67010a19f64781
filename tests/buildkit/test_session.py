"""What the engine asks of a session, asked by a peer that is not ours."""

from __future__ import annotations

import hashlib
import importlib.util
import stat
from pathlib import Path
from typing import Any

import pytest

from stagebuild.buildkit.content import Content
from stagebuild.buildkit.filereceive import FileSend, FileTarget, FolderTarget
from stagebuild.buildkit.filesync import FileSync
from stagebuild.buildkit.layout import find_digest, name_digest
from stagebuild.buildkit.messages import (
    BytesMessage,
    GetSecretRequest,
    GetSecretResponse,
    Packet,
    StatMessage,
)
from stagebuild.buildkit.messages_content import ReadRequest, ReadResponse, WriteRequest
from stagebuild.buildkit.packets import DATA, ERROR, FINISH, REQUEST
from stagebuild.buildkit.session import Secrets, Session
from stagebuild.context.filestat import GO_DIRECTORY, GO_SYMLINK

_found = importlib.util.spec_from_file_location(
    "enginepeer", Path(__file__).parent / "enginepeer.py"
)
assert _found is not None
assert _found.loader is not None
_module = importlib.util.module_from_spec(_found)
_found.loader.exec_module(_module)
EnginePeer = _module.EnginePeer

SYNC = "/moby.filesync.v1.FileSync/DiffCopy"
SEND = "/moby.filesync.v1.FileSend/DiffCopy"
SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
CONTENT = "/containerd.services.content.v1.Content/"


def packets(peer: Any, stream: int) -> list[Packet]:
    return [Packet.decode(message) for message in peer.messages[stream]]


def test_it_says_that_it_is_well(wire: Any) -> None:
    peer = EnginePeer(Session(), wire)

    answers, trailers = peer.ask("/grpc.health.v1.Health/Check", b"")

    assert answers == [b"\x08\x01"]
    assert trailers["grpc-status"] == "0"


def test_a_service_that_is_not_offered_is_unimplemented(wire: Any) -> None:
    _, trailers = EnginePeer(Session(), wire).ask("/nobody/Knows", b"")

    assert trailers["grpc-status"] == "12"


def test_its_headers_name_what_it_offers() -> None:
    session = Session([Secrets(lambda _name: b"")], shared_key="key")

    headers = session.headers()

    assert ("X-Docker-Expose-Session-Uuid", session.id) in headers
    assert ("X-Docker-Expose-Session-Sharedkey", "key") in headers
    assert ("X-Docker-Expose-Session-Grpc-Method", SECRET) in headers


def test_a_secret_is_given_by_its_id(wire: Any) -> None:
    session = Session([Secrets({"token": b"\0s3cret"}.__getitem__)])
    peer = EnginePeer(session, wire)

    answers, _ = peer.ask(SECRET, GetSecretRequest(id="token").encode())
    _, trailers = peer.ask(SECRET, GetSecretRequest(id="other").encode())

    assert GetSecretResponse.decode(answers[0]).data == b"\0s3cret"
    assert (trailers["grpc-status"], trailers["grpc-message"]) == ("5", "secret other: not found")


def test_a_folder_is_listed_and_what_is_asked_for_is_sent(wire: Any, tree: Any) -> None:
    contents = {b"a": b"", b"b": b"hello", b"c": b"x" * 700_000}
    peer = EnginePeer(Session([FileSync({"context": tree(contents)})]), wire)
    stream = peer.begin(SYNC, [("dir-name", "context")])
    listed = packets(peer, stream)
    for number in (2, 0, 1):
        peer.say(stream, Packet(type=REQUEST, id=number).encode())
    sent = packets(peer, stream)[len(listed) :]
    peer.say(stream, Packet(type=FINISH).encode())

    assert [packet.stat.path for packet in listed if packet.stat] == ["a", "b", "c"]
    assert listed[-1].stat is None
    assert [packet.id for packet in sent if not packet.data] == [2, 0, 1]
    for number, path in enumerate(contents):
        got = b"".join(packet.data for packet in sent if packet.id == number)
        assert got == contents[path]
    assert packets(peer, stream)[-1].type == FINISH
    assert peer.trailers[stream]["grpc-status"] == "0"


def test_a_folder_that_is_not_offered_is_not_found(wire: Any, tree: Any) -> None:
    peer = EnginePeer(Session([FileSync({"context": tree({})})]), wire)

    stream = peer.begin(SYNC, [("dir-name", "/etc")])

    assert peer.trailers[stream]["grpc-status"] == "5"


def test_a_file_that_was_not_listed_can_not_be_had(wire: Any, tree: Any) -> None:
    peer = EnginePeer(Session([FileSync({"context": tree({b"a": b"1"})})]), wire)
    stream = peer.begin(SYNC, [("dir-name", "context")])

    peer.say(stream, Packet(type=REQUEST, id=7).encode())

    assert packets(peer, stream)[-1].type == ERROR
    assert peer.trailers[stream]["grpc-status"] == "2"


def test_a_transfer_that_is_given_up_leaves_no_file_open(wire: Any, tree: Any) -> None:
    peer = EnginePeer(Session([FileSync({"context": tree({b"a": b"x" * 30_000_000})})]), wire)
    before = len(list(Path("/proc/self/fd").iterdir()))
    stream = peer.begin(SYNC, [("dir-name", "context")])
    peer.theirs.send_data(stream, b"\0\0\0\0\4\x08\1\x18\0")
    peer.ours.on_bytes(peer.theirs.data_to_send())
    during = len(list(Path("/proc/self/fd").iterdir()))
    peer.theirs.reset_stream(stream)
    peer.ours.on_bytes(peer.theirs.data_to_send())

    assert during == before + 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_that_can_not_be_read_is_named(wire: Any, tree: Any) -> None:
    class Gone(tree):  # type: ignore[misc]  # a fixture's class
        def open(self, path: bytes) -> int:
            raise FileNotFoundError(2, "No such file or directory", path)

    peer = EnginePeer(Session([FileSync({"context": Gone({b"a": b"1"})})]), wire)
    stream = peer.begin(SYNC, [("dir-name", "context")])

    peer.say(stream, Packet(type=REQUEST, id=0).encode())

    assert peer.trailers[stream]["grpc-message"] == "a: No such file or directory"


def test_an_exported_file_appears_when_it_is_complete(wire: Any, tmp_path: Path) -> None:
    place = tmp_path / "sub" / "image.tar"
    peer = EnginePeer(Session([FileSend({0: FileTarget(str(place))})]), wire)
    stream = peer.begin(SEND)
    peer.say(stream, BytesMessage(data=b"first ").encode())

    assert not place.exists()

    peer.say(stream, BytesMessage(data=b"second").encode(), ends=True)

    assert place.read_bytes() == b"first second"
    assert [path.name for path in (place.parent).iterdir()] == ["image.tar"]


def test_an_exported_file_that_is_given_up_leaves_nothing(wire: Any, tmp_path: Path) -> None:
    peer = EnginePeer(Session([FileSend({1: FileTarget(str(tmp_path / "x"))})]), wire)
    stream = peer.begin(SEND, [("buildkit-attachable-exporter-id", "1")])
    peer.say(stream, BytesMessage(data=b"half").encode())
    peer.theirs.reset_stream(stream)
    peer.turn()

    assert [path.name for path in (tmp_path).iterdir()] == []


def exporting(wire: Any, folder: Path, stats: list[StatMessage]) -> tuple[Any, int]:
    peer = EnginePeer(Session([FileSend({0: FolderTarget(str(folder))})]), wire)
    stream = peer.begin(SEND)
    for entry in stats:
        peer.say(stream, Packet(stat=entry).encode())
        if stream in peer.trailers:
            break
    return peer, stream


def test_an_exported_folder_is_as_the_engine_says(wire: Any, tmp_path: Path) -> None:
    moment = 1_600_000_000_000_000_000
    peer, stream = exporting(
        wire,
        tmp_path / "out",
        [
            StatMessage(path="d", mode=GO_DIRECTORY | 0o750, mod_time=moment),
            StatMessage(path="d/f", mode=0o640, size=5, mod_time=moment),
            StatMessage(path="d/g", mode=0o640, size=5, mod_time=moment, linkname="d/f"),
            StatMessage(path="s", mode=GO_SYMLINK | 0o777, mod_time=moment, linkname="d/f"),
        ],
    )
    peer.say(stream, Packet().encode())
    peer.say(stream, Packet(type=DATA, id=1, data=b"hello").encode())
    peer.say(stream, Packet(type=DATA, id=1).encode())
    asked = [packet.type for packet in packets(peer, stream)]
    peer.end(stream)

    out = tmp_path / "out"
    assert asked == [REQUEST, FINISH]
    assert (out / "s").read_text() == "hello"
    assert str((out / "s").readlink()) == "d/f"
    assert (out / "d/g").stat().st_ino == (out / "d/f").stat().st_ino
    assert stat.S_IMODE((out / "d").stat().st_mode) == 0o750
    assert (out / "d").stat().st_mtime_ns == moment
    assert (out / "d/f").stat().st_mtime_ns == moment
    assert peer.trailers[stream]["grpc-status"] == "0"


@pytest.mark.parametrize(
    "stats",
    [
        [StatMessage(path="../x", mode=0o644)],
        [StatMessage(path="/x", mode=0o644)],
        [StatMessage(path="no/x", mode=0o644)],
        [StatMessage(path="..", mode=GO_DIRECTORY | 0o755)],
        [StatMessage(path="s", mode=GO_SYMLINK, linkname="/etc"), StatMessage(path="s/x")],
        [StatMessage(path="h", mode=0o644, linkname="../outside")],
        [StatMessage(path="a\0b", mode=0o644)],
        [StatMessage(path="s", mode=GO_SYMLINK, linkname="a\0b")],
        [StatMessage(path="p", mode=1 << 25, devmajor=1 << 62)],
    ],
)
def test_nothing_is_written_outside_of_the_folder(
    wire: Any, tmp_path: Path, stats: list[StatMessage]
) -> None:
    (tmp_path / "outside").write_text("mine")
    peer, stream = exporting(wire, tmp_path / "out", stats)

    assert peer.trailers[stream]["grpc-status"] == "3"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "outside"]


def test_a_link_in_the_way_of_a_folder_is_replaced(wire: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "d").symlink_to(tmp_path / "elsewhere")

    peer, stream = exporting(
        wire,
        tmp_path / "out",
        [StatMessage(path="d", mode=GO_DIRECTORY | 0o755), StatMessage(path="d/f", mode=0o644)],
    )

    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == []
    assert [path.name for path in (tmp_path / "out" / "d").iterdir()] == ["f"]
    peer.theirs.reset_stream(stream)
    peer.turn()


def test_a_broken_packet_leaves_no_file_open(wire: Any, tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    peer, stream = exporting(wire, tmp_path / "out", [StatMessage(path="f", mode=0o644)])

    peer.say(stream, b"\xff")

    assert peer.trailers[stream]["grpc-status"] == "3"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_blob_is_written_and_read_back(wire: Any, tmp_path: Path) -> None:
    peer = EnginePeer(Session([Content({"local:x": str(tmp_path)})]), wire)
    store = [("buildkit-attachable-store-id", "local:x")]
    data = b"layer" * 100_000
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    stream = peer.begin(CONTENT + "Write", store)
    peer.say(stream, WriteRequest(action=1, ref="r", data=data[:9]).encode())
    for at in range(9, len(data), 16_000):
        part = data[at : at + 16_000]
        peer.say(stream, WriteRequest(action=1, ref="r", offset=at, data=part).encode())
    commit = WriteRequest(action=2, ref="r", offset=len(data), total=len(data), expected=digest)
    peer.say(stream, commit.encode())

    answers, trailers = peer.ask(
        CONTENT + "Read", ReadRequest(digest=digest, offset=10).encode(), store
    )

    got = b"".join(ReadResponse.decode(answer).data for answer in answers)
    assert got == data[10:]
    assert trailers["grpc-status"] == "0"
    assert [path.name for path in (tmp_path / "ingest").iterdir()] == []


def test_a_blob_of_another_digest_is_not_kept(wire: Any, tmp_path: Path) -> None:
    peer = EnginePeer(Session([Content({"local:x": str(tmp_path)})]), wire)
    request = WriteRequest(action=2, ref="r", data=b"data", expected="sha256:" + "0" * 64)

    _, trailers = peer.ask(
        CONTENT + "Write", request.encode(), [("buildkit-attachable-store-id", "local:x")]
    )

    assert trailers["grpc-status"] == "9"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["../../etc/passwd", "sha256:zz", ""])
def test_a_blob_is_named_by_a_digest_and_nothing_else(
    wire: Any, tmp_path: Path, digest: str
) -> None:
    peer = EnginePeer(Session([Content({"local:x": str(tmp_path)})]), wire)

    _, trailers = peer.ask(
        CONTENT + "Read",
        ReadRequest(digest=digest).encode(),
        [("buildkit-attachable-store-id", "local:x")],
    )

    assert trailers["grpc-status"] == "3"


def test_a_layouts_tag_is_taken_over(tmp_path: Path) -> None:
    name_digest(str(tmp_path), {"digest": "sha256:1", "size": 1}, "latest")
    name_digest(str(tmp_path), {"digest": "sha256:2", "size": 1}, "latest")
    name_digest(str(tmp_path), {"digest": "sha256:3", "size": 1}, "other")

    assert find_digest(str(tmp_path), "latest") == "sha256:2"
    assert find_digest(str(tmp_path), "none") is None
