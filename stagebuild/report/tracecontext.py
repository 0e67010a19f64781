"""
The process environment -> which trace a run belongs to, and what it says of where it ran. Pure.

Sources: W3C Trace Context (``traceparent``, handed to processes in ``TRACEPARENT``);
OpenTelemetry's "General SDK Configuration"; semantic conventions "CICD" and "VCS" (resources).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stagebuild.report.otlp import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARENT = r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}"
_NAMED = {
    "cicd.pipeline.run.id": ("GITHUB_RUN_ID", "CI_PIPELINE_ID"),
    "cicd.pipeline.run.url.full": ("CI_PIPELINE_URL",),
    "cicd.worker.name": ("RUNNER_NAME", "CI_RUNNER_DESCRIPTION"),
    "vcs.ref.head.name": ("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"),
    "vcs.ref.head.revision": ("GITHUB_SHA", "CI_COMMIT_SHA"),
    "vcs.repository.url.full": ("CI_PROJECT_URL",),
}


def trace_of(environ: Mapping[str, str]) -> Trace:
    """Return the trace that the environment names; a new one where it names none."""
    resource = {
        key: environ[name]
        for key, names in _NAMED.items()
        for name in names[::-1]
        if environ.get(name)
    }
    resource |= _addresses_at_github(environ)
    resource |= pairs(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    if environ.get("OTEL_SERVICE_NAME"):
        resource["service.name"] = environ["OTEL_SERVICE_NAME"]
    found = re.fullmatch(_PARENT, environ.get("TRACEPARENT", "").strip().lower())
    if found is None or not (int(found[1], 16) and int(found[2], 16)):
        return Trace(resource=resource)
    return Trace(resource=resource, trace_id=found[1], parent_id=found[2])


def _addresses_at_github(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the repository's and the run's, which GitHub gives in parts."""
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    if not (server and repository):
        return {}
    found = {"vcs.repository.url.full": f"{server}/{repository}"}
    if run := environ.get("GITHUB_RUN_ID"):
        found["cicd.pipeline.run.url.full"] = f"{server}/{repository}/actions/runs/{run}"
    return found


def pairs(text: str) -> dict[str, str]:
    """Return what ``key=value,key=value`` says, values percent-decoded; what says nothing, not."""
    found = (part.partition("=") for part in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, _, value in found if key.strip() and value}
