"""Read the settings: command line, environment, file, defaults, in that order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pydantic_settings
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from feedbackminer.errors import SettingsError, suggest
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.sections import Settings

FILE_NAME = "feedbackminer.toml"


def load(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings file, the environment and ``overrides`` (the command line).

    Args:
        path: a TOML file; None: defaults only. A path that does not exist is an error.
        overrides: nested like the file, such as ``{"topics": {"seed": 7}}``.
    Raises:
        SettingsError: no such file, not TOML, an unknown key or a value out of range.
    """
    values = _read_toml(path) if path else {}
    merged = merge(merge(values, _read_environment()), overrides or {})
    try:
        return Settings(**merged)
    except ValidationError as error:
        source = str(path) if path else "settings"
        raise SettingsError("\n".join(_explain(source, e) for e in error.errors())) from None


def secret_of(name: str) -> str:
    """Return the secret of a source or a channel from the environment, or an empty string."""
    return os.environ.get(SECRET_PREFIX + name.upper(), "")


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise SettingsError(f"{path}: no such settings file; `feedbackminer init` writes one")
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read as TOML: {error}") from error


def _read_environment() -> dict[str, Any]:
    try:
        return _unknown_sections() | EnvSettingsSource(Settings)()
    except pydantic_settings.SettingsError as error:
        raise SettingsError(
            f"environment: {error} (FEEDBACKMINER_...); want lists and tables as JSON, "
            """such as '["ann", "bob"]'"""
        ) from error


def _unknown_sections() -> dict[str, Any]:
    """Return what the environment sets that is no section of ours, for the check to refuse."""
    prefix = str(Settings.model_config["env_prefix"])
    sections = {
        name.removeprefix(prefix).partition("__")[0].lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix) and not name.startswith(SECRET_PREFIX)
    }
    return {name: value for name, value in sections.items() if name not in Settings.model_fields}


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, nested like the file, where ``high`` beats ``low`` key by key."""
    merged = dict(low)
    for key, value in high.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _explain(source: str, error: Mapping[str, Any]) -> str:
    setting = ".".join(str(part) for part in error["loc"]) or "settings"
    if error["type"] == "secret":
        return f"{source}: {setting}: {error['msg']}"
    if error["type"] != "extra_forbidden":
        message = error["msg"].removeprefix("Value error, ")
        return f"{source}: {setting}: {message}; got {error['input']!r}"

    *parents, key = error["loc"]
    valid = _keys_at(parents)
    hint = suggest(str(key), valid, f"valid here: {', '.join(valid)}", cutoff=0.5)
    return f"{source}: unknown setting {setting!r}; {hint}"


def _keys_at(parents: list[Any]) -> list[str]:
    model: Any = Settings
    for name in parents:
        model = _below(model, name)
    return [field.alias or name for name, field in model.model_fields.items()]


def _below(model: Any, name: Any) -> Any:
    """Return the type of a key: of a section, of a table of tables, of one kind of several."""
    if get_origin(model) is dict:
        model = get_args(model)[1]
    elif hasattr(model, "model_fields"):
        return model.model_fields[name].annotation
    if get_origin(model) is Annotated:
        model = get_args(model)[0]
    kinds = [kind for kind in get_args(model) if name in _kinds_of(kind)]
    return kinds[0] if kinds else model


def _kinds_of(model: Any) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation)
