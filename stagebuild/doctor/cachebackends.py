"""
Facts -> findings about the caches that environments import and export.

Sources: docs.docker.com, "Cache storage backends" (which drivers have which); moby/moby
daemon/internal/builder-next/controller.go, newSnapshotterController.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.doctor.facts import Finding, Verdict, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.doctor.facts import Facts

_STORES = frozenset({"s3", "azblob"})
_VARIABLES = {
    "gha": ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL"),
}


def cache_findings(facts: Facts, *, driver: str | None) -> Iterator[Finding]:
    """
    Yield a finding for each kind of cache.

    Args:
        facts: What was looked at.
        driver: Of the builder in use, or None when it is not known.
    """
    if not isinstance(facts.wanted, Wanted):
        return
    for kind, environments in facts.wanted.caches.items():
        named = ", ".join(dict.fromkeys(environments))
        subject = f"cache {kind}"
        if kind in _STORES and driver in (None, "docker"):
            yield Finding(
                subject=subject,
                verdict=Verdict.PROBLEM,
                text=f"{named} use it, and an engine's own BuildKit does not have it",
                remedy="use a builder of its own: docker buildx create --use --driver"
                " docker-container",
            )
        elif kind == "gha" and not _is_in_actions(facts):
            yield Finding(
                subject=subject,
                verdict=Verdict.CAUTION,
                text=f"{named} use it, and ACTIONS_RUNTIME_TOKEN or the cache's address is not set:"
                " builds go on without it",
                remedy="in GitHub Actions expose them (crazy-max/ghaction-github-runtime);"
                " elsewhere use a registry cache",
            )
        else:
            yield Finding(subject=subject, verdict=Verdict.GOOD, text=f"used by {named}")


def _is_in_actions(facts: Facts) -> bool:
    token, *addresses = _VARIABLES["gha"]
    return token in facts.variables and any(each in facts.variables for each in addresses)


def relevant_variables() -> tuple[str, ...]:
    """Return the names of the variables that caches need."""
    return tuple(name for names in _VARIABLES.values() for name in names)
