"""The words and options of the command line, and what ``--help`` says of them. Parses, no more."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from stagebuild.cli.helping import HelpText
from stagebuild.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BACKENDS = ("auto", "sdk", "buildx")
PROGRESS_MODES = ("auto", "tty", "plain", "rawjson", "quiet")
LOG_FORMATS = ("console", "json")
SCHEMAS = ("config", "result")
VERBS = (
    "build",
    "check",
    "compare",
    "completion",
    "doctor",
    "export",
    "graph",
    "history",
    "import",
    "init",
    "lock",
    "man",
    "plan",
    "promote",
    "report",
    "schema",
    "why",
)

# argparse checks the choices of what is typed, but not of a default.
_CHOICES_BY_VARIABLE = {
    "STAGEBUILD_PROGRESS": PROGRESS_MODES,
    "STAGEBUILD_LOG_FORMAT": LOG_FORMATS,
    "STAGEBUILD_BACKEND": BACKENDS,
}

_DESCRIPTION = (
    "Build Docker images per environment with BuildKit: digests, and where the time went."
)

_EPILOG = """\
examples:
  stagebuild prod                      build the environment "prod"
  stagebuild test lint                 build two environments at the same time
  stagebuild prod --push               push it, and print repository@sha256:…
  IMAGE=$(stagebuild prod -q --push)   the reference alone, for scripts
  stagebuild prod --dry-run            show the exact command, run nothing
  stagebuild --changed-since main      build what differs from a branch, commit or tag
  stagebuild prod --set tags+=shop:1   change any key of the configuration
  stagebuild prod --report run.html    and write a page about it, to look at in a browser
  stagebuild check                     look at the Dockerfile before building
  stagebuild build schema              build an environment that is called like a verb

verbs: build ENV…, plan ENV…, why ENV, check [ENV…], compare ENV ENV, graph [ENV…],
history [ENV], report [FILE], init [DOCKERFILE], import FILE, export bake [ENV…], lock,
promote FROM TO, doctor, completion SHELL, man, schema [config|result]

exit codes: 0 ok, 1 build failed, 2 usage, 3 configuration or Dockerfile, 4 no usable engine,
5 registry or push, 6 over budget, 130 and 143 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors name the option to look at, and exit with 2."""

    def error(self, message: str) -> NoReturn:
        """Print one error and end the process."""
        self.exit(2, f"{self.prog}: {message}\n  hint: {self.prog} --help lists every option\n")


def parse(verb: str, words: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """
    Return what the words after a verb say.

    Raises:
        SystemExit: They say nothing that can be done (2), or ask for help or the version (0).
    """
    parser = parser_of(verb, environ)
    options = parser.parse_intermixed_args(words)
    for name, choices in _CHOICES_BY_VARIABLE.items():
        if environ.get(name) and environ[name] not in choices:
            parser.error(f'{name} is "{environ[name]}"; it can be: {", ".join(choices)}')
    return options


def parser_of(verb: str, environ: Mapping[str, str]) -> argparse.ArgumentParser:
    """
    Return the parser of a verb.

    Args:
        verb: One of VERBS.
        environ: The process environment, for the ``STAGEBUILD_…`` defaults of options.
    """
    match verb:
        case "build":
            return _build_parser(environ)
        case "schema":
            return _schema_parser()
        case "plan":
            from stagebuild.cli.plan_arguments import (  # noqa: PLC0415 - one verb, one import
                fill_plan_parser,
            )

            parser = _Parser(prog="stagebuild plan", allow_abbrev=False)
            parser.add_argument("environments", nargs="*", metavar="ENV", help="environments")
            fill_plan_parser(parser)
            _add_selection(parser, environ)
            _add_build(parser, environ)
            _add_outputs(parser)
            return parser
        case _:
            parser = _Parser(prog=f"stagebuild {verb}", allow_abbrev=False)
            module = import_module(f"stagebuild.cli.{verb}_arguments")
            getattr(module, f"fill_{verb}_parser")(parser, environ)
            return parser


def split_verb(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the verb, ``build`` when the first word is none, and the words after it."""
    if argv and argv[0] in VERBS:
        return argv[0], argv[1:]
    return "build", argv


