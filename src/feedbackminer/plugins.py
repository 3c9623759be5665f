"""Parts of a user's own, named in the settings by where they are imported from."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from feedbackminer.errors import SettingsError

PATH = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"  # "my_module:MyEncoder"
_DIGITS = 8  # of the hash of a module


def is_plugin(name: str) -> bool:
    """Tell whether a name is that of a class, module and class with a colon between them."""
    return bool(re.fullmatch(PATH, name))


@cache
def load_plugin(path: str, setting: str, wants: str) -> Any:
    """Return the class of an import path; modules of the working directory can be imported.

    Args:
        setting: that names it, such as ``[topics] clusterer``.
        wants: the method that it must have.
    Raises:
        SettingsError: it cannot be imported, or has no such method.
    """
    module_name, _, name = path.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # last: it hides nothing that is installed
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the module does when it is imported
        raise SettingsError(
            f"{setting} = {path!r}: cannot be imported: {type(error).__name__}: {error}"
        ) from error
    made = getattr(module, name, None)
    if made is None:
        there = ", ".join(n for n in vars(module) if not n.startswith("_"))
        raise SettingsError(
            f"{setting} = {path!r}: no {name!r} in {module_name}; there is: {there}"
        )
    if not inspect.isclass(made) or not hasattr(made, wants):
        raise SettingsError(f"{setting} = {path!r}: want a class with a method {wants!r}")
    return made


def make_plugin(path: str, setting: str, wants: str, **options: Any) -> Any:
    """Return an instance, with those options that its constructor takes.

    Raises:
        SettingsError: it cannot be imported or made.
    """
    made = load_plugin(path, setting, wants)
    taken = inspect.signature(made).parameters
    try:
        return made(**{key: value for key, value in options.items() if key in taken})
    except Exception as error:
        raise SettingsError(
            f"{setting} = {path!r}: cannot be made: {type(error).__name__}: {error}"
        ) from error


def plugin_name(path: str, setting: str, wants: str) -> str:
    """Return the import path with a hash of the module: it changes with the code."""
    made = load_plugin(path, setting, wants)
    source = Path(inspect.getfile(made)).read_bytes()
    return f"{path}#{hashlib.sha256(source).hexdigest()[:_DIGITS]}"
