"""
Builds of one run: one connection, and one session for those that need the same things.

Within a session a context is sent once, however many builds use it; five environments that differ
by target and args make three transfers instead of fifteen. What a session offers is fixed when it
begins, so builds share one only if they read the same folders, secrets and agents.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from stagebuild.backends.base import SolveFailed, check_held
from stagebuild.backends.ignorepatterns import check_patterns
from stagebuild.backends.sdk import frontend
from stagebuild.backends.sdk.caches import caches_of
from stagebuild.backends.sdk.credentials import credentials
from stagebuild.backends.sdk.facts import check_features, facts_of
from stagebuild.backends.sdk.outputs import outputs_of
from stagebuild.buildkit.client import Client
from stagebuild.buildkit.errors import ConnectionLost
from stagebuild.buildkit.messages import CacheOptions, SolveRequest
from stagebuild.buildkit.session import FILE_SYNC, Auth, Late, Secrets, Session, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.backends.sdk.caches import Caches
    from stagebuild.backends.sdk.dockerconfig import DockerConfig
    from stagebuild.backends.sdk.facts import EngineFacts
    from stagebuild.backends.sdk.outputs import Outputs
    from stagebuild.buildkit.endpoints import Address
    from stagebuild.buildkit.running import Running
    from stagebuild.buildkit.session import Provider
    from stagebuild.model import Secret
    from stagebuild.planning.spec import BuildSpec


class Started(NamedTuple):
    """
    A build under way.

    Attributes:
        running: In the engine.
        facts: Of the engine.
        outputs: Where its results go.
        caches: What it caches where.
    """

    running: Running
    facts: EngineFacts
    outputs: Outputs
    caches: Caches


class JointBuilds:
    """
    A connection for the builds of one run. A context manager; leaving it ends the connection.

    Args:
        address: Of the engine.
        config: Docker's configuration.
        environ: The process environment.
        specs: Every build of the run.
        proxies: Build args that hold unless a spec says otherwise.
    """

    def __init__(
        self,
        address: Address,
        *,
        config: DockerConfig,
        environ: Mapping[str, str],
        specs: Sequence[BuildSpec],
        proxies: Mapping[str, str],
    ) -> None:
        self._address = address
        self._config = config
        self._environ = environ
        self._specs = specs
        self._proxies = proxies
        self._lock = threading.Lock()
        self._sessions: dict[object, Session] = {}
        self._client: Client | None = None
        self._facts: EngineFacts | None = None
        self._clients: list[Client] = []
        self._late: list[Running] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection, which a build whose answer is not there yet may need a moment."""
        late = [build for build in self._late if not build.is_solved]
        if self._client is not None and late:
            self._client.close_after(late)
            self._clients.remove(self._client)
        for client in self._clients:
            client.close()
        self._stack.close()

    def answered_late(self, running: Running) -> None:
        """Note a build that is over for us before the engine has answered."""
        self._late.append(running)

    def start(self, spec: BuildSpec) -> Started:
        """
        Start a build.

        Raises:
            UnsupportedFeature: The engine can't do what the spec requires; nothing was started.
            SolveFailed: The spec can't be built as it is.
            BuildKitError: The engine is not there, or ended the connection.
            ContextError: A ``.dockerignore`` has a pattern that the engine can't read.
        """
        secrets = {
            name: _checked(name, secret, self._environ, held=spec.held_secrets)
            for name, secret in spec.secrets.items()
        }
        check_patterns(spec)
        with self._lock:
            client, facts = self._connected()
        outputs = outputs_of(spec, facts)
        check_features(spec, facts, outputs=len(outputs.exporters))
        caches = caches_of(spec, self._environ)
        layouts = self._layouts(spec)
        request = SolveRequest(
            ref=new_id(),
            frontend=frontend.frontend_of(spec),
            frontend_attrs=frontend.frontend_attributes(
                spec,
                facts=facts,
                imports=caches.imports,
                layouts={name: sent for name, (sent, _) in layouts.items()},
                proxies=self._proxies,
            ),
            cache=CacheOptions(exports=caches.exports, imports=caches.imports),
            entitlements=("network.host",) if spec.network == "host" else (),
            source_policy=_policy(spec, self._environ),
            internal=not spec.recorded,
            exporters=outputs.exporters,
            exporter_deprecated=outputs.exporters[0].type if outputs.exporters else "",
            exporter_attrs_deprecated=outputs.exporters[0].attrs if outputs.exporters else {},
        )
        stores = {**caches.folders, **dict(store for _, store in layouts.values())}
        for folder in outputs.layouts:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - pathlib is not loaded on this path
            stores["export"] = folder  # the only name there is for it
        with self._lock:
            session = self._session(client, spec, secrets, outputs, stores)
        request.session = session.id
        return Started(client.solve(request), facts, outputs, caches)

    def _connected(self) -> tuple[Client, EngineFacts]:
        if self._client is not None and self._client.is_lost:
            # The engine went away during an attempt; the next one knocks again.
            self._client = self._facts = None
            self._sessions.clear()
        if self._client is None or self._facts is None:
            self._client = Client(self._address)
            self._clients.append(self._client)
            try:
                workers = self._client.workers()
            except ConnectionLost as error:
                # It hung up at the first question: nothing that builds is there.
                raise ConnectionLost(f"{self._address}: {error}", refused=True) from error
            self._facts = facts_of(workers, self._client.engine)
        return self._client, self._facts

    def _session(
        self,
        client: Client,
        spec: BuildSpec,
        secrets: Mapping[str, Callable[[], bytes]],
        outputs: Outputs,
        stores: Mapping[str, str],
    ) -> Session:
        """Return the session of a build, begun if it is the first of its kind."""
        folders = frontend.local_folders(spec)
        shared = (folders, spec.secrets, spec.ssh)
        key = repr((shared, spec.name if outputs.targets or stores else None))
        if key in self._sessions:
            return self._sessions[key]
        providers: list[Provider] = [Auth(self._credentials)]
        if folders:
            providers.append(Late(FILE_SYNC, partial(_sent, folders)))
        if secrets:
            providers.append(Secrets(lambda name: secrets[name]()))
        if spec.ssh:
            from stagebuild.backends.sdk.agents import agent_sockets  # noqa: PLC0415 - rare
            from stagebuild.buildkit.ssh import SshAgents  # noqa: PLC0415

            sockets = agent_sockets(spec, self._environ, self._stack)
            providers.append(SshAgents(sockets))
        if outputs.targets:
            from stagebuild.buildkit.filereceive import FileSend  # noqa: PLC0415 - see outputs

            providers.append(FileSend(outputs.targets))
        if stores:
            from stagebuild.buildkit.content import Content  # noqa: PLC0415 - rare

            providers.append(Content(stores))
        session = Session(providers, shared_key=self._shared_key(spec))
        client.serve(session)
        self._sessions[key] = session
        return session

    def _credentials(self, host: str) -> tuple[str, str]:
        return credentials(self._config, host, self._environ)

    def _shared_key(self, spec: BuildSpec) -> str:
        """
        Return the name of the engine's copy of the context.

        Builds of different targets ask for different files of it; if they shared a copy, each would
        delete what the other had. So the targets of the run are part of the name.
        """
        targets = sorted(
            {other.target or "" for other in self._specs if other.context == spec.context}
        )
        name = f"{os.uname().nodename}:{spec.context}:{spec.dockerfile}:{'+'.join(targets)}"
        return name.encode("ascii", "backslashreplace").decode("ascii").replace("\n", "\\n")

    def _layouts(self, spec: BuildSpec) -> dict[str, tuple[str, tuple[str, str]]]:
        """Return what the contexts in OCI layouts are called to the engine, and their stores."""
        if not any(source.startswith("oci-layout://") for source in spec.contexts.values()):
            return {}
        from stagebuild.backends.sdk.layouts import layout_context  # noqa: PLC0415 - rare

        return {
            name: layout_context(spec, name, source)
            for name, source in spec.contexts.items()
            if source.startswith("oci-layout://")
        }


