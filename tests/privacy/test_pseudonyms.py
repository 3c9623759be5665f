"""Pseudonyms: one member, one pseudonym, also where others mention the member."""

import re
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.errors import SettingsError
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.privacy.names import KnownNames
from feedbackminer.privacy.nobody import is_anonymous
from feedbackminer.privacy.pseudonyms import Members, Pseudonyms

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")
NAMES = ["Robert Wall", "Robert Wallace", "pb66", "glyn.hudson", "TrystanLea", "Ben", "Guest"]
KNOWN = KnownNames([*NAMES, "nothing clever", "m_abcdefghij", "3.1"])
of = PSEUDONYMS.of


def follow(text: str) -> str:
    return PSEUDONYMS.in_text(text, KNOWN)


def by_strangers(texts: Iterable[str]) -> list[tuple[str, str]]:
    return [(f"stranger {number}", text) for number, text in enumerate(texts)]


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
        ("as Robert\nWallace wrote", f"as {of('Robert Wallace')} wrote"),
        ("as Robert \r\n Wallace wrote", f"as {of('Robert Wallace')} wrote"),
        ("Thanks, Robert\n\nWallace is another", "Thanks, Robert\n\nWallace is another"),
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
    names = KnownNames(["Paper2D", "paper2d", *["pb66"] * 143], by_strangers(texts))
    private = PSEUDONYMS.in_text("pb66 builds Paper2D, says @paper2d", names)
    assert private == f"{of('pb66')} builds Paper2D, says @{of('Paper2D')}"


@pytest.mark.parametrize(("written", "used"), [(5, 40), (1, 7), (1, 0)])
def test_a_name_used_rarely_or_by_a_busy_member_is_followed(written: int, used: int) -> None:
    texts = ["build Paper2D"] * used + ["hello"] * 100
    names = KnownNames(["Paper2D"] * written, by_strangers(texts))
    assert PSEUDONYMS.in_text("as Paper2D", names) == f"as {of('Paper2D')}"


@pytest.mark.parametrize("name", ["Quick Launch", "CloudBox", "快速启动"])
def test_what_a_small_community_calls_a_thing_stays_though_one_account_is_called_so(
    name: str,
) -> None:
    texts = [f"Where is {name} now?"] * 12 + ["hello"] * 60
    names = KnownNames([name, "pb66"], by_strangers(texts))
    assert PSEUDONYMS.in_text(f"pb66 likes {name}", names) == f"{of('pb66')} likes {name}"


def test_what_one_member_repeats_is_no_subject() -> None:
    posts = [("pb66", "CloudBox again")] * 40 + by_strangers(["hello"] * 60)
    names = KnownNames(["CloudBox", "pb66"], posts)
    assert PSEUDONYMS.in_text("CloudBox", names) == of("CloudBox")


@pytest.mark.parametrize(
    "text", ["thanks {}", "Hi {},", "{} wrote:", "@{} knows", "{}'s answer is right"]
)
def test_a_member_whom_many_address_is_no_subject(text: str) -> None:
    posts = by_strangers([text.format("TrystanLea")] * 40 + ["hello"] * 60)
    names = KnownNames(["TrystanLea"], posts)
    assert of("TrystanLea") in PSEUDONYMS.in_text("as TrystanLea said", names)


@pytest.mark.parametrize("name", ["23ds2000148", "44a871", "b90217", "1023185654"])
def test_names_with_hardly_a_letter_are_followed(name: str) -> None:
    names = KnownNames([name])
    assert PSEUDONYMS.in_text(f"Thanks {name}, bye\n{name}", names) == (
        f"Thanks {of(name)}, bye\n{of(name)}"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("3v3", "the 3v3 rail"),
        ("11.4", "since 11.4"),
        ("2024", "in 2024"),
        ("48213", "it reads 48213"),
        ("v10.22.33", "v10.22.33 is out"),
        ("20240312", "build 20240312"),
        ("r2d2", "R2D2x"),
        ("1023185654", "1023185654.5 and 3.1023185654 and 1023185654,7"),
    ],
)
def test_numbers_and_versions_stay_though_accounts_are_called_so(name: str, text: str) -> None:
    assert PSEUDONYMS.in_text(text, KnownNames([name])) == text


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("王秀英", "谢谢王秀英，也谢谢@王秀英的说明", "谢谢 {}，也谢谢@{} 的说明"),
        ("李伟", "谢谢@李伟的说明，李伟很好", "谢谢@{} 的说明，李伟很好"),
        ("田中太郎", "田中太郎さん、ありがとう", "{} さん、ありがとう"),
        ("김철수", "김철수님 감사합니다", "{} 님 감사합니다"),
        ("สมชาย", "ขอบคุณสมชายมาก", "ขอบคุณ {} มาก"),
        ("pb66", "谢谢pb66的帮助", "谢谢 {} 的帮助"),
    ],
)
def test_names_are_followed_where_no_space_parts_words(name: str, text: str, want: str) -> None:
    once = PSEUDONYMS.in_text(text, KnownNames([name]))
    assert once == want.format(of(name), of(name))
    assert PSEUDONYMS.in_text(once, KnownNames([name])) == once


