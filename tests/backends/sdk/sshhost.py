"""
A host that the real ``ssh`` program connects to, whose commands run on this machine.

paramiko is its server, so that no sshd, user or key of the machine has a part in it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SshHost:
    """
    The host.

    Attributes:
        url: As ``ssh://builder@localhost:2222``.
        programs: A folder whose ``ssh`` is the machine's own, with this host's key and no other.
        commands: What it was told to run.
    """

    url: str
    programs: Path
    commands: list[str]


@contextmanager
def ssh_host(folder: Path, environ: Mapping[str, str]) -> Iterator[SshHost]:
    """
    Serve a host.

    Args:
        folder: An empty one, for keys and configuration.
        environ: What its commands get.
    """
    key, own = paramiko.RSAKey.generate(2048), paramiko.RSAKey.generate(2048)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    commands: list[str] = []
    transports: list[paramiko.Transport] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                transport = paramiko.Transport(listener.accept()[0])
                transports.append(transport)
                transport.add_server_key(own)
                with contextlib.suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Host(key, environ, commands))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        programs = _programs(folder, key, f"[localhost]:{port} {own.get_name()} {own.get_base64()}")
        yield SshHost(url=f"ssh://builder@localhost:{port}", programs=programs, commands=commands)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        for transport in transports:
            transport.close()


def _programs(folder: Path, key: paramiko.PKey, known_host: str) -> Path:
    """Write a folder with an ``ssh`` that uses one key and knows one host."""
    programs = folder / "programs"
    programs.mkdir()
    key.write_private_key_file(str(folder / "key"))
    (folder / "known_hosts").write_text(known_host + "\n")
    (folder / "config").write_text(
        f"Host *\n IdentityFile {folder}/key\n IdentitiesOnly yes\n IdentityAgent none\n"
        f" UserKnownHostsFile {folder}/known_hosts\n BatchMode yes\n"
    )
    (programs / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/config "$@"\n')
    (programs / "ssh").chmod(0o755)
    return programs


class _Host(paramiko.ServerInterface):
    """An ssh host that runs what it is told to, for whoever has the key."""

    def __init__(self, key: paramiko.PKey, environ: Mapping[str, str], commands: list[str]) -> None:
        self._key = key
        self._environ = environ
        self._commands = commands

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_known = username == "builder" and key == self._key
        return AUTH_SUCCESSFUL if is_known else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._commands.append(command.decode())
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        program = subprocess.Popen(
            command,
            shell=True,  # as sshd does
            env=dict(self._environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        feeder = threading.Thread(target=_feed, args=(channel, program.stdin), daemon=True)
        feeder.start()
        while data := os.read(program.stdout.fileno(), CHUNK_BYTES):
            channel.sendall(data)
        channel.sendall_stderr(program.stderr.read())
        channel.send_exit_status(program.wait())
        channel.close()
        feeder.join(10)
        program.stdout.close()
        program.stderr.close()


def _feed(channel: paramiko.Channel, into: IO[bytes]) -> None:
    with contextlib.suppress(OSError), into:
        while data := channel.recv(CHUNK_BYTES):
            into.write(data)
            into.flush()
