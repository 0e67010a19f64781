"""
What a broken registry does to a build, on a real engine, with both backends.

Here are the cells that take no longer than they must; ``python -m tests.faults.table`` runs all.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.errors import RegistryFailed
from tests.faults.cells import ALL, Cell, run_cells
from tests.faults.lab import BACKENDS, FAULTS, HANG, Lab
from tests.faults.proxy import FaultProxy, Phase
from tests.faults.verdicts import mistakes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine
    from tests.faults.lab import Outcome

pytestmark = pytest.mark.engine

BY_NAME = {fault.name: fault for fault in FAULTS}
QUICK = [cell for cell in ALL if cell.is_quick and not cell.lasts]


@pytest.fixture(scope="module")
def ended(engine: Engine) -> tuple[dict[Cell, Outcome], list[str]]:
    return run_cells(QUICK, engine)


@pytest.fixture(params=BACKENDS)
def lab(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Lab:
    return Lab(backend=request.param, environ=engine.env, registry=engine.registry, folder=tmp_path)


@pytest.mark.parametrize("cell", QUICK, ids=str)
def test_a_fault_ends_as_it_should(
    cell: Cell, ended: tuple[dict[Cell, Outcome], list[str]]
) -> None:
    outcomes, _ = ended
    assert mistakes(cell, outcomes[cell]) == []


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_fault_that_lasts_ends_in_the_registrys_own_words(lab: Lab, fault: str) -> None:
    outcome = lab.cell(BY_NAME[fault], "resolve", passes=False, retries=1)
    assert isinstance(outcome.error, RegistryFailed)
    assert len(outcome.attempts) == 2
    assert fault in outcome.error.message


def test_no_retries_are_none(lab: Lab) -> None:
    outcome = lab.cell(BY_NAME["429"], "resolve", passes=False, retries=0)
    assert isinstance(outcome.error, RegistryFailed)
    assert len(outcome.attempts) == 1


def test_a_refused_push_leaves_no_tag(lab: Lab) -> None:
    with FaultProxy(upstream=lab.registry) as proxy:
        spec, where = lab.prepared("push", proxy)
        with proxy.broken(BY_NAME["403"], where):
            assert lab.build(spec)[1] is not None
    assert not lab.is_pushed()


def test_a_registry_that_never_answers_is_ended_by_the_idle_timeout(lab: Lab) -> None:
    outcome = lab.cell(HANG, "resolve", passes=False, idle_timeout_s=2.0)
    assert type(outcome.error).__name__ == "BuildTimedOut"
    assert outcome.wall_s < 8


def test_a_failed_push_with_no_cache_pushes_what_this_build_made(lab: Lab) -> None:
    """The second attempt takes the steps from the cache: they have to be those just run."""
    text = "FROM busybox\nRUN head -c 16 /dev/urandom | od -An -tx1 > /made && echo NONCE\n"
    with FaultProxy(upstream=lab.registry) as proxy:
        ref = f"{proxy.registry}/faults/{lab.nonce}"
        assert lab.build(lab.spec(text, tags=(f"{ref}:old",), push=True))[1] is None
        old = made(lab, "old")
        printed: list[str] = []
        spec = lab.spec(text, tags=(f"{ref}:new",), push=True, no_cache=True)
        with proxy.broken(BY_NAME["429"], Phase.PUSH) as injection:

            def watch(event: Any) -> None:
                printed.append(type(event).__name__)
                if printed[-1] == "Retrying":
                    injection.times = injection.hits

            result, error = lab.build(spec, on_event=watch)
    assert error is None
    assert result is not None
    assert len(result.attempts) == 2
    assert result.stages[0].cached_steps == result.stages[0].steps, (
        "the second attempt ran nothing anew"
    )
    assert made(lab, "new") != old, "but what it pushed is what the first one made"


def made(lab: Lab, tag: str) -> str:
    """Return what the image in the registry has in ``/made``."""
    environ = {**os.environ, **lab.environ}
    reference = f"{lab.registry}/faults/{lab.nonce}:{tag}"
    argv = ["docker", "run", "--rm", "--network", "none", reference, "cat", "/made"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_nothing_is_left(ended: tuple[dict[Cell, Outcome], list[str]]) -> None:
    _, left = ended
    assert left == []
