"""The forms that a report of a run comes in, by the name that is asked for. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stagebuild.report.runs.values import RunReport

FORMATS = ("html", "markdown", "json", "chrome-trace", "otlp", "junit", "dotenv")

_ENDINGS = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xml": "junit",
    ".env": "dotenv",
    ".trace.json": "chrome-trace",
    ".otlp.json": "otlp",
    ".json": "json",
}


def form_of(wanted: str) -> tuple[str, str] | None:
    """
    Return form and file of what ``--report`` was given; None when no form can be told.

    Args:
        wanted: ``FORM=FILE``, or a file that tells by its ending.
    """
    named, equals, path = wanted.partition("=")
    if equals and named in FORMATS:
        return (named, path) if path else None
    for ending, form in _ENDINGS.items():
        if wanted.lower().endswith(ending):
            return form, wanted
    return None


def endings() -> str:
    """Return the endings that tell a form, for people."""
    return ", ".join(_ENDINGS)


def rendered(run: RunReport, form: str, document: dict[str, Any]) -> str:  # noqa: PLR0911 - a form each
    """
    Return a report.

    Args:
        run: The run.
        form: One of FORMATS.
        document: What the run was read from; this is what ``json`` is.
    """
    # ruff: noqa: PLC0415 - one of them is asked for
    match form:
        case "html":
            from stagebuild.report.html.page import html

            return html(run)
        case "markdown":
            from stagebuild.report.markdown import markdown

            return markdown(run)
        case "chrome-trace":
            from stagebuild.report.chrometrace import chrome_trace

            return json.dumps(chrome_trace(run), ensure_ascii=False) + "\n"
        case "otlp":
            from stagebuild.report.otlp import otlp

            return json.dumps(otlp(run), ensure_ascii=False) + "\n"
        case "junit":
            from stagebuild.report.junit import junit

            return junit(run)
        case "dotenv":
            from stagebuild.report.citexts import dotenv

            return dotenv(run)
        case _:
            return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
