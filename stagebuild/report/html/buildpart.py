"""The part of the page that is about one build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.report.historytable import moment
from stagebuild.report.html.gantt import critical_path, gantt
from stagebuild.report.html.markup import NOTHING, Html, element, join, table
from stagebuild.report.quantities import count, duration, size

if TYPE_CHECKING:
    from stagebuild.report.runs.values import BuildReport, EarlierBuild, FailureReport
    from stagebuild.result import BuildWarning

OUTCOMES = {
    "built": "good",
    "skipped": "good",
    "failed": "bad",
    "held back": "bad",
    "canceled": "caution",
}


def build_part(build: BuildReport, *, prefix: str) -> Html:
    """
    Return the section of a build.

    Args:
        build: The build.
        prefix: Makes ids of the page unique.
    """
    return element(
        "section",
        element("h2", build.name, " ", badge(build), id=f"{prefix}-title"),
        element("p", _told(build), class_="note"),
        NOTHING if build.failure is None else failure_part(build.failure),
        element("h3", "Stages and steps"),
        gantt(build, prefix=prefix),
        critical_path(build),
        _sizes(build),
        _caches(build),
        _warnings(build),
        _attempts(build),
        _earlier(build),
        id=prefix,
        class_="build",
        aria_labelledby=f"{prefix}-title",
    )


def badge(build: BuildReport) -> Html:
    """Return the build's outcome as a word in its colour."""
    return element("span", build.outcome, class_=f"badge {OUTCOMES.get(build.outcome, 'caution')}")


def _told(build: BuildReport) -> str:
    target = f"target {build.target}" if build.target else "last stage"
    facts = [f"{target} of {build.dockerfile}" if build.dockerfile else target]
    if build.platforms:
        facts.append(", ".join(build.platforms))
    facts.append(f"took {duration(build.wall_s)}")
    if build.step_count:
        facts.append(f"{build.cached_count} of {count(build.step_count, 'step')} cached")
    if build.requires:
        facts.append(f"published after {', '.join(build.requires)}")
    versions = ", ".join(f"{name} {version}" for name, version in build.versions.items())
    if build.backend:
        facts.append(f"built by {build.backend}{f' ({versions})' * bool(versions)}")
    return "; ".join(facts) + "."


def failure_part(failure: FailureReport) -> Html:
    """Return what went wrong, where, the last lines of the log, and what to do next."""
    if failure.gate is not None:
        told = element("p", element("strong", failure.short), ", so it was not published.")
        return element("div", told, class_="failure")
    place = failure.path or ""
    if failure.line is not None:
        place += f":{failure.line}"
    where = " ".join(filter(None, (f"stage {failure.stage}" * bool(failure.stage), place)))
    log = NOTHING
    if failure.log_tail:
        log = element(
            "pre",
            "\n".join(failure.log_tail),
            tabindex="0",
            role="group",
            aria_label="Last lines of the failing step's log",
        )
    return element(
        "div",
        element("p", element("strong", failure.short), f" ({where})" * bool(where)),
        element("p", element("code", failure.step)) if failure.step else NOTHING,
        element("p", failure.message) if failure.message not in failure.short else NOTHING,
        log,
        element("p", "What to do: ", failure.hint) if failure.hint else NOTHING,
        class_="failure",
    )


def _sizes(build: BuildReport) -> Html:
    if build.sizes is None:
        return NOTHING
    total = max(build.sizes.total_bytes, 1)
    kind = "as a registry stores it" if build.sizes.compressed else "on disk"
    stages = [
        (name, size(weight), f"{weight / total:.0%}", _share(weight / total))
        for name, weight in build.sizes.by_stage().items()
    ]
    layers = sorted(build.sizes.layers, key=lambda layer: -layer.size_bytes)[:10]
    return join(
        [
            element("h3", "Size"),
            element("p", f"{size(build.sizes.total_bytes)} {kind}.", class_="note"),
            table(
                ("stage", ">size", ">share", ""),
                stages,
                caption=f"Size of {build.name} by stage",
            ),
            element(
                "details",
                element("summary", f"The {count(len(layers), 'largest layer')}"),
                table(
                    ("made by", ">size", "stage"),
                    [
                        (element("code", layer.created_by[:300]), size(layer.size_bytes),
                         layer.stage or "base image")
                        for layer in layers
                    ],
                    caption=f"Largest layers of {build.name}",
                ),
            ),
        ]
    )  # fmt: skip


def _share(share: float) -> Html:
    bar = element("i", class_="other", style=f"left:0;width:{100 * share:.2f}%")
    return element("span", bar, class_="track", aria_hidden="true")


