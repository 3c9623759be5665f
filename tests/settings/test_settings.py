"""Settings: a mistake is named with its place, and the nearest source wins."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from feedbackminer.errors import SettingsError
from feedbackminer.settings.load import load
from feedbackminer.settings.sections import (
    CleanSettings,
    CollectSettings,
    Settings,
    TopicSettings,
    hash_settings,
)


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FEEDBACKMINER_")]:
        monkeypatch.delenv(name)


def written(folder: Path, toml: str, encoding: str = "utf-8") -> Path:
    path = folder / "feedbackminer.toml"
    path.write_text(toml, encoding=encoding)
    return path


def test_without_file_environment_or_overrides_the_defaults_hold() -> None:
    assert load().topics == TopicSettings()


def test_the_file_beats_the_defaults(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[topics]\nseed = 3\n[collect]\nstaff = ["Ann"]\n'))
    assert (settings.topics.seed, settings.collect.staff) == (3, ("Ann",))
    assert settings.topics.max_topics == TopicSettings().max_topics


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "[topics]\nseed = 3\n", encoding="utf-8-sig")
    assert load(path).topics.seed == 3


def test_the_environment_beats_the_file_key_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACKMINER_TOPICS__SEED", "7")
    topics = load(written(tmp_path, "[topics]\nseed = 3\nmax_topics = 9\n")).topics
    assert (topics.seed, topics.max_topics) == (7, 9)


def test_overrides_beat_the_environment_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDBACKMINER_TOPICS__SEED", "7")
    path = written(tmp_path, "[topics]\nseed = 3\nmax_topics = 9\n")
    topics = load(path, {"topics": {"seed": 11}}).topics
    assert (topics.seed, topics.max_topics) == (11, 9)


def test_a_list_in_the_environment_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACKMINER_COLLECT__STAFF", '["Ann", "Bob"]')
    assert load().collect.staff == ("Ann", "Bob")
    monkeypatch.setenv("FEEDBACKMINER_COLLECT__STAFF", "Ann, Bob")
    with pytest.raises(SettingsError, match=r"environment: .*collect.* JSON"):
        load()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[topics]\nsede = 3\n", r"unknown setting 'topics\.sede'; did you mean 'seed'\?"),
        ("[topcs]\nseed = 3\n", r"unknown setting 'topcs'; did you mean 'topics'\?"),
        ("[clean]\nzzz = 3\n", r"unknown setting 'clean\.zzz'; valid here: languages, min_words"),
        ("[topics]\nseed = 'many'\n", r"topics\.seed: .*valid integer.*got 'many'"),
        ("topics = 3\n", r"topics: .*dictionary.*got 3"),
        ("[clean]\nmin_words = 0\n", r"clean\.min_words: .*greater than or equal to 1; got 0"),
        ("max_dropped_share = 2\n", r"max_dropped_share: .*less than or equal to 1; got 2"),
        ("[collect]\ntimezone = 'Mars'\n", r"collect\.timezone: 'Mars' is no time zone"),
        (
            "[collect]\nurl_template = 'https://x.org/{nope}'\n",
            r"collect\.url_template: no placeholder \{nope\}; want \{post_id\}, \{thread_id\}",
        ),
        ("[collect]\nurl_template = 'https://x.org/{'\n", r"collect\.url_template: Single '{'"),
        ("[topics\nseed = 3\n", r"cannot be read as TOML: .*line 1"),
        (
            "[sources.forum]\nkind = 'rss'\nchanels = ['a']\n",
            r"unknown setting 'sources\.forum\.chanels'; did you mean 'channels'\?",
        ),
        (
            "[channels.team]\nkind = 'mail'\nhots = 'h'\nhost = 'h'\nto = ['a@b']\nsender = 'a@b'",
            r"unknown setting 'channels\.team\.mail\.hots'; did you mean 'host'\?",
        ),
        ("[channels.team]\nkind = 'pigeon'\n", r"channels\.team: .*'pigeon'.*'folder', 'mail'"),
        (
            "[channels.team]\nkind = 'mail'\nhost = 'h'\nsender = 'a@b'\nto = ['a@b, c@d']\n",
            r"channels\.team\.mail\.to\.0: .*got 'a@b, c@d'",
        ),
        (
            "[channels.site]\nkind = 'folder'\npath = 's'\neditions = ['support']\n",
            r"channels\.site\.folder: pages of a site lead to each other",
        ),
        ("[channels.bi]\nkind = 'warehouse'\n", r"channels\.bi\.warehouse: want either url"),
        ("[digest]\nlink = 'javascript:alert(1)'\n", r"digest\.link: want http://"),
        (
            "[sources.team]\nkind = 'rss'\n[channels.team]\nkind = 'chat'\n",
            r"settings: 'team' is a source and a channel, which would have one secret",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"feedbackminer\.toml: {message}"):
        load(written(tmp_path, toml))


ODBC = "mssql+pyodbc:///?odbc_connect="


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:correct-horse@db/bi",
        "postgresql://ann@db/bi?password=correct-horse",
        f"{ODBC}DRIVER%3D%7BODBC+18%7D%3BUID%3Dann%3BPWD%3Dcorrect-horse",
        f"{ODBC}DRIVER=x;Uid=ann;%50wd={{correct-horse}}",
        f"{ODBC}UID%253Dann%253B+Password+%253D+correct-horse",  # SQLAlchemy decodes it twice
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    toml = f"[channels.bi]\nkind = 'warehouse'\nurl = '{url}'\n"
    with pytest.raises(SettingsError, match="holds a password") as caught:
        load(written(tmp_path, toml))
    assert "correct-horse" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+pg8000://ann@db.example:5432/bi?sslmode=require",
        "mssql+pyodbc://ann@db/bi?driver=ODBC+Driver+18&authentication=ActiveDirectoryPassword",
        f"{ODBC}DRIVER%3Dx%3BUID%3Dann%3BTrusted_Connection%3Dyes",
        "postgresql://ann%3A1@db/bi",
    ],
)
def test_an_address_without_a_password_is_taken(tmp_path: Path, url: str) -> None:
    load(written(tmp_path, f"[channels.bi]\nkind = 'warehouse'\nurl = '{url}'\n"))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, "[topics]\nsede = 3\n[clean]\nmin_words = 0\n"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_misspelt_key_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACKMINER_TOPICS__SEDE", "7")
    with pytest.raises(SettingsError, match="did you mean 'seed'"):
        load()


def test_a_misspelt_section_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBACKMINER_TOPIC__SEED", "7")
    with pytest.raises(SettingsError, match="unknown setting 'topic'; did you mean 'topics'"):
        load()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: no such settings file"):
        load(tmp_path / "none.toml")


def test_bytes_that_are_not_text_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "feedbackminer.toml"
    path.write_bytes(b"[topics]\n# \xff\n")
    with pytest.raises(SettingsError, match="cannot be read as TOML"):
        load(path)


@pytest.mark.parametrize("settings", [Settings(), CollectSettings(), CleanSettings()])
def test_settings_are_frozen(settings: Settings | CollectSettings | CleanSettings) -> None:
    for name in type(settings).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(settings, name, None)


def test_a_change_of_any_value_changes_the_fingerprint() -> None:
    same = hash_settings(TopicSettings(), CleanSettings())
    assert same == hash_settings(TopicSettings(), CleanSettings())
    assert same != hash_settings(TopicSettings(seed=7), CleanSettings())
    assert same != hash_settings(TopicSettings(), CleanSettings(min_words=3))


def test_a_theme_without_examples_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"topics\.themes\.Billing"):
        load(None, {"topics": {"themes": {"Billing": []}}})


def test_an_event_is_a_date_or_a_table(tmp_path: Path) -> None:
    toml = '[events]\n"4.4" = 2026-06-16\nPrices = { date = 2026-04-27, kind = "price" }\n'
    events = load(written(tmp_path, toml)).events
    assert {name: (f"{e.date:%F}", e.kind) for name, e in events.items()} == {
        "4.4": ("2026-06-16", "release"),
        "Prices": ("2026-04-27", "price"),
    }


def test_an_event_without_a_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"events\.4"):
        load(written(tmp_path, '[events]\n4 = "soon"\n'))
