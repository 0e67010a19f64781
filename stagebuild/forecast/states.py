"""
Fingerprint and known keys -> what each step will do, and from what it follows. Pure.

A key that this builder has had is cached. One that it has not had runs, with two exceptions, where
the step only may run: what it takes from a stage that runs can turn out the same bytes, and then
BuildKit finds it by content; and what can't be seen from here can be the same. Where it turned out
otherwise every time so far, it runs; that it will be the same is never concluded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stagebuild.forecast.counterparts import counterparts
from stagebuild.forecast.reasons import differences
from stagebuild.forecast.values import Cause, Reason, State
from stagebuild.values import frozen, replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from stagebuild.fingerprint.values import Fingerprint, StagePrint, StepPrint


_UNNAMED = "the engine did not say which image the last build stood on"


@frozen(kw_only=False)
class Judged:
    """
    What was found of a step.

    Attributes:
        step: Its fingerprint.
        state: What it will do.
        reasons: Why.
        root: The step that makes it run; itself for a root; None for what is cached.
        before: Its counterpart in the build compared with; None for a new step.
    """

    step: StepPrint
    state: State
    reasons: tuple[Reason, ...]
    root: StepPrint | None
    before: StepPrint | None = None


Experienced = Callable[["StepPrint", "Sequence[Judged]"], int | None]
"""
Says how often a step ran, each time, that takes files from stages that ran because of these roots;
None where it was not each time, or too seldom to tell.
"""


def judge(
    found: Fingerprint,
    *,
    known: AbstractSet[str],
    before: Callable[[str, str], Sequence[StepPrint]],
    listing: Callable[[str], Mapping[str, str] | None],
    experienced: Experienced = lambda *_: None,
) -> list[Judged]:
    """
    Return what every step will do, in the order of the fingerprint.

    Args:
        found: The keys of the build.
        known: Keys whose results the builder has had.
        before: Returns the steps of a stage, by label and platform, in the build to compare with;
            none for a stage that it did not have.
        listing: Returns the files of a selection by its digest, or None when forgotten.
        experienced: Tells what became of such a step so far.
    """
    judging = _Judging(known, listing, experienced)
    return [
        one
        for stage in found.stages
        for one in judging.stage(stage, before(stage.name, stage.platform))
    ]


class _Judging:
    def __init__(
        self,
        known: AbstractSet[str],
        listing: Callable[[str], Mapping[str, str] | None],
        experienced: Experienced,
    ) -> None:
        self._known = known
        self._listing = listing
        self._experienced = experienced
        self._by_key: dict[str, Judged] = {}

    def stage(self, stage: StagePrint, before: Sequence[StepPrint]) -> list[Judged]:
        matched = counterparts(stage.steps, before)
        owns = {step.key: step.own for step in (*before, *stage.steps)}
        judged = []
        for step in stage.steps:
            was = matched.get(step.number)
            stood = was is not None and _same(was.parent, step.parent, owns)
            one = self._step(step, was, is_new_stage=not before, stood_on_the_same=stood)
            # One key may be the result of several steps; the one that runs counts.
            other = self._by_key.get(step.key)
            if other is None or other.state is State.CACHED:
                self._by_key[step.key] = one
            judged.append(one)
        return judged

    def _step(
        self,
        step: StepPrint,
        before: StepPrint | None,
        *,
        is_new_stage: bool,
        stood_on_the_same: bool,
    ) -> Judged:
        if step.is_fresh:
            return Judged(step, State.RUN, (Reason(cause=Cause.NO_CACHE),), step, before)
        if step.key in self._known:
            return self._known_step(step, before)
        if before is None and step.is_base and not is_new_stage:
            # The engine does not always name the image that it used: it may have been this one.
            reason = Reason(cause=Cause.UNKNOWN, name=_UNNAMED)
            return Judged(step, State.MAYBE, (reason,), step, before)
        if before is None or before.own != step.own:
            return self._changed(step, before, is_new_stage=is_new_stage)
        return self._follower(step, before, stood_on_the_same=stood_on_the_same)

    def _below(self, step: StepPrint) -> list[Judged]:
        parent = [] if step.parent is None else [step.parent]
        keys = [*parent, *step.sources.values()]
        return [self._by_key[key] for key in keys if key in self._by_key]

    def _known_step(self, step: StepPrint, before: StepPrint | None) -> Judged:
        """Judge a step whose key is known: what can't be seen may have changed all the same."""
        if step.doubt is not None:
            reason = Reason(cause=Cause.UNKNOWN, name=step.doubt)
            return Judged(step, State.MAYBE, (reason,), step, before)
        doubtful = next((one for one in self._below(step) if one.state is not State.CACHED), None)
        if doubtful is not None:
            return self._following(step, State.MAYBE, doubtful)
        return Judged(step, State.CACHED, (), None, before)

    def _changed(self, step: StepPrint, before: StepPrint | None, *, is_new_stage: bool) -> Judged:
        reasons = differences(step, before, listing=self._listing)
        if is_new_stage:
            reasons = (Reason(cause=Cause.NEVER_BUILT),)
        if step.doubt is not None:
            reasons = (*reasons, Reason(cause=Cause.UNKNOWN, name=step.doubt))
        return Judged(step, State.RUN, reasons, step, before)

    def _follower(self, step: StepPrint, before: StepPrint, *, stood_on_the_same: bool) -> Judged:
        """
        Judge a step that is itself what it was, but not known on top of what is below it.

        Where everything below is cached, and looks the same as before, BuildKit may have it under
        another key: a copy that was found by content has several.
        """
        parent = self._by_key.get(step.parent or "")
        if parent is not None and parent.state is State.RUN:
            return self._following(step, State.RUN, parent)
        if parent is not None and parent.state is State.MAYBE:
            return self._following(step, State.MAYBE, parent)
        others = [one for one in self._below(step) if one.state is not State.CACHED]
        if others:
            times = self._experienced(step, self._roots(step))
            if times is None:
                return self._following(step, State.MAYBE, others[0])
            always = Reason(cause=Cause.EXPERIENCE, name=str(times))
            found = self._following(step, State.RUN, others[0])
            return replaced(found, reasons=(*found.reasons, always))
        state = State.MAYBE if stood_on_the_same else State.RUN
        reasons = (*self._changes_below(step), Reason(cause=Cause.ORDER))
        return Judged(step, state, reasons, step, before)

    def _following(self, step: StepPrint, state: State, cause: Judged) -> Judged:
        root = cause.root or cause.step
        reason = Reason(cause=Cause.FOLLOWS, name=f"{cause.step.stage} {cause.step.number}")
        return Judged(step, state, (reason,), root)

    def _all_below(self, step: StepPrint) -> Iterator[Judged]:
        """Give everything that a step stands on or takes from, each once, the nearest first."""
        waiting, seen = self._below(step), set()
        while waiting:
            one = waiting.pop(0)
            if one.step.key not in seen:
                seen.add(one.step.key)
                yield one
                waiting += self._below(one.step)

    def _roots(self, step: StepPrint) -> list[Judged]:
        """Return all that makes what is below a step run."""
        return [one for one in self._all_below(step) if one.root is one.step]

    def _changes_below(self, step: StepPrint) -> Iterator[Reason]:
        """Give what changed below a step, where all of that is cached: it was built before."""
        for one in self._all_below(step):
            if one.before is not None and one.before.own != one.step.own:
                yield from differences(one.step, one.before, listing=self._listing)


def _same(before: str | None, now: str | None, owns: Mapping[str, str]) -> bool:
    """Say whether two steps are the same by themselves; of another stage's, whether wholly."""
    if before is None or now is None:
        return before is now
    return before == now or (before in owns and owns[before] == owns.get(now))