def _caches(build: BuildReport) -> Html:
    if not build.caches:
        return NOTHING
    words = {"used": "good", "empty": "caution", "failed": "bad"}
    rows = [
        (
            use.direction,
            use.place,
            element("span", use.outcome, class_=f"badge {words[use.outcome]}"),
            duration(use.busy_s),
            use.error,
        )
        for use in build.caches
    ]
    return join(
        [
            element("h3", "Caches"),
            table(
                ("cache", "place", "outcome", ">time", "why"),
                rows,
                caption=f"Caches of {build.name}",
            ),
        ]
    )


def _warnings(build: BuildReport) -> Html:
    if not build.warnings:
        return NOTHING
    items = [element("li", *_warning(warning)) for warning in build.warnings]
    return join([element("h3", "Warnings"), element("ul", *items, class_="warnings")])


def _warning(warning: BuildWarning) -> list[str]:
    place = warning.path or ""
    if warning.line is not None:
        place += f":{warning.line}"
    parts: list[str] = [warning.message]
    if place:
        parts += [" ", element("code", place)]
    if warning.url is not None and warning.url.startswith(("https://", "http://")):
        link = element("a", "about this rule", href=warning.url, rel="noreferrer")
        parts += [" ", link]
    return parts + [element("p", line, class_="why") for line in warning.detail]


def _attempts(build: BuildReport) -> Html:
    if len(build.attempts) < 2:  # noqa: PLR2004 - one attempt is what everybody expects
        return NOTHING
    rows = [
        (
            str(tried.number),
            duration(tried.wall_s),
            tried.cause or ("succeeded" if tried.error is None else ""),
            tried.error or "",
            duration(tried.wait_s) if tried.wait_s else "",
        )
        for tried in build.attempts
    ]
    return join(
        [
            element("h3", "Attempts"),
            table(
                ("attempt", ">took", "outcome", "why", ">then waited"),
                rows,
                caption=f"Attempts at {build.name}",
            ),
        ]
    )


def _earlier(build: BuildReport) -> Html:
    if not build.earlier:
        return NOTHING
    longest_s = max(build.wall_s, *(each.wall_s for each in build.earlier), 1e-6)
    current = (
        "this run", build.outcome, duration(build.wall_s), _share(build.wall_s / longest_s),
        f"{build.cached_count / build.step_count:.0%}" if build.step_count else "",
        "" if build.sizes is None else size(build.sizes.total_bytes), "",
        _short(build.digest),
    )  # fmt: skip
    rows = [current, *(_row(each, longest_s) for each in build.earlier)]
    worse = [element("li", sentence, ".") for sentence in build.worse]
    return join(
        [
            element("h3", "Earlier builds"),
            element("ul", *worse, class_="warnings") if worse else NOTHING,
            table(
                ("when", "outcome", ">took", "", ">cached", ">size", "commit", "digest"),
                rows,
                caption=f"Earlier builds of {build.name}, newest first",
            ),
            _usual(build),
        ]
    )


def _row(earlier: EarlierBuild, longest_s: float) -> tuple[str, ...]:
    return (
        moment(earlier.started_s),
        earlier.outcome,
        duration(earlier.wall_s),
        _share(earlier.wall_s / longest_s),
        f"{earlier.cached:.0%}",
        "" if earlier.size_bytes is None else size(earlier.size_bytes),
        earlier.commit,
        _short(earlier.digest),
    )


def _usual(build: BuildReport) -> Html:
    """Return each stage's time next to that of the last build before in which it ran."""
    rows = []
    for stage in build.stages:
        platform = stage.built_for or stage.platform
        label = stage.name if platform is None else f"{stage.name} {platform}"
        before_s = next(
            (each.busy_s[label] for each in build.earlier if label in each.busy_s), None
        )
        if stage.cached_steps < stage.steps and before_s is not None:
            change_s = stage.busy_s - before_s
            sign = "+" if change_s >= 0 else "\N{MINUS SIGN}"
            rows.append(
                (
                    label,
                    duration(stage.busy_s),
                    duration(before_s),
                    f"{sign}{duration(abs(change_s))}",
                )
            )
    if not rows:
        return NOTHING
    return table(
        ("stage", ">now", ">when it ran before", ">difference"),
        rows,
        caption=f"Stages of {build.name}, compared with when they ran before",
    )


def _short(digest: str | None) -> Html:
    return NOTHING if digest is None else element("code", digest[: len("sha256:") + 12])
