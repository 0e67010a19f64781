"""Lines of the status stream become events, and nothing breaks the reader."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.progress.events import (
    Event,
    LogChunk,
    PlainLine,
    StatusUpdate,
    VertexUpdate,
    WarningRaised,
)
from stagebuild.progress.rawjson import MAX_PLAIN_BYTES, EventDecoder, read_events

START = "2026-08-21T15:29:35.5Z"
START_S = 1787326175.5


def events_of(*entries: object) -> list[Event]:
    return list(read_events(json.dumps(entry).encode() + b"\n" for entry in entries))


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_a_vertex_is_read_whole() -> None:
    vertex = {
        "digest": "sha256:a",
        "inputs": ["sha256:b", "sha256:c"],
        "name": "[builder 2/5] RUN make",
        "started": START,
        "completed": "2026-08-21T17:29:36.75+02:00",
        "cached": True,
        "error": "exit code: 1",
        "progressGroup": {"id": "g1", "name": "[builder 2/5] RUN make", "weak": True},
    }
    assert events_of({"vertexes": [vertex]}) == [
        VertexUpdate(
            digest="sha256:a",
            inputs=("sha256:b", "sha256:c"),
            name="[builder 2/5] RUN make",
            started_s=START_S,
            completed_s=START_S + 1.25,
            cached=True,
            error="exit code: 1",
            progress_group="g1",
        )
    ]


def test_a_vertex_that_did_not_start_has_no_times() -> None:
    assert events_of({"vertexes": [{"digest": "sha256:a", "name": "x"}]}) == [
        VertexUpdate(digest="sha256:a", name="x")
    ]


def test_a_status_is_read_whole() -> None:
    status = {
        "id": "transferring context:",
        "vertex": "sha256:a",
        "name": "transferring",
        "current": 10,
        "total": 20,
        "timestamp": START,
        "started": START,
    }
    assert events_of({"statuses": [status]}) == [
        StatusUpdate(
            vertex="sha256:a",
            id="transferring context:",
            current=10,
            total=20,
            at_s=START_S,
            started_s=START_S,
        )
    ]


def test_a_log_chunk_keeps_its_bytes() -> None:
    data = b"caf\xc3"
    log = {"vertex": "a", "stream": 2, "data": b64encode(data).decode(), "timestamp": START}
    assert events_of({"logs": [log]}) == [LogChunk(vertex="a", stream=2, data=data, at_s=START_S)]


def test_a_warning_says_where() -> None:
    warning = {
        "vertex": "a",
        "level": 1,
        "short": b64("JSONArgsRecommended: use JSON"),
        "detail": [b64("first"), b64("second")],
        "url": "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
        "sourceInfo": {"filename": "Dockerfile", "data": b64("FROM x"), "language": "Dockerfile"},
        "range": [{"start": {"line": 3}, "end": {"line": 3}}],
    }
    assert events_of({"warnings": [warning]}) == [
        WarningRaised(
            vertex="a",
            short="JSONArgsRecommended: use JSON",
            detail=("first", "second"),
            url="https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
            path="Dockerfile",
            line=3,
        )
    ]


def test_the_events_of_one_line_keep_its_order() -> None:
    line = {
        "vertexes": [{"digest": "a", "name": "x"}],
        "statuses": [{"id": "s", "vertex": "a", "current": 0}],
        "logs": [{"vertex": "a", "data": ""}, {"vertex": "b", "data": ""}],
    }
    assert [type(event) for event in events_of(line)] == [
        VertexUpdate,
        StatusUpdate,
        LogChunk,
        LogChunk,
    ]


def test_a_line_that_is_no_status_is_plain() -> None:
    lines = [b"ERROR: failed to solve\r\n", b"\n", b'{"vertexes": [\n', b'{"name": "x"}\n', b"[1]"]
    assert list(read_events(lines)) == [
        PlainLine(text="ERROR: failed to solve"),
        PlainLine(text=""),
        PlainLine(text='{"vertexes": ['),
        PlainLine(text='{"name": "x"}'),
        PlainLine(text="[1]"),
    ]


def test_an_empty_status_has_no_events() -> None:
    assert events_of({}, {"vertexes": None}, {"logs": []}) == []


def test_an_indented_status_is_read_as_one() -> None:
    status = {"vertexes": [{"digest": "a", "name": "x"}], "logs": [{"vertex": "a", "data": ""}]}
    text = json.dumps(status, indent=2) + "\nERROR: no\n" + json.dumps(status, indent=2)
    assert list(read_events([text.encode()])) == [
        VertexUpdate(digest="a", name="x"),
        LogChunk(vertex="a", stream=1, data=b""),
        PlainLine(text="ERROR: no"),
        VertexUpdate(digest="a", name="x"),
        LogChunk(vertex="a", stream=1, data=b""),
    ]


@pytest.mark.parametrize("text", ["{\n  x\n}\nERROR", "{\nERROR", "{\n  x", "{\n{", "{\n \n{\n}"])
def test_what_only_looks_like_an_indented_status_is_plain(text: str) -> None:
    events = list(read_events([text.encode()]))
    if text.endswith("{\n}"):  # an empty status
        assert events == [PlainLine(text="{"), PlainLine(text=" ")]
    else:
        assert events == [PlainLine(text=line) for line in text.split("\n")]


def test_an_endless_indented_status_is_given_up() -> None:
    decoder = EventDecoder(max_status_bytes=1000)
    events = decoder.feed(b"{\n" + b"  x\n" * 5000)
    assert len(events) > 4000
    assert decoder.feed(b'}\n{"logs":[{"vertex":"a","data":""}]}\n')[-1:] == [
        LogChunk(vertex="a", stream=1, data=b"")
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"vertexes": [None, 1, "x", [], {"name": "no digest"}, {"digest": 7}]},
        {"statuses": [{"id": "x"}, {"vertex": "a"}, {"vertex": 1, "id": 2}]},
        {"logs": [{"data": ""}, {"vertex": "a", "data": 5}, {"vertex": "a", "data": "é*"}]},
        {"logs": [{"vertex": "a", "data": "abc"}]},
        {"warnings": [{"vertex": "a"}, {"short": 5}]},
        {"vertexes": {"digest": "a"}, "logs": "x"},
    ],
)
def test_an_entry_without_identity_is_left_out(entry: object) -> None:
    assert events_of(entry) == []


def test_a_field_of_a_wrong_type_is_missing() -> None:
    entry = {
        "digest": "a",
        "name": 5,
        "inputs": "b",
        "started": 7,
        "cached": "yes",
        "error": [],
        "progressGroup": "g",
    }
    assert events_of({"vertexes": [entry]}) == [VertexUpdate(digest="a", name="")]


def test_json_that_nests_too_deep_is_plain() -> None:
    (event,) = read_events([b'{"vertexes":' + b"[" * 100_000 + b"\n"])
    assert isinstance(event, PlainLine)


def test_a_plain_line_is_cut() -> None:
    (event,) = read_events([b"x" * (MAX_PLAIN_BYTES + 1)])
    assert event == PlainLine(text="x" * MAX_PLAIN_BYTES + "…")


def test_an_endless_line_is_cut_and_the_next_one_read() -> None:
    chunks = [b'{"logs": [', *([b"x" * 100] * 5000), b'\n{"logs": [{"vertex":"a","data":""}]}\n']
    decoder = EventDecoder(max_status_bytes=1000)
    events: list[Event] = []
    for chunk in chunks:
        events += decoder.feed(chunk)
        assert sum(map(len, decoder._pending)) <= 1100 + MAX_PLAIN_BYTES
    assert isinstance(events[0], PlainLine)
    assert events[1:] == [LogChunk(vertex="a", stream=1, data=b"")]


statuses = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"))
    | st.just('{"logs":[{"vertex":"a","data":"aGk="}]}'),
    max_size=5,
)


@given(lines=statuses, sizes=st.lists(st.integers(0, 30)))
def test_events_do_not_depend_on_where_the_pipe_is_cut(lines: list[str], sizes: list[int]) -> None:
    data = "\n".join(lines).encode()
    chunks, rest = [], data
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert list(read_events([*chunks, rest])) == list(read_events([data]))


FIELDS = [
    "digest",
    "inputs",
    "name",
    "started",
    "completed",
    "cached",
    "error",
    "progressGroup",
    "vertex",
    "id",
    "current",
    "total",
    "timestamp",
    "stream",
    "data",
    "short",
    "detail",
    "url",
    "sourceInfo",
    "filename",
    "range",
    "start",
    "line",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(["vertexes", "statuses", "logs", "warnings"]),
        st.lists(json_values, max_size=3) | json_values,
    )
)
def test_no_json_breaks_the_reader(status: dict[str, object]) -> None:
    for event in events_of(status):
        assert not isinstance(event, PlainLine)


@given(st.binary())
def test_no_bytes_break_the_reader(data: bytes) -> None:
    list(read_events([data, b"\n", b'{"' + data]))
