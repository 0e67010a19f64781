from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

URL = "https://example.org/a/long/address"


def test_a_new_link_is_on_the_page(client: FlaskClient) -> None:
    assert client.post("/", data={"url": URL}).status_code == 303
    assert URL in client.get("/").text


def test_the_page_names_its_environment(client: FlaskClient) -> None:
    assert ">test</small>" in client.get("/").text


def test_the_page_links_the_hashed_style_sheet(client: FlaskClient) -> None:
    assert 'href="/static/main-1.css"' in client.get("/").text


def test_assets_may_be_kept_for_a_year(client: FlaskClient) -> None:
    answer = client.get("/static/main-1.css")
    assert answer.status_code == 200
    assert answer.cache_control.max_age == 365 * 24 * 3600


def test_the_api_returns_what_was_added(client: FlaskClient) -> None:
    added = client.post("/api/links", json={"url": URL})
    assert added.status_code == 201
    assert client.get("/api/links").json == [added.json]


def test_a_short_link_redirects_and_counts(client: FlaskClient) -> None:
    code = client.post("/api/links", json={"url": URL}).json["code"]
    assert client.get(f"/{code}").location == URL
    assert client.get("/api/links").json[0]["visits"] == 1


def test_an_unknown_code_is_not_found(client: FlaskClient) -> None:
    assert client.get("/nothing").status_code == 404


@pytest.mark.parametrize("url", [None, "", "ftp://example.org", "javascript:alert(1)", 7])
def test_what_is_no_web_address_is_refused(client: FlaskClient, url: object) -> None:
    assert client.post("/api/links", json={"url": url}).status_code == 400


def test_health_reads_the_database(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok", "environment": "test"}
