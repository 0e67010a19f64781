"""
A canary on every secret path, looked for in every sink; and a leak that is planted is found.

The builds are real: a step prints what it was given, a registry asks for credentials, a Git context
can't be fetched. What each sink got is collected once per backend, then searched cell by cell.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
import traceback
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

import stagebuild as sb
from stagebuild.backends.base import Cancel
from stagebuild.backends.buildx import BuildxBackend
from stagebuild.backends.selection import select_backend
from stagebuild.planning.surroundings import Surroundings
from stagebuild.progress.events import LogChunk
from tests.faults.proxy import Fault, FaultProxy, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import Engine

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
PATHS = ("build arg", "secret variable", "secret file", "registry", "proxy", "git url")
SINKS = (
    "stdout",
    "plain",
    "terminal",
    "rawjson",
    "json",
    "log",
    "json log",
    "verbose",
    "metadata file",
    "digest file",
    "history file",
    "history json",
    "dry run",
    "plan",
    "why",
    "graph",
    "check",
    "doctor",
    "provenance",
    "argv",
    "exception",
)
VERBS = ("history", "plan", "why", "graph", "check", "doctor")
DOCKERFILE = """\
FROM busybox AS prod
ARG API_TOKEN
RUN --mount=type=secret,id=variable --mount=type=secret,id=file \\
    cat /run/secrets/variable /run/secrets/file; echo "$API_TOKEN"; env; cat /run/secrets/file >&2
