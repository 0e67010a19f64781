"""Chunks cut anywhere become the lines that were printed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.progress.ansi import strip_escapes
from stagebuild.progress.events import LogChunk
from stagebuild.progress.logs import (
    MAX_LINE_CHARACTERS,
    TAIL_BYTES,
    LineAssembler,
    LogJoiner,
    LogTail,
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    parts = []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]


def lines_of(*chunks: bytes) -> list[str]:
    assembler = LineAssembler()
    return [line for chunk in chunks for line in assembler.feed(chunk)] + assembler.close()


@given(text=st.text(st.characters(exclude_characters="\r")), sizes=st.lists(st.integers(0, 7)))
def test_lines_do_not_depend_on_where_chunks_are_cut(text: str, sizes: list[int]) -> None:
    data = text.encode(errors="replace")

    expected = data.decode().split("\n")
    assert lines_of(*cut(data, sizes)) == (expected if expected[-1] else expected[:-1])


@given(data=st.binary(), sizes=st.lists(st.integers(0, 7)))
def test_any_bytes_in_any_cut_give_the_same_lines(data: bytes, sizes: list[int]) -> None:
    assert lines_of(*cut(data, sizes)) == lines_of(data)


def test_a_character_split_between_chunks_is_whole() -> None:
    assert lines_of("grü".encode()[:-1], "ü\n".encode()[1:]) == ["grü"]


def test_undecodable_bytes_are_replaced() -> None:
    assert lines_of(b"a\xffb\n", b"\xe2") == ["a\ufffdb", "\ufffd"]


def test_a_progress_bar_is_its_last_state() -> None:
    assert lines_of(b"10%\r", b"20%", b"\r100%\r", b"\nnext\r\n") == ["100%", "next"]


def test_the_line_being_written_can_be_shown() -> None:
    assembler = LineAssembler()
    assembler.feed(b"done\n10%\r2")
    assembler.feed(b"0%")
    assert assembler.unfinished == "20%"


def test_a_line_without_end_is_cut() -> None:
    assembler = LineAssembler()
    for _ in range(1000):
        assembler.feed(b"x" * 1000)
    assert assembler.close() == ["x" * MAX_LINE_CHARACTERS + "…"]


def test_a_cut_line_ends_at_its_newline() -> None:
    assert lines_of(b"x" * 10_000 + b"\nshort\n")[1] == "short"


def test_stdout_and_stderr_of_a_vertex_are_two_texts() -> None:
    joiner = LogJoiner()
    got = joiner.add(LogChunk(vertex="a", stream=1, data=b"out"))
    got += joiner.add(LogChunk(vertex="a", stream=2, data=b"err\n"))
    got += joiner.add(LogChunk(vertex="b", stream=1, data=b"other\n"))
    got += joiner.add(LogChunk(vertex="a", stream=1, data=b"put\n"))
    assert got == ["err", "other", "output"]


def test_a_vertex_that_ends_gives_its_unfinished_lines() -> None:
    joiner = LogJoiner()
    joiner.add(LogChunk(vertex="a", stream=1, data=b"50%"))
    assert joiner.unfinished("a") == "50%"
    assert joiner.end("a") == ["50%"]
    assert joiner.close() == []


def test_a_tail_has_the_last_lines_oldest_first() -> None:
    tail = LogTail()
    for number in range(100):
        tail.add(1, f"line {number}\n".encode())
    assert tail.lines(3) == ("line 97", "line 98", "line 99")
    assert tail.size_bytes == sum(len(f"line {number}\n") for number in range(100))


def test_a_tail_of_two_streams_mixes_no_lines() -> None:
    tail = LogTail()
    tail.add(1, b"ou")
    tail.add(2, b"err\n")
    tail.add(1, b"t\n")
    assert tail.lines(9) == ("err", "out")


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.integers(1, 200_000)), max_size=60))
def test_a_tail_keeps_a_bounded_number_of_bytes(sizes: list[tuple[int, int]]) -> None:
    tail = LogTail()
    for stream, size in sizes:
        tail.add(stream, b"x" * size)
    total = sum(size for _, size in sizes)
    assert tail.size_bytes == total
    assert min(total, TAIL_BYTES) <= tail._kept_bytes < 3 * TAIL_BYTES


def test_single_bytes_on_alternating_streams_are_bounded_too() -> None:
    tail = LogTail()
    for number in range(10_000):
        tail.add(1 + number % 2, b"x")
    assert len(tail._blocks) < 1000


def test_a_beheaded_line_is_left_out_of_a_tail() -> None:
    tail = LogTail()
    tail.add(1, b"lost " * TAIL_BYTES + b"\nwhole\n")
    assert tail.lines(5) == ("whole",)


def test_a_single_endless_line_is_still_shown() -> None:
    tail = LogTail()
    tail.add(1, b"x" * 10 * TAIL_BYTES)
    assert len(tail.lines(5)) == 1


def test_escape_sequences_are_stripped() -> None:
    coloured = "\x1b[1;31mred\x1b[0m "
    link = "\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ "
    assert strip_escapes(coloured + link + "\x9b2Kx\x07\ty") == "red link x\ty"


@given(st.text())
def test_stripped_text_has_nothing_to_strip(text: str) -> None:
    stripped = strip_escapes(text)
    assert "\x1b" not in stripped
    assert strip_escapes(stripped) == stripped
