"""The engine and the programs that we measure against, set up by tools/engine."""

from __future__ import annotations

import compileall
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import stagebuild
from benchmarks.measuring import python_version

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGINE = os.environ.get(
    "STAGEBUILD_ENGINE_TOOL", str(Path(__file__).parent.parent / "tools" / "engine")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """
    What both sides run on.

    Attributes:
        env: Process environment in which ``docker`` and ``docker buildx`` talk to the engine.
        versions: Version by program: engine, buildx, python, stagebuild.
    """

    env: Mapping[str, str]
    versions: Mapping[str, str]


def peers(engine: str = "28.5") -> Peers:
    """Start the engine called ``engine`` when it does not run, and return what to measure with."""
    subprocess.run([sys.executable, _ENGINE, "up", engine], check=True, stdout=sys.stderr)
    # As pip leaves an installed package. A checkout is compiled anew at every start where Python
    # may not write beside the sources.
    compileall.compile_dir(Path(stagebuild.__file__).parent, quiet=1)
    env = {
        **os.environ,
        **json.loads(_output([sys.executable, _ENGINE, "env", engine, "--json"])),
    }
    buildx = _output(["docker", "buildx", "version"], env)
    return Peers(
        env=env,
        versions={
            "engine": _output(
                ["docker", "version", "--format", "{{.Server.Version}}"], env
            ).strip(),
            "buildx": _version_in(buildx),
            "python": python_version(),
            "stagebuild": _output([sys.executable, "-m", "stagebuild", "--version"]).split()[-1],
        },
    )


def _output(argv: list[str], env: Mapping[str, str] | None = None) -> str:
    return subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout


def _version_in(text: str) -> str:
    found = re.search(r"\d+\.\d+\.\d+", text)
    return found[0] if found else text.strip()
