"""
Who may begin, and with what. Pure: says what to do next, and is told what came of it.

A build that others are based on begins before them, and is private first, too.

A build without gates and budget is one task. One that waits for gates is built at the same time as
they are, in a private task, and gets a second one, to publish, when they have passed; in between it
takes nobody's place. So however few run at once, none waits for another that can't begin.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.scheduling.phases import publishes, writes_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.planning.spec import BuildSpec


class Phase(Enum):
    """What a task does of a build."""

    WHOLE = "build and publish"
    PRIVATE = "build, and leave no trace"
    PUBLICATION = "publish"


class Task(NamedTuple):
    """
    A piece of work.

    Attributes:
        name: Of the build.
        phase: What of it.
    """

    name: str
    phase: Phase


class State(Enum):
    """Where a build is."""

    PENDING = "not begun"
    RUNNING = "building"
    BUILT = "built, waits for its gates"
    PUBLISHING = "publishing"
    DONE = "succeeded"
    LOST = "failed or canceled"


class Schedule:
    """
    The state of every build of a run.

    Args:
        specs: In the order of the plan; every gate of one is another one.
        all_or_nothing: Whether nothing is published until all are built.
    """

    def __init__(self, specs: Sequence[BuildSpec], *, all_or_nothing: bool = False) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._all_or_nothing = all_or_nothing
        self._states = dict.fromkeys(self._specs, State.PENDING)
        self._pending = list(_gates_first(self._specs))[::-1]
        self._dependants: dict[str, list[str]] = {name: [] for name in self._specs}
        self._bases: set[str] = set()
        for spec in specs:
            self._bases.update(spec.bases.values())
            for other in dict.fromkeys((*spec.requires, *spec.bases.values())):
                self._dependants[other].append(spec.name)
        self._publishable: list[str] = []
        self._unbuilt = len(self._specs)

    @property
    def finished(self) -> bool:
        """Whether every build has ended."""
        return all(state in (State.DONE, State.LOST) for state in self._states.values())

    def state(self, name: str) -> State:
        """Return where a build is."""
        return self._states[name]

    def next(self) -> Task | None:
        """Return what to do now and count it as begun; None while nothing can be begun."""
        while self._publishable:
            name = self._publishable.pop()
            if self._states[name] is State.BUILT:
                self._states[name] = State.PUBLISHING
                return Task(name, Phase.PUBLICATION)
        for place in range(len(self._pending) - 1, -1, -1):
            name = self._pending[place]
            if self._states[name] is not State.PENDING:
                del self._pending[place]
            elif self._has_its_bases(name):
                del self._pending[place]
                self._states[name] = State.RUNNING
                return Task(name, self._first_phase(name))
        return None

    def built(self, name: str) -> tuple[str, ...]:
        """
        Take note that a private task has succeeded.

        Returns:
            The builds that are done by it: those without anything to publish.
        """
        self._states[name] = State.BUILT
        self._unbuilt -= 1
        return self._settle((name,) if not self._all_or_nothing else tuple(self._specs))

    def done(self, name: str) -> tuple[str, ...]:
        """
        Take note that a build has succeeded as a whole, and was published.

        Returns:
            Other builds that are done by it.
        """
        if self._states[name] is State.RUNNING:
            self._unbuilt -= 1
        self._states[name] = State.DONE
        affected = self._specs if self._all_or_nothing else self._dependants[name]
        return self._settle(tuple(affected))

    def lost(self, name: str) -> None:
        """Take note that a build has failed or was canceled."""
        self._states[name] = State.LOST

    def waits_for(self, name: str) -> tuple[str, ...]:
        """Return the builds that have to end before this one may be published."""
        waits = [gate for gate in self._specs[name].requires if not self._is(gate, State.DONE)]
        if self._all_or_nothing:
            waits += [
                other
                for other, state in self._states.items()
                if other != name
                and other not in waits
                and state in (State.PENDING, State.RUNNING, State.LOST)
            ]
        return tuple(waits)

    def is_base(self, name: str) -> bool:
        """Return whether other builds are based on this one."""
        return name in self._bases

    def stopped_by(self, name: str) -> Iterator[str]:
        """Yield the builds, not yet ended, that require or are based on ``name`` in any way."""
        seen = {name}
        pending = [name]
        while pending:
            for dependant in self._dependants[pending.pop()]:
                if dependant not in seen:
                    seen.add(dependant)
                    pending.append(dependant)
                    if not self._ended(dependant):
                        yield dependant

    def withheld(self) -> tuple[str, ...]:
        """Return the builds that are built and not published, in the order of the plan."""
        return tuple(n for n, state in self._states.items() if state is State.BUILT)

    def reports_of(self, name: str) -> frozenset[str]:
        """Return the gates of a build that write files, which are worth having when it failed."""
        return frozenset(
            gate for gate in self._specs[name].requires if writes_files(self._specs[gate])
        )

    def unended(self) -> Iterator[str]:
        """Yield the builds that have not ended, in the order of the plan."""
        return (name for name in self._specs if not self._ended(name))

    def _first_phase(self, name: str) -> Phase:
        if self._all_or_nothing and len(self._specs) > 1:
            return Phase.PRIVATE
        if self._specs[name].budget is not None:
            return Phase.PRIVATE
        return Phase.PRIVATE if name in self._bases or self.waits_for(name) else Phase.WHOLE

    def _has_its_bases(self, name: str) -> bool:
        made = (State.BUILT, State.PUBLISHING, State.DONE)
        return all(self._states[base] in made for base in self._specs[name].bases.values())

    def _settle(self, names: Sequence[str]) -> tuple[str, ...]:
        """Let those of ``names`` go on that wait for nobody any more; return what is done by it."""
        done: list[str] = []
        for name in names:
            if not self._is(name, State.BUILT) or self._waits(name):
                continue
            if publishes(self._specs[name]):
                if name not in self._publishable:
                    self._publishable.append(name)
            else:
                done.append(name)
                done += self.done(name)
        return tuple(done)

    def _waits(self, name: str) -> bool:
        if self._all_or_nothing and self._unbuilt:
            return True
        return any(not self._is(gate, State.DONE) for gate in self._specs[name].requires)

    def _is(self, name: str, state: State) -> bool:
        return self._states[name] is state

    def _ended(self, name: str) -> bool:
        return self._states[name] in (State.DONE, State.LOST)


def _gates_first(specs: Mapping[str, BuildSpec]) -> Iterator[str]:
    """
    Yield the names in the order of the plan, but every gate and base before what needs it.

    Where not all can begin at once, this finds out early what can't be published.
    """
    seen: set[str] = set()
    for start in specs:
        if start in seen:
            continue
        seen.add(start)
        path = [(start, _before(specs[start]))]
        while path:
            name, gates = path[-1]
            gate = next((gate for gate in gates if gate not in seen), None)
            if gate is None:
                path.pop()
                yield name
            else:
                seen.add(gate)
                path.append((gate, _before(specs[gate])))


def _before(spec: BuildSpec) -> Iterator[str]:
    return iter((*spec.bases.values(), *spec.requires))
