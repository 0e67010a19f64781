"""The page of a run."""

from __future__ import annotations

import time
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from stagebuild.report.html.buildpart import badge, build_part, failure_part
from stagebuild.report.html.markup import NOTHING, Html, element, join, scrolled, table
from stagebuild.report.quantities import count, duration, size
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.report.runs.values import BuildReport, RunReport

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
    "%3Cpath d='M1 1h4v2H1zM2 3.5h5v2H2zM1 6h3v1H1z' fill='%230969da'/%3E%3C/svg%3E"
)


def html(run: RunReport) -> str:
    """Return the page, with a final line end."""
    script, style = _asset("script.js"), _asset("style.css")
    title = _title(run)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"stagebuild {__version__}"),
        element("title", title),
        Html(f'<link rel="icon" href="{_ICON}">'),
        Html(f"<style>{style}</style>"),
    )
    body = element(
        "body",
        element("a", "Skip to the builds", href="#builds", class_="skip"),
        _header(run, title),
        element("main", *_main(run), id="builds", tabindex="-1"),
        element("footer", element("p", f"Made by stagebuild {__version__}.")),
        Html(f"<script>{script}</script>"),
    )
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _policy(script: str) -> str:
    """Return what the page may load: nothing. Should a text become markup, it can't run."""
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    return (files("stagebuild.report.html") / name).read_text(encoding="utf-8")


def _title(run: RunReport) -> str:
    names = ", ".join(build.name for build in run.asked_for)
    said = "built" if run.ok else "failed"
    return " ".join(filter(None, (run.project, names, said)))


def _header(run: RunReport, title: str) -> Html:
    facts = []
    if run.started_s is not None:
        facts.append(time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(run.started_s)))
    facts += [f"took {duration(run.wall_s)}", count(len(run.builds), "build")]
    links = [
        element("li", element("a", build.name, href=f"#b{at}"))
        for at, build in enumerate(run.builds)
    ]
    if run.graphs:
        links.append(element("li", element("a", "graph", href="#graph")))
    search = element(
        "div",
        element("label", "Search steps and logs", for_="search"),
        element("input", type="search", id="search", autocomplete="off", spellcheck="false"),
        element("button", "Open all", type="button", id="open"),
        element("button", "Close all", type="button", id="close"),
        element("p", role="status", id="found"),
        class_="search",
        id="tools",
        hidden=True,
    )
    return element(
        "header",
        element("h1", title),
        element("p", " · ".join(facts), class_="note"),
        element("nav", element("ul", *links), aria_label="Builds"),
        search,
    )


def _main(run: RunReport) -> Iterator[Html]:
    for failure in run.failures:
        yield failure_part(failure)
    yield element(
        "section",
        element("h2", "What was built", id="what"),
        *([_overview(run)] if len(run.builds) > 1 else []),
        *(_identity(build) for build in run.builds),
        aria_labelledby="what",
    )
    for at, build in enumerate(run.builds):
        yield build_part(build, prefix=f"b{at}")
    if run.graphs:
        drawings = [
            join(
                [
                    element("h3", graph.title) if len(run.graphs) > 1 else NOTHING,
                    scrolled(Html(graph.svg), label=f"Graph of {graph.title}"),
                ]
            )
            for graph in run.graphs
        ]
        yield element(
            "section", element("h2", "Graph", id="graph"), *drawings, aria_labelledby="graph"
        )


def _overview(run: RunReport) -> Html:
    rows = [
        (
            element("a", build.name, href=f"#b{at}"),
            badge(build),
            "gate" if any(gate is build for gate, _ in run.gates) else "",
            "" if build.failure is None else build.failure.short,
            duration(build.wall_s),
            f"{build.cached_count}/{build.step_count}" if build.step_count else "",
            "" if build.sizes is None else size(build.sizes.total_bytes),
        )
        for at, build in enumerate(run.builds)
    ]
    return table(
        ("build", "outcome", "role", "why", ">took", ">cached", ">size"),
        rows,
        caption="Builds of this run",
    )


def _identity(build: BuildReport) -> Html:
    """Return what can be copied: references, digests, the image's ID."""
    named = {
        **{f"Reference for {tag}": reference for tag, reference in build.references.items()},
        "Digest": build.digest,
        **{f"Digest for {platform}": each for platform, each in build.platform_digests.items()},
        "Image ID": build.image_id,
    }
    if not build.pushed:
        named = {
            name: value for name, value in named.items() if value not in build.references.values()
        }
    rows = [_copied(f"{name} of {build.name}", value) for name, value in named.items() if value]
    if not rows:
        return NOTHING
    return join([element("h3", build.name), element("ul", *rows, class_="copied")])


def _copied(name: str, value: str) -> Html:
    return element(
        "li",
        element("span", name, class_="note"),
        element("code", value),
        element(
            "button", "Copy", type="button", class_="copy", aria_label=f"Copy: {name}", hidden=True
        ),
    )
