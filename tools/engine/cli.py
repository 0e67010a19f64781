"""Verbs: what is typed, turned into calls, and errors into words."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools.engine import places, processes, report, specs
from tools.engine.errors import EngineError
from tools.engine.fleet import Fleet, spec_of

CHECKOUT = Path(__file__).resolve().parents[2]


def main(words: Sequence[str]) -> int:
    """Carry out one verb; return the exit code: 0 done, 1 not, 2 not understood."""
    options = _parser().parse_args(words)
    try:
        return _carry_out(options, Fleet(places=places.of_checkout(CHECKOUT), say=_say()))
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1


def _carry_out(options: argparse.Namespace, fleet: Fleet) -> int:
    match options.verb:
        case "up":
            everyone = list(specs.ENGINES) if options.all else [specs.DEFAULT_ENGINE]
            fleet.up(options.names or everyone)
        case "down":
            fleet.down(options.names or list(specs.ENGINES))
        case "status":
            running = fleet.running()
            text = report.as_json(report.status(fleet.places, running))
            print(text if options.json else report.status_text(fleet.places, running))
        case "env":
            print(_env(fleet, options.name, as_json=options.json))
        case "logs":
            name = options.name if options.name == specs.REGISTRY else spec_of(options.name).name
            print(processes.tail(fleet.places.logs / f"{name}.log", lines=options.lines))
        case "clean":
            fleet.clean()
    return 0


def _env(fleet: Fleet, name: str, *, as_json: bool) -> str:
    spec, running = spec_of(name), fleet.running()
    if name not in running or specs.REGISTRY not in running:
        raise EngineError(
            f"engine {name} does not run", remedy=f"`python3 tools/engine up {name}` starts it."
        )
    variables = report.environment(
        fleet.places,
        spec,
        registry=running[specs.REGISTRY],
        path=os.environ.get("PATH", os.defpath),
    )
    return report.as_json(variables) if as_json else report.as_exports(variables)


def _say() -> "_Teller":
    return _Teller(began_s=time.monotonic())


class _Teller:
    """Lines on stderr with the seconds since the beginning, so that stdout is the result alone."""

    def __init__(self, *, began_s: float) -> None:
        self._began_s = began_s

    def __call__(self, line: str) -> None:
        print(f"[{time.monotonic() - self._began_s:5.1f} s] {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 tools/engine",
        description="Private, real Docker engines from Debian's packages.",
        epilog=f"Engines: {', '.join(specs.ENGINES)}. See docs/how-to/run-a-real-engine.md.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="start engines, the registry and the base images")
    up.add_argument("names", nargs="*", metavar="NAME", help=f"default: {specs.DEFAULT_ENGINE}")
    up.add_argument("--all", action="store_true", help="every engine")
    down = verbs.add_parser("down", help="end engines; images and downloads stay")
    down.add_argument("names", nargs="*", metavar="NAME", help="default: all, and the registry")
    status = verbs.add_parser("status", help="what runs")
    status.add_argument("--json", action="store_true")
    env = verbs.add_parser("env", help="shell exports that make docker use an engine")
    env.add_argument("name", nargs="?", default=specs.DEFAULT_ENGINE, metavar="NAME")
    env.add_argument("--json", action="store_true")
    logs = verbs.add_parser("logs", help="the last lines of an engine's or the registry's log")
    logs.add_argument("name", nargs="?", default=specs.DEFAULT_ENGINE, metavar="NAME")
    logs.add_argument("--lines", type=int, default=100)
    verbs.add_parser("clean", help="end everything and remove everything that was made")
    return parser
