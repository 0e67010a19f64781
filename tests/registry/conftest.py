"""A place in a real registry, behind a proxy that breaks what it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.proxy import FaultProxy
from tests.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine


@pytest.fixture
def shelf(engine: Engine) -> Iterator[Shelf]:
    with FaultProxy(upstream=engine.registry) as proxy:
        yield Shelf(proxy=proxy)
