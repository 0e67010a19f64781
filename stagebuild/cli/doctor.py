"""``stagebuild doctor``: whether this machine can build this project."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.doctor import Verdict, examine
from stagebuild.doctor.looking import is_absent, look
from stagebuild.errors import ConfigError, StagebuildError
from stagebuild.report.doctor import doctor_document, doctor_text
from stagebuild.report.look import Look
from stagebuild.sinks.choice import ProgressMode, choose_progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO

    from stagebuild.model import Project


def doctor(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the doctor verb's options say and return the exit code."""
    del stderr
    findings = examine(look(_project(options.file), environ=environ))
    if options.json:
        text = json.dumps(doctor_document(findings), indent=2, ensure_ascii=False)
    else:
        choice = choose_progress(ProgressMode.PLAIN, stdout, environ)
        width = shutil.get_terminal_size((100, 24)).columns
        text = doctor_text(
            findings, look=Look(width=width, color=choice.color, glyphs=choice.glyphs)
        )
    stdout.write(f"{text}\n")
    bad = any(each.verdict is Verdict.PROBLEM for each in findings)
    return ExitCode.BUILD_FAILED if bad else ExitCode.OK


def _project(path: str | None) -> Project | StagebuildError | None:
    """Return the project, why it can't be loaded, or None where there is none."""
    try:
        return load(path)
    except ConfigError as error:
        return None if path is None and is_absent(error) else error
    except StagebuildError as error:
        return error