FROM prod AS bad
RUN --mount=type=secret,id=variable cat /run/secrets/variable && env && exit 3
FROM prod AS fetched
COPY --from=extra / /
"""
ASKS = Fault(name="asks", status=401, headers=(("WWW-Authenticate", 'Basic realm="r"'),))


@pytest.fixture(scope="module")
def canaries() -> dict[str, str]:
    return {path: f"canary{uuid.uuid4().hex}" for path in PATHS}


@pytest.fixture(scope="module", params=["buildx", "sdk"])
def sinks(
    request: pytest.FixtureRequest,
    engine: Engine,
    canaries: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp(request.param)
    with FaultProxy(upstream=engine.registry) as proxy:
        place = _Place(folder, engine, canaries, proxy, request.param)
        yield place.collected()


class _Place:
    """A project that is full of canaries, and what came out of building it."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        canaries: Mapping[str, str],
        proxy: FaultProxy,
        backend: str,
    ) -> None:
        self.folder, self.proxy, self.backend = folder, proxy, backend
        login = base64.b64encode(f"me:{canaries['registry']}".encode()).decode()
        proxied = f"http://me:{canaries['proxy']}@127.0.0.1:9"
        config = {
            "auths": {proxy.registry: {"auth": login}},
            "proxies": {"default": {"ftpProxy": proxied}},
        }
        docker = folder / "docker"
        docker.mkdir()
        (docker / "config.json").write_text(json.dumps(config))
        plugins = Path(engine.env.get("DOCKER_CONFIG", "")) / "cli-plugins"
        if plugins.is_dir():
            (docker / "cli-plugins").symlink_to(plugins)
        (folder / "Dockerfile").write_text(DOCKERFILE)
        (folder / "file.txt").write_text(f"{canaries['secret file']}\n")
        self.repository = f"canaries/{uuid.uuid4().hex}"
        git = f"https://me:{canaries['git url']}@localhost:9/x.git"
        (folder / "stagebuild.toml").write_text(
            "[environments.prod]\n"
            f'tags = ["{proxy.registry}/{self.repository}:1"]\n'
            "no-cache = true\nretries = 0\n"
            'build-args = { API_TOKEN = { env = "API_TOKEN" } }\n'
            'secrets = { variable = { env = "VARIABLE" }, file = { file = "file.txt" } }\n'
            f'contexts = {{ extra = "{git}" }}\n'
            '[environments.attested]\ninherits = ["prod"]\ntarget = "prod"\n'
            'attestations = { provenance = "mode=max" }\n'
            '[environments.bad]\ninherits = ["prod"]\ntarget = "bad"\n'
            '[environments.fetched]\ninherits = ["prod"]\ntarget = "fetched"\n'
        )
        self.environ = {
            **engine.env,
            "DOCKER_CONFIG": str(docker),
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "HOME": str(folder),
            "STAGEBUILD_HISTORY": str(folder / "history.sqlite"),
            "API_TOKEN": canaries["build arg"],
            "VARIABLE": canaries["secret variable"],
            "ftp_proxy": proxied,
        }
        self.argvs: set[str] = set()

    def collected(self) -> dict[str, str]:
        """Return what each sink got."""
        watching = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(watching,))
        watcher.start()
        try:
            found = self._built()
        finally:
            watching.set()
            watcher.join()
        found["argv"] = "\n".join(self.argvs)
        return found

    def _built(self) -> dict[str, str]:
        plain = self._run("prod", "--push", "--progress", "plain", "--metadata-file", "m.json")
        fetched = self._run("fetched", "--progress", "plain")
        raw = self._run("bad", "--progress", "rawjson")
        document = self._run("bad", "prod", "--json", "-k")
        digest = self._run("prod", "-q", "--push", "--digest-file", "digest")
        files = [path for path in self.folder.rglob("*") if "history" in str(path).lower()]
        kept = b"".join(path.read_bytes() for path in files if path.is_file())
        return {
            "stdout": plain[0] + fetched[0] + raw[0] + digest[0],
            "plain": plain[1] + fetched[1],
            "terminal": self._terminal("bad", "fetched", "-k"),
            "rawjson": raw[1] + _decoded(raw[1]),
            "json": "".join(document),
            "log": self._run("bad", "--log-format", "console")[1],
            "json log": self._run("fetched", "--log-format", "json")[1],
            "verbose": self._run("bad", "-v", "--progress", "plain")[1],
            "metadata file": (self.folder / "m.json").read_text(),
            "digest file": (self.folder / "digest").read_text(),
            "history file": kept.decode("utf-8", "replace"),
            "history json": "".join(self._run("history", "--json")),
            "dry run": "".join(self._run("prod", "fetched", "--dry-run")),
            "plan": "".join(self._run("plan", "prod", "bad", "fetched", "--json")),
            "why": "".join(self._run("why", "prod") + self._run("why", "bad", "--json")),
            "graph": "".join(self._run("graph")),
            "check": "".join(self._run("check", "--json")),
            "doctor": "".join(self._run("doctor")),
            "provenance": self._provenance(),
            "exception": self._exception("bad") + self._exception("fetched"),
        }

    def _argv(self, *words: str) -> list[str]:
        argv = [sys.executable, "-m", "stagebuild", *words]
        return argv if words[0] in VERBS else [*argv, "--backend", self.backend]

    def _run(self, *words: str) -> tuple[str, str]:
        with self.proxy.broken(ASKS, Phase.ANY, times=1):
            done = subprocess.run(
                self._argv(*words),
                cwd=self.folder,
                env=self.environ,
                capture_output=True,
                text=True,
                check=False,
            )
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    def _provenance(self) -> str:
        """Return what the registry has of how an image was made."""
        self._run("attested", "--push", "--progress", "plain")
        at = f"http://{self.proxy.upstream}/v2/{self.repository}"
        kinds = ("index.v1+json", "manifest.v1+json")
        accepted = ",".join(f"application/vnd.oci.image.{kind}" for kind in kinds)
        headers = {"Accept": accepted}
        index = _fetched(f"{at}/manifests/1", headers)
        told = [json.dumps(index)]
        for one in index.get("manifests", ()):  # no index where a backend attests nothing
            manifest = _fetched(f"{at}/manifests/{one['digest']}", headers)
            told.append(json.dumps(manifest))
            told += [
                json.dumps(_fetched(f"{at}/blobs/{layer['digest']}", headers))
                for layer in manifest["layers"]
                if layer["mediaType"].endswith("json")
            ]
        return "\n".join(told)

    def _terminal(self, *words: str) -> str:
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            self._argv(*words, "--progress", "tty"),
            cwd=self.folder,
            env={**self.environ, "TERM": "xterm", "COLUMNS": "200"},
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(ours)
        child.wait()
        return shown.decode("utf-8", "replace")

    def _exception(self, name: str) -> str:
        environ = dict(self.environ)
        project = sb.load(self.folder)
        current = Surroundings.current()
        world = Surroundings(
            environ=environ,
            now_s=current.now_s,
            folder=str(self.folder),
            git=current.git,
            read_bytes=current.read_bytes,
            is_folder=current.is_folder,
            is_file=current.is_file,
        )
        plan = sb.plan_builds(project, [name], surroundings=world)
        backend = select_backend(self.backend, environ=environ).backend
        try:
            sb.execute(plan, backend=backend)
        except sb.BuildFailed as error:
            told = {key: text for key, text in vars(error).items() if key != "timeline"}
            return f"{traceback.format_exc()}{error!r}{told!r}{error.timeline!r}"
        raise AssertionError(f"{name} did not fail")

    def _watch(self, over: threading.Event) -> None:
        """
        Note the arguments of all processes that come from here, as any user could see them.

        The engine's own are not ours: BuildKit gives what git is to say of itself to git in an
        argument, on the engine's machine.
        """
        while not over.is_set():
            parents: dict[int, int] = {}
            words: dict[int, bytes] = {}
            for entry in Path("/proc").iterdir():
                if entry.name.isdecimal():
                    try:
                        stat = (entry / "stat").read_text()
                        words[int(entry.name)] = (entry / "cmdline").read_bytes()
                    except OSError:
                        continue
                    parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
            for pid, argv in words.items():
                if _descends(pid, parents):
                    self.argvs.add(argv.replace(b"\0", b" ").decode("utf-8", "replace"))
            time.sleep(0.01)


