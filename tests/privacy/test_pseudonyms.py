"""Pseudonyms: one member, one pseudonym, also where others mention the member."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.errors import SettingsError
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.names import KnownNames, is_anonymous
from feedbackminer.privacy.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")
NAMES = ["Robert Wall", "Robert Wallace", "pb66", "glyn.hudson", "TrystanLea", "Ben", "Guest"]
KNOWN = KnownNames([*NAMES, "nothing clever", "m_abcdefghij", "3.1"])
of = PSEUDONYMS.of


def follow(text: str) -> str:
    return PSEUDONYMS.in_text(text, KNOWN)


def test_a_pseudonym_never_changes_between_releases() -> None:
    assert of("Robert Wall") == "m_b3puc66mae"


def test_spellings_of_one_name_share_a_pseudonym() -> None:
    assert len({of("Jérôme"), of(" JÉRÔME "), of("Je\u0301ro\u0302me")}) == 1


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(b"x" * 32).of("pb66") != of("pb66")


@given(st.text())
def test_every_name_gets_a_pseudonym_of_one_form(name: str) -> None:
    assert re.fullmatch("m_[a-z2-7]{10}", of(name))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("thanks @pb66!", f"thanks @{of('pb66')}!"),
        ("@PB66 and @ben know", f"@{of('pb66')} and @{of('Ben')} know"),
        ("ask @glyn.hudson.", f"ask @{of('glyn.hudson')}."),
        ("ask @stranger_7, please", f"ask @{of('stranger_7')}, please"),
        ("@Robert Wall is right", f"@{of('Robert Wall')} is right"),
        ("as Robert Wall wrote", f"as {of('Robert Wall')} wrote"),
        ("as Robert Wallace wrote", f"as {of('Robert Wallace')} wrote"),
        ("pb66's fork by TrystanLea", f"{of('pb66')}'s fork by {of('TrystanLea')}"),
        ('[quote="pb66, post:3, topic:12"]', f'[quote="{of("pb66")}, post:3, topic:12"]'),
        ('[quote="newbie, post:1"]hi[/quote]', f'[quote="{of("newbie")}, post:1"]hi[/quote]'),
        (
            '[quote="Al, post:1, username:al_b"]',
            f'[quote="{of("Al")}, post:1, username:{of("al_b")}"]',
        ),
        ("u/solar_fan and /u/pb66", f"u/{of('solar_fan')} and /u/{of('pb66')}"),
        ("```\n// by pb66\n@Override\n```", f"```\n// by {of('pb66')}\n@Override\n```"),
    ],
)
def test_mentions_follow_their_member(text: str, want: str) -> None:
    assert follow(text) == want


@pytest.mark.parametrize(
    "text",
    [
        "mail jane@example.org about it",
        "Ben knows, a guest or the system does not",
        "Robert walls it in, Robert left",
        "run `npm i @scope/pkg` and `@media print`",
        "yarn add @angular/core",
        "    @Inject()\n    constructor",
        "```js\n@Component({})\n```",
        "@here @all: meet @ 5, icon@2x.png",
        "xpb66 and pb66b and pb661",
        "I did nothing clever in version 3.1",
        "already @m_abcdefghij or m_abcdefghij",
        '[quote="Guest, post:3, topic:12"]',
        "and/or, w/u/e",
        "",
    ],
)
def test_what_is_no_mention_stays(text: str) -> None:
    assert follow(text) == text


def test_the_products_name_stays_though_an_account_has_it() -> None:
    texts = ["How do I build Paper2D?"] * 40 + ["pb66 knows Paper2D"] * 5 + ["hello"] * 100
    names = KnownNames(["Paper2D", "paper2d", *["pb66"] * 143], texts)
    private = PSEUDONYMS.in_text("pb66 builds Paper2D, says @paper2d", names)
    assert private == f"{of('pb66')} builds Paper2D, says @{of('Paper2D')}"


@pytest.mark.parametrize(("written", "used"), [(5, 40), (1, 19), (1, 0)])
def test_a_name_used_rarely_or_by_a_busy_member_is_followed(written: int, used: int) -> None:
    names = KnownNames(["Paper2D"] * written, ["ask Paper2D"] * used + ["hello"] * 100)
    assert PSEUDONYMS.in_text("ask Paper2D", names) == f"ask {of('Paper2D')}"


@given(
    st.lists(st.sampled_from([*NAMES, "@", "`", "```", "\n", "    ", " ", "u/", "[quote=", "."]))
)
def test_following_twice_changes_nothing(pieces: list[str]) -> None:
    once = follow("".join(pieces))
    assert follow(once) == once


@pytest.mark.parametrize("before", ["[quote=", '[quote="Al, username:', "u/", "@"])
def test_following_a_name_of_any_length_twice_changes_nothing(before: str) -> None:
    for length in range(1, 130):
        once = follow(before + "a" * length)
        assert follow(once) == once


@pytest.mark.parametrize(
    "unit", ["@a", "@", "`", "```\n", "a.", "u/a", "[quote=", "Robert ", "    "]
)
def test_hostile_text_ends_soon(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert isinstance(follow(text), str)


@pytest.mark.parametrize(
    "name", ["Guest", "guest_12", "anonymous", "[deleted]", "deleted user", "", " Unknown "]
)
def test_account_names_of_nobody_are_anonymous(name: str) -> None:
    assert is_anonymous(name)


@pytest.mark.parametrize(
    "name", ["Ben", "guestavo", "Anonymouse7", "Robert Wall", "deleted_scenes"]
)
def test_account_names_of_somebody_are_not_anonymous(name: str) -> None:
    assert not is_anonymous(name)


def test_a_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "pseudonym.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert load_or_create_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_short_key_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match=r"pseudonym\.key: .* 5 bytes"):
        load_or_create_key(path)


def test_an_unreadable_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read or written"):
        load_or_create_key(tmp_path)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="3 bytes"):
        Pseudonyms(b"abc")
