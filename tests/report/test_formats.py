"""The other forms of a report: Markdown, Chrome trace, OTLP, JUnit, and what CI systems read."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stagebuild.report.chrometrace import chrome_trace
from stagebuild.report.citexts import annotation_lines, command, dotenv, github_outputs
from stagebuild.report.formats import FORMATS, form_of, rendered
from stagebuild.report.junit import junit
from stagebuild.report.markdown import markdown
from stagebuild.report.otlp import otlp
from stagebuild.report.runs.values import FailureReport, GraphDrawing
from stagebuild.report.tracecontext import trace_of
from stagebuild.testing import hit, ran
from stagebuild.values import replaced
from tests.report.runs.samples import (
    DIGEST,
    START_S,
    document,
    failed,
    large_events,
    run,
    succeeded,
)

if TYPE_CHECKING:
    from stagebuild.report.runs.values import RunReport

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def gated() -> RunReport:
    return run(succeeded(large_events(3, 4), requires=("test",)), failed(), gates=("test",))


def parsed(text: str) -> list[Any]:
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)


def test_markdown_tells_what_was_built_and_what_failed() -> None:
    text = markdown(gated())
    assert f"`registry.example/shop@{DIGEST}`" in text
    assert "### test failed" in text
    assert "**test: exit code 2** at `Dockerfile:9`" in text
    assert "1 failed, 41 passed" in text


def test_markdown_is_never_longer_than_its_limit() -> None:
    told = replaced(
        gated(), graphs=(GraphDrawing(title="Dockerfile", svg="", mermaid="x\n" * 900_000),)
    )
    text = markdown(told)
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("_The rest did not fit and was left out._\n")
    assert "What to do: run the tests locally" in text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=120))
def test_no_text_becomes_markup_in_markdown(name: str, log: str) -> None:
    build = replaced(
        run(failed()).builds[0],
        name=name,
        failure=FailureReport(kind="BuildFailed", message=log, hint=name, log_tail=(log,)),
    )
    tokens = parsed(markdown(replaced(run(failed()), builds=(build,))))
    inner = [child for token in tokens for child in token.children or ()]
    html = [each.content for each in (*tokens, *inner) if each.type.startswith("html_")]
    assert all(each.startswith(("<details>", "</details>")) for each in html)
    assert not [each for each in inner if each.type in ("link_open", "image")]


def test_a_chrome_trace_has_no_overlapping_slices_on_one_thread() -> None:
    told = run(
        succeeded(
            [
                ran("[app 1/2] RUN a", START_S, START_S + 2.0),
                ran("[app 2/2] RUN b", START_S + 1.0, START_S + 3.0),
                hit("[b 1/1] RUN c", at_s=START_S),
                *large_events(),
            ]
        )
    )
    slices: dict[tuple[int, int], list[tuple[float, float]]] = {}
    trace = chrome_trace(told)
    for event in trace["traceEvents"]:
        if event["ph"] == "X":
            slices.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["dur"]))
    assert slices
    for own in slices.values():
        own.sort()
        for (start, length), (after, _) in pairwise(own):
            # Perfetto drops a slice that begins a nanosecond too early.
            assert round((start + length) * 1000) <= round(after * 1000)


def test_a_chrome_trace_keeps_to_the_format() -> None:
    trace = json.loads(json.dumps(chrome_trace(gated())))
    names = {
        event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"
    }
    assert names == {"prod", "test"}
    for event in trace["traceEvents"]:
        assert event["ph"] in ("X", "M")
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "X":
            assert event["ts"] >= 0
            assert event["dur"] >= 0


def as_protobuf(told: dict[str, Any]) -> ExportTraceServiceRequest:
    """Return OTLP's JSON as its protobuf message; it has ids in hex, protobuf's JSON in base64."""
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    message = ExportTraceServiceRequest()
    json_format.ParseDict(told, message)
    return message


def test_a_trace_is_valid_by_the_protobuf_definitions() -> None:
    message = as_protobuf(json.loads(json.dumps(otlp(gated()))))
    spans = message.resource_spans[0].scope_spans[0].spans
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans) > 20
    assert {len(span.trace_id) for span in spans} == {16}
    assert {len(span.span_id) for span in spans} == {8}
    roots = [span for span in spans if not span.parent_span_id]
    assert [root.name for root in roots] == ["BUILD shop"]
    assert all(span.parent_span_id in ids for span in spans if span.parent_span_id)
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def test_a_trace_follows_the_conventions_for_cicd() -> None:
    spans = otlp(gated())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    told = {
        span["name"]: {each["key"]: each["value"] for each in span["attributes"]}
        for span in reversed(spans)  # a build comes before its stages
    }
    assert told["BUILD shop"]["cicd.pipeline.result"] == {"stringValue": "failure"}
    assert told["BUILD shop"]["error.type"] == {"stringValue": "BuildFailed"}
    assert told["prod"]["cicd.pipeline.task.run.result"] == {"stringValue": "success"}
    assert told["test"]["cicd.pipeline.task.type"] == {"stringValue": "test"}
    assert told["prod"]["container.image.name"] == {"stringValue": "registry.example/shop"}


def test_a_run_is_part_of_the_trace_that_the_environment_names() -> None:
    environ = {
        "TRACEPARENT": f"00-{TRACE}-{SPAN}-01",
        "OTEL_RESOURCE_ATTRIBUTES": "team=ci%20crew,empty=",
        "OTEL_SERVICE_NAME": "builds",
        "GITHUB_SHA": "abc",
    }
    told = otlp(gated(), trace_of(environ))["resourceSpans"][0]
    root = told["scopeSpans"][0]["spans"][0]
    assert (root["traceId"], root["parentSpanId"]) == (TRACE, SPAN)
    values = {each["key"]: each["value"]["stringValue"] for each in told["resource"]["attributes"]}
    assert values["team"] == "ci crew"
    assert values["service.name"] == "builds"
    assert values["vcs.ref.head.revision"] == "abc"


def test_a_run_at_github_says_where_it_can_be_looked_at() -> None:
    environ = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ID": "7",
    }
    assert trace_of(environ).resource == {
        "cicd.pipeline.run.id": "7",
        "vcs.repository.url.full": "https://github.com/acme/shop",
        "cicd.pipeline.run.url.full": "https://github.com/acme/shop/actions/runs/7",
    }


@pytest.mark.parametrize("wrong", ["", "00-xyz", f"00-{'0' * 32}-{SPAN}-01"])
def test_a_parent_that_is_none_is_passed_over(wrong: str) -> None:
    assert trace_of({"TRACEPARENT": wrong}).trace_id == ""


def test_sending_a_run_twice_gives_the_same_spans() -> None:
    assert otlp(gated()) == otlp(gated())


def test_gates_are_tests_in_junit() -> None:
    root = ET.fromstring(junit(gated()))
    suites = {suite.get("name"): suite for suite in root}
    case = suites["gates"][0]
    assert (case.get("name"), case.get("classname")) == ("test", "stagebuild.gate of prod")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "test: exit code 2"
    assert "1 failed, 41 passed" in (failure.text or "")
    assert [case.get("name") for case in suites["builds"]] == ["prod"]
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_junit_is_xml_whatever_was_printed(text: str) -> None:
    told = run(failed())
    failure = FailureReport(kind=text, message=text, step=text, log_tail=(text,))
    ET.fromstring(
        junit(replaced(told, builds=(replaced(told.builds[0], name=text, failure=failure),)))
    )


def outputs_of(text: str) -> dict[str, str]:
    """Return what GitHub's runner reads of an output file."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        while (part := next(lines)) != delimiter:
            value.append(part)
        found[name] = "\n".join(value)
    return found


