"""What a spec becomes, without an engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stagebuild.backends.base import SolveFailed
from stagebuild.backends.sdk.caches import caches_of
from stagebuild.backends.sdk.dockerconfig import DockerConfig, EngineHost, address_of
from stagebuild.backends.sdk.facts import EngineFacts, check_features, facts_of
from stagebuild.backends.sdk.failures import failure_of
from stagebuild.backends.sdk.frontend import frontend_attributes, is_remote, local_folders
from stagebuild.backends.sdk.joint import _checked
from stagebuild.backends.sdk.outputs import annotation_attributes, outputs_of
from stagebuild.backends.sdk.responses import response_of
from stagebuild.backends.sdk.sourcepolicy import VARIABLE, source_policy
from stagebuild.buildkit.endpoints import CommandAddress, TcpAddress, UnixAddress
from stagebuild.buildkit.errors import CallFailed, ConnectionLost, MalformedMessage, Status
from stagebuild.buildkit.messages import CacheEntry as SentCache
from stagebuild.buildkit.messages import WorkerRecord
from stagebuild.errors import EngineUnavailable, ProtocolError, UnsupportedFeature
from stagebuild.model import Attestation, CacheEntry, Output, Platform, Secret, Ulimit
from stagebuild.planning.spec import BuildSpec

STORE = EngineFacts(
    is_docker=True, has_store=True, buildkit=(0, 23), versions={}, host_gateway="10.0.0.1"
)
GRAPH = STORE._replace(has_store=False)
OLD = EngineFacts(is_docker=True, has_store=False, buildkit=(0, 8), versions={}, host_gateway=None)
BUILDKITD = STORE._replace(is_docker=False)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def spec(**fields: Any) -> BuildSpec:
    decided = {
        "name": "prod",
        "root": Path("/p"),
        "context": "/p",
        "dockerfile": "/p/docker/Dockerfile",
        "dockerfile_shown": "docker/Dockerfile",
        "target": None,
    }
    return BuildSpec(**{**decided, **fields})


def attributes(facts: EngineFacts = STORE, **fields: Any) -> dict[str, str]:
    return frontend_attributes(spec(**fields), facts=facts, imports=(), layouts={}, proxies={})


def test_a_bare_spec_asks_for_little() -> None:
    assert attributes() == {"filename": "Dockerfile", "image-resolve-mode": "local"}


def test_every_choice_has_its_attribute() -> None:
    found = attributes(
        target="prod",
        build_args={"A": "1"},
        labels={"l": "2"},
        platforms=(Platform.parse("linux/amd64"), Platform.parse("linux/arm64")),
        no_cache_filter=("a", "b"),
        network="none",
        extra_hosts={"h": "1.2.3.4", "g": "host-gateway", "s": "[::1]"},
        ulimits={"nofile": Ulimit(soft=1, hard=2)},
        shm_size_bytes=5,
        pull=True,
        attestations=(Attestation(type="provenance", attributes={"mode": "max"}),),
    )

    assert found == {
        "filename": "Dockerfile",
        "image-resolve-mode": "pull",
        "target": "prod",
        "build-arg:A": "1",
        "label:l": "2",
        "platform": "linux/amd64,linux/arm64",
        "no-cache": "a,b",
        "force-network-mode": "none",
        "add-hosts": "h=1.2.3.4,g=10.0.0.1,s=::1",
        "ulimit": "nofile=1:2",
        "shm-size": "5",
        "attest:provenance": "mode=max",
    }


def test_no_cache_covers_every_filter() -> None:
    assert attributes(no_cache=True, no_cache_filter=("a",))["no-cache"] == ""


def test_proxies_give_way_to_build_args_of_any_case() -> None:
    found = frontend_attributes(
        spec(build_args={"http_proxy": "mine"}),
        facts=STORE,
        imports=(),
        layouts={},
        proxies={"HTTP_PROXY": "theirs", "NO_PROXY": "x"},
    )

    assert found["build-arg:http_proxy"] == "mine"
    assert "build-arg:HTTP_PROXY" not in found
    assert found["build-arg:NO_PROXY"] == "x"


def test_named_contexts_are_told_by_their_kind() -> None:
    contexts = {"f": "lib", "context": "/c", "i": "docker-image://x", "g": "https://x/y.git"}

    found = attributes(contexts=contexts)
    folders = local_folders(spec(contexts=contexts))

    assert found["context:f"] == "local:f"
    assert found["context:context"] == "local:_context"
    assert (found["context:i"], found["context:g"]) == ("docker-image://x", "https://x/y.git")
    assert folders == {"context": "/p", "dockerfile": "/p/docker", "f": "/p/lib", "_context": "/c"}


@pytest.mark.parametrize(
    "context", ["https://x/y.git#main", "git://x/y", "git@github.com:x/y.git", "http://x/a.tar"]
)
def test_a_remote_context_is_fetched_by_the_engine(context: str) -> None:
    found = attributes(context=context, dockerfile="sub/Dockerfile")

    assert is_remote(context)
    assert (found["context"], found["filename"]) == (context, "sub/Dockerfile")
    assert local_folders(spec(context=context)) == {}


def test_cache_imports_are_told_to_the_frontend_too() -> None:
    sent = SentCache(type="registry", attrs={"ref": "r"})

    found = frontend_attributes(spec(), facts=STORE, imports=(sent,), layouts={}, proxies={})

    assert json.loads(found["cache-imports"]) == [{"Type": "registry", "Attrs": {"ref": "r"}}]


def test_an_empty_frontend_is_refused() -> None:
    with pytest.raises(SolveFailed, match="empty BUILDKIT_SYNTAX"):
        attributes(build_args={"BUILDKIT_SYNTAX": " "})


def exporters(facts: EngineFacts = STORE, **fields: Any) -> list[tuple[str, dict[str, str]]]:
    found = outputs_of(spec(**fields), facts).exporters
    return [(exporter.type, dict(exporter.attrs)) for exporter in found]


def test_an_engine_stores_the_image_by_default_and_a_buildkitd_keeps_it_in_its_cache() -> None:
    assert exporters(tags=("shop",)) == [("moby", {"name": "docker.io/library/shop:latest"})]
    assert exporters(BUILDKITD) == []


def test_push_and_load_are_one_exporter_of_an_engine() -> None:
    found = exporters(tags=("r.example/a:1", "b:2"), push=True, load=True)

    names = "r.example/a:1,docker.io/library/b:2"
    assert found == [("moby", {"name": names, "push": "true"})]


def test_what_pushes_comes_last() -> None:
    local = Output(type="local", dest="/out")
    registry = Output(type="registry")

    kinds = [kind for kind, _ in exporters(tags=("r.example/a",), outputs=(registry, local))]

    assert kinds == ["local", "moby"]


def test_an_engine_that_ignores_push_is_not_asked_to() -> None:
    found = outputs_of(spec(tags=("r.example/a",), push=True), GRAPH)

    assert found.pushed_here
    assert "push" not in found.exporters[0].attrs


def test_a_push_needs_a_tag() -> None:
    with pytest.raises(SolveFailed, match="a tag is needed"):
        outputs_of(spec(push=True), STORE)


def test_annotations_go_to_the_levels_that_they_name() -> None:
    found = annotation_attributes({"a": "1", "index,manifest[linux/amd64]:b": "2"})

    assert found == {
        "annotation.a": "1",
        "annotation-index.b": "2",
        "annotation-manifest[linux/amd64].b": "2",
    }


@pytest.mark.parametrize(
    ("facts", "fields", "words"),
    [
        (GRAPH, {"platforms": ("linux/amd64", "linux/arm64")}, "containerd image store"),
        (GRAPH, {"cache_to": (CacheEntry(type="registry"),)}, "containerd image store"),
        (OLD, {"contexts": {"x": "y"}}, r"Docker 23\.0"),
        (OLD, {"shm_size_bytes": 1}, r"Docker 23\.0"),
        (BUILDKITD, {"load": True}, "no image store"),
    ],
)
def test_what_an_engine_lacks_is_refused_with_what_to_do(
    facts: EngineFacts, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnsupportedFeature, match=words):
        check_features(spec(**fields), facts, outputs=1)


def test_an_engines_buildkit_is_told_by_its_api() -> None:
    record = WorkerRecord(labels={"org.mobyproject.buildkit.worker.snapshotter": "overlayfs"})

    found = facts_of((record,), {"api-version": "1.45", "server": "Docker/26.1.5 (linux)"})

    assert (found.buildkit, found.has_store, found.versions) == (
        (0, 13),
        True,
        {"docker": "26.1.5"},
    )


def test_a_local_cache_that_holds_nothing_is_left_out_and_said(tmp_path: Path) -> None:
    entry = CacheEntry(type="local", attributes={"src": "cache"})

    found = caches_of(spec(root=tmp_path, cache_from=(entry,)), {})

    assert found.imports == ()
    assert "holds nothing yet" in found.missing[0]


def test_a_cache_of_github_is_used_only_within_its_jobs() -> None:
    entry = CacheEntry(type="gha", attributes={"scope": "x"})
    inside = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": "https://x"}

    assert caches_of(spec(cache_to=(entry,)), {}).exports == ()
    assert caches_of(spec(cache_to=(entry,)), inside).exports[0].attrs["token"] == "t"


JOB = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_RESULTS_URL": "https://r"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (JOB, {"url": "https://r"}),
        ({**JOB, "ACTIONS_CACHE_URL": "https://c"}, {"url": "https://c"}),
        (
            {**JOB, "ACTIONS_CACHE_SERVICE_V2": "True"},
            {"url": "https://r", "url_v2": "https://r"},
        ),
    ],
)
def test_the_second_version_of_githubs_cache_is_used_where_the_job_has_it(
    environ: dict[str, str], expected: dict[str, str]
) -> None:
    (entry,) = caches_of(spec(cache_to=(CacheEntry(type="gha"),)), environ).exports

    assert entry.attrs == {"token": "t", **expected}


def test_keys_of_s3_come_from_the_environment_or_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[ci]\naws_access_key_id = id\naws_secret_access_key = 100%\n")
    cache = spec(cache_to=(CacheEntry(type="s3", attributes={"bucket": "b"}),))
    profile = {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "ci"}
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}

    assert caches_of(cache, profile).exports[0].attrs == {
        "bucket": "b",
        "access_key_id": "id",
        "secret_access_key": "100%",
    }
    assert caches_of(cache, {**profile, **variables}).exports[0].attrs == {
        "bucket": "b",
        "access_key_id": "a",
        "secret_access_key": "s",
        "session_token": "t",
    }


def test_keys_of_s3_that_are_given_get_no_foreign_session_token() -> None:
    given = {"bucket": "b", "access_key_id": "a", "secret_access_key": "s"}
    cache = spec(cache_from=(CacheEntry(type="s3", attributes=given),))

    assert caches_of(cache, {"AWS_SESSION_TOKEN": "t"}).imports[0].attrs == given


def test_an_azure_cache_is_passed_on_as_it_is() -> None:
    given = {"name": "n", "account_url": "https://x", "secret_access_key": "s"}
    cache = spec(cache_from=(CacheEntry(type="azblob", attributes=given),))

    assert caches_of(cache, {}).imports[0].attrs == given


@pytest.mark.parametrize("content", ["[]", "{", '{"rules": [{"action": "FORBID"}]}'])
def test_a_source_policy_that_is_none_is_an_error_that_names_the_file(
    content: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content)

    with pytest.raises(SolveFailed, match=r"policy\.json is no source policy"):
        source_policy({VARIABLE: str(path)})


def test_docker_host_comes_before_contexts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "other"}')
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "tcp://h:1"}

    assert DockerConfig(environ).engine_host() == EngineHost("tcp://h:1", None, verify=False)


def test_a_context_that_does_not_exist_is_an_error_that_says_so(tmp_path: Path) -> None:
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "gone"}

    with pytest.raises(EngineUnavailable, match='no docker context "gone"'):
        DockerConfig(environ).engine_host()


def test_addresses_are_read_by_their_scheme() -> None:
    assert address_of(EngineHost("unix:///x y")) == UnixAddress(path="/x y")
    assert address_of(EngineHost("tcp://h")) == TcpAddress(host="h", port=2375)
    ssh = address_of(EngineHost("ssh://me@h:2222"))
    assert isinstance(ssh, CommandAddress)
    assert ssh.argv[-4:] == ("h", "docker", "system", "dial-stdio")
    with pytest.raises(EngineUnavailable, match="takes unix://"):
        address_of(EngineHost("npipe://x"))


def test_an_answer_of_an_engine_without_manifests_has_an_image_id_alone() -> None:
    found = response_of({"containerimage.digest": DIGEST}, has_store=False, versions={})

    assert (found.digest, found.image_id) == (None, DIGEST)


def test_an_answer_has_digest_and_image_id() -> None:
    answer = {"containerimage.digest": DIGEST, "containerimage.config.digest": OTHER}

    found = response_of(answer, has_store=True, versions={})

    assert (found.digest, found.image_id, found.is_index) == (DIGEST, OTHER, False)


def test_a_digest_that_is_none_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        response_of({"containerimage.digest": "x"}, has_store=True, versions={})


def test_the_details_of_a_failure_are_kept() -> None:
    source = {"ranges": [{"start": {"line": 7}}, {"start": {"line": 5}}]}
    error = CallFailed(
        Status.UNKNOWN,
        'process "x" did not complete successfully: exit code: 3',
        (
            ("github.com/moby/buildkit/gatewayapi.ExitMessage+json", b'{"Code":3}'),
            ("github.com/moby/buildkit/errdefs.Source+json", json.dumps(source).encode()),
            ("github.com/moby/buildkit/errdefs.Vertex+json", b'{"digest":"sha256:v"}'),
        ),
    )

    found = failure_of(error, cancel_reason=None, where="w")

    assert isinstance(found, SolveFailed)
    assert (found.process_exit_code, found.line, found.vertex) == (3, 5, "sha256:v")


def test_a_lost_connection_and_a_missing_engine_are_told_apart() -> None:
    lost = failure_of(ConnectionLost("gone"), cancel_reason=None, where="w")
    missing = failure_of(ConnectionLost("no", refused=True), cancel_reason=None, where="w")
    unreadable = failure_of(MalformedMessage("?"), cancel_reason=None, where="w")

    assert isinstance(lost, SolveFailed)
    assert "went away" in lost.message
    assert isinstance(missing, EngineUnavailable)
    assert isinstance(unreadable, ProtocolError)


def test_a_socket_without_permission_says_how_to_get_it() -> None:
    error = ConnectionLost("no", refused=True)
    error.__cause__ = PermissionError(13, "Permission denied")

    found = failure_of(error, cancel_reason=None, where="unix:///x")

    assert isinstance(found, EngineUnavailable)
    assert found.hint is not None
    assert "usermod" in found.hint


def test_a_secret_of_a_file_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"old")
    read = _checked("s", Secret(file=str(path)), {}, held={})
    path.write_bytes(b"new")

    assert read() == b"new"
