"""``stagebuild lock``: which digest every base image has, written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.files import write_if_changed
from stagebuild.config import load
from stagebuild.dockerfile import normalize_reference
from stagebuild.errors import ConfigError, DockerfileError, did_you_mean
from stagebuild.locks import Lock, changes_between, lock_text
from stagebuild.planning.locking import lock_of, lock_path
from stagebuild.planning.needing import image_needs
from stagebuild.planning.surroundings import Surroundings
from stagebuild.registry.bases import BaseImages, locked
from stagebuild.report.lockreport import LockReport
from stagebuild.values import replaced

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import TextIO


def lock(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the lock verb's options say and return the exit code."""
    if options.offline and not options.check:
        stderr.write("stagebuild lock: --offline goes with --check: digests come from registries\n")
        return ExitCode.USAGE
    project = load(options.file)
    around = Surroundings.current()
    root = project.root.absolute()
    before = lock_of(root, around) or Lock()
    needs = image_needs(project, surroundings=around)
    names = {need.image for need in needs}
    missing: list[str] = []
    if options.check and options.offline:
        missing = sorted(names - before.images.keys())
        after = replaced(before, images={n: i for n, i in before.images.items() if n in names})
    else:
        moving = names if options.check else _named(options.upgrade, names)
        after = locked(names, before=before, look=BaseImages(environ), moving=moving)
    changes = changes_between(before, after)
    if not options.check:
        _write(Path(lock_path(root)), lock_text(after))
    report = LockReport(
        lock=after, changes=changes, missing=missing, needs=needs, checked=options.check
    )
    if options.json:
        stdout.write(json.dumps(report.document(), indent=2, ensure_ascii=False) + "\n")
    else:
        stdout.write(report.text())
    return ExitCode.BUILD_FAILED if report.is_stale else ExitCode.OK


def _named(upgrade: Sequence[str] | None, names: set[str]) -> set[str]:
    """Return what ``--upgrade`` names, as a Dockerfile does or in the complete form."""
    if upgrade is None:
        return set()
    if not upgrade:
        return names
    found = set()
    for text in upgrade:
        try:
            name = normalize_reference(text)
        except DockerfileError as error:
            raise ConfigError(error.message, key="--upgrade", hint=error.hint) from error
        if name not in names:
            raise ConfigError(
                f"nothing stands on {text}{did_you_mean(name, names)}", key="--upgrade"
            )
        found.add(name)
    return found


def _write(path: Path, text: str) -> None:
    try:
        write_if_changed(path, text)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", path=str(path)) from error
