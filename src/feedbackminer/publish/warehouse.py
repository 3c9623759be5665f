"""Rows of digests for BI: in any database that SQLAlchemy speaks to, or as files of Parquet.

What is written for a digest takes the place of what was there for it, in one transaction; so it
can be done again at any time. Rows that rest on a post which is gone are removed on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from feedbackminer.errors import DeliveryError, SettingsError
from feedbackminer.privacy.secrets import mask_secrets
from feedbackminer.publish.channel import Living, Parcel
from feedbackminer.settings.sections import WarehouseChannel
from feedbackminer.text.words import plain
from feedbackminer.vocabulary.rows import COUNT, DAY, MOMENT, NUMBER, ROWS, TEXT

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Table

Frames = Mapping[str, pl.DataFrame]
NAMES = {name: f"digest_{name}" for name in ROWS}  # as they are called there
_QUOTED = re.compile("“(.*)”", re.DOTALL)
_OF = ("project", "digest")  # which digest a row is of
_CONNECT_TIMEOUT = {"pg8000": "timeout", "pysqlite": "timeout"}  # others: connect_timeout
_TAKE_TIMEOUT = {"psycopg", "psycopg2", "pymysql", "mysqldb", "mysqlconnector"}


class Rows(Protocol):
    """Where rows are, one project's apart from another's."""

    def digests(self) -> list[str]: ...
    def read(self, digest: str) -> Frames: ...
    def replace(self, digest: str, frames: Frames) -> None: ...


class Warehouse:
    """Writes rows of digests, and removes what rests on erased posts.

    Args:
        settings: of the channel.
        secret: the password of the database.
        base: where a relative folder begins.
    Raises:
        SettingsError: the address is none, or what speaks to the database is not installed.
    """

    is_repeatable = True
    recipients: Sequence[str] = ("",)

    def __init__(self, settings: WarehouseChannel, secret: str, base: Path) -> None:
        self._settings, self._engine = settings, None
        self._folder = (base / Path(settings.folder).expanduser()).resolve()
        if settings.url:
            self._engine = _engine(settings, secret)
        schema = f", schema {settings.database_schema}" if settings.database_schema else ""
        self.place = f"{settings.url}{schema}" if settings.url else str(self._folder)

    def preview(self, parcel: Parcel) -> str:
        """Say what would be written."""
        frames = with_weeks(parcel.tables)
        counts = ", ".join(f"{NAMES[name]} {len(frame):,}" for name, frame in frames.items())
        return f"rows: {counts}; into {mask_secrets(self.place)}"

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:  # noqa: ARG002
        """Write the rows of a digest in the place of older ones.

        Raises:
            DeliveryError: a table there has another shape, or it cannot be written; nothing was.
        """
        frames = with_weeks(parcel.tables)
        with self._rows(parcel.project) as rows:
            n_removed = _erase(rows, parcel.living)
            rows.replace(parcel.digest, frames)
        removed = (
            f"; {n_removed:,} rows of erased posts removed or counted anew" if n_removed else ""
        )
        return f"{sum(map(len, frames.values())):,} rows written{removed}"

    def erase(self, project: str, living: Living) -> int:
        """Remove what rests on anything else; returns how many rows went or were counted anew.

        Raises:
            DeliveryError: it cannot be reached, or a table there has another shape.
        """
        with self._rows(project) as rows:
            return _erase(rows, living)

    @contextmanager
    def _rows(self, project: str) -> Iterator[Rows]:
        if self._engine is None:
            try:
                yield ParquetRows(self._folder, project)
            except OSError as error:
                raise DeliveryError(f"{self._folder}: {error.strerror or error}") from None
            return
        with _explained(self._engine), self._engine.begin() as connection:
            yield SqlRows(connection, self._settings.database_schema or None, project)


def with_weeks(tables: Frames) -> dict[str, pl.DataFrame]:
    """Return rows with those of members' weeks, which are sums of their posts."""
    weeks = (
        tables["posts"]
        .drop_nulls("voice")
        .group_by("voice", "segment", "week")
        .agg(
            n_posts=pl.len().cast(pl.Int64),
            n_threads=pl.col("thread").n_unique().cast(pl.Int64),
        )
        .sort("voice", "week")
    )
    return {**tables, "voice_weeks": weeks}


