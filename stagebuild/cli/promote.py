"""``stagebuild promote``: staging's image becomes prod's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.history.places import VARIABLE
from stagebuild.history.store import History
from stagebuild.promotion import promote as do_promote
from stagebuild.report.promotionreport import promotion_document, promotion_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO


def promote(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the promote verb's options say and return the exit code."""
    if options.source == options.target:
        stderr.write("stagebuild promote: an environment can't be promoted to itself\n")
        return ExitCode.USAGE
    project = load(options.file)
    history = History.of_project(project, environ=environ)
    if history is None:
        stderr.write(
            f"stagebuild promote: the history is turned off ({VARIABLE}), and it alone knows"
            " which gates an image has passed\n"
        )
        return ExitCode.USAGE
    with history:
        done = do_promote(
            options.source,
            options.target,
            project=project,
            history=history,
            digest=options.digest,
            dry_run=options.dry_run,
            environ=environ,
        )
    if options.json:
        document = promotion_document(done, dry_run=options.dry_run)
        stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return ExitCode.OK
    if not options.quiet:
        stderr.write(promotion_text(done, dry_run=options.dry_run))
    if not options.dry_run:
        stdout.writelines(f"{reference}\n" for reference in done.references)
    return ExitCode.OK
