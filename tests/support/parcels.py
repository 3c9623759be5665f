"""Parcels for channels, with whatever somebody may put into them."""

from __future__ import annotations

from typing import Any

from feedbackminer.publish.channel import Living, Parcel

HOSTILE = (
    "<script>alert(1)</script> <!channel> @here **bold** [a](http://evil.example) "
    "http://evil.example \u202etxet\u202c שלום " + "x" * 5_000
)


def parcel(**values: Any) -> Parcel:
    plain: dict[str, Any] = {
        "part": "support",
        "project": "0123456789abcdef",
        "digest": "month 2026-01-01 to 2026-02-01",
        "since": None,
        "title": "Inkwren for support: the month from 1 January 2026 to 31 January 2026",
        "lines": ("9 members wrote 20 posts in 4 threads.", "1. The board stays empty"),
        "markdown": "# Inkwren for support\n\nThe board stays empty.\n",
        "html": "<p>The board stays empty.</p>",
        "link": "https://digests.example/editions/support.html",
        "files": {"editions/support.md": "# Inkwren for support\n"},
        "site": {"index.html": "<p>", "digest.json": "{}"},
        "tables": {},
        "living": Living(),
    }
    return Parcel(**plain | values)