def without(frames: Frames, living: Living) -> dict[str, pl.DataFrame]:
    """Return rows of a digest as if posts that are gone had never been there, as far as is known.

    A claim that rests on some of them has as many voices and posts as are left; its other numbers
    and its headline, which were counted with them, are nobody's knowledge any more; nor is a
    headline that quotes what does not stand in its post any more.
    """
    is_there = pl.col("post_id").is_in(list(living.texts))
    said = frames["claim_posts"].filter(is_there)
    left = said.group_by("claim_id").agg(
        left_voices=pl.col("voice").drop_nulls().n_unique().cast(COUNT),
        left_posts=pl.len().cast(COUNT),
        behind="post_id",
    )
    is_quoting = pl.col("quoted_from").is_in(list(living.texts))
    claims = (
        frames["claims"]
        .join(left, on="claim_id", how="left", maintain_order="left")
        .with_columns(pl.col("left_voices", "left_posts").fill_null(0))
        .filter((pl.col("left_posts") > 0) | (pl.col("n_posts") == 0))
    )
    stands = pl.Series([_stands(row, living.texts) for row in claims.to_dicts()], dtype=pl.Boolean)
    is_whole = pl.col("left_posts") == pl.col("n_posts")
    counted = ("value", "low", "high", "baseline")
    claims = claims.with_columns(
        headline=pl.when(is_whole, stands).then("headline"),
        quoted_from=pl.when(is_quoting).then("quoted_from"),
        n_voices=pl.when(is_whole).then("n_voices").otherwise("left_voices"),
        n_posts="left_posts",
        **{name: pl.when(is_whole).then(name) for name in counted},
    )
    return with_weeks(
        {
            "claims": claims.select(*ROWS["claims"]),
            "claim_posts": said,
            "posts": frames["posts"].filter(is_there),
        }
    )


def _stands(claim: Mapping[str, Any], texts: Mapping[str, str]) -> bool:
    """Tell whether what a headline quotes stands in a post as that is now.

    An erasure takes names of members out of the posts of others, and leaves these there.
    """
    source, quoted = claim["quoted_from"], _QUOTED.search(claim["headline"] or "")
    if not quoted:
        return source is None or source in texts
    words, sources = plain(quoted[1]), [source] if source else claim["behind"] or []
    return any(words in plain(texts.get(post_id, "")) for post_id in sources)


def renamed(frame: pl.DataFrame, living: Living) -> pl.DataFrame:
    """Call topics as they are now, since their names are made of members' words.

    One that is no more is called nothing. A headline on a topic begins with its name.
    """
    if "topic" not in frame.columns:
        return frame
    rows = frame.to_dicts()
    for row in rows:
        if not (row["topic_id"] and row["topic"]):
            continue
        before, now = row["topic"], living.labels.get(row["topic_id"])
        row["topic"] = now
        if (headline := row.get("headline") or "").startswith(f"{before}: "):
            row["headline"] = f"{now or 'A topic'}{headline.removeprefix(before)}"
    return pl.DataFrame(rows, schema=frame.schema)


def _erase(rows: Rows, living: Living) -> int:
    """Return how many rows were removed or counted anew."""
    n_rows = 0
    for digest in rows.digests():
        old = {name: frame for name, frame in rows.read(digest).items() if name != "voice_weeks"}
        called_anew = {name: renamed(frame, living) for name, frame in old.items()}
        new = without(called_anew, living)
        n_changed = sum(_n_changed(frame, new[name]) for name, frame in called_anew.items())
        if n_changed or not all(old[name].equals(frame) for name, frame in called_anew.items()):
            rows.replace(digest, new)
        n_rows += n_changed
    return n_rows


def _n_changed(before: pl.DataFrame, after: pl.DataFrame) -> int:
    """Count the rows that are not there as they were."""
    return len(before.join(after, on=before.columns, how="anti", nulls_equal=True))


class ParquetRows:
    """A folder a table, in it a folder a project, in it a file a digest."""

    def __init__(self, folder: Path, project: str) -> None:
        self._folder, self._project = folder, project

    def digests(self) -> list[str]:
        """Return of which digests there are rows."""
        files = (self._folder / NAMES["claims"] / self._project).glob("*.parquet")
        return sorted(file.stem.replace("_", " ") for file in files)

    def read(self, digest: str) -> Frames:
        """Return the rows of a digest."""
        return {name: pl.read_parquet(self._file(name, digest)).drop(_OF) for name in NAMES}

    def replace(self, digest: str, frames: Frames) -> None:
        """Write the rows of a digest, file by file: each is whole at any moment."""
        for name, frame in frames.items():
            file = self._file(name, digest)
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".draft")
            _of(frame, self._project, digest).write_parquet(draft)
            draft.replace(file)

    def _file(self, name: str, digest: str) -> Path:
        stem = digest.replace(" ", "_")
        return self._folder / NAMES[name] / self._project / f"{stem}.parquet"


class SqlRows:
    """Tables of a database; what is done to them lasts once the connection commits.

    Raises:
        DeliveryError: a table there has another shape.
    """

    def __init__(self, connection: Connection, schema: str | None, project: str) -> None:
        self._connection, self._project = connection, project
        metadata = _metadata(schema)
        self._tables = {name: _table(metadata, known) for name, known in NAMES.items()}
        for table in self._tables.values():
            _refuse_other_shape(connection, table)
        metadata.create_all(connection)

    def digests(self) -> list[str]:
        """Return of which digests there are rows."""
        from sqlalchemy import select

        claims = self._tables["claims"]
        ours = select(claims.c.digest).where(claims.c.project == self._project)
        return list(self._connection.scalars(ours.distinct().order_by(claims.c.digest)))

    def read(self, digest: str) -> Frames:
        """Return the rows of a digest."""
        from sqlalchemy import select

        frames = {}
        for name, table in self._tables.items():
            columns = [table.c[column] for column in ROWS[name]]
            found = self._connection.execute(select(*columns).where(*self._is_of(table, digest)))
            rows = [tuple(row) for row in found]
            frames[name] = pl.DataFrame(rows, schema=ROWS[name], orient="row")
        return frames

    def replace(self, digest: str, frames: Frames) -> None:
        """Write the rows of a digest in the place of those that are there."""
        for name, table in self._tables.items():
            self._connection.execute(table.delete().where(*self._is_of(table, digest)))
            rows = _of(frames[name], self._project, digest).to_dicts()
            if rows:
                self._connection.execute(table.insert(), rows)

    def _is_of(self, table: Table, digest: str) -> tuple[Any, Any]:
        return table.c.project == self._project, table.c.digest == digest


