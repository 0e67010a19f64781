"""
How buildx's end is told: the texts are real ones.

From docker 28.2 without buildx, 20.10 and 28.5 from Debian, buildx 0.13.1 and 0.29.1, August 2026.
"""

from __future__ import annotations

import pytest

from stagebuild.backends.base import Feature, SolveFailed
from stagebuild.backends.buildx.diagnosis import failure_of, last_words
from stagebuild.backends.buildx.process import Exit
from stagebuild.errors import EngineUnavailable, UnsupportedFeature

NOT_FOR_THE_DRIVER = (
    "Switch to a different driver, or turn on the containerd image store, and try again.\n"
    "Learn more at https://docs.docker.com/go/attestations/"
)


def failed(
    text: str,
    *,
    code: int = 1,
    reason: str | None = None,
    version: str | None = "0.29.1",
) -> SolveFailed | Exception:
    return failure_of(
        Exit(code=code), text.splitlines(), cancel_reason=reason, version=lambda: version
    )


@pytest.mark.parametrize(
    ("code", "text", "version", "message", "hint"),
    [
        (
            125,
            "unknown flag: --progress\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n",
            None,
            "the docker command has no buildx",
            "docker-buildx-plugin",
        ),
        (
            1,
            "docker: unknown command: docker buildx\n\nRun 'docker --help' for more information",
            None,
            "the docker command has no buildx",
            "docker-buildx-plugin",
        ),
        (
            1,
            "docker: 'buildx' is not a docker command.\nSee 'docker --help'",
            None,
            "the docker command has no buildx",
            "docker-buildx-plugin",
        ),
        (
            1,
            "ERROR: invalid progress mode rawjson",
            "0.12.1",
            "buildx 0.12.1 is too old: 0.13.0 is the oldest that works",
            "docker-buildx-plugin",
        ),
        (
            1,
            (
                "ERROR: Cannot connect to the Docker daemon at unix:///x.sock. "
                "Is the docker daemon running?"
            ),
            "0.29.1",
            "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?",
            "systemctl start docker",
        ),
        (
            1,
            (
                "ERROR: permission denied while trying to connect to the Docker daemon socket at "
                'unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.51/info": '
                "dial unix /var/run/docker.sock: connect: permission denied"
            ),
            "0.29.1",
            "the Docker engine may not be used by this user",
            "usermod -aG docker",
        ),
        (
            1,
            'ERROR: no builder "farm" found',
            "0.29.1",
            'there is no builder "farm"',
            "docker buildx create --name farm",
        ),
    ],
)
def test_no_engine_builder_or_buildx_says_what_to_do(
    code: int, text: str, version: str | None, message: str, hint: str
) -> None:
    error = failed(text, code=code, version=version)

    assert isinstance(error, EngineUnavailable)
    assert error.message == message
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("said", "feature"),
    [
        ("Attestation is not supported for the docker driver.", Feature.ATTESTATIONS),
        ("Cache export is not supported for the docker driver.", Feature.CACHE_EXPORT),
        ("Multi-platform build is not supported for the docker driver.", Feature.MULTI_PLATFORM),
        ("OCI exporter is not supported for the docker driver.", Feature.OCI_OUTPUT),
        ("Docker exporter is not supported for the docker driver.", Feature.DOCKER_OUTPUT),
        (
            (
                "multiple outputs currently unsupported by the current BuildKit daemon, please "
                "upgrade to version v0.13+ or use a single output"
            ),
            Feature.MULTIPLE_OUTPUTS,
        ),
        ("Time travel is not supported for the docker driver.", "Time travel"),
    ],
)
def test_what_the_driver_lacks_is_an_unsupported_feature(said: str, feature: str) -> None:
    error = failed(f"ERROR: failed to build: {said}\n{NOT_FOR_THE_DRIVER}")

    assert isinstance(error, UnsupportedFeature)
    assert error.feature == feature
    assert error.remedy


def test_a_failing_step_is_told_in_buildxs_words_without_the_excerpt() -> None:
    error = failed(
        "Dockerfile:2\n--------------------\n   2 | >>> RUN exit 3\n--------------------\n"
        'ERROR: failed to build: failed to solve: process "/bin/sh -c exit 3" did not complete '
        "successfully: exit code: 3\n\n"
        "View build details: docker-desktop://dashboard/build/default/default/xyz"
    )

    assert isinstance(error, SolveFailed)
    assert error.message == (
        'failed to build: failed to solve: process "/bin/sh -c exit 3" did not complete '
        "successfully: exit code: 3"
    )
    assert (error.exit_code, error.canceled) == (1, False)


def test_an_error_of_a_step_that_says_unknown_flag_is_no_old_buildx() -> None:
    error = failed("ERROR: failed to solve: unknown flag: --parents")

    assert isinstance(error, SolveFailed)


def test_no_space_left_says_how_to_free_some() -> None:
    error = failed("ERROR: failed to solve: write /x: no space left on device", code=102)

    assert isinstance(error, SolveFailed)
    assert "no space left on device" in error.message
    assert "docker builder prune" in error.message


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (130, "ERROR: failed to build: failed to solve: Canceled: context canceled"),
        (1, "ERROR: failed to solve: Canceled: context canceled"),
    ],
)
def test_a_build_that_somebody_else_ended_is_canceled(code: int, text: str) -> None:
    error = failed(text, code=code)

    assert isinstance(error, SolveFailed)
    assert error.canceled


def test_a_cancellation_is_told_by_its_reason() -> None:
    error = failed("ERROR: anything", code=130, reason="lint failed")

    assert isinstance(error, SolveFailed)
    assert (error.message, error.canceled) == ("lint failed", True)


def test_one_that_was_killed_says_by_what() -> None:
    error = failed("", code=-9)

    assert isinstance(error, SolveFailed)
    assert error.message == "buildx was killed by SIGKILL (out of memory, perhaps)"


def test_an_engine_that_went_away_is_told_with_buildxs_words() -> None:
    error = failed(
        "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from "
        "server: EOF"
    )

    assert isinstance(error, SolveFailed)
    assert error.message.startswith("the engine went away during the build: failed to receive")


def test_silence_is_told_by_the_exit_code() -> None:
    error = failed("", code=7)

    assert isinstance(error, SolveFailed)
    assert error.message == "buildx ended with exit code 7 and said nothing"


def test_the_last_words_are_the_last_error_with_the_lines_after_it() -> None:
    assert last_words(["ERROR: first", "x", "ERROR: second", "more"]) == "second\nmore"
    assert last_words(["no prefix"]) == "no prefix"
    assert last_words([]) == ""
