"""Spans keep to the published semantic conventions: their package says the names and the values."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv.attributes as stable
import pytest
from opentelemetry.semconv._incubating.attributes import cicd_attributes as cicd

from stagebuild.report.otlp import otlp
from stagebuild.report.tracecontext import trace_of
from tests.report.runs.samples import failed, large_events, run, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import Enum
    from types import ModuleType

ENVIRON = {
    "GITHUB_RUN_ID": "1",
    "RUNNER_NAME": "a",
    "GITHUB_REF_NAME": "main",
    "GITHUB_SHA": "abc",
    "CI_PROJECT_URL": "https://git.example/shop",
    "CI_PIPELINE_URL": "https://git.example/shop/-/pipelines/1",
}


def published(package: ModuleType) -> Iterator[str]:
    for module in pkgutil.iter_modules(package.__path__):
        found = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        yield from (text for key, text in found.items() if key.isupper() and isinstance(text, str))


def attributes() -> Iterator[tuple[str, Any]]:
    """Yield every attribute of a run with a gate that fails."""
    told = run(succeeded(large_events(3, 4), requires=("test",)), failed(), gates=("test",))
    resource = otlp(told, trace_of(ENVIRON))["resourceSpans"][0]
    holders = [resource["resource"], *resource["scopeSpans"][0]["spans"]]
    holders += [event for holder in holders for event in holder.get("events", ())]
    for holder in holders:
        yield from ((each["key"], each["value"]) for each in holder["attributes"])


def test_every_attribute_is_published_or_named_as_ours() -> None:
    names = {name for name, _ in attributes()}
    theirs = {name for name in names if not name.startswith("stagebuild.")}
    assert theirs - {*published(incubating), *published(stable)} == set()
    assert len(theirs) >= 18


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (cicd.CICD_PIPELINE_ACTION_NAME, cicd.CicdPipelineActionNameValues),
        (cicd.CICD_PIPELINE_RESULT, cicd.CicdPipelineResultValues),
        (cicd.CICD_PIPELINE_TASK_RUN_RESULT, cicd.CicdPipelineTaskRunResultValues),
        (cicd.CICD_PIPELINE_TASK_TYPE, cicd.CicdPipelineTaskTypeValues),
    ],
)
def test_an_attribute_of_few_values_has_one_of_them(name: str, values: type[Enum]) -> None:
    found = {value["stringValue"] for key, value in attributes() if key == name}
    assert found
    assert found <= {each.value for each in values}
