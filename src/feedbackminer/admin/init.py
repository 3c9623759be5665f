"""Set a project up: three questions, and a settings file in which everything is explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from tomlkit.items import Table
from tomlkit.toml_document import TOMLDocument

from feedbackminer.collect.sources import FILES, KINDS
from feedbackminer.errors import InputError
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.load import FILE_NAME
from feedbackminer.settings.sections import Settings, SourceSettings

# What has no default stands in the file with a value as it may look.
EXAMPLES: Mapping[str, Any] = {
    "max_dropped_share": 0.05,
    "kind": "discourse",
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2026, 7, 1, tzinfo=UTC),
    "tickets_per_answer": 0.2,
}
HEAD = (
    "Settings of this feedbackminer project. A line without # is in force; the others show",
    "the default or, where there is none, an example.",
)
TOP = ("log", "max_dropped_share")  # of no section
EXAMPLE_NAME, EXAMPLE_URL = "forum", "https://forum.example"
EXAMPLE_CHANNEL = ("[channels.site]", 'kind = "folder"', 'path = "/srv/www/community"')
EXAMPLE_EVENT, EXAMPLE_DAY = "launch", date(2026, 3, 31)

Ask = Callable[[str, str], str]  # question, default -> answer


@dataclass(frozen=True)
class Answers:
    """What a new project is about; empty: not answered."""

    product: str = ""
    kind: str = ""  # of its first source
    location: str = ""  # address, path, or names of channels joined by commas
    staff: tuple[str, ...] = ()

    @property
    def source(self) -> dict[str, Any]:
        """Return the settings of the first source; an address has a slash after a colon."""
        if not self.kind:
            return {}
        if self.kind == FILES or "://" in self.location:
            return {"kind": self.kind, "url": self.location}
        return {"kind": self.kind, "channels": _parts(self.location)}


def ask(prompt: Ask) -> Answers:
    """Ask the three questions; an answer that is no kind of source is asked for again."""
    product = prompt("What is the product called?", "").strip()
    question = f"Where does its community talk? {FILES} (exports), or {', '.join(_live())}"
    kind = prompt(question, FILES).strip().lower()
    while kind not in KINDS:
        kind = prompt(f"There is no {kind!r}; want {', '.join(KINDS)}", FILES).strip().lower()
    location = prompt(f"Which one? {KINDS[kind].replace('`', '')}", "").strip()
    if location and kind == FILES:  # a schedule reads it from another folder
        location = str(Path(location).expanduser().absolute())
    staff = _parts(prompt("Account names of your staff, with commas (they are no voices)", ""))
    return Answers(product, kind if location else "", location, staff)


def init(folder: Path, answers: Answers) -> Path:
    """Write a settings file in which every setting stands commented with its default.

    Raises:
        InputError: there is one already, or the folder cannot be written.
    """
    path = folder / FILE_NAME
    refuse_existing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(commented_settings(answers), "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def refuse_existing(folder: Path) -> None:
    """Raise InputError where a folder is a project already; better before any question."""
    path = folder / FILE_NAME
    if path.exists():
        raise InputError(f"{path}: exists already; edit it, or name another folder")


def next_step(folder: Path, answers: Answers) -> str:
    """Say what to do with a new project."""
    if not answers.kind:
        return f"Next: feedbackminer import EXPORT --project {folder}"
    steps = (
        f"Next: feedbackminer doctor --project {folder}; then collect, mine and digest, each with "
        "the same --project."
    )
    if answers.kind == FILES:
        return steps
    return f"{steps} A token, if it wants one, goes into {SECRET_PREFIX}{answers.kind.upper()}."


def commented_settings(answers: Answers | None = None) -> str:
    """Return the whole settings file as TOML, commented out but for what was answered."""
    answers = answers or Answers()
    given: dict[str, dict[str, Any]] = {
        "digest": {"product": answers.product},
        "collect": {"staff": answers.staff},
    }
    file = tomlkit.document()
    for line in HEAD:
        file.add(tomlkit.comment(line))
    file.add(tomlkit.nl())

    sections = Settings.model_fields.copy()
    for name in TOP:  # a key after the first section would belong to it
        _add_setting(file, name, sections.pop(name), None)
    for name, field in sections.items():
        file.add(tomlkit.nl())
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            file.add(name, _section(type(default), given.get(name, {})))
        elif name == "events":
            file.add(name, _events(field))
        elif name == "channels":
            _add_channel(file, field)
        else:
            _add_source(file, field, answers)
    return file.as_string()


def _add_source(file: TOMLDocument, field: FieldInfo, answers: Answers) -> None:
    """Write the table of the first source, or an example of one."""
    file.add(tomlkit.comment(str(field.description)))
    source = _section(SourceSettings, answers.source)
    if answers.kind:
        sources = tomlkit.table(is_super_table=True).add(answers.kind, source)
        file.add("sources", sources)
        sources.trivia.indent = source.trivia.indent = ""  # its comment stands right above it
    else:
        file.add(tomlkit.comment(f"[sources.{EXAMPLE_NAME}]"))
        for _, line in source.value.body:
            file.add(line)


def _add_channel(file: TOMLDocument, field: FieldInfo) -> None:
    """Write an example of a channel."""
    file.add(tomlkit.comment(f"{field.description} (docs/deliver.md)"))
    for line in EXAMPLE_CHANNEL:
        file.add(tomlkit.comment(line))


def _events(field: FieldInfo) -> Table:
    """Return the table of events, with an example of one."""
    table = tomlkit.table()
    table.add(tomlkit.comment(str(field.description)))
    table.add(tomlkit.comment(f"{EXAMPLE_EVENT} = {EXAMPLE_DAY}"))
    return table


def _section(model: type[BaseModel], given: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for name, field in model.model_fields.items():
        _add_setting(table, name, field, given.get(name))
    return table


def _add_setting(table: Table | TOMLDocument, name: str, field: FieldInfo, given: Any) -> None:
    """Add a setting: what was answered in force, else its default or an example as a comment."""
    table.add(tomlkit.comment(str(field.description)))
    if given:
        table.add(name, given)
        return
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    value = EXAMPLES[name] if default is None else default
    value = tomlkit.inline_table() if value == {} else value
    table.add(tomlkit.comment(f"{name} = {tomlkit.item(value).as_string()}"))


def _live() -> list[str]:
    return [kind for kind in KINDS if kind != FILES]


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
