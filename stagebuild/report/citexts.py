"""
What CI systems read of a run: outputs for later steps and jobs, annotations. Pure.

Sources: docs.github.com, "Workflow commands for GitHub Actions" (multi-line outputs, escaping);
docs.gitlab.com, "artifacts:reports:dotenv" (one line a value, letters, digits and ``_`` in a name).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stagebuild.report.runs.values import BuildReport, FailureReport, RunReport


def github_outputs(run: RunReport, *, delimiter: str) -> str:
    """
    Return the lines to add to the file that ``GITHUB_OUTPUT`` names.

    For each build ``NAME-reference``, ``NAME-digest`` and ``NAME-image-id``; for the only one that
    was asked for the same without a name; for all ``references``, a line each, and ``builds``, as
    JSON. What there is none of is left out.

    Args:
        run: The run.
        delimiter: Ends a value; no text of the run may know it.
    """
    found: dict[str, str] = {"ok": "true" if run.ok else "false"}
    for build in run.builds:
        named = _named(build)
        found |= {f"{_dashed(build.name)}-{key}": value for key, value in named.items()}
        if len(run.asked_for) == 1 and build is run.asked_for[0]:
            found |= named
    images = [build.image for build in run.asked_for if build.image is not None]
    if images:
        found["references"] = "\n".join(images)
    found["builds"] = json.dumps({build.name: _named(build) for build in run.builds})
    return "".join(f"{key}<<{delimiter}\n{value}\n{delimiter}\n" for key, value in found.items())


def dotenv(run: RunReport) -> str:
    """Return lines ``NAME_REFERENCE=…``, as GitLab hands them to later jobs as variables."""
    found: dict[str, str] = {}
    for build in run.builds:
        prefix = re.sub(r"\W", "_", build.name, flags=re.ASCII).upper()
        for key, value in _named(build).items():
            found[f"{prefix}_{key.replace('-', '_').upper()}"] = value
    return "".join(f"{key}={value}\n" for key, value in found.items())


def annotation_lines(run: RunReport) -> str:
    """Return GitHub's workflow commands, a line each: failures, what got worse, warnings."""
    return "".join(f"{line}\n" for line in _annotations(run))


def _annotations(run: RunReport) -> Iterator[str]:
    for refused in run.failures:
        yield failed(refused, title=refused.kind)
    for build in run.builds:
        failure = build.failure
        if failure is not None and build.outcome == "failed":
            yield failed(failure, title=f"{build.name} failed")
        for sentence in build.worse:
            yield command("warning", sentence, {"title": f"{build.name} got worse"})
        for warning in build.warnings:
            place = {"file": warning.path, "line": warning.line, "title": f"{build.name}"}
            yield command("warning", warning.message, place)


def failed(failure: FailureReport, *, title: str) -> str:
    """Return the annotation of a failure, at its line of the Dockerfile or configuration."""
    lines = [failure.short]
    if failure.message not in failure.short:
        lines.append(failure.message)
    lines += failure.log_tail[-10:]
    if failure.hint:
        lines.append(failure.hint)
    place = {"file": failure.path, "line": failure.line, "title": title}
    return command("error", "\n".join(lines), place)


def command(name: str, message: str, properties: Mapping[str, str | int | None]) -> str:
    """Return a workflow command; properties without a value are left out."""
    told = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None
    )
    return f"::{name}{' ' * bool(told)}{told}::{_data(message)}"


def _named(build: BuildReport) -> dict[str, str]:
    values = {
        "reference": build.reference,
        "digest": build.digest,
        "image-id": build.image_id,
    }
    return {key: value for key, value in values.items() if value is not None}


def _dashed(name: str) -> str:
    """Return a name that an expression can hold after a dot: ``steps.build.outputs.api-prod``."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
