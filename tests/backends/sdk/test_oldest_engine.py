"""Docker 20.10, which no supported buildx drives: what it can do, and what it is refused."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.sdk import SdkBackend
from stagebuild.errors import UnsupportedFeature
from stagebuild.model import Attestation, CacheEntry, Output, Platform, Secret, Ulimit
from tests.specs import local_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.fixture
def oldest(engines: Callable[[str], Any]) -> Any:
    return engines("20.10")


def test_args_secrets_and_a_local_output_work(oldest: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dockerfile = (
        "FROM busybox AS run\nARG WORD\n"
        "RUN --mount=type=secret,id=token echo $WORD $(cat /run/secrets/token) > /said\n"
        "FROM scratch AS result\nCOPY --from=run /said /\n"
    )
    word = uuid.uuid4().hex
    backend = SdkBackend(environ={**oldest.env, "TOKEN": "s3cret"})

    backend.build(
        local_spec(
            tmp_path,
            dockerfile,
            target="result",
            build_args={"WORD": word},
            secrets={"token": Secret(env="TOKEN")},
            outputs=(Output(type="local", dest=str(out)),),
        ),
        lambda _: None,
        Cancel(),
    )

    assert (out / "said").read_text() == f"{word} s3cret\n"


def test_a_push_goes_through_the_engine_and_has_the_registrys_digest(
    oldest: Any, tmp_path: Path
) -> None:
    repository = f"oldest/{uuid.uuid4().hex}"
    wanted = local_spec(
        tmp_path,
        "FROM busybox\nCOPY Dockerfile /\n",
        tags=(f"{oldest.registry}/{repository}:1",),
        push=True,
    )

    response = SdkBackend(environ=oldest.env).build(wanted, lambda _: None, Cancel())

    url = f"http://{oldest.registry}/v2/{repository}/manifests/1"
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    with urlopen(Request(url, headers={"Accept": kind})) as answer:
        assert answer.headers["Docker-Content-Digest"] == response.digest
        assert json.loads(answer.read())["config"]["digest"] == response.image_id


def test_a_failing_step_has_its_exit_code(oldest: Any, tmp_path: Path) -> None:
    with pytest.raises(SolveFailed) as caught:
        SdkBackend(environ=oldest.env).build(
            local_spec(tmp_path, "FROM busybox\nRUN exit 7\n"), lambda _: None, Cancel()
        )

    assert caught.value.process_exit_code == 7


@pytest.mark.parametrize(
    "fields",
    [
        {"annotations": {"a": "b"}},
        {"attestations": (Attestation(type="provenance"),)},
        {"cache_to": (CacheEntry(type="registry", attributes={"ref": "x"}),)},
        {"contexts": {"other": "."}},
        {"no_cache_filter": ("a",)},
        {"outputs": (Output(type="oci", dest="/nowhere"),)},
        {"platforms": (Platform.parse("linux/amd64"), Platform.parse("linux/arm64"))},
        {"shm_size_bytes": 1 << 20},
        {"ulimits": {"nofile": Ulimit(soft=1, hard=1)}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_it_lacks_is_refused_with_what_to_do(
    oldest: Any, tmp_path: Path, fields: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedFeature, match=r"hint: .*(Docker 2\d|containerd)"):
        SdkBackend(environ=oldest.env).build(
            local_spec(tmp_path, "FROM busybox\n", **fields), lambda _: None, Cancel()
        )
