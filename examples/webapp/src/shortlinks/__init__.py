"""A link shortener with a page, an API and a SQLite database."""

from shortlinks.app import create_app

__all__ = ["create_app"]
