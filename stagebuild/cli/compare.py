"""``stagebuild compare``: what one image has and the other lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stagebuild.cli.exitcodes import ExitCode
from stagebuild.cli.stdoutlook import look_of
from stagebuild.config import load
from stagebuild.contents.comparing import compared
from stagebuild.contents.finding import Images
from stagebuild.errors import ConfigError, ImageUnreadable, UnknownEnvironment
from stagebuild.history.store import History
from stagebuild.planning import plan_builds
from stagebuild.report.comparison import comparison_document, comparison_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from stagebuild.contents.image import ImageContent
    from stagebuild.history.records import BuildRecord
    from stagebuild.model import Project
    from stagebuild.planning.spec import BuildSpec


def compare(
    options: argparse.Namespace,
    *,
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    """Do what the compare verb's options say and return the exit code."""
    del stderr
    project = _project(options.file)
    seen = [(name, _content(name, project, options.platform, environ)) for name in options.images]
    first, second = seen
    told = compared(first[1], second[1])
    if options.json:
        document = comparison_document(first, second, told)
        stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        most = {"most": None} if options.all else {}
        stdout.write(comparison_text(first, second, told, look=look_of(stdout), **most) + "\n")
    return ExitCode.OK


def _project(path: str | None) -> Project | None:
    """Return the project, or None where there is none: two images can be compared all the same."""
    try:
        return load(path)
    except ConfigError:
        if path is not None:
            raise
        return None


def _content(
    name: str, project: Project | None, platform: str | None, environ: Mapping[str, str]
) -> ImageContent:
    """
    Return what is in an environment's last image, or in the image of that name.

    Raises:
        ImageUnreadable: There is none to be seen.
        ConfigError: The project can't be used.
    """
    images = Images(environ)
    spec = None if project is None else _spec(project, name)
    if project is None or spec is None:
        return images.content(name, platform=platform)
    told = ""
    for candidate in _candidates(project, spec, environ):
        try:
            return images.content(
                candidate, platform=platform, stages=spec.stages, target=spec.target
            )
        except ImageUnreadable as error:
            told = told or str(error)
    raise ImageUnreadable(
        "no image of it is to be found" + (f": {told}" if told else ""),
        image=name,
        hint=f"`stagebuild {name} --load` builds it and puts it into the engine's image store",
    )


def _spec(project: Project, name: str) -> BuildSpec | None:
    """Return the environment of that name, or None where it is an image's."""
    if "/" in name or "@" in name:
        return None
    try:
        return plan_builds(project, [name]).specs[0]
    except UnknownEnvironment:
        return None
    except ConfigError:
        if ":" in name:  # a tag or a digest, unless the project has an image of that name
            return None
        raise


def _candidates(project: Project, spec: BuildSpec, environ: Mapping[str, str]) -> Iterator[str]:
    """Give the names that an environment's last image may go by, the surest first."""
    record = _last(project, spec, environ)
    if record is not None:
        yield from filter(None, (record.digest, record.image_id))
        if record.digest is not None and record.pushed:
            from stagebuild.model.references import Reference  # noqa: PLC0415 - rare

            for tag in record.tags:
                yield f"{Reference.parse(tag).name}@{record.digest}"
    yield from spec.tags
    if spec.default_tag is not None:
        yield spec.default_tag


def _last(project: Project, spec: BuildSpec, environ: Mapping[str, str]) -> BuildRecord | None:
    history = History.of_project(project, environ=environ)
    if history is None:
        return None
    with history:
        return next(iter(history.builds(spec.name, limit=1, outcome="built")), None)
