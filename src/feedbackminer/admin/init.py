"""Set a project up: three questions, and a settings file in which everything is explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from feedbackminer.collect.sources import FILES, KINDS
from feedbackminer.errors import InputError
from feedbackminer.settings.load import FILE_NAME
from feedbackminer.settings.sections import SECRET_PREFIX, Settings, SourceSettings

# What has no default stands in the file with a value as it may look.
EXAMPLES: Mapping[str, str] = {
    "max_dropped_share": "0.05",
    "kind": '"discourse"',
    "since": "2026-01-01T00:00:00Z",
    "until": "2026-07-01T00:00:00Z",
}
EXAMPLE_NAME, EXAMPLE_URL = "forum", "https://forum.example"

Ask = Callable[[str, str], str]  # question, default -> answer


@dataclass(frozen=True)
class Answers:
    """What a new project is about; empty: not said."""

    product: str = ""
    kind: str = ""  # of its first source
    place: str = ""  # address, path, or names of channels joined by commas
    staff: tuple[str, ...] = ()

    @property
    def source(self) -> dict[str, Any]:
        """Return the settings of the first source; an address has a slash after a colon."""
        if not self.kind:
            return {}
        if self.kind == FILES or "://" in self.place:
            return {"kind": self.kind, "url": self.place}
        return {"kind": self.kind, "channels": _parts(self.place)}


def ask(prompt: Ask) -> Answers:
    """Ask the three questions; an answer that is no kind of source is asked for again."""
    product = prompt("What is the product called?", "").strip()
    question = f"Where does its community talk? {FILES} (exports), or {', '.join(_live())}"
    kind = prompt(question, FILES).strip().lower()
    while kind not in KINDS:
        kind = prompt(f"There is no {kind!r}; want {', '.join(KINDS)}", FILES).strip().lower()
    place = prompt(f"Which one? {KINDS[kind].replace('`', '')}", "").strip()
    if place and kind == FILES:  # a schedule reads it from another folder
        place = str(Path(place).expanduser().absolute())
    staff = _parts(prompt("Account names of your staff, with commas (they are no voices)", ""))
    return Answers(product, kind if place else "", place, staff)


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
    lines = [
        "# Settings of this feedbackminer project. A line without # is in force; the others show",
        "# the default or, where there is none, an example.",
        "",
    ]
    sections = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            sections += ["", f"[{name}]", *_options(type(default), given.get(name, {}))]
        elif name == "sources":
            sections += ["", *_described(field), *_source(answers)]
        else:
            lines += _option(name, field, None)
    return "\n".join(lines + sections) + "\n"


def _source(answers: Answers) -> Iterator[str]:
    """Write the table of the first source, or an example of one."""
    given = answers.source
    yield f"[sources.{answers.kind}]" if given else f"# [sources.{EXAMPLE_NAME}]"
    yield from _options(SourceSettings, given)


def _options(model: type[BaseModel], given: Mapping[str, Any]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield from _option(name, field, given.get(name))


def _option(name: str, field: FieldInfo, given: Any) -> Iterator[str]:
    """Write a setting: what was answered in force, else its default or an example as a comment."""
    yield from _described(field)
    if given:
        yield f"{name} = {_toml(given)}"
        return
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    yield f"# {name} = {EXAMPLES[name] if default is None else _toml(default)}"


def _described(field: FieldInfo) -> list[str]:
    return [f"# {field.description}"] if field.description else []


def _toml(value: Any) -> str:
    """Write a value as TOML, of which JSON's numbers, strings and lists are nearly a part."""
    text = "{}" if isinstance(value, dict) else json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


def _live() -> list[str]:
    return [kind for kind in KINDS if kind != FILES]


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
