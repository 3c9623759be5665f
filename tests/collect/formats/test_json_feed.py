"""JSON Feed: entries of a blog."""

import json

from tests.support.format_reading import posts, read, values


def test_entries_are_posts_in_either_version_of_the_format() -> None:
    entries = [
        {"id": 1, "title": "One", "content_html": "<b>Bold</b> words", "url": "https://a.example/1",
         "date_published": "2024-01-05T10:00:00Z", "authors": [{"name": "Ann K"}],
         "tags": ["x", 1]},
        {"id": "2", "content_text": "a <b> c", "date_published": "2024-01-06T10:00:00Z",
         "author": {"name": "Bea"}},
        {"url": "https://a.example/3", "summary": "Short", "date_published": "2024-01-07"},
    ]  # fmt: skip
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Blog", "items": entries}
    rows = read("feed.json", json.dumps(feed | {"authors": [{"name": "The blog"}]}).encode())
    assert posts(rows, "title", "body", "url") == {
        "x:1": ("One", "Bold words", "https://a.example/1"),
        "x:2": (None, "a <b> c", None),
        "x:https://a.example/3": (None, "Short", "https://a.example/3"),
    }
    assert values(rows, "author") == ["Ann K", "Bea", "The blog"]
