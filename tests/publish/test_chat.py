"""Chats against a local server: webhooks that Slack would understand, and what apprise speaks."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.publish.chat import SLACK_LENGTH, Chat
from feedbackminer.settings.sections import ChatChannel
from tests.support.parcels import parcel
from tests.support.sites.serving import Reply, Request, Served, serve
from tests.support.standing import free_port

TOKEN = "correcthorsebatterystaple1"  # as long as apprise wants one  # noqa: S105


class Room:
    """A chat that keeps what is said, and answers as it is told to."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Any]] = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, request: Request) -> Reply:
        self.said.append((request.path, request.json()))
        self.gate.wait(10)
        return Reply(b"ok", self.status)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def served(room: Room) -> Iterator[Served]:
    with serve(room) as served:
        yield served


def addresses(served: Served) -> list[str]:
    """Return a webhook as such, and the same as apprise calls Mattermost's."""
    host = served.url.partition("://")[2]
    return [f"{served.url}/hooks/{TOKEN}", f"mmost://{host}/{TOKEN}"]


def chat(url: str, timeout: float = 3) -> Chat:
    return Chat(ChatChannel(kind="chat", timeout=timeout), url)


def failed(url: str, timeout: float = 3) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        chat(url, timeout).send(parcel(), "", "t0")
    assert TOKEN not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("way", [0, 1])
def test_title_lines_and_link_are_one_message(served: Served, room: Room, way: int) -> None:
    chat(addresses(served)[way]).send(parcel(), "", "t0")
    ((path, said),) = room.said
    assert path == f"/hooks/{TOKEN}"
    assert said["text"].splitlines() == [parcel().title, *parcel().lines, parcel().link]


@pytest.mark.parametrize("way", [0, 1])
def test_a_long_message_loses_its_last_lines_and_keeps_its_link(
    served: Served, room: Room, way: int
) -> None:
    chat(addresses(served)[way]).send(parcel(lines=["x" * 300] * 40), "", "t0")
    ((_, said),) = room.said
    assert SLACK_LENGTH - 400 < len(said["text"]) <= SLACK_LENGTH
    assert said["text"].endswith(parcel().link)


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize(("status", "may_pass"), [(404, False), (429, True), (503, True)])
def test_what_is_refused_did_not_go_out(
    served: Served, room: Room, way: int, status: int, may_pass: bool
) -> None:
    room.status = status
    error = failed(addresses(served)[way])
    assert str(error) == f"the chat refused it ({status})"
    assert (error.may_pass, error.may_be_out) == (may_pass, False)


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_a_server_failed_at_may_have_gone_out(
    served: Served, room: Room, way: int, status: int
) -> None:
    room.status = status
    error = failed(addresses(served)[way])
    assert str(error) == f"the chat failed at it ({status})"
    assert (error.may_pass, error.may_be_out) == (False, True)


@pytest.mark.parametrize("more", ["channels=a,b", "retry=2"])
def test_an_address_of_several_places_is_refused(more: str) -> None:
    with pytest.raises(SettingsError, match="several places") as caught:
        chat(f"mmost://127.0.0.1/{TOKEN}?{more}")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("way", [0, 1])
def test_a_chat_that_does_not_answer_may_have_taken_it(
    served: Served, room: Room, way: int
) -> None:
    room.gate.clear()
    error = failed(addresses(served)[way], timeout=0.3)
    room.gate.set()
    assert error.may_be_out


def test_a_chat_that_is_not_there_took_nothing() -> None:
    error = failed(f"http://127.0.0.1:{free_port()}/{TOKEN}")
    assert (error.may_pass, error.may_be_out, error.is_whole) == (True, False, True)


@pytest.mark.parametrize("url", ["", f"pigeon://{TOKEN}", f"slack://{TOKEN}"])
def test_an_address_that_nobody_understands_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        chat(url)
    assert TOKEN not in str(caught.value)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match=r"pip install \"feedbackminer\[delivery\]\""):
        chat(f"mmost://127.0.0.1/{TOKEN}")


def test_no_log_tells_the_address(
    served: Served, room: Room, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    room.status = 500
    for url in addresses(served):
        failed(url)
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("apprise"))
    printed = capfd.readouterr()
    assert TOKEN not in logged + printed.out + printed.err


def test_no_record_of_any_logger_holds_the_address_whatever_runs_beside(
    served: Served, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook, known = addresses(served)
    room.gate.clear()
    slow = threading.Thread(target=lambda: chat(known, timeout=30).send(parcel(), "", "t0"))
    slow.start()  # as one that was given up
    failed(webhook, timeout=0.3)
    room.gate.set()
    slow.join()
    for url in (webhook, known):
        chat(url).send(parcel(), "", "t0")
    assert len(room.said) == 4
    assert not [r.name for r in caplog.records if TOKEN in f"{r.getMessage()} {r.args}"]


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("https://prod-1.westeurope.logic.azure.com/workflows/643e69f83c8944/triggers/manual/paths/"
         "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu",
         "Power Automate / Workflows (for MSTeams)"),
    ],
)  # fmt: skip
def test_addresses_as_the_services_give_them_are_known(url: str, service: str) -> None:
    told = chat(url).preview(parcel())
    assert f"by {service}" in told
    assert url not in told
