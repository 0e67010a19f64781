"""``stagebuild history``: what earlier builds were, and what got worse."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.history_arguments import ACTIONS
from stagebuild.cli.stdoutlook import look_of
from stagebuild.config import load
from stagebuild.errors import did_you_mean
from stagebuild.history.places import VARIABLE
from stagebuild.history.records import document_of
from stagebuild.history.store import History
from stagebuild.history.trends import regressions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from stagebuild.history.records import BuildRecord
    from stagebuild.history.trends import Regression

_DAY_S = 86_400
VERSION = 1


def history(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the history verb's options say and return the exit code."""
    action, words = _action(options.words)
    if len(words) > 1 or (action in ("export", "import") and len(words) != 1):
        named = "one file" if action in ("export", "import") else "one environment at most"
        stderr.write(f"stagebuild history: {action} takes {named}\n")
        return ExitCode.USAGE
    try:
        found = History.of_project(load(options.file), environ=environ)
        if found is None:
            stderr.write(f"stagebuild history: it is turned off ({VARIABLE}={environ[VARIABLE]})\n")
            return ExitCode.USAGE
        with found:
            code = _act(action, words, found, options, stdout=stdout, stderr=stderr)
            if found.notice is not None:
                stderr.write(f"warning: {found.notice}\n")
    except (OSError, ValueError) as error:
        stderr.write(f"stagebuild history: {' '.join(words)}: {error}\n")
        return ExitCode.USAGE
    return code


def _action(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    return (words[0], words[1:]) if words and words[0] in ACTIONS else ("show", words)


def _act(
    action: str,
    words: Sequence[str],
    found: History,
    options: argparse.Namespace,
    *,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    match action:
        case "export":
            if words[0] == "-":
                stdout.writelines(found.export())
            else:
                with open(words[0], "w", encoding="utf-8") as file:  # noqa: PTH123 - as given
                    file.writelines(found.export())
        case "import":
            with open(words[0], encoding="utf-8") as file:  # noqa: PTH123 - as given
                stderr.write(f"{found.import_lines(file)} builds were new\n")
        case "prune":
            return _prune(found, options, stderr)
        case _:
            return _show(found, words[0] if words else None, options, stdout=stdout, stderr=stderr)
    return ExitCode.OK


def _prune(found: History, options: argparse.Namespace, stderr: TextIO) -> int:
    if options.keep is None and options.older_than is None:
        stderr.write("stagebuild history: prune needs --keep N or --older-than DAYS\n")
        return ExitCode.USAGE
    before_s = None if options.older_than is None else time.time() - options.older_than * _DAY_S
    gone = found.prune(keep=options.keep, before_s=before_s)
    stderr.write(f"{gone} builds forgotten\n")
    return ExitCode.OK


def _show(
    found: History,
    environment: str | None,
    options: argparse.Namespace,
    *,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    counts = found.environments()
    if environment is None and (options.stage or options.fail_on_regression):
        stderr.write("stagebuild history: name an environment with this option\n")
        return ExitCode.USAGE
    if environment is not None and environment not in counts:
        stderr.write(
            f'stagebuild history: no build of "{environment}" is recorded'
            f"{did_you_mean(environment, counts)}\n"
        )
        return ExitCode.USAGE
    names = list(counts) if environment is None else [environment]
    builds = {name: found.builds(name, limit=options.limit) for name in names}
    if options.stage is not None and environment is not None:
        stages = {stage.name for build in builds[environment] for stage in build.stages}
        if options.stage not in stages:
            stderr.write(
                f'stagebuild history: no stage "{options.stage}" in the recorded builds of '
                f"{environment}{did_you_mean(options.stage, stages)}\n"
            )
            return ExitCode.USAGE
    worse = [] if environment is None else _worse(builds[environment])
    if options.json:
        _write_json(builds, worse, stdout)
    elif options.csv:
        _write_csv(builds, options.stage, stdout)
    else:
        stdout.write(_text(builds, counts, worse, options, stdout) + "\n")
    return ExitCode.BUILD_FAILED if worse and options.fail_on_regression else ExitCode.OK


def _worse(builds: Sequence[BuildRecord]) -> list[Regression]:
    """Return what got worse in the newest build that succeeded."""
    built = [build for build in builds if build.outcome == "built"]
    return regressions(built[0], built[1:]) if built else []


def _text(
    builds: Mapping[str, Sequence[BuildRecord]],
    counts: Mapping[str, int],
    worse: Sequence[Regression],
    options: argparse.Namespace,
    stdout: TextIO,
) -> str:
    from stagebuild.report import historytable as table  # noqa: PLC0415 - not for --json and --csv

    look = look_of(stdout)
    if not builds:
        return "no build is recorded yet"
    if not options.words or options.words == ["show"]:
        return table.environments_table(builds, counts, look=look)
    (name, recent), *_ = builds.items()
    if options.stage is not None:
        return table.stage_report(recent, options.stage, look=look)
    return table.environment_report(recent, total=counts[name], found=worse, look=look)


def _write_json(
    builds: Mapping[str, Sequence[BuildRecord]], worse: Sequence[Regression], stdout: TextIO
) -> None:
    from stagebuild.report.historydocument import regression_document  # noqa: PLC0415 - as above

    document = {
        "version": VERSION,
        "environments": {
            name: [document_of(build) for build in recent] for name, recent in builds.items()
        },
        "regressions": [regression_document(one) for one in worse],
    }
    json.dump(document, stdout, indent=2, ensure_ascii=False)
    stdout.write("\n")


def _write_csv(
    builds: Mapping[str, Sequence[BuildRecord]], stage: str | None, stdout: TextIO
) -> None:
    import csv  # noqa: PLC0415 - --csv only

    from stagebuild.report.historydocument import CSV_COLUMNS, csv_row  # noqa: PLC0415 - as above

    writer = csv.writer(stdout, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(
        row for recent in builds.values() for build in recent for row in csv_row(build, stage)
    )
