"""The tar reader, against the standard library's."""

from __future__ import annotations

import contextlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.contents.streams import ByteStream
from stagebuild.contents.tarheaders import Entry, read_entries
from stagebuild.errors import ImageUnreadable
from tests.contents.conftest import archive, in_pieces

KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}

NAMES = st.lists(
    st.text(
        st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=60
    ).filter(lambda part: part not in (".", "..")),
    min_size=1,
    max_size=5,
).map("/".join)
MEMBERS = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(list(KINDS)),
        st.integers(0, 0o7777),
        st.integers(0, 2**33),
        st.integers(0, 2000),
        NAMES,
    ),
    max_size=8,
)


@given(MEMBERS, st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]), st.integers(1, 3000))
def test_entries_are_those_that_the_standard_library_reads(
    members: list[tuple[str, bytes, int, int, int, str]], form: int, piece: int
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for path, kind, mode, owner, size, link in members:
            info = tarfile.TarInfo(path)
            info.type, info.mode, info.uid, info.gid = kind, mode, owner, owner // 2
            info.linkname = link if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            info.size = size if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"x" * size))
    content = out.getvalue()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        expected = [
            Entry(m.name, KINDS[m.type], m.mode, m.uid, m.gid, m.size, m.linkname) for m in tar
        ]
    read = list(read_entries(ByteStream(in_pieces(content, piece)), lambda _: True))
    assert [entry for entry, _ in read] == expected
    assert all(body == b"x" * e.size_bytes for e, body in read if e.kind == "file")


@pytest.mark.parametrize("name", ["./usr/bin/", "/usr/bin", "usr//bin", "usr/bin"])
def test_one_path_has_one_spelling(name: str) -> None:
    content = archive({name: None})
    assert [e.path for e, _ in read_entries(ByteStream([content]), lambda _: False)] == ["usr/bin"]


@pytest.mark.parametrize("cut", [100, 700, 1100, 1600])
def test_an_archive_that_breaks_off_is_none(cut: int) -> None:
    content = archive({"a": b"x" * 400, "b": b"y" * 600})
    with pytest.raises(ImageUnreadable):
        list(read_entries(ByteStream([content[:cut]]), lambda _: False))


@given(st.binary(min_size=512, max_size=2000))
def test_what_is_no_archive_is_told_so_and_nothing_else(content: bytes) -> None:
    with contextlib.suppress(ImageUnreadable):
        list(read_entries(ByteStream([content]), lambda _: True))
