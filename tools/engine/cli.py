"""Verbs: what is typed, turned into calls, and errors into words."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.engine import api, own_docker, places, processes, report, specs
from tools.engine.errors import EngineError
from tools.engine.fleet import Fleet, spec_of

CHECKOUT = Path(__file__).resolve().parents[2]
_INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    """Carry out one verb; return the exit code: 0 done, 1 not, 2 not understood, 130 stopped."""
    options = _parser().parse_args(words)
    fleet = Fleet(places=places.of_checkout(CHECKOUT), say=_teller(time.monotonic()))
    try:
        text = _VERBS[options.verb](options, fleet)
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("engine: stopped; what was fetched is kept", file=sys.stderr)
        return _INTERRUPTED
    if text:
        print(text)
    return 0


def _up(options: argparse.Namespace, fleet: Fleet) -> str:
    if options.if_needed:
        finding = own_docker.find(os.environ)
        if finding.docker:
            address = own_docker.start_registry(fleet.places.key, os.environ)
            fleet.say(f"the machine's own Docker is used: {finding.reason}")
            fleet.say(f"registry: {address}, in a container; `down` removes it")
            return ""
        fleet.say(f"a private engine is used: {finding.reason}")
    everyone = list(specs.ENGINES) if options.all else [specs.DEFAULT_ENGINE]
    fleet.up(options.names or everyone, emulate=options.emulation)
    return ""


def _down(options: argparse.Namespace, fleet: Fleet) -> str:
    fleet.down(options.names or list(specs.ENGINES))
    if not options.names and own_docker.end_registry(fleet.places.key, os.environ):
        fleet.say("the registry in the machine's own Docker: removed")
    return ""


def _status(options: argparse.Namespace, fleet: Fleet) -> str:
    running = fleet.running()
    versions = {
        name: api.version(Path(record.address.removeprefix("unix://")))
        for name, record in running.items()
        if name != specs.REGISTRY
    }
    value = report.status(fleet.places, running, versions=versions)
    return report.as_json(value) if options.json else report.status_text(value)


def _env(options: argparse.Namespace, fleet: Fleet) -> str:
    variables = _own_env(fleet) if options.if_needed else None
    if variables is None:
        variables = _private_env(fleet, options.name)
    return report.as_json(variables) if options.json else report.as_exports(variables)


def _own_env(fleet: Fleet) -> Mapping[str, str] | None:
    if own_docker.find(os.environ).docker is None:
        return None
    address = own_docker.registry_address(fleet.places.key, os.environ)
    if address is None:
        raise EngineError(
            "the machine's own Docker runs no registry of ours",
            remedy="`python3 tools/engine up --if-needed` starts it.",
        )
    return {"STAGEBUILD_ENGINE": "own", "STAGEBUILD_REGISTRY": address}


def _private_env(fleet: Fleet, name: str) -> Mapping[str, str]:
    spec, running = spec_of(name), fleet.running()
    if name not in running or specs.REGISTRY not in running:
        raise EngineError(
            f"engine {name} does not run", remedy=f"`python3 tools/engine up {name}` starts it."
        )
    return report.environment(
        fleet.places,
        spec,
        registry=running[specs.REGISTRY].address,
        path=os.environ.get("PATH", os.defpath),
    )


def _find(options: argparse.Namespace, _: Fleet) -> str:
    finding = own_docker.find(os.environ)
    value = report.finding(finding)
    return report.as_json(value) if options.json else report.finding_text(value)


def _logs(options: argparse.Namespace, fleet: Fleet) -> str:
    name = options.name if options.name == specs.REGISTRY else spec_of(options.name).name
    return processes.tail(fleet.places.logs / f"{name}.log", lines=options.lines)


def _clean(_: argparse.Namespace, fleet: Fleet) -> str:
    fleet.clean()
    return ""


_VERBS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "env": _env,
    "find": _find,
    "logs": _logs,
    "clean": _clean,
}


def _teller(began_s: float) -> "_Teller":
    return _Teller(began_s)


class _Teller:
    """Lines on stderr with the seconds since the beginning; stdout is the result alone."""

    def __init__(self, began_s: float) -> None:
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
    if_needed = "use the machine's own Docker where it is new enough"

    up = verbs.add_parser("up", help="start engines, the registry and the base images")
    up.add_argument("names", nargs="*", metavar="NAME", help=f"default: {specs.DEFAULT_ENGINE}")
    up.add_argument("--all", action="store_true", help="every engine")
    up.add_argument("--if-needed", action="store_true", help=if_needed)
    up.add_argument(
        "--emulation", action="store_true", help="let the whole machine run arm64 programs"
    )
    down = verbs.add_parser("down", help="end engines; images and downloads stay")
    down.add_argument("names", nargs="*", metavar="NAME", help="default: all, and the registry")
    down.add_argument("--all", action="store_true", help="the same as no NAME")
    status = verbs.add_parser("status", help="what runs")
    status.add_argument("--json", action="store_true")
    env = verbs.add_parser("env", help="shell exports that make docker use an engine")
    env.add_argument("name", nargs="?", default=specs.DEFAULT_ENGINE, metavar="NAME")
    env.add_argument("--json", action="store_true")
    env.add_argument("--if-needed", action="store_true", help=if_needed)
    find = verbs.add_parser("find", help="which Docker `up --if-needed` would use, and why")
    find.add_argument("--json", action="store_true")
    logs = verbs.add_parser("logs", help="the last lines of an engine's or the registry's log")
    logs.add_argument("name", nargs="?", default=specs.DEFAULT_ENGINE, metavar="NAME")
    logs.add_argument("--lines", type=int, default=100)
    verbs.add_parser("clean", help="end everything and remove everything that was made")
    return parser
