"""Base images looked at for a lock, in a real registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.distribution.errors import RegistryError
from stagebuild.locks import Lock
from stagebuild.registry.bases import BaseImages, locked
from tests.faults.proxy import Fault, Phase

if TYPE_CHECKING:
    from stagebuild.locks import LockedImage
    from tests.conftest import Engine

pytestmark = pytest.mark.engine

DENIED = b'{"errors":[{"code":"DENIED","message":"access to the resource is denied"}]}'


def look(shelf: Any, engine: Engine, tag: str = "1") -> LockedImage:
    return BaseImages(engine.env, now_s=0)(f"{shelf.registry}/{shelf.path()}:{tag}")


def test_an_index_is_locked_with_the_digest_of_each_platform_but_no_statement(
    shelf: Any, engine: Engine
) -> None:
    digest = shelf.put("base", "1", architectures=("amd64", "arm64"))

    image = look(shelf, engine)

    assert image.digest == digest
    index = shelf.repository().manifest("1").document
    assert dict(image.platforms) == {
        "linux/amd64": index["manifests"][0]["digest"],
        "linux/arm64": index["manifests"][1]["digest"],
    }
    assert image.resolved == "1970-01-01T00:00:00Z"


def test_the_platform_of_a_single_manifest_is_that_of_its_configuration(
    shelf: Any, engine: Engine
) -> None:
    digest = shelf.put("base", "1")
    assert dict(look(shelf, engine).platforms) == {"linux/amd64": digest}


def test_an_image_of_docker_hub_is_found_in_the_engines_mirror(engine: Engine) -> None:
    image = BaseImages(engine.env)("docker.io/library/busybox:latest")
    assert "linux/amd64" in image.platforms


def test_an_image_that_is_not_there_is_an_error_that_names_it(shelf: Any, engine: Engine) -> None:
    with pytest.raises(RegistryError, match=f"{shelf.path()}:1: there is no such image") as caught:
        look(shelf, engine)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("fault", "words", "hint"),
    [
        (
            Fault(name="401", status=401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)),
            "the registry refuses: HTTP 401",
            "docker login localhost:",
        ),
        (
            Fault(name="403", status=403, body=DENIED),
            "HTTP 403, access to the resource is denied",
            "as somebody who may read there",
        ),
        (Fault(name="500", status=500), "the registry failed: HTTP 500", ""),
        (Fault(name="EOF", breaks="close"), "can't be reached", "HTTPS_PROXY"),
        (Fault(name="cut", breaks="cut"), "the answer broke off", ""),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_registry_that_fails_is_an_error_that_says_what_to_do(
    fault: Fault, words: str, hint: str, shelf: Any, engine: Engine
) -> None:
    shelf.put("base", "1")
    with (
        shelf.proxy.broken(fault, Phase.RESOLVE),
        pytest.raises(RegistryError) as caught,
    ):
        look(shelf, engine)
    assert words in str(caught.value)
    assert hint in str(caught.value)


def test_a_registry_that_is_not_there_is_an_error_with_its_address(engine: Engine) -> None:
    with pytest.raises(RegistryError, match="http://localhost:1 can't be reached"):
        BaseImages(engine.env)("localhost:1/shop:1")


def test_a_lock_moves_only_what_is_asked_for(shelf: Any, engine: Engine) -> None:
    names = [f"{shelf.registry}/{shelf.path()}:{tag}" for tag in ("1", "2")]
    shelf.put("old", "1", "2")
    before = locked(names, before=Lock(), look=BaseImages(engine.env))
    new = shelf.put("new", "1", "2")

    kept = locked(names, before=before, look=BaseImages(engine.env))
    moved = locked(names, before=before, look=BaseImages(engine.env), moving=names[:1])

    assert kept == before
    assert moved.images[names[0]].digest == new
    assert moved.images[names[1]] == before.images[names[1]]


def test_what_has_not_moved_keeps_the_time_of_its_first_look(shelf: Any, engine: Engine) -> None:
    names = [f"{shelf.registry}/{shelf.path()}:1"]
    shelf.put("old", "1")
    before = locked(names, before=Lock(), look=BaseImages(engine.env, now_s=0))
    assert locked(names, before=before, look=BaseImages(engine.env), moving=names) == before