def _fetched(url: str, headers: Mapping[str, str]) -> Any:
    with urlopen(Request(url, headers=dict(headers))) as answer:
        return json.load(answer)


def _descends(pid: int, parents: Mapping[int, int]) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = parents.get(pid, 0)
    return False


def _decoded(lines: str) -> str:
    """Return what is base64 in JSON lines."""
    chunks = re.findall(r'"data":"([^"]*)"', lines)
    return b"".join(base64.b64decode(chunk) for chunk in chunks).decode("utf-8", "replace")


def leaks(text: str, canary: str) -> list[str]:
    """Return in which of its spellings a canary is in a text."""
    spellings = {
        "as it is": canary,
        "quoted": quote(canary),
        "in base64": base64.b64encode(canary.encode()).decode().rstrip("="),
        "as a login": base64.b64encode(f"me:{canary}".encode()).decode().rstrip("="),
    }
    return [name for name, spelling in spellings.items() if spelling in text]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sink", SINKS)
def test_no_canary_gets_out(
    sinks: Mapping[str, str], canaries: Mapping[str, str], sink: str, path: str
) -> None:
    assert leaks(sinks[sink], canaries[path]) == []


@pytest.mark.parametrize("sink", sorted(set(SINKS) - {"digest file"}))
def test_every_sink_got_something(sinks: Mapping[str, str], sink: str) -> None:
    assert len(sinks[sink]) > 20


def test_the_processes_were_watched(sinks: Mapping[str, str]) -> None:
    assert "-m stagebuild prod" in sinks["argv"]


def test_the_registry_was_shown_its_credentials(sinks: Mapping[str, str]) -> None:
    assert sinks["digest file"].strip(), "the push that needed them succeeded"


def test_a_leak_that_is_planted_is_seen(
    engine: Engine, canaries: Mapping[str, str], tmp_path: Path
) -> None:
    """The same build by a backend that nothing masks: if this is not seen, nothing would be."""
    with FaultProxy(upstream=engine.registry) as proxy:
        place = _Place(tmp_path, engine, canaries, proxy, "buildx")
        project = sb.load(tmp_path)
        world = Surroundings.current()
        os.environ.update({name: place.environ[name] for name in ("API_TOKEN", "VARIABLE")})
        try:
            (spec,) = sb.plan_builds(project, ["prod"], surroundings=world.current()).specs
        finally:
            for name in ("API_TOKEN", "VARIABLE"):
                del os.environ[name]
        printed: list[str] = []

        def emit(event: object) -> None:
            if isinstance(event, LogChunk):
                printed.append(event.data.decode())

        BuildxBackend(environ=place.environ).build(spec, emit, Cancel())
    text = "".join(printed)
    for path in ("build arg", "secret variable", "secret file", "proxy"):
        assert leaks(text, canaries[path]) == ["as it is", "quoted"]
    encoded = base64.b64encode(f"me:{canaries['registry']}".encode()).decode()
    assert "as a login" in leaks(encoded, canaries["registry"])


def test_the_registry_has_the_provenance_that_was_asked_for(sinks: Mapping[str, str]) -> None:
    assert "https://slsa.dev/provenance" in sinks["provenance"]