def test_outputs_hold_digests_and_references_by_environment() -> None:
    found = outputs_of(github_outputs(gated(), delimiter="END"))
    assert found["ok"] == "false"
    assert found["digest"] == found["prod-digest"] == DIGEST
    assert found["reference"] == found["references"] == f"registry.example/shop@{DIGEST}"
    assert json.loads(found["builds"])["prod"]["digest"] == DIGEST


def test_outputs_of_several_builds_have_a_reference_a_line_and_no_nameless_ones() -> None:
    events = large_events(2, 3)
    told = run(succeeded(events, name="api:prod"), succeeded(events, name="web:prod"))
    found = outputs_of(github_outputs(told, delimiter="END"))
    assert len(found["references"].splitlines()) == 2
    assert found["api-prod-digest"] == DIGEST
    assert "digest" not in found


def test_variables_for_gitlab_have_names_that_it_takes() -> None:
    told = run(succeeded(large_events(2, 3), name="api:prod"))
    assert dotenv(told).splitlines()[:2] == [
        f"API_PROD_REFERENCE=registry.example/shop@{DIGEST}",
        f"API_PROD_DIGEST={DIGEST}",
    ]


def test_annotations_point_at_the_line_of_the_dockerfile() -> None:
    lines = annotation_lines(gated()).splitlines()
    assert lines[0].startswith("::warning file=Dockerfile,line=12,title=prod::JSONArgsRecommended")
    assert lines[1].startswith(
        "::error file=Dockerfile,line=9,title=test failed::test: exit code 2%0A"
    )


def test_an_annotation_escapes_what_would_end_it() -> None:
    assert command("error", "50%\nof", {"file": "a:b,c", "line": None}) == (
        "::error file=a%3Ab%2Cc::50%25%0Aof"
    )


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ("run.html", ("html", "run.html")),
        ("RUN.MD", ("markdown", "RUN.MD")),
        ("a/run.trace.json", ("chrome-trace", "a/run.trace.json")),
        ("run.otlp.json", ("otlp", "run.otlp.json")),
        ("run.json", ("json", "run.json")),
        ("junit=results", ("junit", "results")),
        ("build.env", ("dotenv", "build.env")),
        ("run.pdf", None),
        ("junit=", None),
    ],
)
def test_the_form_is_told_by_the_ending_or_in_front(
    wanted: str, form: tuple[str, str] | None
) -> None:
    assert form_of(wanted) == form


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_tells_of_a_run_in_which_nothing_ran(form: str) -> None:
    told = document()
    assert isinstance(rendered(replaced(run(), started_s=START_S), form, told), str)
