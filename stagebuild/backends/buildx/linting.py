"""
BuildKit's own checks of a Dockerfile, asked for with ``docker buildx build --call check``.

Source: docker/buildx commands/build.go (--call, since v0.15) and moby/buildkit
frontend/subrequests/lint/lint.go (LintResults). buildx exits with 1 when there are warnings, and
writes the same document.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from stagebuild.backends.buildx.argv import BACKEND
from stagebuild.backends.buildx.buildargs import build_arg_options
from stagebuild.backends.buildx.gitauth import without_git_passwords
from stagebuild.backends.buildx.versions import Version
from stagebuild.errors import BackendError, EngineUnavailable, ProtocolError, UnsupportedFeature
from stagebuild.secrecy import redacted, secret_values
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.backends.buildx.gitauth import GitAuth
    from stagebuild.planning.spec import BuildSpec

LEAST_VERSION = Version(0, 15, 0)
_WAIT_S = 120.0


@frozen
class LintWarning:
    """
    What BuildKit says of one place.

    Attributes:
        rule: As ``StageNameCasing``; "" for what it refuses to build.
        message: In its own words.
        url: Where it explains the rule, or "".
        line: 1-based first line, or None.
        end_line: The last line, or None.
    """

    rule: str
    message: str
    url: str
    line: int | None
    end_line: int | None


def lint(
    spec: BuildSpec, *, command: Sequence[str], environ: Mapping[str, str]
) -> tuple[LintWarning, ...]:
    """
    Return BuildKit's warnings about the stages that a build needs, in its order.

    Args:
        spec: The build; of it what decides how the Dockerfile is read.
        command: What runs buildx.
        environ: The environment in which it runs.

    Raises:
        BackendError: There is no buildx, or it can't do this; no engine answers; or the answer
            can't be read.
    """
    build_args, added = build_arg_options(spec.build_args, environ, backend=BACKEND)
    git = without_git_passwords(spec)
    argv = [*command, "build", "--call", "check,format=json", *_options(git), *build_args]
    try:
        done = subprocess.run(
            [*argv, git.spec.context],
            env={**environ, **added, **git.added},
            cwd=spec.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_WAIT_S,
        )
    except OSError as error:
        raise EngineUnavailable(
            f"{command[0]} can't be started: {error.strerror}",
            backend=BACKEND,
            hint="install docker-buildx, or check with --offline",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise BackendError(f"no answer within {_WAIT_S:.0f} s", backend=BACKEND) from error
    if done.stdout.strip():
        return read_lint(done.stdout)
    said = done.stderr.decode(errors="replace")
    if "unknown flag: --call" in said:
        raise UnsupportedFeature(
            "BuildKit's checks", backend=BACKEND, remedy=f"they need buildx {LEAST_VERSION}"
        )
    last = said.strip().rpartition("\n")[2].removeprefix("ERROR: ")
    raise BackendError(
        redacted(last or f"exit code {done.returncode}", secret_values(spec, environ)),
        backend=BACKEND,
    )


def read_lint(document: bytes) -> tuple[LintWarning, ...]:
    """
    Return the warnings in the document that buildx prints.

    Raises:
        ProtocolError: It is no such document.
    """
    try:
        answer: Any = json.loads(document)
        return tuple(_warnings(answer))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ProtocolError("the answer of --call check can't be read", backend=BACKEND) from error


def _warnings(answer: Mapping[str, Any]) -> Iterator[LintWarning]:
    for each in answer["warnings"] or ():
        line, end_line = _lines(each.get("location"))
        yield LintWarning(
            rule=each["ruleName"],
            message=each.get("detail") or each["description"],
            url=each.get("url") or "",
            line=line,
            end_line=end_line,
        )
    refused = answer.get("buildError")
    if refused:
        line, end_line = _lines(refused.get("location"))
        yield LintWarning(rule="", message=refused["message"], url="", line=line, end_line=end_line)


def _lines(location: Mapping[str, Any] | None) -> tuple[int | None, int | None]:
    ranges = (location or {}).get("ranges") or ()
    if not ranges:
        return None, None
    start = int(ranges[0]["start"]["line"])
    return start, int(ranges[-1]["end"]["line"]) or start


def _options(git: GitAuth) -> Iterator[str]:
    spec = git.spec
    yield from ("--file", spec.dockerfile)
    if spec.builder is not None:
        yield from ("--builder", spec.builder)
    if spec.target is not None:
        yield from ("--target", spec.target)
    if spec.platforms:
        yield from ("--platform", str(spec.platforms[0]))
    for name, at in spec.contexts.items():
        yield from ("--build-context", f"{name}={at}")
    for secret, variable in git.variables.items():
        yield from ("--secret", f"id={secret},env={variable}")