def test_a_name_inside_another_word_of_such_a_script_stays() -> None:
    names = KnownNames(["ソフト", "사용자"])
    text = "ソフトウェアと비사용자"
    assert PSEUDONYMS.in_text(text, names) == text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("> ben:\n> it stops", "> {}:\n> it stops"),
        ("> [image] Ben:\n> it stops", "> [image] {}:\n> it stops"),
        ("Ben wrote:\n> it stops", "{} wrote:\n> it stops"),
        ("> > Ben schrieb:\n> > it stops", "> > {} schrieb:\n> > it stops"),
    ],
)
def test_the_head_of_a_quotation_names_a_member(text: str, want: str) -> None:
    assert follow(text) == want.format(of("Ben"))


@pytest.mark.parametrize("text", ["> Note:\n> it stops", "Ben:\nit stops", "> Ben stops: so"])
def test_other_lines_with_a_colon_stay(text: str) -> None:
    assert follow(text) == text


@pytest.mark.parametrize("text", ["{}: try it", "{}, try it", "  {}: a, b", "{}: ask Ben"])
def test_whom_a_message_begins_with_is_a_member(text: str) -> None:
    assert follow(text.format("ben")) == text.format(of("Ben"))


def test_what_many_begin_with_is_a_word_though_an_account_has_it() -> None:
    texts = ["Hi, does it run?"] * 30 + ["Ben, it does."] * 9
    names = KnownNames(["hi", *["Ben"] * 20], by_strangers(texts))
    assert PSEUDONYMS.in_text("Hi, does it run?", names) == "Hi, does it run?"
    assert PSEUDONYMS.in_text("Ben, it does.", names) == f"{of('Ben')}, it does."


def test_members_known_by_pseudonym_alone_are_followed_alike() -> None:
    members = Members(frozenset(map(of, ["44a871", "王秀英", "ben"])))
    text = "44a871，谢谢王秀英的说明\n> Ben:\n> ben knows"
    assert PSEUDONYMS.members_in(text, members) == (
        f"{of('44a871')}，谢谢 {of('王秀英')} 的说明\n> {of('ben')}:\n> ben knows"
    )


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
    "unit",
    ["> a:", "王", "王秀", "@a", "@", "`", "```\n", "a.", "u/a", "[quote=", "Robert ", "    "],
)
def test_hostile_text_ends_soon(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert isinstance(follow(text), str)


@pytest.mark.parametrize(
    "name",
    [
        *("Guest", "guest_12", "anonymous", "[deleted]", "deleted user", "", " Unknown ", "N/A"),
        *("ghost", "A Google user", "Amazon Customer", "Kindle-Kunde", "Deleted Account"),
        *("DeletedUser#0000", "deleted_user_4711", "Utilisateur supprimé", "GELÖSCHTER NUTZER"),
        *("Ein Google-Nutzer", "Client d’Amazon", "usuario eliminado", "Удалённый пользователь"),
        *("匿名用户", "Amazon カスタマー", "탈퇴한 회원", "Former user", "anon12345678"),
    ],
)
def test_account_names_of_nobody_are_anonymous(name: str) -> None:
    assert is_anonymous(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Ben", "guestavo", "Anonymouse7", "Robert Wall", "deleted_scenes", "ghost77", "Ghosty"),
        *("Edgar Guest", "nobody_knows", "Nadja", "Google Nerd", "Customer Kim", "...", "王秀英"),
    ],
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