def _schema_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="stagebuild schema", description="Print a JSON Schema (draft 2020-12).")
    parser.add_argument(
        "document",
        nargs="?",
        choices=SCHEMAS,
        default="config",
        help="config: stagebuild.toml (the default); result: what --json prints",
    )
    return parser


def _build_parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="stagebuild",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=HelpText,
        usage="stagebuild ENV… [options]",
        allow_abbrev=False,
    )
    parser.add_argument("environments", nargs="*", metavar="ENV", help="environments to build")
    parser.add_argument("--version", action="version", version=f"stagebuild {__version__}")
    _add_selection(parser, environ)
    _add_build(parser, environ)
    _add_result(parser)
    _add_display(parser, environ)
    return parser


def _add_selection(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    group = parser.add_argument_group("what to build")
    group.add_argument("--all", action="store_true", help="every environment that has a target")
    group.add_argument("--list", action="store_true", help="list the environments and exit")
    group.add_argument(
        "--changed-since",
        metavar="REV",
        help="of these, or of all, what has changed since a git revision, and what needs it",
    )
    add_file(group, environ)
    _repeatable(group, "--set", metavar="[ENV.]KEY=VALUE", text="set any key; += adds to a list")
    _repeatable(group, "--var", metavar="NAME=VALUE", text="set a variable of the configuration")


def _add_build(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    group = parser.add_argument_group("how to build")
    _repeatable(group, "--build-arg", metavar="NAME[=VALUE]", text="set a build arg")
    group.add_argument("--target", metavar="STAGE", help="build this stage instead")
    _repeatable(group, "-t", "--tag", metavar="REF", text="tag instead of the configured ones")
    _repeatable(group, "--label", metavar="NAME=VALUE", text="set an image label")
    _repeatable(group, "--platform", metavar="OS/ARCH", text="build for these, also as a,b")
    _repeatable(
        group, "--secret", metavar="SECRET", text="id=NAME and env=, src= or command=, as CSV"
    )
    _repeatable(group, "--ssh", metavar="ID[=PATH]", text="forward an ssh agent or a key")
    _repeatable(group, "--cache-from", metavar="ENTRY", text="import this cache instead")
    _repeatable(group, "--cache-to", metavar="ENTRY", text="export to this cache instead")
    group.add_argument("--no-cache", action="store_true", help="run every step anew")
    _repeatable(group, "--no-cache-filter", metavar="STAGE", text="run this stage's steps anew")
    group.add_argument(
        "--reproducible",
        action="store_true",
        help="give all times in the image that of the commit, or SOURCE_DATE_EPOCH",
    )
    group.add_argument("--pull", action="store_true", help="look for newer base images")
    group.add_argument(
        "--builder",
        metavar="NAME",
        default=environ.get("STAGEBUILD_BUILDER") or None,
        help="buildx builder to use [STAGEBUILD_BUILDER]",
    )
    group.add_argument(
        "--backend",
        choices=BACKENDS,
        default=environ.get("STAGEBUILD_BACKEND") or "auto",
        help="buildx, sdk (the engine's own protocol, no program in between), or auto: sdk, unless "
        "a build is for a builder of buildx's [STAGEBUILD_BACKEND]",
    )
    group.add_argument(
        "-j",
        "--jobs",
        type=_positive,
        metavar="N",
        default=environ.get("STAGEBUILD_JOBS") or None,
        help="builds at the same time; 8 by default, or one per processor [STAGEBUILD_JOBS]",
    )
    group.add_argument(
        "--retries",
        type=_count,
        metavar="N",
        default=environ.get("STAGEBUILD_RETRIES") or None,
        help="try again so often what may pass, a failing registry say; 0 is off, 3 the default "
        "[STAGEBUILD_RETRIES]",
    )
    group.add_argument(
        "--retry-budget",
        metavar="TIME",
        default=environ.get("STAGEBUILD_RETRY_BUDGET") or None,
        help="wait so long altogether between attempts, 5m by default [STAGEBUILD_RETRY_BUDGET]",
    )
    group.add_argument(
        "--timeout", metavar="TIME", help="end a build that takes longer: 90s, 30m, 1h30m"
    )
    group.add_argument(
        "--idle-timeout", metavar="TIME", help="end a build of which nothing is heard for so long"
    )
    group.add_argument(
        "-k", "--keep-going", action="store_true", help="finish the others when one has failed"
    )
    group.add_argument(
        "--all-or-nothing", action="store_true", help="publish nothing until all are built"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("what becomes of it")
    group.add_argument("--push", action="store_true", default=None, help="push to the registry")
    group.add_argument(
        "--load", action="store_true", default=None, help="load into the engine's image store"
    )
    _repeatable(group, "-o", "--output", metavar="OUT", text="type=…,dest=… or a folder")
    return group


def _add_result(parser: argparse.ArgumentParser) -> None:
    group = _add_outputs(parser)
    group.add_argument(
        "--digest-file",
        metavar="FILE",
        help="write what -q prints; touched only when it changes, so make can depend on it",
    )
    group.add_argument(
        "--dotenv",
        metavar="FILE",
        help="write PROD_IMAGE=…, PROD_DIGEST=… and so on, for Compose, a shell or a CI system",
    )
    group.add_argument(
        "--metadata-file", metavar="FILE", help="write what the engine answered, by environment"
    )
    group.add_argument(
        "--report",
        action="append",
        default=[],
        type=_report,
        metavar="FILE",
        help="write a report of the run: .html, .md, .xml (JUnit), .env, .json, .otlp.json,"
        " .trace.json (Chrome, Perfetto), or FORM=FILE (repeatable)",
    )
    group.add_argument(
        "--skip-unchanged",
        action="store_true",
        help="do not build what is built already, and still where it was put",
    )
    group.add_argument("--dry-run", action="store_true", help="print the commands, run nothing")
    group.add_argument(
        "--no-history",
        action="store_true",
        help="do not remember this build [STAGEBUILD_HISTORY=0]",
    )


def _add_display(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "-q", "--quiet", action="store_true", help="one reference (or image ID) a line, no more"
    )
    group.add_argument("--json", action="store_true", help="one JSON document, also on failure")
    group.add_argument(
        "--progress",
        choices=PROGRESS_MODES,
        default=environ.get("STAGEBUILD_PROGRESS") or "auto",
        help="how progress is shown on stderr [STAGEBUILD_PROGRESS]",
    )
    group.add_argument("-v", "--verbose", action="store_true", help="log what is done and why")
    group.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        default=environ.get("STAGEBUILD_LOG_FORMAT") or None,
        help="write structured logs to stderr [STAGEBUILD_LOG_FORMAT]",
    )


def add_file(group: argparse._ActionsContainer, environ: Mapping[str, str]) -> None:
    """Add the option that names the project."""
    group.add_argument(
        "-f",
        "--file",
        metavar="PATH",
        default=environ.get("STAGEBUILD_FILE") or None,
        help="stagebuild.toml, pyproject.toml, a Dockerfile, or a folder with one of them; "
        "the nearest upwards by default [STAGEBUILD_FILE]",
    )


def _repeatable(group: argparse._ActionsContainer, *names: str, metavar: str, text: str) -> None:
    """Add an option that may be given several times."""
    group.add_argument(
        *names, action="append", default=[], metavar=metavar, help=f"{text} (repeatable)"
    )


def _count(text: str) -> int:
    """Return the whole number that ``text`` is, 0 or more."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a number from 0 up (--retries, STAGEBUILD_RETRIES)'
        )
    return int(text)


def _report(text: str) -> str:
    """Return what ``--report`` was given, which has to say its form."""
    from stagebuild.report.formats import FORMATS, endings, form_of  # noqa: PLC0415 - if it is given

    if form_of(text) is None:
        raise argparse.ArgumentTypeError(
            f'"{text}" does not say which form is meant; a file may end in {endings()}, or be'
            f" FORM=FILE with one of the forms {', '.join(FORMATS)}"
        )
    return text


def _positive(text: str) -> int:
    """Return the whole number that ``text`` is, 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a number from 1 up (--jobs, STAGEBUILD_JOBS)'
        )
    return number
