"""``stagebuild why``: why a build did what it did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.errors import did_you_mean
from stagebuild.forecast.explaining import explain, only
from stagebuild.history.places import VARIABLE
from stagebuild.history.store import History

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from stagebuild.forecast.explaining import Explanation
    from stagebuild.history.records import BuildRecord

LOOKED_AT = 300
"""How many builds before it say what the builder had."""


class _Refused(Exception):
    """What was asked for can't be answered; the text says why."""


def why(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the why verb's options say and return the exit code."""
    try:
        found = History.of_project(load(options.file), environ=environ)
        if found is None:
            stderr.write(f"stagebuild why: the history is turned off ({VARIABLE})\n")
            return ExitCode.USAGE
        with found:
            told = _explained(found, options)
    except (_Refused, ValueError) as error:
        stderr.write(f"stagebuild why: {error}\n")
        return ExitCode.USAGE
    _show(told, options, stdout)
    return ExitCode.OK


def _explained(found: History, options: argparse.Namespace) -> Explanation:
    environment = options.environment
    counts = found.environments()
    if environment not in counts:
        raise _Refused(
            f'no build of "{environment}" is recorded{did_you_mean(environment, counts)}'
        )
    record = _chosen(found, environment, options.build)
    if not record.prints:
        raise _Refused("of this build no step is known: it was skipped, or failed before any")
    earlier = found.builds(before=record, limit=LOOKED_AT)
    told = explain(record, earlier, listing=found.listing)
    if options.step is None:
        return told
    stage, _, number = options.step.partition(":")
    return only(told, stage=stage, number=int(number) if number else None)


def _chosen(found: History, environment: str, wanted: str) -> BuildRecord:
    """Return the build that ``--build`` means."""
    builds: Sequence[BuildRecord]
    if wanted.isdecimal() and len(wanted) < 6:  # noqa: PLR2004 - longer is the beginning of a uid
        number = int(wanted)
        builds = found.builds(environment, limit=max(1, number))
        if 1 <= number <= len(builds):
            return builds[number - 1]
        raise _Refused(f"{environment} has no build {wanted}: {len(builds)} are recorded")
    for build in found.builds(environment):
        if build.uid.startswith(wanted):
            return build
    raise _Refused(f"{environment} has no build whose uid begins with {wanted}")


def _show(told: Explanation, options: argparse.Namespace, stdout: TextIO) -> None:
    # ruff: noqa: PLC0415 - one of them is asked for
    if options.json:
        from stagebuild.report.whytext import why_document

        json.dump(why_document(told), stdout, indent=2, ensure_ascii=False)
        stdout.write("\n")
    else:
        from stagebuild.cli.stdoutlook import look_of
        from stagebuild.report.whytext import why_text

        stdout.write(why_text(told, look=look_of(stdout)) + "\n")
