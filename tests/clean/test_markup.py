"""Markup: the marks of forums, trackers and forms go, the words between them stay."""

import pytest

from feedbackminer.clean.stage import clean_text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("[FONT=Arial][SIZE=3]It [COLOR=red]leaks[/COLOR].[/SIZE][/FONT]", "It leaks ."),
        ("Look [ATTACH type=full]123[/ATTACH] here", "Look here"),
        ("Look [MEDIA=youtube]aB3[/MEDIA] here", "Look here"),
        ("[h1]Title[/h1][olist][*]One[*]Two[/olist]", "Title\n\nOne\nTwo"),
        ("[table][tr][td]Left[/td][td]30 fps[/td][/tr][/table]", "Left\n\n30 fps"),
        ("[user error] is [left] out", "[user error] is [left] out"),
        ("It stops.\n{noformat}\nwords of a log\n{noformat}\nWhy?", "It stops.\n\nWhy?"),
        ("{quote}It works.{quote}\nNot here.", "Not here."),
        ("See !view-2.png|width=300! and [the page|https://x.example].", "See and the page."),
        ("h3. Steps\n{color:#ff0000}Red{color} {{config.xml}}", "Steps\nRed config.xml"),
        ("Wow! That is good! Really", "Wow! That is good! Really"),
        (
            "[poll type=regular public=true]\n* Blue\n* Green\n[/poll]\nBlue.",
            "* Blue\n* Green\n\nBlue.",
        ),
        ('We meet [date=2024-05-01 time=10:00 timezone="Europe/Rome"].', "We meet ."),
        ("<!-- Tell us\nmore. -->It hums.", "It hums."),
        ("It hums <!-- all night", "It hums <!-- all night"),
        ('It hums <img src="a.png" width=3> all <kbd>night</kbd>', "It hums all night"),
        ("Salt &amp;amp; water isn&amp;#39;t found", "Salt & water isn't found"),
        ("&#x200B;\n\nIt hums.\n\n&nbsp;", "It hums."),
        ("It sto\u200eps when I tu\u00adrn it", "It stops when I turn it"),
        ("(Translated by Google) Good.\n\n(Original)\nGut.", "Good."),
        ("Gut.\n\n(Translated by Google)\nGood.", "Good."),
        ('[quote="a, post:1"]It hums.\n\nNot here.', "Not here."),
        ("[quote]never closed", "never closed"),
    ],
)
def test_marks_go_and_words_stay(text: str, want: str) -> None:
    assert clean_text(text) == want


def test_a_picture_in_the_text_goes_and_what_follows_is_read() -> None:
    picture = "iVBORw0KGgoAAAANSUhEUg" * 20_000
    assert clean_text(f"![a](data:image/png;base64,{picture})\nThe lid is green.")[-17:] == (
        "The lid is green."
    )
    assert clean_text(f"{picture[:5000]}\nThe lid is green.") == "The lid is green."
