"""Ways to an engine, other than its own socket."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.buildkit.client import Client
from stagebuild.buildkit.endpoints import CommandAddress
from stagebuild.buildkit.errors import ConnectionLost

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.engine
def test_a_programs_streams_are_a_connection_and_it_ends_with_it(engine: Any) -> None:
    # What runs at the far end of ssh:// addresses.
    argv = ("env", *(f"{k}={engine.env[k]}" for k in ("DOCKER_HOST", "PATH")))
    address = CommandAddress(argv=(*argv, "docker", "system", "dial-stdio"))
    before = threading.active_count()

    with Client(address) as client:
        workers = client.workers()

    assert workers[0].id
    assert threading.active_count() == before


def test_a_program_that_ends_at_once_is_a_lost_connection() -> None:
    with Client(CommandAddress(argv=("false",))) as client, pytest.raises(ConnectionLost):
        client.workers()


def test_a_program_that_does_not_exist_is_a_refused_connection(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost) as caught:
        Client(CommandAddress(argv=(f"{tmp_path}/none",)))

    assert caught.value.refused
