"""What ``docker buildx inspect`` says, read; the texts are of Docker 26.1 and 28.5, shortened."""

from __future__ import annotations

import pytest

from stagebuild.backends.buildx.looks import BuilderFacts, read_inspection

CONTAINERD = """\
Name:          default
Driver:        docker
Last Activity: 2026-11-24 07:56:53 +0000 UTC

Nodes:
Name:             default
Endpoint:         default
Status:           running
Labels:
 org.mobyproject.buildkit.worker.moby.host-gateway-ip: 10.208.0.1
 org.mobyproject.buildkit.worker.snapshotter:          overlayfs
"""
GRAPH = """\
Name:          default
Driver:        docker

Nodes:
Name:             default
Labels:
 org.mobyproject.buildkit.worker.moby.host-gateway-ip: 10.208.64.1
"""
BROKEN = """\
Name:          farm
Driver:        remote

Nodes:
Name:     farm0
Endpoint: tcp://127.0.0.1:1
Error:    listing workers: failed to list workers: connection refused
"""


def test_the_image_store_is_told_by_the_workers_snapshotter() -> None:
    assert read_inspection(CONTAINERD) == BuilderFacts(
        name="default", driver="docker", containerd_store=True, obeys_policies=True
    )
    assert read_inspection(GRAPH) == BuilderFacts(
        name="default", driver="docker", containerd_store=False, obeys_policies=True
    )


def test_a_builder_that_does_not_answer_is_told_by_its_driver() -> None:
    assert read_inspection(BROKEN) == BuilderFacts(
        name="farm", driver="remote", containerd_store=False, obeys_policies=True
    )


@pytest.mark.parametrize(
    ("text", "obeys"),
    [
        (CONTAINERD, True),
        ("Driver: docker\nStatus: running\nBuildkit: 20.10.24\n", False),
        ("Driver: docker\nError: cannot connect\n", True),
        ("Driver: docker-container\nStatus: running\nBuildKit version: v0.10.6\n", False),
        ("Driver: docker-container\nStatus: running\nBuildKit version: v0.12.5\n", True),
        ("Driver: remote\nStatus: running\n", True),
    ],
)
def test_a_builder_before_source_policies_is_told_by_what_it_does_not_say(
    text: str, obeys: bool
) -> None:
    facts = read_inspection(text)
    assert facts is not None
    assert facts.obeys_policies is obeys


def test_another_text_is_none() -> None:
    assert read_inspection("") is None
    assert read_inspection("ERROR: no builder") is None
