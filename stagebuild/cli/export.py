"""``stagebuild export``: the configuration as another tool's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.config import load
from stagebuild.interop.bakeout import bake_document
from stagebuild.planning import buildable_names, plan_builds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO


def export(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the export verb's options say and return the exit code."""
    del environ
    project = load(options.file)
    plan = plan_builds(project, options.environments or buildable_names(project))
    named = [spec.name for spec in plan.specs if spec.name not in plan.gates]
    document, warnings = bake_document(plan.specs, named)
    stderr.writelines(f"warning: {warning}\n" for warning in warnings)
    stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return ExitCode.OK
