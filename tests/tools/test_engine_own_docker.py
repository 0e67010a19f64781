"""A usable Docker of the machine is used; one that is too old, or ours, is not."""

import json

import pytest

from tools.engine import own_docker, report
from tools.engine.own_docker import OwnDocker, judge

BUILDX = "github.com/docker/buildx v0.24.0 d0e5e86"


def said(version: str) -> str:
    return json.dumps({"Client": {"Version": "28.2.2"}, "Server": {"Version": version}})


def test_a_new_engine_with_a_new_buildx_is_used() -> None:
    assert judge(said("28.2.2"), BUILDX).docker == OwnDocker(engine="28.2.2", buildx="0.24.0")


def test_debians_spelling_of_versions_is_understood() -> None:
    finding = judge(said("26.1.5+dfsg1"), "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3")
    assert finding.docker == OwnDocker(engine="26.1.5", buildx="0.13.1")


@pytest.mark.parametrize(
    ("version", "plugin", "reason"),
    [
        (None, None, "there is no docker command"),
        ('{"Client": {"Version": "28.2.2"}, "Server": null}', BUILDX, "no engine answers"),
        ("", BUILDX, "no engine answers"),
        (said("20.10.24+dfsg1"), BUILDX, "older than 23.0"),
        (said("28.2.2"), "", "no buildx"),
        (said("28.2.2"), "github.com/docker/buildx v0.12.1 30feaa1", "buildx 0.12.1 is older"),
    ],
)
def test_what_is_missing_is_said(version: str | None, plugin: str | None, reason: str) -> None:
    finding = judge(version, plugin)
    assert finding.docker is None
    assert reason in finding.reason


def test_a_private_engine_is_not_the_machines_own() -> None:
    environ = {"DOCKER_HOST": "unix:///run/stagebuild/3fa9c1/28.5/docker.sock"}
    assert own_docker.find(environ).docker is None


def test_a_machine_without_docker_gets_a_private_engine() -> None:
    finding = own_docker.find({"PATH": "/nonexistent"})
    assert report.finding(finding)["kind"] == "private"
    assert "there is no docker command" in report.finding_text(report.finding(finding))
