"""The end of a mail: adverts, footers and cards go, sentences that begin like them stay."""

import pytest

from feedbackminer.clean.stage import clean_text

OWN = "The drill stops when it is warm."


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPad",
        "Sent from my SM-A520F using Tapatalk",
        "Sent with Proton Mail secure email.",
        "Sent from Yahoo Mail on Android",
        "Get [Outlook for iOS](https://aka.example/o)",
        "Von meinem iPad gesendet",
        "Gesendet mit der WEB.DE Mail App",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Outlook für Android herunterladen",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Enviado desde mi Samsung Galaxy",
        "Inviato da Libero Mail per Android",
        "Enviado do meu iPhone",
        "Verzonden vanaf mijn iPhone",
        "-- \nSome Body\nShed of the town",
        "—\nReply to this email directly, view it on GitHub, or unsubscribe.\n"
        "You are receiving this because you authored the thread.",
        "—\nReply to this email directly or view it on GitLab.\n"
        "You're receiving this email because of your account on git.example.",
        "--\nYou received this message because you are subscribed to the group.\n"
        "To unsubscribe from this group and stop receiving emails, send one to <email>.",
        "_______________________________________________\nTools mailing list\n<email>\n"
        "https://lists.example/mailman/listinfo/tools",
        "-=-=-=-=-=-=-=-=-\nGroups.io Links: You receive all messages.\n\n"
        "View/Reply Online (#7): https://groups.example/7\n-=-=-=-=-=-=-=-=-",
        "Kind regards,\nSome Body\nHead of Repair\nTools Ltd | Road 7 | 12345 Town\nTel. <phone>",
        "Mit freundlichen Grüßen\n\nm_abcdefghij\nLeitung Technik",
        "Cordialement\nUne Personne",
        "Saludos,\nUna Persona\nwww.tools.example",
        "Cheers, Ann",
    ],
)
def test_what_programs_lists_and_writers_add_below_a_mail_goes(line: str) -> None:
    assert clean_text(f"{OWN}\n\n{line}") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my phone the pictures arrive upside down.",
        "Sent by cable they keep their date.",
        "Get the app on Android before it is gone.",
        "Von meinem Handy aus geht es nicht.",
        "To unsubscribe I had to write three mails.",
        "I found the mailing list: it has no archive.",
        "First part of it.\n--\nSecond part, which is about printing.",
        "Best regards from the garden!\nThe hose is fine.",
        "Thanks\nworks now",
        "Cheers\nWorks Great",
        "Above.\n\n___\n\nBelow.",
    ],
)
def test_sentences_that_begin_like_them_stay(text: str) -> None:
    assert clean_text(text) == text


def test_marks_of_signatures_between_parts_only_part_them() -> None:
    parts = ["First part.", "Second part of it is long.", "Third part is about the lid, too."]
    assert clean_text("\n-- \n".join(parts)) == "\n--\n".join(parts)


def test_thanks_and_a_postscript_stay_around_a_card() -> None:
    body = f"{OWN}\n\nThanks in advance,\nSome Body\nHead of Repair\n\nP.S. The lamp is out, too."
    assert clean_text(body) == f"{OWN}\n\nThanks in advance,\n\nP.S. The lamp is out, too."


@pytest.mark.parametrize(
    "notice",
    [
        "A post was merged into an existing topic: New extensions do not load",
        "4 posts were split to a new topic: Weekly meeting",
        "12 posts were moved to a new topic",
    ],
)
def test_a_notice_that_posts_were_moved_is_nobodys_words(notice: str) -> None:
    assert clean_text(notice) == ""
    assert clean_text(f"I moved it.\n{notice}") == "I moved it."


def test_who_writes_about_moved_posts_is_read() -> None:
    told = "A post was split to a new topic by me, since it asks something else."
    assert clean_text(told) == told
