"""The context of a flow run: the only thing that its tasks hand on to each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from prefect.blocks.system import Secret
from pydantic import BaseModel

from feedbackminer.engine.json_log import JsonLog
from feedbackminer.engine.observe import observed
from feedbackminer.engine.run import Run
from feedbackminer.errors import SettingsError
from feedbackminer.project.lock import FOREVER, hold
from feedbackminer.project.project import Project, open_project
from feedbackminer.settings.load import secret_of
from feedbackminer.vocabulary.moments import as_utc

BLOCK = "feedbackminer-"  # then the name of a source or a channel, with - for _


class RunContext(BaseModel, frozen=True):
    """A run of a project, and the window that it looks at; frames stay in the store."""

    folder: str
    run_id: str
    period: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def begin(
        cls,
        folder: str,
        since: datetime | None = None,
        until: datetime | None = None,
        period: str | None = None,
    ) -> Self:
        """Begin a run; dates without a zone are of UTC.

        Raises:
            SettingsError: the window ends before it begins, or the project's settings are wrong.
        """
        lower, upper = (moment and as_utc(moment) for moment in (since, until))
        if lower and upper and lower >= upper:
            raise SettingsError(f"since {lower:%F %T} is not before until {upper:%F %T}")
        run_id = Run(_open(folder)).run_id
        return cls(folder=folder, run_id=run_id, since=lower, until=upper, period=period)

    @property
    def has_window(self) -> bool:
        """Tell whether the run looks at a window of its own."""
        return bool(self.since or self.until or self.period)

    @property
    def path(self) -> Path:
        """Return the folder of the project."""
        return Path(self.folder)

    @property
    def slug(self) -> str:
        """Return the project's name as Prefect wants names: lower case, digits and dashes."""
        return slug(self.path.resolve().name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the project, and write the metrics of this one at its end.

        A flow that has to wait for its turn says so in its log.
        """
        with hold(self.path, wait=FOREVER, tell=print), observed(self.run()):
            yield

    def project(self) -> Project:
        """Open the project as it is now."""
        window = {"since": self.since, "until": self.until, "period": self.period}
        bounds = {name: moment for name, moment in window.items() if moment}
        return open_project(self.path, {"insight": bounds})

    def run(self, attempt: int = 1) -> Run:
        """Return the run for the steps; a step that is tried again is told apart in ``runs``."""
        run = Run(self.project(), run_id=self.run_id, secret=secret)
        run = run.part(f"again{attempt - 1}") if attempt > 1 else run
        if run.project.settings.log == "json":
            run.reporter = JsonLog(run.run_id)
        return run


def slug(name: str) -> str:
    """Return a name in lower case, with dashes for whatever is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "project"


def secret(name: str) -> str:
    """Return the secret of a source or a channel: of its Prefect block, else of the environment."""
    try:
        block: Any = Secret.load(BLOCK + name.replace("_", "-"))
    except ValueError:  # there is no such block
        return secret_of(name)
    return str(block.get())


def _open(folder: str) -> Project:
    return open_project(Path(folder))
