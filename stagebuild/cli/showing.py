"""What a finished run looks like: results on stdout, tables and failures on stderr, files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.cli.files import write_if_changed
from stagebuild.errors import BuildFailed, ConfigError, GateFailed
from stagebuild.sinks.choice import ProgressMode
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import TextIO

    from stagebuild.changes import Changes
    from stagebuild.errors import StagebuildError
    from stagebuild.planning import BuildPlan
    from stagebuild.report.look import Look
    from stagebuild.result import BuildResult
    from stagebuild.runner import RunOutcome
    from stagebuild.sinks.choice import ProgressChoice


@frozen
class Display:
    """
    Where the answers go, and how much of them.

    Attributes:
        stdout: Gets the result alone.
        stderr: Gets everything else.
        choice: How progress is shown there; tables follow its colours and marks.
        as_json: Whether stdout gets one JSON document instead of reference lines.
        quiet: Whether tables are left out.
        changes: Why what is built is built, with ``--changed-since``.
    """

    stdout: TextIO
    stderr: TextIO
    choice: ProgressChoice
    as_json: bool
    quiet: bool
    changes: Changes | None = None

    def show(self, outcome: RunOutcome, plan: BuildPlan) -> None:
        """Show what came of a run: failures last, since that is where people look."""
        if not self.quiet and not self.as_json and self.choice.mode is not ProgressMode.RAWJSON:
            self._show_tables(outcome)
        self._show_errors(outcome.errors.values(), plan)
        if outcome.unrecorded is not None and not self.quiet:
            self.stderr.write(f"warning: not in the history: {outcome.unrecorded}\n")
        self._print(outcome.results.values(), outcome.errors.values(), gates=plan.gates)

    def show_changes(self) -> None:
        """Show what has changed, before it is built."""
        if self.changes is not None and not self.quiet and not self.as_json:
            from stagebuild.report.changes import changes_text  # noqa: PLC0415 - when asked for

            self.stderr.write(f"{changes_text(self.changes, look=self._look)}\n")
            self.stderr.flush()

    def show_nothing(self) -> None:
        """Show that there is nothing to build."""
        self.show_changes()
        self._print([], [])

    def show_refusal(self, error: StagebuildError) -> None:
        """Show why nothing was built."""
        self._show_errors([error], plan=None)
        self._print([], [error])

    def _print(
        self,
        results: Iterable[BuildResult],
        errors: Iterable[StagebuildError],
        *,
        gates: Collection[str] = (),
    ) -> None:
        if self.as_json:
            from stagebuild.report.document import run_document  # noqa: PLC0415 - --json only

            by_name = {result.name: result for result in results}
            document = run_document(by_name, errors, changes=self.changes)
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        else:
            self.stdout.write(reference_lines(results, gates=gates))
        self.stdout.flush()

    def _show_tables(self, outcome: RunOutcome) -> None:
        from stagebuild.report.text import run_summary, stage_table  # noqa: PLC0415 - not with -q

        tables = [stage_table(result, look=self._look) for result in outcome.results.values()]
        if len(outcome.results) + len(outcome.errors) > 1:
            tables.append(run_summary(outcome.results, outcome.errors, look=self._look))
        for table in tables:
            self.stderr.write(f"\n{table}\n")
        self.stderr.flush()

    def _show_errors(self, errors: Iterable[StagebuildError], plan: BuildPlan | None) -> None:
        shown = list(errors)
        if not shown:
            return
        from stagebuild.report.text import failure, not_published  # noqa: PLC0415 - only on failure

        for error in shown:
            if isinstance(error, GateFailed) and error.__cause__ in shown:
                self.stderr.write(f"\n{not_published(error, look=self._look)}\n")
                continue
            text = _dockerfile_of(error, plan)
            self.stderr.write(f"\n{failure(error, text, look=self._look)}\n")
        self.stderr.flush()

    @property
    def _look(self) -> Look:
        from stagebuild.report.text import Look  # noqa: PLC0415 - not with -q

        return Look(
            width=shutil.get_terminal_size((100, 24)).columns,
            color=self.choice.color,
            glyphs=self.choice.glyphs,
        )


def reference_lines(results: Iterable[BuildResult], *, gates: Collection[str] = ()) -> str:
    """
    Return what ``docker run`` takes, a line for each result that is an image.

    Args:
        results: In order.
        gates: Names of those that nobody asked for; they have no line.
    """
    return "".join(
        f"{result.runnable}\n"
        for result in results
        if result.runnable is not None and result.name not in gates
    )


def write_digest_file(path: Path, outcome: RunOutcome, plan: BuildPlan) -> None:
    """
    Write the reference lines for make and scripts to depend on; nothing when something failed.

    Raises:
        OSError: The file can't be written.
    """
    if not outcome.errors:
        lines = reference_lines(outcome.results.values(), gates=plan.gates)
        write_if_changed(path, lines)


def write_dotenv(path: Path, outcome: RunOutcome, plan: BuildPlan) -> None:
    """
    Write what was built as variables; nothing when something failed.

    Raises:
        OSError: The file can't be written.
        ConfigError: Two builds would have the same variables.
    """
    from stagebuild.report.dotenv import dotenv  # noqa: PLC0415 - rarely asked for

    if outcome.errors:
        return
    try:
        lines = dotenv(outcome.results, gates=plan.gates)
    except ValueError as error:
        raise ConfigError(str(error), key="--dotenv") from error
    write_if_changed(path, lines)


def write_metadata_file(path: Path, outcome: RunOutcome) -> None:
    """
    Write what the engine answered, by environment, as ``docker buildx bake`` does by target.

    Raises:
        OSError: The file can't be written.
    """
    documents = {name: dict(result.metadata) for name, result in outcome.results.items()}
    write_if_changed(path, json.dumps(documents, indent=2, ensure_ascii=False) + "\n")


def _dockerfile_of(error: StagebuildError, plan: BuildPlan | None) -> str | None:
    """Return the text that the error's line number is about, or None when it can't be read."""
    if plan is None or not isinstance(error, BuildFailed) or error.line is None:
        return None
    failed = error.gate if isinstance(error, GateFailed) else error.build
    try:
        return Path(plan[failed].dockerfile).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
