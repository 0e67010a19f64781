"""What BuildKit refuses, refused by us with a place and advice; and what it surprisingly takes."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.dockerfile import parse, resolve
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the frontend says, as opposed to an engine that is not there.
REFUSAL = re.compile("failed to build: failed to (solve|run Build function):")

# Text, line, what the message and its hint say together.
REFUSED: Mapping[str, tuple[str, int | None, str]] = {
    "empty": ("", None, "no stage"),
    "comments-only": ("# a\n\n# b\n", 3, "no stage"),
    "args-only": ("ARG A=1\n", 1, "no stage"),
    "misspelt": ("FORM alpine\n", 1, 'did you mean "FROM"?'),
    "misspelt-later": ("FROM alpine\n\nCOYP a b\n", 3, 'did you mean "COPY"?'),
    "before-from": ("RUN true\nFROM alpine\n", 1, "before the first FROM"),
    "lone-continuation": ("\\\n", 1, "unknown instruction"),
    "from-nothing": ("FROM\n", 1, "FROM takes"),
    "from-two": ("FROM alpine base\n", 1, "FROM takes"),
    "from-four": ("FROM alpine AS base now\n", 1, "FROM takes"),
    "from-digit-name": ("FROM alpine AS 1st\n", 1, "can't name a stage"),
    "from-symbol-name": ("FROM alpine AS a/b\n", 1, "can't name a stage"),
    "from-flag": ("FROM --platfrom=linux/amd64 alpine\n", 1, 'did you mean "platform"?'),
    "from-flag-twice": ("FROM --platform=a/b --platform=a/b alpine\n", 1, "given twice"),
    "from-flag-bare": ("FROM --platform alpine\n", 1, "no value"),
    "from-blank": ("FROM ${NOPE}\n", 1, "is empty"),
    "from-bad-platform": ("FROM --platform=linux/amd64/v1/x alpine\n", 1, "not a platform"),
    "from-unknown-platform": ("FROM --platform=amiga alpine\n", 1, "not a platform"),
    "from-blank-platform": ("FROM --platform=$NOPE alpine\n", 1, "is empty"),
    "from-upper-case-image": ("FROM Alpine\n", 1, "lower-case"),
    "from-upper-case-stage": ("FROM alpine AS Base\nFROM Base\n", 2, 'stage "base"'),
    "from-bad-reference": ("FROM alpine:\n", 1, "not a valid image reference"),
    "from-id": (f"FROM {'a' * 64}\n", 1, "not a valid image reference"),
    "from-demands": ("ARG A\nFROM ${A:?no-A}\n", 2, "no-A"),
    "name-no-reference": ("FROM alpine AS a-\n", 1, "not a valid image reference"),
    "directive-twice": ("# escape=`\n# escape=`\nFROM alpine\n", 2, "only one escape"),
    "directive-escape": ("# escape=x\nFROM alpine\n", 1, "invalid escape"),
    "escape-not-in-force": ("# escape=`\nFROM alpine\nRUN a \\\n  b\n", 4, "unknown instruction"),
    "env-nothing": ("FROM alpine\nENV\n", 2, "at least one argument"),
    "env-name-only": ("FROM alpine\nENV NAME\n", 2, "has no value"),
    "env-mixed": ("FROM alpine\nENV A=1 B\n", 2, 'no "="'),
    "env-no-name": ("FROM alpine\nENV =1\n", 2, "can't be empty"),
    "env-flag": ("FROM alpine\nENV --x A=1\n", 2, "unknown flag"),
    "env-open-quote": ("FROM alpine\nENV A='x\n", 2, "missing closing single quote"),
    "env-open-brace": ("FROM alpine\nENV A=${B\n", 2, 'missing "}"'),
    "env-empty-brace": ("FROM alpine\nENV A=${}\n", 2, "bad substitution"),
    "env-modifier": ("FROM alpine\nENV A=${B^^}\n", 2, "unsupported modifier"),
    "env-colon-modifier": ("FROM alpine\nENV A=${B:1}\n", 2, "unsupported modifier"),
    "env-demand-unset": ("FROM alpine\nENV A=${B:?}\n", 2, "not allowed to be unset"),
    "env-demand-empty": ('FROM alpine\nENV B=\nENV A="${B:?say B}"\n', 3, "say B"),
    "env-pattern": ("FROM alpine\nENV A=${B#\\q}\n", 2, "is not an escape"),
    "label-name-only": ("FROM alpine\nLABEL a\n", 2, "has no value"),
    "arg-nothing": ("FROM alpine\nARG\n", 2, "at least one argument"),
    "arg-no-name": ("FROM alpine\nARG =1\n", 2, "can't be empty"),
    "arg-bad-default": ("FROM alpine\nARG A=${B:?no}\n", 2, "B: no"),
    "arg-global-bad": ("ARG A=${B:?no}\nFROM alpine\n", 1, "B: no"),
    "copy-one": ("FROM alpine\nCOPY a\n", 2, "a source and a destination"),
    "copy-one-json": ('FROM alpine\nCOPY ["a"]\n', 2, "a source and a destination"),
    "copy-numbers": ("FROM alpine\nCOPY [1, 2]\n", 2, "strings only"),
    "copy-flag": ("FROM alpine\nCOPY --form=x a b\n", 2, 'did you mean "from"?'),
    "copy-switch": ("FROM alpine\nCOPY --link=maybe a b\n", 2, '"true" or "false"'),
    "copy-switch-empty": ("FROM alpine\nCOPY --link= a b\n", 2, "no value"),
    "copy-heredoc-destination": ("FROM alpine\nCOPY a <<E\nE\n", 2, "can't be a heredoc"),
    "copy-url": ("FROM alpine\nCOPY https://example.com/x /x\n", 2, "ADD fetches"),
    "copy-git": ("FROM alpine\nCOPY git@example.com:a/b.git /x\n", 2, "ADD fetches"),
    "copy-mode": ("FROM alpine\nCOPY --chmod=9999 a b\n", 2, "is no mode"),
    "copy-mode-large": ("FROM alpine\nCOPY --chmod=70000 a b\n", 2, "is no mode"),
    "copy-from-variable": ("FROM alpine\nCOPY --from=$X a b\n", 2, "can't hold a variable"),
    "copy-from-index": ("FROM alpine\nCOPY --from=7 a b\n", 2, "no stage 7"),
    "copy-from-negative": ("FROM alpine\nCOPY --from=-1 a b\n", 2, "no stage -1"),
    "copy-from-self": ("FROM alpine AS a\nCOPY --from=a a b\n", 2, "in a circle: a -> a"),
    "copy-from-own-index": ("FROM alpine\nCOPY --from=0 a b\n", 2, "in a circle"),
    "copy-circle": (
        "FROM alpine AS a\nCOPY --from=b a b\nFROM alpine AS b\nCOPY --from=a a b\n",
        2,
        "in a circle: a -> b -> a",
    ),
    "copy-from-later": (
        "FROM alpine AS a\nCOPY --from=b x x\nFROM alpine AS b\nFROM a\n",
        2,
        "not defined before it is used",
    ),
    "copy-from-later-index": (
        "FROM alpine AS a\nCOPY --from=1 x x\nFROM alpine AS b\nFROM a\n",
        2,
        "move the stage in line 3 up",
    ),
    "copy-from-no-image": ("FROM alpine\nCOPY --from=No/Where a b\n", 2, "not a valid image"),
    "add-from": ("FROM alpine\nADD --from=x a b\n", 2, "unknown flag"),
    "add-checksum-local": ("FROM alpine\nADD --checksum=sha256:a a b\n", 2, "URL or a Git"),
    "add-checksum-many": (
        "FROM alpine\nADD --checksum=sha256:a https://a.example/x https://a.example/y /\n",
        2,
        "exactly one source",
    ),
    "heredoc-open": ("FROM alpine\nRUN <<EOF\necho\n", 2, 'heredoc "EOF" does not end'),
    "heredoc-indented-end": ("FROM alpine\nRUN <<EOF\n  EOF\n", 2, "does not end"),
    "heredoc-name-in-two-words": ("FROM alpine\nCOPY <<'a b' /x\na b\n", 2, "closing single quote"),
    "run-numbers": ("FROM alpine\nRUN [1]\n", 2, "strings only"),
    "run-flag": ("FROM alpine\nRUN --mout=type=ssh true\n", 2, 'did you mean "mount"?'),
    "run-network": ("FROM alpine\nRUN --network=hots true\n", 2, 'did you mean "host"?'),
    "mount-empty": ("FROM alpine\nRUN --mount= true\n", 2, "--mount is empty"),
    "mount-type": ("FROM alpine\nRUN --mount=type=cash,target=/c true\n", 2, '"cache"'),
    "mount-key": ("FROM alpine\nRUN --mount=type=cache,tagret=/c true\n", 2, '"target"'),
    "mount-no-value": ("FROM alpine\nRUN --mount=type=cache,target true\n", 2, "key=value"),
    "mount-variable-from": ("FROM alpine\nRUN --mount=from=$X,target=/x true\n", 2, "a variable"),
    "mount-from-later": (
        "FROM alpine AS a\nRUN --mount=from=b,target=/b true\nFROM alpine AS b\nFROM a\n",
        2,
        "not defined before",
    ),
    "mount-from-self": ("FROM alpine AS a\nRUN --mount=from=a,target=/x true\n", 2, "in a circle"),
    "mount-root": ("FROM alpine\nRUN --mount=type=cache,target=/ true\n", 2, 'the target "/"'),
    "mount-boolean": ("FROM alpine\nRUN --mount=target=/x,ro=maybe true\n", 2, "for ro"),
    "mount-sharing": (
        "FROM alpine\nRUN --mount=type=cache,target=/c,sharing=x true\n",
        2,
        "sharing",
    ),
    "mount-sharing-bind": ("FROM alpine\nRUN --mount=target=/c,sharing=shared true\n", 2, "bind"),
    "mount-size-cache": ("FROM alpine\nRUN --mount=type=cache,target=/c,size=1 true\n", 2, "tmpfs"),
    "mount-size": ("FROM alpine\nRUN --mount=type=tmpfs,target=/c,size=big true\n", 2, "size"),
    "mount-mode": ("FROM alpine\nRUN --mount=type=cache,target=/c,mode=8 true\n", 2, "octal"),
    "mount-uid-bind": ("FROM alpine\nRUN --mount=target=/c,uid=1 true\n", 2, "not allowed"),
    "mount-uid": ("FROM alpine\nRUN --mount=type=cache,target=/c,uid=me true\n", 2, "uid"),
    "mount-required-cache": (
        "FROM alpine\nRUN --mount=type=cache,target=/c,required true\n",
        2,
        "",
    ),
    "mount-required-early": ("FROM alpine\nRUN --mount=required,type=ssh true\n", 2, "before it"),
    "mount-secret-nothing": ("FROM alpine\nRUN --mount=type=secret true\n", 2, "needs an id"),
    "mount-secret-both": ("FROM alpine\nRUN --mount=type=secret,id=a,source=b true\n", 2, "both"),
    "mount-secret-from": ("FROM alpine\nRUN --mount=type=secret,id=a,from=b true\n", 2, "from is"),
    "mount-ssh-source": ("FROM alpine\nRUN --mount=type=ssh,source=b true\n", 2, "source is"),
    "mount-quotes": ("FROM alpine\nRUN --mount=type=cache,target='\"/c' true\n", 2, "quote"),
    "workdir-nothing": ("FROM alpine\nWORKDIR\n", 2, "needs an argument"),
    "user-nothing": ("FROM alpine\nUSER\n", 2, "needs an argument"),
    "maintainer-nothing": ("FROM alpine\nMAINTAINER\n", 2, "needs an argument"),
    "stopsignal-nothing": ("FROM alpine\nSTOPSIGNAL\n", 2, "needs an argument"),
    "stopsignal-unknown": ("FROM alpine\nSTOPSIGNAL SIGTREM\n", 2, 'did you mean "SIGTERM"?'),
    "stopsignal-zero": ("FROM alpine\nSTOPSIGNAL 0\n", 2, "is no signal"),
    "expose-nothing": ("FROM alpine\nEXPOSE\n", 2, "at least one argument"),
    "expose-word": ("FROM alpine\nEXPOSE http\n", 2, "is no port"),
    "expose-protocol": ("FROM alpine\nEXPOSE 80/icmp\n", 2, "is no protocol"),
    "expose-large": ("FROM alpine\nEXPOSE 70000\n", 2, "is no port"),
    "expose-range": ("FROM alpine\nEXPOSE 9-8\n", 2, "upside down"),
    "volume-nothing": ("FROM alpine\nVOLUME\n", 2, "at least one argument"),
    "volume-empty": ('FROM alpine\nVOLUME [""]\n', 2, "can't be empty"),
    "volume-expands-to-nothing": ("FROM alpine\nVOLUME $NOPE\n", 2, "can't be empty"),
    "shell-words": ("FROM alpine\nSHELL /bin/bash -c\n", 2, "JSON array"),
    "shell-empty": ("FROM alpine\nSHELL []\n", 2, "at least one argument"),
    "healthcheck-nothing": ("FROM alpine\nHEALTHCHECK\n", 2, "at least one argument"),
    "healthcheck-type": ("FROM alpine\nHEALTHCHECK curl\n", 2, "use CMD or NONE"),
    "healthcheck-no-command": ("FROM alpine\nHEALTHCHECK CMD\n", 2, "no command"),
    "healthcheck-none-more": ("FROM alpine\nHEALTHCHECK NONE x\n", 2, "no arguments"),
    "healthcheck-interval": ("FROM alpine\nHEALTHCHECK --interval=5 CMD x\n", 2, "no duration"),
    "healthcheck-short": ("FROM alpine\nHEALTHCHECK --timeout=1us CMD x\n", 2, "less than 1ms"),
    "healthcheck-negative": ("FROM alpine\nHEALTHCHECK --timeout=-1s CMD x\n", 2, "less than"),
    "healthcheck-retries": ("FROM alpine\nHEALTHCHECK --retries=-1 CMD x\n", 2, "--retries"),
    "healthcheck-retries-word": ("FROM alpine\nHEALTHCHECK --retries=x CMD x\n", 2, "--retries"),
    "onbuild-nothing": ("FROM alpine\nONBUILD\n", 2, "needs an instruction"),
    "onbuild-onbuild": ("FROM alpine\nONBUILD ONBUILD RUN x\n", 2, "can't be triggered"),
    "onbuild-from": ("FROM alpine\nONBUILD FROM x\n", 2, "can't be triggered"),
    "onbuild-env": ("FROM alpine\nONBUILD ENV A\n", 2, "has no value"),
    "onbuild-triggered": ("FROM alpine AS a\nONBUILD FROB\nFROM a\n", 3, "unknown instruction"),
    "onbuild-triggered-copy": ("FROM alpine AS a\nONBUILD COPY x\nFROM a\n", 3, "a destination"),
    "long-line": (f"FROM alpine\nRUN {'x' * 65_532}\n", 2, "longer than 65535"),
    "other-frontend": ("// syntax=acme/front\n{}\n", 1, "acme/front"),
}

ACCEPTED: Mapping[str, str] = {
    "run-nothing": "FROM alpine\nRUN\n",
    "cmd-nothing": "FROM alpine\nCMD\n",
    "stopsignal-flag-ignored": "FROM alpine\nSTOPSIGNAL --x 9\n",
    "arg-flag-ignored": "FROM alpine\nARG --x A=1\n",
    "healthcheck-none-flag-ignored": "FROM alpine\nHEALTHCHECK --x NONE\n",
    "onbuild-nonsense-untriggered": "FROM alpine\nONBUILD FROB\nONBUILD COPY x\n",
    "flags-end": "FROM alpine\nCOPY -- a b\n",
    "forward-unreachable": "FROM alpine AS a\nCOPY --from=b x x\nFROM alpine AS b\n",
    "bad-word-unreachable": "FROM alpine AS a\nENV A=${B:?no}\nFROM alpine AS b\n",
    "from-scratch-platform": "FROM --platform=windows/amd64 scratch\n",
    "longest-line": f"FROM alpine\nRUN {'x' * 65_531}\n",
    "heredoc-name-quoted": "FROM alpine\nRUN <<'a b'\na b\n",
}


def problem(text: str) -> DockerfileError | None:
    try:
        resolve(parse(text, path="app/Dockerfile")).check()
    except DockerfileError as error:
        return error
    return None


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_place_the_reason_and_a_way_out(name: str) -> None:
    text, line, says = REFUSED[name]
    error = problem(text)

    assert error is not None
    assert (error.path, error.line) == ("app/Dockerfile", line)
    assert says in str(error)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_buildkit_accepts_is_accepted(name: str) -> None:
    assert problem(ACCEPTED[name]) is None


def test_a_stage_may_copy_from_itself_through_onbuild() -> None:
    # BuildKit takes what the stage is at that point. Never ask an engine for the outline of this:
    # BuildKit 0.25 recurses without end, and takes dockerd down.
    text = "FROM alpine AS a\nONBUILD COPY --from=b /x /y\nFROM a AS b\n"

    assert problem(text) is None


@pytest.mark.engine
def test_the_engine_refuses_and_accepts_the_same(engine: Any) -> None:
    def answer(name: str, text: str) -> tuple[str, bool, str]:
        argv = ["docker", "buildx", "build", "--call", "outline,format=json"]
        argv += ["--build-context", "alpine=docker-image://scratch"]
        done = subprocess.run(
            [*argv, "-"],
            input=text.encode(),
            env=dict(engine.env),
            capture_output=True,
            check=False,
        )
        message = done.stderr.decode()
        assert done.returncode == 0 or REFUSAL.search(message), message
        return name, done.returncode == 0, message

    def asked(entry: tuple[str, str]) -> tuple[str, bool, str]:
        return answer(*entry)

    refused = {name: text for name, (text, _, _) in REFUSED.items()}
    with ThreadPoolExecutor(4) as executor:
        wrongly_accepted = {
            n for n, accepted, _ in executor.map(asked, refused.items()) if accepted
        }
        wrongly_refused = {
            name: message
            for name, accepted, message in executor.map(asked, ACCEPTED.items())
            if not accepted
        }

    assert wrongly_accepted == set()
    assert wrongly_refused == {}