def _of(frame: pl.DataFrame, project: str, digest: str) -> pl.DataFrame:
    """Return rows that say which digest they are of."""
    named = frame.select(pl.lit(project).alias("project"), pl.lit(digest).alias("digest"), pl.all())
    # PostgreSQL refuses a text that holds the null character.
    return named.with_columns(pl.col(pl.String).str.replace_all("\x00", "", literal=True))


def _engine(settings: WarehouseChannel, secret: str) -> Engine:
    try:
        import sqlalchemy
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise SettingsError(
            'warehouse wants more than is installed: pip install "feedbackminer[delivery]"'
        ) from None
    try:
        url = sqlalchemy.make_url(settings.url)
        url = url.set(password=secret) if secret else url
        driver = url.get_driver_name()
        timeout = {_CONNECT_TIMEOUT.get(driver, "connect_timeout"): round(settings.timeout) or 1}
        knows = driver in _CONNECT_TIMEOUT or driver in _TAKE_TIMEOUT
        return sqlalchemy.create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=timeout if knows else {},
        )
    except ModuleNotFoundError as error:
        raise SettingsError(f"url: its driver is not installed: {error.name}") from None
    except sqlalchemy.exc.ArgumentError:
        raise SettingsError(
            "url: want one of SQLAlchemy's, such as postgresql+pg8000://ann@db.example/bi"
        ) from None


def _metadata(schema: str | None) -> MetaData:
    from sqlalchemy import MetaData

    return MetaData(schema=schema)


def _table(metadata: MetaData, name: str) -> Table:
    """Declare a table of ours."""
    from sqlalchemy import BigInteger, Column, Date, DateTime, Double, Table, Text

    types: dict[pl.DataType, Any] = {
        NUMBER: Double(),
        COUNT: BigInteger(),
        MOMENT: DateTime(timezone=True),
        DAY: Date(),
        TEXT: Text(),
    }
    (of_ours,) = [ours for ours, theirs in NAMES.items() if theirs == name]
    columns = {**dict.fromkeys(_OF, TEXT), **ROWS[of_ours]}
    return Table(name, metadata, *(Column(column, types[kind]) for column, kind in columns.items()))


def _refuse_other_shape(connection: Connection, table: Table) -> None:
    """Raise where a table is there that cannot take our rows, naming its columns."""
    from sqlalchemy import inspect

    looking = inspect(connection)
    if not looking.has_table(table.name, schema=table.schema):
        return
    there = {
        column["name"]: column for column in looking.get_columns(table.name, schema=table.schema)
    }
    wrong = [
        f"{column.name} is {there[column.name]['type'] if column.name in there else 'not there'}, "
        f"want {column.type}"
        for column in table.columns
        if column.name not in there or _sort(there[column.name]["type"]) != _sort(column.type)
    ]
    wrong += [
        f"{name} is wanted there, and unknown to us"
        for name, column in there.items()
        if name not in table.columns and not column["nullable"] and column["default"] is None
    ]
    if wrong:
        raise DeliveryError(
            f"table {table.fullname} has another shape, so nothing was written: "
            f"{'; '.join(wrong)}. Rename or drop it, or name another schema"
        )


def _sort(kind: Any) -> str:
    """Return of which sort a type is, whatever a database calls it."""
    try:
        python: type = kind.python_type
    except NotImplementedError:
        return "other"
    names = {"int": "number", "float": "number", "Decimal": "number", "date": "day"}
    return names.get(python.__name__, python.__name__)


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    """Turn what a database says into a message without values of rows."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except DBAPIError as error:
        raise DeliveryError(
            f"the database {engine.url.host or engine.url.database} refused or cannot be reached, "
            f"and nothing was written ({type(error.orig).__name__}{_state(error.orig)})",
            may_pass=error.connection_invalidated,
        ) from None
    except SQLAlchemyError as error:
        raise DeliveryError(f"nothing was written ({type(error).__name__})") from None


def _state(error: BaseException | None) -> str:
    """Return the SQLSTATE that a database gave, if it gave one."""
    first = error.args[0] if error and error.args else None
    state = first.get("C") if isinstance(first, dict) else getattr(error, "sqlstate", None)
    return f" {state}" if state else ""
