"""The mask: no secret is left, and what is none stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.privacy.secrets import mask_secrets

SECRET = "Zx9/q+7w"  # noqa: S105


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Basic {SECRET}'}}",
        f'"authorization": "token {SECRET}"',
        f"Proxy-Authorization={SECRET}",
        f"the header was Bearer {SECRET}",
        f"https://forum.example/posts?token={SECRET}&page=2",
        f"https://forum.example/posts?page=2&key={SECRET}",
        f"https://forum.example/#access_token={SECRET}",
        f"GET /search?api_key={SECRET} HTTP/1.1",
        f"https://ann:{SECRET}@forum.example/",
        f"https://{SECRET.replace('/', '')}@forum.example/",
        f'{{"client_secret": "{SECRET}"}}',
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"password={SECRET}, user=ann",
    ],
)
def test_a_secret_is_masked_where_it_stands(text: str) -> None:
    masked = mask_secrets(text)
    assert SECRET not in masked
    assert SECRET.replace("/", "") not in masked
    assert "…" in masked
    assert mask_secrets(masked) == masked


def test_a_token_is_known_by_how_it_begins() -> None:
    token = "ghp_" + "a1B2" * 9
    assert mask_secrets(f"refused: {token}!") == "refused: …!"


def test_secrets_of_the_environment_are_masked_wherever_they_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEEDBACKMINER_SECRET_FORUM", "client-4711:open sesame/now")
    message = "it said 'client-4711:open sesame/now', open%20sesame%2Fnow"
    masked = mask_secrets(message.replace("open%20", "client-4711%3Aopen%20"))
    assert masked == "it said '…', …"
    assert mask_secrets("who is client-4711?") == "who is …?"  # a part of it


def test_an_empty_secret_masks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACKMINER_SECRET_FORUM", "")
    assert mask_secrets("a message") == "a message"


@pytest.mark.parametrize(
    "text",
    [
        'posts.jsonl:812: created_at "yesterday" is not a timestamp; want ISO 8601',
        "'body': want FIELD=COLUMN, e.g. body=text; key=value is no setting",
        "https://forum.example/t/42?page=2&order=asc",
        "https://forum.example:8443/@ann is no login",
        "check the secret: FEEDBACKMINER_SECRET_FORUM is not set",
        "the token of this source may not read it; ask ann@forum.example",
        "git@github.com:org/repository.git",
    ],
)
def test_a_message_without_a_secret_stays_as_it_is(text: str) -> None:
    assert mask_secrets(text) == text


@given(st.text(alphabet="abc-_:/?&=@ \"'tokenkeybearer"))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask_secrets(mask_secrets(text)) == mask_secrets(text)


@pytest.mark.timing
@pytest.mark.parametrize("piece", ["a-", "://", "?a-", "authorization ", "bearer ", "token=", "a"])
def test_hostile_text_takes_no_time(piece: str) -> None:
    began = time.process_time()
    mask_secrets(piece * 50_000)
    assert time.process_time() - began < 2
