"""A Prefect server whose SQLite bears several runs at once: ``python -m pipelines.server``.

It takes the options of ``prefect server start``; with PostgreSQL it is that command and no more.

Prefect begins most transactions on SQLite as readers. One that reads, then writes after another
has written in between, cannot be served: SQLite refuses it at once, whatever the busy timeout says,
since what it read is no longer so. The server then answers 503, or drops what it was doing: a sign
of life of a worker, the event that an automation waits for. A transaction that begins as a writer
waits for its turn instead, up to Prefect's busy timeout of a minute.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from prefect.cli import app
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.dependencies import temporary_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class WriterFirstSqlite(AioSqliteConfiguration):
    """Prefect's SQLite, with transactions that begin as writers."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin a transaction that waits for its turn to write.

        One inside another begins as its caller wants: it would wait for the outer one forever.
        """
        is_outermost = SQLITE_BEGIN_MODE.get() is None
        async with super().begin_transaction(session, is_outermost or with_for_update) as begun:
            yield begun


def database() -> AbstractContextManager[None]:
    """Have the server's database as it bears several runs; PostgreSQL does so by itself."""
    url = str(PREFECT_API_DATABASE_CONNECTION_URL.value())
    if get_dialect(url).name != "sqlite":
        return nullcontext()
    return temporary_database_config(WriterFirstSqlite(connection_url=url))


def main(arguments: Sequence[str]) -> None:
    """Start the server in this process, and stop it on Ctrl-C."""
    if {"-b", "--background"} & {*arguments}:
        raise SystemExit("--background starts another process, without what this one mends")
    with database():
        sys.argv = ["prefect", "--no-prompt", "server", "start", *arguments]  # what it reads
        app()


if __name__ == "__main__":
    main(sys.argv[1:])
