"""Fields: a raw value becomes a typed one, or its row is told with a reason."""

from typing import Any

import pytest

from feedbackminer.collect import fields


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (None, ""),
        (float("nan"), ""),
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        ("😀", "😀"),
        (7, "7"),
        (b"caf\xc3\xa9", "café"),
        ({"tags": ["é"]}, ""),  # its JSON would be nobody's words
    ],
)
def test_a_value_becomes_text_that_can_be_stored(value: Any, want: str) -> None:
    assert fields.text(value) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("4,5", 4.5), ("1,234", 1234), ("1,234,567", 1234567), (" 7 ", 7), (3, 3),
        ("many", None), ("inf", None), ("nan", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_finite_or_missing(value: Any, want: float | None) -> None:
    assert fields.number(value) == want


@pytest.mark.parametrize(
    ("value", "want"), [(12, "12"), (12.0, "12"), ("12.0", "12"), (" a ", "a"), ("1.2.0", "1.2.0")]
)
def test_an_id_survives_a_column_of_floats(value: Any, want: str) -> None:
    assert fields.identifier(value) == want


@pytest.mark.parametrize(
    ("value", "column", "want"),
    [
        ("admin", "role", "staff"),
        ("Moderator", "author_role", "staff"),
        (True, "is_staff", "staff"),
        ("1", "moderator", "staff"),
        (True, "is_bot", "bot"),
        ("bot", "role", "bot"),
        (False, "is_staff", "member"),
        ("user", "role", "member"),
        (None, "role", "unknown"),
        ("", "role", "unknown"),
    ],
)
def test_a_role_is_read_from_a_name_or_a_flag(value: Any, column: str, want: str) -> None:
    assert fields.role(value, column) == want


@pytest.mark.parametrize(
    "link", ["https://x.org/t/1?p=2#3", "http://x.org", " https://x.org ", "HTTPS://X.org"]
)
def test_web_links_survive(link: str) -> None:
    assert fields.web_link(link) == link.strip()


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,<b>",
        "//x.org",
        "/t/1",
        "ftp://x.org",
        'https://x.org/"onclick="x',
        "https://x.org/<script>",
        "https://x.org/\njavascript:alert(1)",
        "",
        None,
    ],
)
def test_no_other_link_survives(link: str | None) -> None:
    assert fields.web_link(link) is None
