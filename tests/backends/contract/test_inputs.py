"""What a spec says of the build itself reaches the engine."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import socket
import subprocess
import tarfile
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Feature, SolveFailed
from stagebuild.errors import UnsupportedFeature
from stagebuild.model import CacheEntry, Output, Secret, SshForward, Ulimit
from stagebuild.model.values import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

# The files below /out, alone.
OUT = "\nFROM scratch\nCOPY --from=0 /out /\n"


def test_the_target_is_the_stage_that_is_built(lab: Any) -> None:
    exported = lab.exported(
        "FROM busybox AS made\nRUN mkdir /out && echo a > /out/a\n"
        "FROM scratch AS wanted\nCOPY --from=made /out /\n"
        "FROM scratch AS other\nCOPY Dockerfile /\n",
        target="wanted",
    )

    assert exported == {"a": "a\n"}


def test_build_args_reach_the_build_byte_for_byte(lab: Any) -> None:
    values = {
        "PLAIN": "1.2",
        "EMPTY": "",
        "SPACED": " a  b ",
        "QUOTED": 'it\'s "so", $HOME `x` \\n',
        "LINES": "one\ntwo\n",
        "UMLAUT": "größe ☃",
        "EQUALS": "a=b=c",
        "DEBUG": "taken by docker's own tools",
        "NO_PROXY_HOSTS": "a,b",
    }
    shown = "\n".join(
        f'ARG {name}=default\nRUN printf %s "${name}" > /out/{name}' for name in values
    )

    exported = lab.exported(f"FROM busybox\nRUN mkdir /out\n{shown}{OUT}", build_args=values)

    assert exported == values


def test_a_proxy_build_arg_reaches_the_steps_and_not_the_build_program(lab: Any) -> None:
    # Were it the program's own, the mirror on loopback could not be reached through it.
    exported = lab.exported(
        f"FROM busybox\nRUN mkdir /out && echo $HTTP_PROXY > /out/proxy # NONCE{OUT}",
        build_args={"HTTP_PROXY": "http://192.0.2.1:3128"},
    )

    assert exported == {"proxy": "http://192.0.2.1:3128\n"}


def test_labels_are_in_the_image(lab: Any) -> None:
    labels = {"org.example.a": '1, "2" and 3', "empty": "", "equals": "a=b"}
    spec = lab.spec(
        "FROM scratch\nCOPY Dockerfile /\n", labels=labels, tags=(lab.tag(),), load=True
    )

    lab.build(spec)

    shown = lab.docker("image", "inspect", "--format", "{{json .Config.Labels}}", lab.tag())
    assert json.loads(shown) == labels


def test_no_cache_runs_every_step_anew(lab: Any) -> None:
    spec = lab.spec("FROM busybox\nRUN echo NONCE\n")
    lab.build(spec)

    again = lab.build(spec)
    anew = lab.build(replace(spec, no_cache=True, no_cache_filter=("covered",)))

    assert again.cached("echo " + lab.nonce)
    assert not anew.cached("echo " + lab.nonce)


def test_a_no_cache_filter_runs_the_steps_of_its_stage_anew(lab: Any) -> None:
    spec = lab.spec(
        "FROM busybox AS one\nRUN echo one NONCE > /1\n"
        "FROM busybox AS two\nRUN echo two NONCE > /2\n"
        "FROM scratch\nCOPY --from=one /1 /\nCOPY --from=two /2 /\n"
    )
    lab.build(spec)

    anew = lab.build(replace(spec, no_cache_filter=("two",)))

    assert anew.cached(f"echo one {lab.nonce} > /1")
    assert not anew.cached(f"echo two {lab.nonce} > /2")


def test_pull_looks_a_base_image_up_in_the_registry(lab: Any) -> None:
    for version in ("old", "new"):
        lab.build(
            lab.spec(
                f"FROM busybox\nRUN mkdir /out && echo {version} NONCE > /out/version\n",
                tags=(lab.tag(version),),
                push=True,
            )
        )
    lab.retag(lab.tag("old"), "base")
    lab.docker("pull", "--quiet", lab.tag("base"))
    lab.retag(lab.tag("new"), "base")
    dockerfile = f"FROM {lab.tag('base')}{OUT}"

    assert lab.exported(dockerfile) == {"version": f"old {lab.nonce}\n"}
    assert lab.exported(dockerfile, pull=True) == {"version": f"new {lab.nonce}\n"}


def test_a_locked_base_is_what_the_lock_says_wherever_the_tag_points(lab: Any) -> None:
    for name in ("old", "new"):
        lab.build(
            lab.spec(
                f"FROM busybox\nRUN echo NONCE {name} > /made\n", tags=(lab.tag(name),), push=True
            )
        )
    old = lab.registry_manifest(lab.tag("old"))[0]
    lab.retag(lab.tag("new"), "base")
    base = lab.tag("base")
    text = (
        f"FROM {base} AS stands\nFROM scratch\nCOPY --from=stands /made /base\n"
        f"COPY --from={base} /made /copied\nCOPY --from=linked /made /linked\n"
    )
    fields = {"contexts": {"linked": f"docker-image://{base}"}}

    moved = lab.exported(text, **fields)
    locked = lab.exported(text, locked={base: old}, **fields)

    assert set(moved.values()) == {f"{lab.nonce} new\n"}
    assert set(locked.values()) == {f"{lab.nonce} old\n"}


def test_a_lock_changes_no_cache_key(lab: Any) -> None:
    lab.build(lab.spec("FROM busybox\nRUN echo NONCE > /made\n", tags=(lab.tag(),), push=True))
    text = f"FROM {lab.tag()}\nRUN echo NONCE > /again\n"
    lab.build(lab.spec(text))

    locked = {lab.tag(): lab.registry_manifest(lab.tag())[0]}

    assert lab.build(lab.spec(text, locked=locked)).cached(f"RUN echo {lab.nonce} > /again")


def test_network_none_leaves_steps_without_a_network(lab: Any) -> None:
    dockerfile = f"FROM busybox\nRUN mkdir /out && ls /sys/class/net > /out/nets # NONCE{OUT}"

    assert "eth0" in lab.exported(dockerfile)["nets"]
    assert lab.exported(dockerfile, network="none") == {"nets": "lo\n"}


def test_extra_hosts_are_known_to_the_steps(lab: Any) -> None:
    exported = lab.exported(
        f"FROM busybox\nRUN mkdir /out && cp /etc/hosts /out/ # NONCE{OUT}",
        extra_hosts={"one.test": "192.0.2.1", "six.test": "2001:db8::6"},
    )

    lines = [line.split() for line in exported["hosts"].splitlines()]
    assert ["192.0.2.1", "one.test"] in lines
    assert ["2001:db8::6", "six.test"] in lines


def test_ulimits_bind_the_steps(lab: Any) -> None:
    exported = lab.exported(
        f"FROM busybox\nRUN mkdir /out && ulimit -Sn > /out/soft && ulimit -Hn > /out/hard{OUT}",
        ulimits={"nofile": Ulimit(soft=321, hard=654)},
    )

    assert exported == {"soft": "321\n", "hard": "654\n"}


def test_the_shm_size_is_that_of_dev_shm(lab: Any) -> None:
    exported = lab.exported(
        f"FROM busybox\nRUN mkdir /out && df -k /dev/shm | tail -n 1 > /out/df # NONCE{OUT}",
        shm_size_bytes=48 * 1024 * 1024,
    )

    assert exported["df"].split()[1] == str(48 * 1024)


def test_a_platform_is_that_of_the_image(lab: Any) -> None:
    spec = lab.spec(
        "FROM scratch\nCOPY Dockerfile /\n",
        platforms=(Platform.parse("linux/arm64"),),
        tags=(lab.tag(),),
        push=True,
    )

    built = lab.build(spec)

    facts = lab.backend.image_facts(spec, built.response)
    assert facts is not None
    assert dict(facts.platform_digests) == {"linux/arm64": built.response.digest}


def test_secrets_come_from_the_environment_and_from_files(lab: Any) -> None:
    # The names would end an unquoted field.
    held = lab.folder / 'held, "so"'
    held.write_text("from a file\n")
    backend = lab.target.backend({**lab.engine.env, "HELD": "from a variable"})

    built = lab.build(
        lab.spec(
            "FROM busybox\n"
            "RUN --mount=type=secret,id=by-env --mount=type=secret,id=by-file test -n NONCE && "
            "cat /run/secrets/by-env /run/secrets/by-file | sha256sum\n",
            secrets={"by-env": Secret(env="HELD"), "by-file": Secret(file=str(held))},
        ),
        backend=backend,
    )

    assert hashlib.sha256(b"from a variablefrom a file\n").hexdigest() in built.log


def test_what_a_command_printed_is_a_secret(lab: Any) -> None:
    built = lab.build(
        lab.spec(
            "FROM busybox\n"
            "RUN --mount=type=secret,id=a/b test -n NONCE && sha256sum < /run/secrets/b\n",
            secrets={"a/b": Secret(command="never run by a backend")},
            held_secrets={"a/b": "two\nlines"},
        )
    )

    assert hashlib.sha256(b"two\nlines").hexdigest() in built.log


def test_a_secret_whose_command_nobody_has_run_is_an_error(lab: Any) -> None:
    spec = lab.spec("FROM scratch\nCOPY Dockerfile /\n", secrets={"token": Secret(command="op")})

    with pytest.raises(SolveFailed, match='secret "token": its command was not run'):
        lab.build(spec)


def test_a_secret_whose_variable_is_not_set_is_an_error(lab: Any) -> None:
    spec = lab.spec("FROM scratch\nCOPY Dockerfile /\n", secrets={"token": Secret(env="NOT_SET")})

    with pytest.raises(SolveFailed, match=r'secret "token": .* NOT_SET'):
        lab.build(spec)


def test_an_ssh_agent_is_forwarded(lab: Any, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    dockerfile = (
        "FROM busybox\n"
        "RUN --mount=type=ssh,id=mine mkdir /out && test -S $SSH_AUTH_SOCK && echo NONCE > /out/ok"
        f"{OUT}"
    )
    with ssh_agent(tmp_path / "agent.sock") as agent:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **agent})
        backend = lab.target.backend({**lab.engine.env, **agent})
        dest = lab.folder / "exported"
        lab.build(
            lab.spec(
                dockerfile,
                ssh={"mine": SshForward()},
                outputs=(Output(type="local", dest=str(dest)),),
            ),
            backend=backend,
        )

    assert (dest / "ok").read_text() == f"{lab.nonce}\n"


def test_an_ssh_key_is_forwarded_from_a_path_relative_to_the_project(
    lab: Any, tmp_path: Path
) -> None:
    key = tmp_path / "deploy-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)

    exported = lab.exported(
        "FROM busybox\n"
        "RUN --mount=type=ssh mkdir /out && test -S $SSH_AUTH_SOCK && echo NONCE > /out/ok"
        f"{OUT}",
        ssh={"default": SshForward(paths=("deploy-key",))},
    )

    assert exported == {"ok": f"{lab.nonce}\n"}


def test_the_dockerfile_may_be_outside_of_the_context(lab: Any, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "inside").write_text("yes\n")

    exported = lab.exported("FROM scratch\nCOPY . /\n", context=str(context))

    assert exported == {"inside": "yes\n"}


@pytest.mark.parametrize("form", ["local folder", "image", "OCI layout", "git repository"])
def test_a_named_context_is(form: str, lab: Any, tmp_path: Path) -> None:
    dockerfile = "FROM scratch\nCOPY --from=other /said /\n"
    with named_context(form, lab, tmp_path / "named") as location:
        if form == "OCI layout" and lab.lacks(Feature.OCI_LAYOUT_CONTEXTS):
            spec = lab.spec(dockerfile, contexts={"other": location})
            lab.refuses(spec, Feature.OCI_LAYOUT_CONTEXTS)
            return
        exported = lab.exported(dockerfile, contexts={"other": location})

    assert exported == {"said": f"{form} {lab.nonce}\n"}


def test_a_git_repository_may_be_the_context(lab: Any, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    with git_served(repository, {"sub/Dockerfile": "FROM scratch\nCOPY . /\n"}) as url:
        exported = lab.exported("unused", context=f"{url}#main:sub", dockerfile="Dockerfile")

    assert exported == {"Dockerfile": "FROM scratch\nCOPY . /\n"}


def test_an_archive_on_the_web_may_be_the_context(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "Other").write_text("FROM scratch\nCOPY . /\n")
    # BuildKit takes an archive in Python's default form, PAX, for a Dockerfile.
    with tarfile.open(tmp_path / "context.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(tmp_path / "Other", "Other")

    with served(tmp_path) as address:
        exported = lab.exported(
            "unused", context=f"http://{address}/context.tar", dockerfile="Other"
        )

    assert exported == {"Other": "FROM scratch\nCOPY . /\n"}


@contextlib.contextmanager
def named_context(form: str, lab: Any, folder: Path) -> Iterator[str]:
    """Make what the form says, with a file ``said`` in it, and give its location."""
    folder.mkdir()
    said = f"{form} {lab.nonce}\n"
    (folder / "said").write_text(said)
    match form:
        case "local folder":
            yield str(folder)
        case "image":
            lab.build(
                lab.spec(
                    "FROM scratch\nCOPY said /\n",
                    context=str(folder),
                    tags=(lab.tag("named"),),
                    push=True,
                )
            )
            yield f"docker-image://{lab.tag('named')}"
        case "OCI layout":
            layout = lab.folder / "layout"
            spec = lab.spec(
                "FROM scratch\nCOPY said /\n",
                context=str(folder),
                outputs=(Output(type="oci", dest=str(layout), attributes={"tar": "false"}),),
            )
            built = lab.build(spec, backend=lab.elsewhere if lab.target.lacks else lab.backend)
            yield f"oci-layout://{layout}@{built.response.digest}"
        case _:
            with git_served(folder / "repository", {"said": said}) as url:
                yield f"{url}#main"


@contextlib.contextmanager
def ssh_agent(path: Path) -> Iterator[dict[str, str]]:
    """Run an agent and give the variables that lead to it."""
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.01)
        yield {"SSH_AUTH_SOCK": str(path)}
    finally:
        agent.terminate()
        agent.wait()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on loopback and give host and port."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": _silent})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _silent(*_: object) -> None:
    pass


@contextlib.contextmanager
def git_served(folder: Path, files: dict[str, str]) -> Iterator[str]:
    """Commit files to a new repository, serve it with git's own daemon, and give its URL."""
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    who = ["-c", "user.name=test", "-c", "user.email=test@example.test"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*who, "commit", "--quiet", "--message=all"],
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            f"--base-path={folder.parent}",
            "--listen=127.0.0.1",
            f"--port={port}",
            "--reuseaddr",
        ],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port)
        yield f"git://127.0.0.1:{port}/{folder.name}"
    finally:
        os.killpg(daemon.pid, 15)
        daemon.wait()


def _wait_for(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


def test_a_source_policy_denies_a_base_image(lab: Any, tmp_path: Path) -> None:
    rule = {"action": "DENY", "selector": {"identifier": "docker-image://*busybox*"}}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"version": 1, "rules": [rule]}))
    environ = {**lab.engine.env, "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)}

    with pytest.raises(SolveFailed, match=r"denied|not allowed"):
        lab.build(lab.spec("FROM busybox\n"), backend=lab.target.backend(environ))


CACHES = {
    "s3": {"bucket": "b", "region": "r", "access_key_id": "x", "secret_access_key": "y"},
    "azblob": {"account_url": "http://127.0.0.1:1/", "secret_access_key": "eA=="},
}


@pytest.mark.parametrize("kind", CACHES)
def test_a_cache_that_the_engine_can_not_export_is_refused_with_what_to_do(
    kind: str, lab: Any
) -> None:
    cache = CacheEntry(type=kind, attributes=CACHES[kind])

    with pytest.raises(UnsupportedFeature, match="cache export") as caught:
        lab.build(lab.spec("FROM busybox\n", cache_to=(cache,)))

    assert caught.value.hint
