"""``stagebuild ENV…``: plan, build, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.backends.base import Cancel
from stagebuild.cli.choosing import choose
from stagebuild.cli.exitcodes import ExitCode, exit_code_of
from stagebuild.cli.overriding import overrides_of
from stagebuild.cli.reporting import annotate_refusal, report_sink
from stagebuild.cli.showing import Display, write_digest_file, write_dotenv, write_metadata_file
from stagebuild.cli.signals import Interrupts
from stagebuild.config import load
from stagebuild.errors import ConfigError, StagebuildError
from stagebuild.history.store import History
from stagebuild.planning import buildable_names, plan_builds
from stagebuild.runner import RunOutcome, run
from stagebuild.secrecy import redacted, secret_values
from stagebuild.sinks.base import Tee
from stagebuild.sinks.choice import ProgressMode, choose_progress, open_sink
from stagebuild.values import replaced

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from stagebuild.backends.base import Backend
    from stagebuild.backends.selection import Selected
    from stagebuild.cli.choosing import Choice
    from stagebuild.model import Project
    from stagebuild.planning import BuildPlan, BuildSpec
    from stagebuild.sinks.base import Sink

_NOTHING_NAMED = """\
stagebuild: name what to build: {names}
  hint: stagebuild --list says what each is for, stagebuild --help lists every option
"""


def build(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the build verb's options say and return the exit code."""
    logs = bool(options.log_format or options.verbose)
    mode = ProgressMode.QUIET if options.quiet else ProgressMode(options.progress)
    display = Display(
        stdout=stdout,
        stderr=stderr,
        choice=choose_progress(mode, stderr, environ, logs=logs),
        as_json=options.json,
        quiet=options.quiet,
    )
    try:
        project = load(options.file)
        overrides = overrides_of(options)
        choice = choose(options, project, overrides)
        display = replaced(display, changes=choice.changes)
        if options.list:
            return _list(project, choice, stdout)
        if not choice.names:
            return _nothing(project, display)
        display.show_changes()
        plan = plan_builds(project, choice.names, overrides=overrides)
        if options.dry_run:
            return _dry_run(plan, _selected(plan, options, environ).backend, stdout)
        return _build(plan, options, display, environ)
    except StagebuildError as error:
        display.show_refusal(error)
        annotate_refusal(error, environ, stderr)
        return exit_code_of(error)


def _build(
    plan: BuildPlan, options: argparse.Namespace, display: Display, environ: Mapping[str, str]
) -> int:
    cancel = Cancel()
    with (
        Interrupts(cancel) as interrupts,
        Tee(_sinks(options, display, plan, environ)) as sink,
    ):
        outcome = run(
            plan,
            jobs=options.jobs,
            keep_going=options.keep_going,
            all_or_nothing=options.all_or_nothing,
            on_event=sink.emit,
            cancel=cancel,
            choose=lambda: _selected(plan, options, environ).backend,
            skip_unchanged=options.skip_unchanged,
            history=None
            if options.no_history
            else History.of_project(plan.project, environ=environ),
        )
    display.show(outcome, plan)
    _write(
        "--digest-file",
        options.digest_file,
        outcome,
        lambda path, outcome: write_digest_file(path, outcome, plan),
    )
    _write(
        "--dotenv", options.dotenv, outcome, lambda path, outcome: write_dotenv(path, outcome, plan)
    )
    _write("--metadata-file", options.metadata_file, outcome, write_metadata_file)
    return _exit_code(outcome, interrupts.number)


def _selected(plan: BuildPlan, options: argparse.Namespace, environ: Mapping[str, str]) -> Selected:
    """Return what builds: importing it is saved where everything is skipped."""
    from stagebuild.backends.selection import select_backend  # noqa: PLC0415 - see above

    return select_backend(options.backend, environ=environ, specs=plan.specs)


def _write(
    option: str, path: str | None, outcome: RunOutcome, write: Callable[[Path, RunOutcome], None]
) -> None:
    """
    Write a file that an option asks for.

    Raises:
        ConfigError: It can't be written.
    """
    if not path:
        return
    try:
        write(Path(path), outcome)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", key=option) from error


def _sinks(
    options: argparse.Namespace,
    display: Display,
    plan: BuildPlan,
    environ: Mapping[str, str],
) -> list[Sink]:
    """Return where the run's events go."""
    sinks = [open_sink(display.choice, display.stderr)]
    if options.log_format or options.verbose:
        from stagebuild.sinks.log import (  # noqa: PLC0415 - rarely used
            LogFormat,
            LogSink,
            configure,
            log_choice,
        )

        configure(
            LogFormat(options.log_format or LogFormat.CONSOLE),
            display.stderr,
            verbose=options.verbose,
            color=display.choice.color,
            redact=_redactor(plan, environ),
        )
        sinks.append(LogSink())
        selected = _selected(plan, options, environ)
        log_choice(selected.backend.name, selected.reason)
    reports = report_sink(plan, options, display, environ)
    return sinks if reports is None else [*sinks, reports]


def _redactor(plan: BuildPlan, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that takes the plan's secrets out of a text."""
    secrets = [value for spec in plan.specs for value in secret_values(spec, environ)]
    return lambda text: redacted(text, secrets)


def _nothing(project: Project, display: Display) -> int:
    """Say that nothing was named, or that nothing of it has changed."""
    if display.changes is not None:
        display.show_nothing()
        return ExitCode.OK
    display.stderr.write(_NOTHING_NAMED.format(names=", ".join(buildable_names(project))))
    return ExitCode.USAGE


def _list(project: Project, choice: Choice, stdout: TextIO) -> int:
    """Print the environments that can be built, with what they say of themselves."""
    if choice.changes is not None:
        stdout.writelines(f"{name}\n" for name in choice.names)
        return ExitCode.OK
    names = buildable_names(project)
    cells = max(map(len, names), default=0)
    described = {} if project.environments is None else project.environments
    for name in names:
        description = described[name].description if name in described else None
        stdout.write(f"{name:<{cells}}  {description or ''}".rstrip() + "\n")
    return ExitCode.OK


def _dry_run(plan: BuildPlan, backend: Backend, stdout: TextIO) -> int:
    """Print the commands that would run, secrets blotted out."""
    stdout.writelines(f"# {_title(spec, plan)}\n{backend.command(spec)}\n" for spec in plan.specs)
    return ExitCode.OK


def _title(spec: BuildSpec, plan: BuildPlan) -> str:
    """Return a build's name, and what it waits for or is there for."""
    after = f", published after {', '.join(spec.requires)}" if spec.requires else ""
    role = ""
    if spec.name in plan.gates:
        is_gate = any(spec.name in other.requires for other in plan.specs)
        role = " (gate)" if is_gate else " (base)"
    return f"{spec.name}{role}{after}"


def _exit_code(outcome: RunOutcome, signal_number: int | None) -> int:
    if signal_number is not None:
        return 128 + signal_number
    for error in outcome.errors.values():
        return exit_code_of(error)
    return ExitCode.OK
