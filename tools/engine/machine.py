"""What the machine trusts and how it reaches its package registries, for the images' inside."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.engine import debian

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian keeps all trusted certificates in one file, on the machine and in the images."""

_PIP_KEYS = ("index-url", "extra-index-url", "find-links", "trusted-host", "default-timeout")
_REMOTE = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """
    What a base image takes over from the machine.

    Attributes:
        ca_bundle: certificates in PEM; empty if the machine has no bundle.
        pip_conf: the text of /etc/pip.conf.
        npmrc: the text of npm's global configuration.
        apt_sources: the text of /etc/apt/sources.list.d/debian.sources.
        apt_conf: apt's options for reaching the mirror.
    """

    ca_bundle: bytes
    pip_conf: str
    npmrc: str
    apt_sources: str
    apt_conf: str


def look(sources: Sequence[tuple[str, str]]) -> Machine:
    """
    Return what this machine has; programs that it lacks count as not configured.

    Args:
        sources: (mirror, release) of the images' package sources.
    """
    bundle = Path(os.environ.get("SSL_CERT_FILE", CA_BUNDLE))
    if not bundle.is_file():
        bundle = Path(CA_BUNDLE)
    questions = (
        [sys.executable, "-m", "pip", "config", "list"],
        ["npm", "config", "get", "registry"],
        ["apt-config", "dump"],
    )
    with ThreadPoolExecutor() as pool:
        pip, npm, apt = pool.map(_output, questions)
    return Machine(
        ca_bundle=bundle.read_bytes() if bundle.is_file() else b"",
        pip_conf=pip_conf(pip),
        npmrc=npmrc({"registry": npm}),
        apt_sources=apt_sources(sources),
        apt_conf=apt_conf(apt),
    )


def pip_conf(listed: str) -> str:
    """
    Return a pip.conf for the images from what `pip config list` says on the machine.

    Locations on the machine's disk are left out, since a build cannot see them; so are client
    certificates and constraints. Environment variables win, as they do in pip.
    """
    kept: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, quoted = line.partition("=")
        key = name.rpartition(".")[2]
        if key not in _PIP_KEYS:
            continue
        words = str(ast.literal_eval(quoted)).split()
        if key in {"index-url", "extra-index-url", "find-links"}:
            words = [word for word in words if _REMOTE.match(word)]
        if words:
            kept[key] = "\n    ".join(words)
    lines = [f"{key} = {text}" for key, text in sorted(kept.items())]
    return "\n".join(["[global]", f"cert = {CA_BUNDLE}", *lines, ""])


def npmrc(settings: Mapping[str, str]) -> str:
    """Return npm's global configuration for the images; `undefined` and empty are left out."""
    lines = [
        f"{key}={value.strip()}"
        for key, value in sorted(settings.items())
        if value.strip() not in {"", "undefined", "null"}
    ]
    return "\n".join([f"cafile={CA_BUNDLE}", *lines, "update-notifier=false", ""])


def apt_sources(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a deb822 list of sources, one paragraph for each (mirror, release)."""
    paragraphs = [
        f"Types: deb\nURIs: {mirror}\nSuites: {release}\nComponents: main\n"
        f"Signed-By: {debian.KEYRING}\n"
        for mirror, release in dict.fromkeys(pairs)
    ]
    return "\n".join(paragraphs)


def apt_conf(dumped: str) -> str:
    """Return those lines of `apt-config dump` that say how to reach a mirror and trust its date."""
    wanted = re.compile(r"^Acquire::(https?::(Proxy|Timeout)|Check-(Valid-Until|Date)|Retries)\b")
    return "\n".join([*(line for line in dumped.splitlines() if wanted.match(line)), ""])


def _output(argv: Sequence[str]) -> str:
    """Return what a program prints; empty if it is missing or fails."""
    if shutil.which(argv[0]) is None:
        return ""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
    return "" if done.returncode else done.stdout
