"""
What BuildKit refuses once variables are expanded: signals, ports, modes, remote sources.

Every function raises a ``DockerfileError`` without a place, or returns nothing.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb, convert_copy.go, convert_expose.go and
convert_runmount.go; moby/sys signal.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import TYPE_CHECKING

from stagebuild.errors import DockerfileError, did_you_mean

if TYPE_CHECKING:
    from stagebuild.dockerfile.instructions import Add, Copy, Transfer
    from stagebuild.dockerfile.mounts import Mount

_SIGNALS = frozenset(
    (
        *("ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT"),
        *("IO", "IOT", "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT"),
        *("STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2"),
        *("VTALRM", "WINCH", "XCPU", "XFSZ"),
        *("RTMIN", *(f"RTMIN+{n}" for n in range(1, 16))),
        *("RTMAX", *(f"RTMAX-{n}" for n in range(1, 15))),
    )
)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_GIT_OVER_SSH = re.compile(r"[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:.*")
_REMOTE = re.compile(r"(?:https?|git|ssh)://", re.IGNORECASE)
_HIGHEST_PORT = 65_535
_HIGHEST_MODE = 0o7777


def check_signal(name: str) -> None:
    """Refuse what is no Linux signal."""
    if _INTEGER.fullmatch(name):
        if int(name[:20]) == 0:
            raise DockerfileError(f'"{name}" is no signal')
    elif name.upper().removeprefix("SIG") not in _SIGNALS:
        known = (f"SIG{signal}" for signal in _SIGNALS if "+" not in signal and "-" not in signal)
        hint = did_you_mean(name.upper(), known).removeprefix("; ")
        raise DockerfileError(f'"{name}" is no signal', hint=hint)


def check_port(text: str) -> None:
    """Refuse what is not ``[[address:]host:]port[-last][/protocol]``."""
    address, host_port, port = _port_parts(text)
    numbers, _, protocol = port.partition("/")
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        raise DockerfileError(
            f'"{protocol}" of port "{text}" is no protocol', hint="use tcp or udp"
        )
    first, last = _port_range(numbers, text)
    if address:
        _check_address(address, text)
    if host_port:
        host_first, host_last = _port_range(host_port, text)
        if last != first and last - first != host_last - host_first:
            raise DockerfileError(f'the ranges of "{text}" differ in length')


def check_transfer(instruction: Copy | Add, *, is_add: bool) -> None:
    """Refuse modes that are none, remote sources of COPY, and checksums of local files."""
    _check_mode(instruction)
    if not is_add:
        for source in instruction.sources:
            if is_remote(source):
                raise DockerfileError(
                    f'COPY can\'t fetch "{source}"', hint="ADD fetches URLs and Git repositories"
                )


def check_checksum(instruction: Add) -> None:
    """Refuse a checksum unless there is exactly one source, and it is remote."""
    if not instruction.checksum:
        return
    if len(instruction.sources) != 1:
        raise DockerfileError("--checksum works with exactly one source")
    if not is_remote(instruction.sources[0]):
        raise DockerfileError("--checksum works with a URL or a Git repository only")


def check_mount(mount: Mount, *, workdir: str | None) -> None:
    """Refuse a mount over the root directory."""
    if mount.type in ("secret", "ssh"):
        return
    target: str | None = mount.target
    if not mount.target.startswith("/"):
        # Relative to a directory that we may not know; it is then taken to be a good one.
        target = workdir and posixpath.normpath(posixpath.join(workdir, mount.target))
    if target in ("/", "//"):
        raise DockerfileError(f'a mount can\'t have the target "{mount.target}"')


def is_remote(source: str) -> bool:
    """Say whether ADD would fetch this source instead of taking it from the build context."""
    if source.startswith(("./", "../")):
        return False
    return bool(_REMOTE.match(source) or _GIT_OVER_SSH.fullmatch(source))


def _check_mode(instruction: Transfer) -> None:
    """Check octal modes. Symbolic ones (``u+x``) are for newer frontends, and left to them."""
    mode = instruction.chmod
    if (
        mode.isascii()
        and mode.isdecimal()
        and (not set(mode) <= set("01234567") or int(mode, 8) > _HIGHEST_MODE)
    ):
        raise DockerfileError(f'"{mode}" is no mode', hint="it is octal, at most 07777")


def _port_parts(text: str) -> tuple[str, str, str]:
    *front, port = text.split(":")
    match front:
        case []:
            return "", "", port
        case [host_port]:
            return "", host_port, port
        case [*address, host_port]:
            return ":".join(address), host_port, port
    raise AssertionError(front)  # pragma: no cover - the cases above are all there are


def _check_address(address: str, text: str) -> None:
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        ipaddress.ip_address(bare)
    except ValueError as error:
        raise DockerfileError(f'"{address}" of port "{text}" is no address') from error


def _port_range(numbers: str, text: str) -> tuple[int, int]:
    first, dash, last = numbers.partition("-")
    bounds = (first, last) if dash else (first, first)
    if not all(_is_port(bound) for bound in bounds):
        raise DockerfileError(f'"{text}" is no port', hint="write it as 8080, 8000-8010 or 53/udp")
    if int(bounds[1]) < int(bounds[0]):
        raise DockerfileError(f'the range of port "{text}" is upside down')
    return int(bounds[0]), int(bounds[1])


def _is_port(text: str) -> bool:
    return bool(_INTEGER.fullmatch(text)) and 0 <= int(text[:20]) <= _HIGHEST_PORT
