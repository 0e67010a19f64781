"""Plans of a project that has a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import ConfigError
from stagebuild.locks import Lock, LockedImage, lock_text
from stagebuild.model import Digest
from stagebuild.planning.locking import needs_of
from stagebuild.planning.needing import image_needs

if TYPE_CHECKING:
    from tests.planning.conftest import World

A = Digest(f"sha256:{'a' * 64}")
PYTHON = "docker.io/library/python:3.11-slim"


def lock(world: World, *names: str) -> None:
    images = {name: LockedImage(name=name, digest=A, resolved="") for name in names}
    world.files["/shop/stagebuild.lock"] = lock_text(Lock(images=images))


def dockerfile(world: World, text: str) -> None:
    world.files["/shop/Dockerfile"] = text


def needed(world: World, text: str, settings: str = "") -> list[tuple[str, int]]:
    dockerfile(world, text)
    spec = world.prod(f'target = "prod"\n{settings}')
    return [(need.image, need.line) for need in needs_of(spec)]


def test_a_spec_carries_the_digests_of_the_lock(world: World) -> None:
    lock(world, PYTHON)
    assert world.prod().locked == {PYTHON: A}


def test_without_a_lock_nothing_is_locked(world: World) -> None:
    assert world.prod().locked == {}


def test_an_image_that_the_lock_lacks_is_an_error_with_the_remedy(world: World) -> None:
    lock(world, "docker.io/library/alpine:3.20")
    error = world.refusal("[environments.prod]", "prod")
    assert str(error) == (
        f"stagebuild.lock: {PYTHON} is not in the lock, and prod needs it (Dockerfile:2)\n"
        "  hint: `stagebuild lock` adds it, and moves nothing else"
    )


def test_the_images_of_gates_must_be_in_the_lock_too(world: World) -> None:
    dockerfile(world, "FROM a:1 AS prod\nFROM b:1 AS test\n")
    lock(world, "docker.io/library/a:1")
    error = world.refusal('[environments.prod]\nrequires = ["test"]\n[environments.test]', "prod")
    assert "docker.io/library/b:1 is not in the lock, and test needs it" in str(error)


def test_images_of_stages_that_are_not_built_need_no_lock(world: World) -> None:
    dockerfile(world, "FROM a:1 AS prod\nFROM b:1 AS other\n")
    lock(world, "docker.io/library/a:1")
    assert world.prod('target = "prod"').locked


def test_a_broken_lock_is_an_error_of_the_lock(world: World) -> None:
    world.files["/shop/stagebuild.lock"] = "<<<<<<< HEAD\n"
    assert world.refusal("[environments.prod]", "prod").path == "stagebuild.lock"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a AS prod\n", [("docker.io/library/a:latest", 1)]),
        ("FROM scratch AS prod\n", []),
        (f"FROM a:1@{A} AS prod\n", []),
        ("FROM scratch AS prod\nCOPY --from=b:2 / /\n", [("docker.io/library/b:2", 2)]),
        (
            "FROM a:1 AS prod\nRUN --mount=from=c:3,target=/c true\n",
            [("docker.io/library/a:1", 1), ("docker.io/library/c:3", 2)],
        ),
        (
            "# syntax=docker/dockerfile:1 x\nFROM scratch AS prod\n",
            [("docker.io/docker/dockerfile:1", 1)],
        ),
        (f"# syntax=docker/dockerfile:1@{A}\nFROM scratch AS prod\n", []),
        ("FROM a:1 AS x\nFROM x AS prod\nCOPY --from=x / /\n", [("docker.io/library/a:1", 1)]),
    ],
)
def test_what_a_build_needs_from_registries(
    world: World, text: str, expected: list[tuple[str, int]]
) -> None:
    assert needed(world, text) == expected


def test_a_base_that_an_argument_chooses_is_found_for_each_environment(world: World) -> None:
    project = world.project(
        '[environments.prod]\n[environments.test]\nbuild-args = { PYTHON = "3.12" }\n'
    )
    needs = image_needs(project, surroundings=world.surroundings())
    assert [(need.build, need.image) for need in needs] == [
        ("prod", PYTHON),
        ("test", "docker.io/library/python:3.12-slim"),
    ]


def test_a_base_that_the_platform_chooses_is_found_for_each_platform(world: World) -> None:
    found = needed(
        world,
        "ARG TARGETARCH\nFROM alpine-${TARGETARCH}:1 AS prod\n",
        'platforms = ["linux/amd64", "linux/arm64"]',
    )
    assert [image for image, _ in found] == [
        "docker.io/library/alpine-amd64:1",
        "docker.io/library/alpine-arm64:1",
    ]


def test_the_values_of_a_matrix_are_found(world: World) -> None:
    project = world.project(
        '[environments.prod]\nmatrix = { python = ["3.11", "3.12"] }\n'
        'build-args = { PYTHON = "${matrix.python}" }\n'
    )
    needs = image_needs(project, surroundings=world.surroundings())
    assert [need.image.rpartition(":")[2] for need in needs] == ["3.11-slim", "3.12-slim"]


def test_an_image_in_place_of_a_named_context_is_needed(world: World) -> None:
    found = needed(
        world, "FROM shared AS prod\n", 'contexts = { shared = "docker-image://alpine:3.20" }'
    )
    assert found == [("docker.io/library/alpine:3.20", 1)]


def test_a_frontend_that_a_build_arg_names_is_needed_instead(world: World) -> None:
    found = needed(
        world,
        "# syntax=docker/dockerfile:1\nFROM scratch AS prod\n",
        'build-args = { BUILDKIT_SYNTAX = "docker/dockerfile:1.9" }',
    )
    assert found == [("docker.io/docker/dockerfile:1.9", 1)]


def test_needs_are_found_whatever_the_lock_holds_and_secrets_lack(world: World) -> None:
    world.files["/shop/stagebuild.lock"] = "<<<<<<< HEAD\n"
    project = world.project('[environments.prod]\nsecrets = { token = { env = "NOT_SET" } }\n')
    assert [need.image for need in image_needs(project, surroundings=world.surroundings())] == [
        PYTHON
    ]


def test_a_lock_that_can_not_be_read_says_so(world: World) -> None:
    around = world.surroundings()
    assert around.without_file("/shop/Dockerfile").is_file("/shop/Dockerfile") is False
    world.files["/shop/stagebuild.lock"] = 'version = 1\n[images."x:1"]\ndigest = "no"\n'
    with pytest.raises(ConfigError, match="is not a digest"):
        world.prod()