def _sent(folders: Mapping[str, str]) -> Provider:
    from stagebuild.buildkit.filesync import FileSync  # noqa: PLC0415 - see Late
    from stagebuild.context.folder import Folder  # noqa: PLC0415 - likewise

    return FileSync({name: Folder(path) for name, path in folders.items()})


def _policy(spec: BuildSpec, environ: Mapping[str, str]) -> bytes:
    """Return what holds base images to their digests, and the policy of the user's own."""
    if not spec.locked and "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY" not in environ:
        return b""
    from stagebuild.backends.sdk.sourcepolicy import source_policy  # noqa: PLC0415 - rare

    return source_policy(environ, spec.locked)


def _checked(
    name: str, secret: Secret, environ: Mapping[str, str], *, held: Mapping[str, str]
) -> Callable[[], bytes]:
    """Return what reads a secret when the build asks; refuse one that is not there."""
    if secret.command is not None:
        check_held(name, held)
        return held[name].encode("utf-8", "surrogateescape").__bytes__
    if secret.env is not None:
        value = environ.get(secret.env)
        if value is None:
            raise SolveFailed(f'secret "{name}": there is no environment variable {secret.env}')
        return value.encode("utf-8", "surrogateescape").__bytes__
    path = secret.file or ""
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib is not loaded on this path
        raise SolveFailed(f'secret "{name}": there is no file {path}')
    return lambda: _content(path)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
        return file.read()
