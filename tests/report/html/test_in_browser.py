"""The page in a real browser: how fast, how accessible, and that its buttons do what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.report.html.page import html
from tests.report.html.browser import browsing, needed_browser
from tests.report.html.test_page import everything
from tests.report.runs.samples import large_events, run, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.report.html.browser import Page

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[3] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing(needed_browser(AXE)) as found:
        yield found


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "large.html"
    path.write_text(html(run(succeeded(large_events()))))
    return path


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "full.html"
    path.write_text(html(everything()))
    return path


def violations(page: Page) -> list[Any]:
    page.evaluate(f"{AXE.read_text()};null")
    found = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then(told => told.violations.map("
        "each => [each.id, each.nodes.map(node => node.html)]))"
    )
    assert isinstance(found, list)
    return found


def status(page: Page) -> Any:
    page.evaluate("new Promise(done => setTimeout(done, 250))")  # it waits for a pause in typing
    return page.evaluate("document.getElementById('found').textContent")


def test_a_run_of_400_steps_is_painted_within_a_second(page: Page, large: Path) -> None:
    page.open(large)
    paint_ms = page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))"
        ".observe({type: 'paint', buffered: true}))"
    )
    print(f"first paint after {paint_ms:.0f} ms")
    assert paint_ms < 1000


def test_a_page_loads_nothing(page: Page, full: Path) -> None:
    page.open(full)
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)])
def test_axe_finds_no_violation(page: Page, full: Path, width: int, *, dark: bool) -> None:
    page.open(full, width=width, dark=dark)
    page.evaluate("document.getElementById('open').click()")
    assert violations(page) == []


def test_a_phone_does_not_scroll_sideways(page: Page, full: Path) -> None:
    page.open(full, width=390)
    page.evaluate("document.getElementById('open').click()")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_search_by_keyboard_shows_the_steps_whose_log_has_it(page: Page, large: Path) -> None:
    page.open(large)
    page.evaluate("document.getElementById('search').focus()")
    page.type("module_7.c of step 9")
    assert status(page) == "40 steps, 40 places in logs."
    assert page.evaluate("document.querySelectorAll('.steps > li:not([hidden])').length") >= 40
    assert page.evaluate("document.querySelectorAll('mark').length") == 40
    page.press("Escape")
    assert status(page) == ""
    assert page.evaluate("document.querySelectorAll('mark').length") == 0


def test_a_search_says_when_nothing_has_it(page: Page, large: Path) -> None:
    page.open(large)
    page.evaluate("document.getElementById('search').focus()")
    page.type("no such thing <b>")
    assert status(page) == "No step and no log has it."


def test_a_stage_opens_and_closes_by_keyboard(page: Page, large: Path) -> None:
    page.open(large)
    page.evaluate("document.querySelector('.stage > summary').focus()")
    for wanted in (True, False):
        page.press("Enter")
        assert page.evaluate("document.querySelector('.stage').open") is wanted


def test_tab_reaches_the_search_and_the_buttons_in_order(page: Page, full: Path) -> None:
    page.open(full)
    reached = []
    for _ in range(12):
        page.press("Tab")
        told = "document.activeElement.id || document.activeElement.textContent"
        reached.append(page.evaluate(told))
    assert reached[0] == "Skip to the builds"
    assert [each for each in reached if each in ("search", "open", "close", "Copy")][:4] == [
        "search",
        "open",
        "close",
        "Copy",
    ]


def test_a_digest_is_copied_from_a_file(page: Page, full: Path) -> None:
    page.open(full)
    page.evaluate("document.querySelector('.copy').focus()")
    page.press("Enter")
    assert "Copied" in status(page)
    assert page.evaluate("document.querySelector('.copy').textContent") == "Copied"
