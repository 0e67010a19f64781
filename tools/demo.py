"""
``make demo``: the main job, from nothing to an answer over HTTP.

Finds the machine's Docker or sets up a private one, builds and pushes ``prod`` of examples/webapp,
checks that the registry answers the digest that was printed, runs the image and asks it for a page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
WEBAPP = ROOT / "examples" / "webapp"
ENGINE = [sys.executable, str(ROOT / "tools" / "engine")]

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_START_S = 30.0


class DemoError(Exception):
    """The demo can't go on; the message is what to tell."""


def main() -> int:
    """Run the demo and return its exit code."""
    try:
        demonstrate()
    except subprocess.CalledProcessError as error:
        print(f"demo: {' '.join(error.cmd)} ended with {error.returncode}", file=sys.stderr)
        return 1
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def demonstrate() -> None:
    """
    Do what the module says.

    Raises:
        DemoError: Something answered other than it must.
        CalledProcessError: A program failed; it has said why.
    """
    say("finding an engine")
    env = engine_environment()
    say("python -m stagebuild prod --push")
    reference = build(env)
    say("asking the registry")
    answered = registry_digest(env["REGISTRY"])
    print(f"Docker-Content-Digest: {answered}")
    if answered != reference.partition("@")[2]:
        raise DemoError(f"the registry's digest is not that of {reference}")
    say(f"docker run {reference}")
    print(page_of(reference, env))
    say(reference)


def say(text: str) -> None:
    """Head a part of the demo."""
    print(f"\n── {text}", flush=True)


def engine_environment() -> dict[str, str]:
    """Return the process environment that leads to an engine, which runs when this returns."""
    subprocess.run([*ENGINE, "up", "--if-needed"], check=True)
    shown = output([*ENGINE, "env", "--if-needed", "--json"], os.environ)
    exports: dict[str, str] = json.loads(shown)
    return {**os.environ, **exports, "REGISTRY": exports["STAGEBUILD_REGISTRY"]}


def build(env: Mapping[str, str]) -> str:
    """Build and push ``prod`` of the example; return its reference."""
    done = subprocess.run(
        [sys.executable, "-m", "stagebuild", "prod", "--push"],
        cwd=WEBAPP,
        env=dict(env),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def registry_digest(registry: str) -> str:
    """Return what the registry answers for the tag ``prod``, as ``curl -sI`` would show it."""
    request = urllib.request.Request(
        f"http://{registry}/v2/shortlinks/manifests/prod",
        method="HEAD",
        headers={"Accept": _MANIFESTS},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def page_of(reference: str, env: Mapping[str, str]) -> str:
    """Run the image, return the first lines of its front page, and remove the container."""
    container = output(
        ["docker", "run", "--detach", "--publish", "127.0.0.1::8000", reference], env
    ).strip()
    try:
        port = output(["docker", "port", container, "8000"], env).strip().rpartition(":")[2]
        url = f"http://127.0.0.1:{port}/"
        status, lines = answer_of(url)
    except DemoError as error:
        logs = output(["docker", "logs", container], env)
        raise DemoError(f"{error}\n{logs}") from error
    finally:
        output(["docker", "rm", "--force", container], env)
    return f"GET {url} -> {status}\n" + "\n".join(f"  {line}" for line in lines)


def answer_of(url: str) -> tuple[int, list[str]]:
    """
    Return status and first lines of a page, once somebody answers.

    Raises:
        DemoError: Nobody did for half a minute.
    """
    for _ in moments(_START_S):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode().splitlines()[:8]
        except (urllib.error.URLError, ConnectionError):
            continue
    raise DemoError(f"{url} did not answer within {_START_S:.0f} s")


def moments(for_s: float) -> Iterator[None]:
    """Yield now and then until ``for_s`` seconds have passed."""
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        yield
        time.sleep(0.1)


def output(argv: list[str], env: Mapping[str, str]) -> str:
    """Return what a program prints; its complaints go to ours."""
    done = subprocess.run(argv, env=dict(env), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
