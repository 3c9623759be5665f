"""Comments that Disqus exports."""

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, reasons, values

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<category dsq:id="1"><title>General</title></category>
<thread dsq:id="7"><link>https://a.example/grill</link><title>Grill &amp; pan</title>
<author><name>Site</name></author></thread>
"""


def comment(native: int, *, more: str = "", user: str = "ann_k", deleted: str = "false") -> str:
    return f"""<post dsq:id="{native}"><id>wp-{native}</id>
<message><![CDATA[<p>It <b>smokes</b></p>]]></message><createdAt>2024-01-05T10:00:00Z</createdAt>
<isDeleted>{deleted}</isDeleted><isSpam>false</isSpam><author><name>Ann K</name>
<isAnonymous>false</isAnonymous><username>{user}</username></author>
<thread dsq:id="7"/>{more}</post>
"""


def of(*comments: str, end: str = "</disqus>") -> list[Row | BadRow]:
    return read("all.xml", (HEAD + "".join(comments) + end).encode())


def test_comments_are_in_the_thread_of_their_page() -> None:
    rows = of(comment(11), comment(12, more='<parent dsq:id="11"/>', user="bea"))
    assert posts(rows, "thread_id", "parent_id", "title", "body", "url") == {
        "x:11": ("x:7", None, "Grill & pan", "It smokes", "https://a.example/grill"),
        "x:12": ("x:7", "x:11", None, "It smokes", "https://a.example/grill"),
    }
    assert values(rows, "author") == ["Ann K", "Ann K (bea)"]


def test_comments_that_are_gone_are_told() -> None:
    assert reasons(of(comment(11), comment(12, deleted="true"))) == {
        "all.xml:item 4": "deleted_at_source"
    }


@pytest.mark.parametrize("end", ["", "<post>", "<post dsq:id='3'>&lol;</post></disqus>"])
def test_comments_before_the_damage_are_read_and_the_damage_told(end: str) -> None:
    rows = of(comment(11), end=end)
    assert values(rows, "post_id") == ["11"]
    assert list(reasons(rows).values()) == ["malformed_xml"]
