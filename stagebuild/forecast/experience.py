"""
What became of steps that take files from a stage that ran, in earlier builds. Pure.

BuildKit finds such a step by content, so it runs only if the stage made something else. Nobody can
know that before. But where the same kind of change of the same step made something else every time,
it will again, as far as anybody can tell. The opposite is no knowledge: that nothing changed so far
promises nothing for what is changed now.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stagebuild.fingerprint.values import Fingerprint
from stagebuild.forecast.reasons import differences
from stagebuild.forecast.recorded import stages_of, what_it_did
from stagebuild.forecast.states import judge
from stagebuild.forecast.values import Cause
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stagebuild.fingerprint.values import StagePrint, StepPrint
    from stagebuild.forecast.states import Judged
    from stagebuild.forecast.values import Reason
    from stagebuild.history.records import BuildRecord

FEWEST_ALIKE, FEWEST_OF_KIND = 1, 2
"""How often something must have come true to be expected, of the same in detail and in kind."""

_LOOKED_AT = 12
"""Of how many of the latest occasions the causes are looked for: that reads listings of files."""

_Who = tuple[str, str, str]
_Causes = frozenset[tuple[_Who, frozenset[tuple[Cause, str]]]]


@frozen
class _Occasion:
    """
    A build in which a step took files from stages that ran.

    Attributes:
        roots: What made them run.
        ran: Whether the step ran.
    """

    roots: tuple[Judged, ...]
    ran: bool


class Experience:
    """
    What earlier builds showed. Looks at them when it is first asked.

    Args:
        builds: Builds on the builder that will build, with fingerprints.
        listing: Returns the files of a selection by its digest, or None when forgotten.
    """

    def __init__(
        self,
        builds: Iterable[BuildRecord],
        *,
        listing: Callable[[str], Mapping[str, str] | None],
    ) -> None:
        self._builds = sorted(builds, key=lambda build: build.started_s)
        self._listing = listing
        self._occasions: dict[_Who, list[_Occasion]] | None = None

    def times_run(self, step: StepPrint, roots: Sequence[Judged]) -> int | None:
        """
        Return how often a step ran that takes files from stages that ran because of these roots.

        None where it was not each time, or too seldom. A change counts that was the same in detail
        (files added, removed, changed, an instruction), or two of the same kind (to files' content,
        to their modes).
        """
        if self._occasions is None:
            self._occasions = self._seen()
        places = {_who(root.step) for root in roots}
        alike = [
            one
            for one in reversed(self._occasions.get(_who(step), ()))
            if {_who(root.step) for root in one.roots} == places
        ][:_LOOKED_AT]
        reasons = [(one, [(root, self._reasons(root)) for root in one.roots]) for one in alike]
        now = [(root, root.reasons) for root in roots]
        for causes, fewest in ((_kinds, FEWEST_OF_KIND), (_details, FEWEST_ALIKE)):
            ran = [one.ran for one, found in reasons if causes(found) == causes(now)]
            if len(ran) >= fewest and all(ran):
                return len(ran)
        return None

    def _reasons(self, root: Judged) -> Sequence[Reason]:
        if root.reasons and root.reasons[0].cause is not Cause.FILE:
            return root.reasons
        return differences(root.step, root.before, listing=self._listing)

    def _seen(self) -> dict[_Who, list[_Occasion]]:
        """Return what happened, by step, oldest first."""
        found: dict[_Who, list[_Occasion]] = {}
        known: set[str] = set()
        latest: dict[tuple[str, str, str], Sequence[StepPrint]] = {}

        def before(environment: str, name: str, platform: str) -> Sequence[StepPrint]:
            own = latest.get((environment, name, platform))
            return own or latest.get(("", name, platform), ())

        for build in self._builds:
            stages = stages_of(build.prints)
            did = what_it_did(build)
            ran = {key for key, (did_run, _) in did.items() if did_run}
            if ran:
                for step, roots in _takers(stages, known, partial(before, build.environment)):
                    if step.parent not in ran and any(root.step.key in ran for root in roots):
                        occasion = _Occasion(roots=tuple(roots), ran=step.key in ran)
                        found.setdefault(_who(step), []).append(occasion)
            known.update(step.key for step in build.prints)
            for stage in stages:
                for environment in ("", build.environment):
                    latest[environment, stage.name, stage.platform] = stage.steps
        return found


def _takers(
    stages: Sequence[StagePrint],
    known: set[str],
    before: Callable[[str, str], Sequence[StepPrint]],
) -> list[tuple[StepPrint, Sequence[Judged]]]:
    """Return the steps of a build of which nobody could know whether they run, and the roots."""
    asked: list[tuple[StepPrint, Sequence[Judged]]] = []

    def note(step: StepPrint, roots: Sequence[Judged]) -> None:
        asked.append((step, roots))

    judge(
        Fingerprint(stages=tuple(stages), image=""),
        known=known,
        before=before,
        listing=lambda _: None,
        experienced=note,
    )
    return asked


def _who(step: StepPrint) -> _Who:
    return step.stage, step.platform, step.facts.instruction


def _kinds(found: Sequence[tuple[Judged, Sequence[Reason]]]) -> _Causes:
    """Return the causes, where of files only content is told from mode."""
    return frozenset(
        (_who(root.step), frozenset((one.cause, _kind(one)) for one in reasons))
        for root, reasons in found
    )


def _kind(reason: Reason) -> str:
    if reason.cause is Cause.FILE:
        return "mode" if reason.change == "mode" else ""
    return reason.name


def _details(found: Sequence[tuple[Judged, Sequence[Reason]]]) -> _Causes:
    """Return the causes, with what became of files."""
    return frozenset(
        (_who(root.step), frozenset((one.cause, _detail(one)) for one in reasons))
        for root, reasons in found
    )


def _detail(reason: Reason) -> str:
    return reason.change if reason.cause is Cause.FILE else reason.name
