"""Replies: the mail that is answered goes, in the languages that mail programs speak."""

import pytest

from feedbackminer.clean.stage import clean_text

OWN = "The pump runs again since the update."
OTHERS = "Does the pump still leak?"

HEADERS = [
    "From: Help [<email>]\nSent: Monday, 4 March 2024 10:00\nTo: Me\nCc: You\nSubject: pump",
    "Von: Hilfe <<email>>\nGesendet: Montag, 4. März 2024 10:00\nAn: Mich\nBetreff: Pumpe",
    "De : Aide <a@b.example>\nEnvoyé : lundi 4 mars 2024 10:00\nÀ : Moi\nObjet : pompe",
    "De: Ayuda <a@b.example>\nEnviado el: lunes, 4 de marzo de 2024\nPara: Yo\nAsunto: bomba",
    "Da: Aiuto <a@b.example>\nInviato: lunedì 4 marzo 2024\nA: Me\nOggetto: pompa",
    "De: Ajuda <a@b.example>\nEnviado: segunda-feira, 4 de março\nPara: Eu\nAssunto: bomba",
    "Van: Hulp <a@b.example>\nVerzonden: maandag 4 maart 2024\nAan: Mij\nOnderwerp: pomp",
    "Subject: pump\nTo: Me\nDate: Mon, 4 Mar 2024 10:00:00 +0000\nFrom: Help",
    "*From:* Help\n\n*Sent:* Monday\n\n*To:* Me\n\n*Subject:* pump",
]
MARKS = [
    "",
    "________________________________\n",
    "-----Original Message-----\n",
    "-----Ursprüngliche Nachricht-----\n",
    "-----Message d'origine-----\n",
    "-----Mensaje original-----\n",
    "-----Messaggio originale-----\n",
    "-----Mensagem original-----\n",
    "-----Oorspronkelijk bericht-----\n",
    "---------- Forwarded message ---------\n",
    "Begin forwarded message:\n\n",
    "Anfang der weitergeleiteten Nachricht:\n\n",
]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("header", HEADERS)
def test_what_stands_below_a_header_is_the_mail_that_is_answered(header: str, mark: str) -> None:
    assert clean_text(f"{OWN}\n\n{mark}{header}\n\n{OTHERS}") == OWN


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Mar 4, 2024 at 10:00 AM Some Body <a@b.example> wrote:\n",
        "On Mon, Mar 4, 2024 at 10:00 AM Some Body With A Name <\na@b.example> wrote:\n\n",
        "On 4 March 2024, Some Body said:\n\n\n",
        "Am Mo., 4. März 2024 um 10:00 Uhr schrieb Jemand <\n<email>>:\n\n",
        "Jemand schrieb am 04.03.2024 um 10:00:\n",
        "Le lun. 4 mars 2024 à 10:00, Quelqu'un\n<<email>> a écrit :\n\n",
        "El lun, 4 mar 2024 a las 10:00, Alguien (<<email>>) escribió:\n",
        "Il giorno lun 4 mar 2024 alle ore 10:00 Qualcuno <<email>> ha scritto:\n",
        "Em seg., 4 de mar. de 2024 às 10:00, Alguém <<email>> escreveu:\n",
        "Op ma 4 mrt 2024 om 10:00 schreef Iemand <<email>>:\n",
        "2024-03-04 10:00 GMT+01:00 Some Body <<email>>:\n",
        "m_abcdefghij wrote:\n",
    ],
)
def test_the_lines_that_introduce_a_quotation_go_with_it(attribution: str) -> None:
    assert clean_text(f"{OWN}\n\n{attribution}> {OTHERS}") == OWN


def test_a_mail_program_introduces_all_that_follows_also_without_marks() -> None:
    body = f"{OWN}\n\nOn Monday, 4 March 2024 at 10:00, Some Body <<email>> wrote:\n\n{OTHERS}"
    assert clean_text(body) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "From: Lyon\nTo: Paris\nDate: tomorrow\nThe timetable shows no train.",
        "My uncle wrote: never oil a wet chain.\nHe was right.",
        "I said:\nno more updates before noon.",
        "The original message was lost when the app stopped.",
        "On version 4.1 the log says:\nnothing at all.",
        ">50 km and the track is cut.\nShort ones are fine.",
        ">$40 a year is too much for me.",
        ">:( it stopped again.",
        "5 > 3 is true, and -> points right.",
    ],
)
def test_what_looks_a_little_like_mail_stays(text: str) -> None:
    assert clean_text(text) == text


def test_a_post_that_is_one_mail_keeps_its_words() -> None:
    assert clean_text(f"{HEADERS[0]}\n\n{OWN}") == OWN


def test_an_amount_among_quoted_lines_is_quoted() -> None:
    assert clean_text(f"> It was\n>50 km\n> long.\n{OWN}") == OWN


def test_a_spoiler_is_read() -> None:
    assert (
        clean_text("Careful.\n\n>!The lamp was never on.!<") == "Careful.\n\nThe lamp was never on."
    )
