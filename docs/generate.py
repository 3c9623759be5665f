"""Write what docs/reference.md says of commands, settings, tables and sources, from the code.

`make reference` runs it; a test fails where the file says something else than the code.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import typer

from feedbackminer.cli.main import app
from feedbackminer.collect.sources import KINDS
from feedbackminer.settings.sections import Settings
from feedbackminer.steps.mining import STAGES
from feedbackminer.tables import TABLES
from feedbackminer.vocabulary.claims import METRICS

REFERENCE = Path(__file__).with_name("reference.md")
OPEN = "<!-- {name}: written by `make reference` -->\n"
CLOSE = "<!-- end of {name} -->\n"
_COMMENT = re.compile(r"^    (\w+) = .*\)  # (?!fmt:)(.+)$", re.MULTILINE)
_BOUNDS = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}
_TYPES = {"Int64": "integer", "Float64": "number", "String": "string", "Boolean": "yes or no"}


class UndocumentedError(Exception):
    """Something in the code has no description."""


def main() -> None:
    """Bring the file up to date."""
    REFERENCE.write_text(renewed(REFERENCE.read_text("utf-8")), "utf-8")


def renewed(reference: str) -> str:
    """Return the reference with its generated sections as the code has it now.

    Raises:
        UndocumentedError: a command, option, setting, table or source says nothing of itself.
    """
    for name, lines in (
        ("commands", _commands()),
        ("settings", _settings()),
        ("measures", _measures()),
        ("tables", _tables()),
        ("sources", _sources()),
    ):
        start, end = OPEN.format(name=name), CLOSE.format(name=name)
        head, _, rest = reference.partition(start)
        tail = rest.partition(end)[2]
        if not tail:
            raise UndocumentedError(f"reference.md has no place for {name}: want {start}{end}")
        section = "\n".join(lines).strip()
        reference = f"{head}{start}\n{section}\n\n{end}{tail}"
    return reference


def commands(group: Any = None, path: str = "") -> dict[str, Any]:
    """Return every command under its full name, those of groups too."""
    found: dict[str, Any] = {}
    for name, command in (group or typer.main.get_group(app)).commands.items():
        own = f"{path}{name}"
        found |= commands(command, f"{own} ") if hasattr(command, "commands") else {own: command}
    return found


def _commands() -> Iterator[str]:
    for name, command in sorted(commands().items()):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join([name, *(_metavar(argument) for argument in arguments)])
        yield from (f"### `{usage}`", "", _said(command.help, name), "")
        rows = [(f"`{_metavar(p)}`", _help(p, name), _default(p)) for p in arguments]
        rows += [(_spelt(p), _help(p, name), _default(p)) for p in options]
        yield from (*_table(("argument or option", "is", "default"), rows), "")


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _spelt(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    return f"{names} (required)" if option.required else names


def _help(parameter: Any, command: str) -> str:
    bounds = ("≥", parameter.min), ("≤", parameter.max)
    limits = [f"{sign} {bound}" for sign, bound in bounds if bound is not None]
    told = _said(parameter.help, f"{command} {parameter.opts[0]}")
    return f"{told} ({', '.join(limits)})" if limits else told


def _default(parameter: Any) -> str:
    is_plain = isinstance(parameter.default, str | int | float | Path)
    return f"`{parameter.default}`" if is_plain and parameter.default is not False else ""


def _settings() -> Iterator[str]:
    schema = Settings.model_json_schema()
    many = {"sources": "SourceSettings", "events": "EventSettings"}
    (channel,) = schema["properties"]["channels"]["patternProperties"].values()
    channels = channel["discriminator"]["mapping"]
    several = {*many, "channels"}
    top = {n: p for n, p in schema["properties"].items() if "$ref" not in p and n not in several}
    yield from ("At the top of the file, before any section:", "", *_options("", top, ()), "")
    sections = {f"{name}.NAME": model for name, model in many.items()} | {
        name: field["$ref"].rpartition("/")[2]
        for name, field in schema["properties"].items()
        if "$ref" in field
    }
    for name, model in sections.items():
        section = schema["$defs"][model]
        required = section.get("required", ())
        yield from (f"### `[{name}]`", "", *_options(name, section["properties"], required), "")
    for kind, reference in channels.items():
        section = schema["$defs"][reference.rpartition("/")[2]]
        options = _options(f"channels.{kind}", section["properties"], section["required"])
        yield from (f"### `[channels.NAME]` of kind `{kind}`", "", *options, "")


def _options(
    section: str, properties: Mapping[str, Mapping[str, Any]], required: Sequence[str]
) -> list[str]:
    rows = [
        (
            f"`{name}`",
            _toml_type(field),
            "required" if name in required else _toml_default(field),
            _said(field.get("description"), f"{section}.{name}"),
        )
        for name, field in properties.items()
    ]
    return _table(("setting", "type", "default", "is"), rows)


def _toml_type(field: Mapping[str, Any]) -> str:
    """Name a type of JSON Schema as TOML does."""
    if "anyOf" in field:  # a value or nothing
        return _toml_type(field["anyOf"][0])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    kind = str(field["type"])
    if field.get("format") in ("date", "date-time"):
        kind = str(field["format"])
    if kind == "array":
        return f"array of {_many(_toml_type(field['items']))}"
    if kind == "object":
        return f"table of {_many(_toml_type(field['additionalProperties']))}"
    bounds = [f"{sign} {field[key]}" for key, sign in _BOUNDS.items() if key in field]
    return " ".join([kind, *bounds])


def _toml_default(field: Mapping[str, Any]) -> str:
    default = field.get("default", {} if field.get("type") == "object" else None)
    return "" if default is None else f"`{json.dumps(default)}`"


def _tables() -> Iterator[str]:
    for name, schema in TABLES.items():
        key = ", ".join(f"`{column}`" for column in schema.primary_key())
        notes = dict(_COMMENT.findall(inspect.getsource(schema)))
        rows = [
            (f"`{column}`", _column_type(definition), notes.get(column, "").rstrip(","))
            for column, definition in schema.columns().items()
        ]
        about = f"{_said(schema.__doc__, name)} Key: {key}.{_stages_of(name)}"
        yield from (f"### `{name}`", "", about, "")
        yield from (*_table(("column", "type", "is"), rows), "")


def _measures() -> list[str]:
    """Return what each number about the community says, and how it is computed."""
    rows = (
        (f"… {metric.phrase}", metric.plain, metric.formula)
        for metric in METRICS.values()
        if metric.plain
    )
    return _table(("number", "what it says", "formula"), rows)


def _stages_of(name: str) -> str:
    """Say which stages write and read a table, where any does."""
    writers = [f"`{stage.name}`" for stage in STAGES if name in stage.writes]
    readers = [f"`{stage.name}`" for stage in STAGES if name in stage.reads]
    written = f" Written by {', '.join(writers)}." if writers else ""
    return written + (f" Read by {', '.join(readers)}." if readers else "")


def _column_type(column: dy.Column) -> str:
    null = ", or null" if column.nullable else ""
    return _name_type(column.dtype) + null


def _name_type(dtype: pl.DataType | pl.datatypes.DataTypeClass) -> str:
    if isinstance(dtype, pl.Enum):
        return " or ".join(f"`{value}`" for value in dtype.categories)
    if isinstance(dtype, pl.List):
        return f"list of {_many(_name_type(dtype.inner))}"
    if isinstance(dtype, pl.Datetime):
        return "moment (UTC)"
    return _TYPES.get(str(dtype), str(dtype).lower())


def _many(kind: str) -> str:
    return kind if " or " in kind else re.sub(r"^\w+", r"\g<0>s", kind)


def _sources() -> list[str]:
    rows = [(f"`{kind}`", _said(told, kind)) for kind, told in KINDS.items()]
    return _table(("kind", "reads"), rows)


def _said(text: str | None, what: str) -> str:
    """Return a description on one line, fit for a table."""
    if not text or not text.strip():
        raise UndocumentedError(
            f"{what}: has no description; want a help, docstring or description"
        )
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


if __name__ == "__main__":
    main()
