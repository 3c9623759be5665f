"""Settings: one frozen model per stage, loaded from one ``feedbackminer.toml``.

Order of precedence: command line, environment (``FEEDBACKMINER_TOPICS__SEED=7``), file,
defaults. Secrets never stand in the file; an object store reads its own environment
variables (``AWS_ACCESS_KEY_ID`` and the like).
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from string import Formatter
from typing import Annotated, Literal, Self
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from feedbackminer.errors import suggest
from feedbackminer.plugins import PATH as PLUGIN
from feedbackminer.vocabulary.claims import CLAIM_KINDS
from feedbackminer.vocabulary.editions import WHOLE, EditionName, PartName
from feedbackminer.vocabulary.goals import MeasureName
from feedbackminer.vocabulary.tags import CHECKS, KINDS

Day = date  # a field is called date
TOPIC_ID = re.compile(r"[a-z]\d+")
LINK_PARTS = ("post_id", "thread_id", "post_number")
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ChannelName = SourceName
# A line break would begin another header.
MailAddress = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+$")]


class StageSettings(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(StageSettings):
    url: str = Field(
        default="", description="Where the tables live; empty: `tables/` in the project"
    )
    options: dict[str, str] = Field(
        default_factory=dict,
        description="Storage options of delta-rs, such as aws_endpoint_url; no secrets",
    )


class EngineSettings(StageSettings):
    kind: Literal["local", "ray"] = Field(
        default="local",
        description="Who cleans, encodes and tags posts: this process, or workers of Ray (the "
        "extra `ray`), which read and write the store themselves",
    )
    address: str = Field(
        default="",
        pattern=r"^((ray://)?[^\s:/@]+:\d{1,5})?$",
        description="Of a Ray cluster: host:port where this machine is a part of it, "
        "ray://host:port where it is none; empty: workers on the processors of this machine",
    )
    part: int = Field(
        default=1_000,
        ge=1,
        description="Posts that a worker takes at once: what is done again where it dies",
    )
    processes: int = Field(
        default=0,
        ge=0,
        description="Of this machine, that clean and tag where there are very many posts; 0: one "
        "for each processor, eight at most; 1: no other than the one that is run",
    )


class CollectSettings(StageSettings):
    source: str = Field(default="", description="Prefix of post ids; empty: the name of the file")
    map: dict[str, str] = Field(
        default_factory=dict, description="Our column = the column of the export"
    )
    encoding: str = Field(default="utf-8", description="Encoding of text files without a BOM")
    timezone: str = Field(default="UTC", description="Zone of timestamps that name none")
    date_order: Literal["auto", "day_first", "month_first"] = Field(
        default="auto", description="Of dates such as 03/04/2026; auto: as their column shows"
    )
    url_template: str = Field(
        default="", description="Link of a post, from {post_id}, {thread_id} and {post_number}"
    )
    staff: tuple[str, ...] = Field(default=(), description="Account names of the company")
    bots: tuple[str, ...] = Field(
        default=(), description="Account names of bots, beside those that are known"
    )
    nobody: tuple[str, ...] = Field(
        default=(),
        description="Account names that many people share, beside guests and the deleted",
    )

    identities: str = Field(
        default="",
        description="File (CSV, JSONL) with source, author and person: accounts of one person",
    )

    @field_validator("url_template")
    @classmethod
    def _check_placeholders(cls, template: str) -> str:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if unknown := sorted(names - set(LINK_PARTS)):
            raise ValueError(
                f"no placeholder {{{unknown[0]}}}; "
                f"want {', '.join(f'{{{part}}}' for part in LINK_PARTS)}"
            )
        return template

    @field_validator("timezone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone; want one like Europe/Berlin") from error
        return name


class SourceSettings(StageSettings):
    kind: str = Field(description="What it is: discourse, reddit, github, … (docs/reference.md)")
    url: str = Field(default="", description="Address of the site; of files: their path")
    channels: tuple[str, ...] = Field(
        default=(), description="Parts to read: categories, subreddits, repositories, apps, …"
    )
    query: str = Field(default="", description="Words to search for, where a source searches")
    since: datetime | None = Field(default=None, description="Posts before this are not read")
    overlap_pages: int = Field(
        default=1, ge=0, description="Pages read again each time, for edits and deletions"
    )
    private_network: bool = Field(
        default=False, description="Allow addresses of private networks, such as a test server"
    )


class RetainSettings(StageSettings):
    days: int = Field(default=0, ge=0, description="Posts older than this are erased; 0: none")


class DriftSettings(StageSettings):
    history: int = Field(
        default=26, ge=8, description="Weeks before, that the latest one is held against"
    )
    tolerance: float = Field(
        default=3.0, gt=0, description="Robust standard deviations from their median that are usual"
    )
    block: tuple[str, ...] = Field(
        default=(), description="Checks that stop a digest when they warn; all: every check"
    )

    @field_validator("block")
    @classmethod
    def _check_checks(cls, block: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted({*block} - {*CHECKS, "all"}):
            raise ValueError(f"no check {unknown[0]!r}; want {', '.join(CHECKS)} or all")
        return block


class CleanSettings(StageSettings):
    languages: tuple[str, ...] = Field(
        default=(), description="Languages to analyse, such as en; empty: the export's main one"
    )
    min_words: int = Field(default=2, ge=1, description="Posts with fewer words say too little")
    long_words: int = Field(
        default=200, ge=1, description="Posts of so many words are read in parts as well"
    )
    max_chars: int = Field(default=20_000, ge=100, description="What is read of a very long post")


class EmbedSettings(StageSettings):
    model: str = Field(
        default="all-MiniLM-L6-v2",
        description="A sentence-transformers model, by name or path; or an encoder of your own, "
        "module:Class",
    )
    max_tokens: int = Field(default=128, ge=8, description="Tokens of a post that are encoded")
    backend: Literal["auto", "int8", "fp32", "numpy", "torch", "static"] = Field(
        default="auto",
        description="What computes vectors: ONNX Runtime in whole numbers of eight bits (int8) or, "
        "a third as fast, in floats (fp32); NumPy; or torch, which knows other models than the "
        "default one. auto: torch for those and where there is a GPU, else the first of the "
        "others that can be relied on. static: words looked up and averaged, for topics in a "
        "hundred thousand posts and more; heads do not know it, so tags come from rules and there "
        "are no key points",
    )
    batch_size: int = Field(default=32, ge=1, description="Texts that torch encodes at once")
    threads: int = Field(default=0, ge=0, description="Threads of the encoder; 0: one per core")


class TopicSettings(StageSettings):
    seed: int = Field(default=42, description="Of the clustering: the same seed, the same topics")
    clusterer: str = Field(
        default="graph",
        pattern=rf"^(graph|bertopic|{PLUGIN})$",
        description="What groups documents: graph (ours), bertopic (its UMAP and HDBSCAN), or a "
        "clusterer of your own with scikit-learn's interface, module:Class",
    )
    min_threads: int = Field(
        default=0, ge=0, description="Smallest topic, in threads; 0: 5, or one thread in 1,000"
    )
    small_community: int = Field(
        default=150, ge=2, description="With fewer posts than this, posts are grouped simply"
    )
    max_topics: int = Field(
        default=100,
        ge=2,
        description="More topics than this only where no coarser view has fewer",
    )
    thread_weight: float = Field(
        default=0.5, ge=0, le=1, description="How far a post leans towards its thread's subject"
    )
    accept_quantile: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="Share of a topic's own posts that may be called unsorted",
    )
    themes: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Topics you already use: name = examples of what members would say",
    )
    ignore_words: tuple[str, ...] = Field(default=(), description="Words kept out of topic names")


class NamingSettings(StageSettings):
    url: str = Field(
        default="",
        description="An OpenAI-compatible endpoint that names topics and is sent masked posts; "
        "empty: none",
    )
    model: str = Field(default="", description="Which model of the endpoint")
    seconds: float = Field(default=30, gt=0, description="How long to wait for an answer")
    namer: str = Field(
        default="",
        pattern=rf"^({PLUGIN})?$",
        description="What names topics in place of an endpoint: module:Class with "
        "suggest(keywords, posts)",
    )

    @field_validator("url")
    @classmethod
    def _check_http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("want http:// or https://, such as http://localhost:11434/v1")
        return url


class TagSettings(StageSettings):
    tagger: str = Field(
        default="",
        pattern=rf"^({PLUGIN})?$",
        description="A tagger of your own in place of the heads, module:Class; empty: the heads",
    )
    components: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Parts of the product: name = other words for it; * at an end is any ending",
    )
    places: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="What forum categories and issue labels mean: kind = their names; only "
        "`train --from-store` reads it",
    )
    discovered: int = Field(
        default=40, ge=0, description="Parts of the product found by themselves, at most"
    )
    least_voices: int = Field(default=5, ge=2, description="Members who must name such a part")
    alike_needs: float = Field(
        default=0.5, gt=0, lt=1, description="Probability from which needs are taken for the same"
    )

    @field_validator("places")
    @classmethod
    def _check_kinds(cls, places: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if unknown := sorted(set(places) - set(KINDS)):
            raise ValueError(f"no kind {unknown[0]!r}; want {', '.join(KINDS)}")
        return places


class SegmentSettings(StageSettings):
    newcomer_days: int = Field(default=30, ge=1, description="First post in so many last days")
    active_days: int = Field(default=90, ge=1, description="Still here: last post in so many days")
    regular_posts: int = Field(default=5, ge=1, description="Posts of a regular, at least")
    veteran_posts: int = Field(default=20, ge=1, description="Posts of a veteran, at least")
    veteran_days: int = Field(default=180, ge=1, description="Over so many days, at least")
    lapsed_posts: int = Field(default=3, ge=1, description="Posts of who is missed, at least")
    advocate_helped: int = Field(default=5, ge=1, description="People an advocate has helped")
    advocate_thanks: int = Field(default=3, ge=1, description="Times an advocate was thanked")


class InsightSettings(StageSettings):
    period: Literal["auto", "week", "month", "quarter", "year", "all"] = Field(
        default="auto",
        description="What a digest is of: the latest of these; auto: the shortest in which 200 "
        "members spoke, else all",
    )
    since: datetime | None = Field(
        default=None,
        description="First day of the period, instead of its length; what was before is only "
        "compared with",
    )
    until: datetime | None = Field(default=None, description="Posts from this on are left out")
    min_voices: int = Field(default=3, ge=1, description="Fewer voices make no headline")
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Of the intervals of all numbers"
    )
    false_alarms: float = Field(
        default=0.025,
        ge=0.01,
        lt=1,
        description="Share of histories without any change in which one may be shown",
    )
    false_discovery: float = Field(
        default=0.05, gt=0, lt=1, description="Share of shown hurdles that may be chance"
    )
    rivals: dict[Name, tuple[Name, ...]] = Field(
        default_factory=dict,
        description="Other products that members compare yours with: name = other words for it",
    )
    tickets_per_answer: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Assumed share of those whose question members solved who would have written "
        "to support instead; none: tickets are not told",
    )
    routing: dict[str, tuple[EditionName, ...]] = Field(
        default_factory=dict,
        description="Who reads what, where that is not as usual: a kind of claim, or the id of a "
        "topic = editions",
    )

    @field_validator("routing")
    @classmethod
    def _check_routing(cls, routing: dict[str, object]) -> dict[str, object]:
        for name in routing:
            if name not in CLAIM_KINDS and not TOPIC_ID.fullmatch(name):
                hint = suggest(name, CLAIM_KINDS, f"kinds: {', '.join(CLAIM_KINDS)}")
                raise ValueError(f"{name!r} is neither a kind of claim nor a topic's id; {hint}")
        return routing

    @model_validator(mode="after")
    def _check_begin(self) -> Self:
        if self.since and self.period != "auto":
            raise ValueError(
                f"both since and period = {self.period!r} say where the period begins; give one"
            )
        return self


class AlertSettings(StageSettings):
    days: int = Field(default=7, ge=1, le=28, description="Whole days that a check looks at")
    false_alarms: float = Field(
        default=0.05,
        ge=0.01,
        le=0.5,
        description="Share of months without any change in which anything may be raised",
    )
    cooldown: float = Field(
        default=24, ge=0, description="Hours between two messages of one alert, at least"
    )


class EventSettings(StageSettings):
    date: Day = Field(description="On which it happened")
    kind: str = Field(default="release", description="What it is: release, outage, price, …")


def _as_event(given: object) -> object:
    """Take a date alone for an event on that day."""
    return given if isinstance(given, dict | EventSettings) else {"date": given}


class DigestSettings(StageSettings):
    product: str = Field(default="", description="Name of the product or community, for the title")
    quotes_per_topic: int = Field(default=5, ge=1, description="Quotes on the page of a topic")
    max_topics: int = Field(default=30, ge=1, description="Topics with a page of their own")
    min_stability: float = Field(
        default=0.5, ge=0, le=1, description="Topics found again less well make no headline"
    )
    goals: dict[MeasureName, float] = Field(
        default_factory=dict,
        description="What the team follows, first in each edition: members, welcome, unanswered, "
        "first_reply (hours), peer_answers, helpers or top_10 = what to reach; shares from 0 to 1",
    )
    replies: dict[Literal["shipped", "planned", "rejected"], str] = Field(
        default_factory=dict,
        description="Your own drafts for `feedbackminer insight tell`, by what was decided: $said, "
        "$date and $done are filled in",
    )
    link: str = Field(
        default="", description="Where the site can be read, for mail and chat; empty: nowhere"
    )

    @field_validator("link")
    @classmethod
    def _check_link(cls, link: str) -> str:
        if link and not re.fullmatch(r"https?://[^\s<>\"']+", link):
            raise ValueError("want http:// or https://, such as https://digests.example/inkwren")
        return link.rstrip("/")


class ChannelSettings(StageSettings):
    """What all channels have: the secret of each is in ``FEEDBACKMINER_SECRET_NAME``."""

    timeout: float = Field(
        default=30, gt=0, description="Seconds until a channel that does not answer is given up"
    )


class EditionChannelSettings(ChannelSettings):
    editions: tuple[PartName, ...] = Field(
        default=(WHOLE,), min_length=1, description="What goes there: editions, or whole"
    )


class AlertedChannelSettings(EditionChannelSettings):
    alerts: bool = Field(default=True, description="Alerts go there too")


class FolderChannel(EditionChannelSettings):
    kind: Literal["folder"] = Field(description="A folder, such as one that a web server shows")
    path: str = Field(min_length=1, description="The folder, new or with an older digest")
    format: Literal["html", "markdown"] = Field(
        default="html", description="The whole site, or the editions as Markdown files"
    )

    @model_validator(mode="after")
    def _check_editions(self) -> Self:
        if self.format == "html" and self.editions != (WHOLE,):
            raise ValueError(
                "pages of a site lead to each other, so it goes as a whole; leave editions out, "
                'or set format = "markdown"'
            )
        return self


class MailChannel(AlertedChannelSettings):
    kind: Literal["mail"] = Field(description="Mail by SMTP, one to each reader")
    host: str = Field(min_length=1, description="Mail server")
    port: int = Field(default=587, ge=1, le=65_535, description="Its port")
    encryption: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="tls: from the first byte on; none: on this machine only"
    )
    user: str = Field(
        default="", description="Who logs in, with the secret as password; empty: nobody"
    )
    sender: MailAddress = Field(description="From whom it comes: an address")
    to: tuple[MailAddress, ...] = Field(min_length=1, description="Addresses of readers")


class ChatChannel(AlertedChannelSettings):
    kind: Literal["chat"] = Field(
        description="A message in a chat; the secret is its address: a webhook that Slack would "
        "understand, or any other that apprise knows"
    )


class WarehouseChannel(ChannelSettings):
    kind: Literal["warehouse"] = Field(description="Tables for BI; the secret is the password")
    timeout: float = Field(default=300, gt=0, description="Seconds that writing all may take")
    url: str = Field(
        default="",
        description="Database as SQLAlchemy names it, without the password; empty: a folder",
    )
    folder: str = Field(default="", description="Instead: a folder of Parquet files")
    database_schema: str = Field(
        default="", alias="schema", description="Schema of the tables; empty: the database's own"
    )

    @field_validator("url")
    @classmethod
    def _check_no_secret(cls, url: str) -> str:
        return _without_password(url)

    @model_validator(mode="after")
    def _check_one_place(self) -> Self:
        if bool(self.url) == bool(self.folder):
            raise ValueError("want either url, of a database, or folder, for Parquet files")
        return self


class IssuesChannel(AlertedChannelSettings):
    kind: Literal["issues"] = Field(
        description="An issue for each edition, prepared for a person; the secret is a token"
    )
    tracker: Literal["github", "gitlab"] = Field(description="Which tracker it is")
    repository: str = Field(
        pattern=r"^[\w.-]+(/[\w.-]+)+$", description="Whose issues: owner/name, or group/…/name"
    )
    url: str = Field(default="", description="Its API, where that is not github.com or gitlab.com")
    send: bool = Field(
        default=False, description="Open the issue; otherwise a link is told that fills it in"
    )

    @field_validator("url")
    @classmethod
    def _check_no_secret(cls, url: str) -> str:
        return _without_password(url)


_LOGIN = re.compile(r"://[^/?#]*:[^/?#]*@")
_NAMED_SECRET = re.compile(r"(?:pass|pwd|token|secret|key)[^=&;]*=", re.IGNORECASE)


def _without_password(url: str) -> str:
    query = url.partition("?")[2]
    while query != (decoded := unquote_plus(query)):  # odbc_connect is encoded, once or twice
        query = decoded
    if _LOGIN.search(url) or _NAMED_SECRET.search(query):
        # The value itself would be printed with the message.
        raise PydanticCustomError(
            "secret", "holds a password; secrets stand in FEEDBACKMINER_SECRET_… alone"
        )
    return url


AnyChannel = FolderChannel | MailChannel | ChatChannel | WarehouseChannel | IssuesChannel


class Settings(BaseSettings):
    """Everything that can be set of a run."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="FEEDBACKMINER_",
        env_nested_delimiter="__",
    )

    sources: dict[SourceName, SourceSettings] = Field(
        default_factory=dict, description="Where posts are collected: one table per source"
    )
    store: StoreSettings = StoreSettings()
    engine: EngineSettings = EngineSettings()
    collect: CollectSettings = CollectSettings()
    clean: CleanSettings = CleanSettings()
    embed: EmbedSettings = EmbedSettings()
    topics: TopicSettings = TopicSettings()
    naming: NamingSettings = NamingSettings()
    tag: TagSettings = TagSettings()
    segments: SegmentSettings = SegmentSettings()
    insight: InsightSettings = InsightSettings()
    alerts: AlertSettings = AlertSettings()
    events: dict[str, Annotated[EventSettings, BeforeValidator(_as_event)]] = Field(
        default_factory=dict,
        description="Releases and whatever else is marked in digests: name = date, or a table",
    )
    digest: DigestSettings = DigestSettings()
    channels: dict[ChannelName, Annotated[AnyChannel, Field(discriminator="kind")]] = Field(
        default_factory=dict, description="Where digests are delivered: one table per channel"
    )
    drift: DriftSettings = DriftSettings()
    retain: RetainSettings = RetainSettings()
    log: Literal["text", "json"] = Field(
        default="text", description="What a run tells on stderr: text for people, or JSON lines"
    )
    max_dropped_share: float | None = Field(
        default=None, ge=0, le=1, description="Exit with 1 when more of the rows were dropped"
    )

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if both := sorted({*self.sources} & {*self.channels}):
            raise ValueError(
                f"{both[0]!r} is a source and a channel, which would have one secret; rename one"
            )
        return self


def hash_settings(*parts: BaseModel) -> str:
    """Hash settings so that a change of any value is seen."""
    text = "\n".join(part.model_dump_json() for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
