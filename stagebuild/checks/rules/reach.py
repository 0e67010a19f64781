"""Rules about stages that nobody gets to, and tests that nobody runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.checks.findings import Hit, Severity
from stagebuild.checks.naming import TEST_NAME
from stagebuild.checks.scripts import commands_of_step
from stagebuild.dockerfile import StageSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stagebuild.checks.commands import Command
    from stagebuild.checks.subject import Subject, Target
    from stagebuild.dockerfile import Stage

_TESTERS = frozenset(
    ("pytest", "tox", "nox", "jest", "vitest", "mocha", "phpunit", "rspec", "ctest")
)
_TEST_VERBS = {
    "npm": ("test", "t"),
    "yarn": ("test",),
    "pnpm": ("test", "t"),
    "bun": ("test",),
    "go": ("test", "vet"),
    "cargo": ("test", "clippy"),
    "mix": ("test",),
    "dotnet": ("test",),
    "mvn": ("test", "verify", "integration-test"),
    "mvnw": ("test", "verify", "integration-test"),
    "gradle": ("test", "check"),
    "gradlew": ("test", "check"),
    "unittest": None,
    "deno": ("test",),
    "swift": ("test",),
}


def unreachable_stage(subject: Subject) -> Iterator[Hit]:
    """Yield each stage that nothing leads to, whatever is built."""
    if not subject.is_complete:
        return
    reached = subject.reached()
    for stage in subject.graph.stages:
        if stage.index not in reached and not _is_goal(subject, stage):
            yield Hit(
                line=stage.lines.start,
                message=f'the stage "{stage.label}" is not reached by anything that is built',
                hint="remove it"
                + ("" if stage.name else ", or name it with AS so that it can be built"),
            )


def unbuilt_target(subject: Subject) -> Iterator[Hit]:
    """Yield each named stage at the end of a branch that no environment builds."""
    if not (subject.configured and subject.is_complete):
        return
    reached = subject.reached()
    for stage in subject.graph.stages:
        if stage.index not in reached and _is_goal(subject, stage):
            yield Hit(
                line=stage.lines.start,
                message=f'no environment builds the stage "{stage.label}"',
                hint=f'add [environments.{stage.name}], or target = "{stage.name}" to one',
            )


def tests_run_in_production(subject: Subject) -> Iterator[Hit]:
    """Yield each step that tests, where building a shipped image runs it."""
    for target in subject.production:
        for stage in target.reachable:
            for step in stage.steps:
                tester = next(filter(is_test, commands_of_step(step)), None)
                if tester is not None:
                    yield Hit(
                        line=step.instruction.line,
                        end_line=step.instruction.lines.end,
                        message=f"building {target.shown} runs the tests ({tester.text[:40]}), and"
                        " can't finish before they have",
                        hint="put them into a stage of their own, and make it a gate with"
                        " requires: it then runs at the same time",
                    )


def tests_not_required(subject: Subject) -> Iterator[Hit]:
    """Yield each stage that tests, where a shipped image is built without it."""
    for stage in subject.graph.stages:
        if not _tests(stage):
            continue
        for target in subject.production:
            if stage in target.reachable or _is_required(subject, target, stage):
                continue
            if _runs_for_another(subject, stage):
                continue
            built = any(stage.index == other.stage.index for other in subject.targets)
            yield Hit(
                line=stage.lines.start,
                message=f'{target.shown} is built without the stage "{stage.label}": nothing in it'
                " depends on the tests, so they don't run",
                hint=f'make it a gate: requires = ["{stage.label}"] in'
                f" [environments.{target.name}]",
                severity=None if subject.configured or not built else Severity.INFO,
            )
            break


def is_test(command: Command) -> bool:
    """Say whether a command runs tests."""
    if command.program in _TESTERS:
        return True
    if command.program not in _TEST_VERBS or command.has("-DskipTests", "-Dmaven.test.skip"):
        return False
    verbs = _TEST_VERBS[command.program]
    words = command.plain_words
    if command.program in ("npm", "yarn", "pnpm", "bun") and words[:1] == ("run",):
        words = words[1:]
    return verbs is None or any(word in verbs for word in words[:3])


def _tests(stage: Stage) -> bool:
    """Say whether a stage is there to test."""
    named = stage.name is not None and TEST_NAME.search(stage.name) is not None
    runs = any(is_test(each) for step in stage.steps for each in commands_of_step(step))
    return named or runs


def _runs_for_another(subject: Subject, stage: Stage) -> bool:
    """Say whether a stage is only a part of another one that tests, which is told instead."""
    return any(
        other.stage.index != stage.index and _tests(other.stage) and stage in other.reachable
        for other in subject.targets
        if not other.is_production
    ) and not any(stage.index == other.stage.index for other in subject.targets)


def _is_required(subject: Subject, target: Target, stage: Stage) -> bool:
    """Say whether a gate of the target reaches the stage."""
    gates = {gate: other for other in subject.targets for gate in other.environments}
    waiting = list(target.requires)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        gate = gates.get(name)
        if gate is None or name in seen:
            continue
        seen.add(name)
        if stage.index in {each.index for each in gate.reachable}:
            return True
        waiting += gate.requires
    return False


def _is_goal(subject: Subject, stage: Stage) -> bool:
    """Say whether a stage has a name and no other stage depends on it."""
    used = {
        edge.source.index for edge in subject.graph.edges if isinstance(edge.source, StageSource)
    }
    return stage.name is not None and stage.index not in used
