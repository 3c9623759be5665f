"""Hash all that decides the result of a step: input, settings, and the code that it reaches."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.settings.sections import hash_settings

ROOT = "feedbackminer"
SOURCE = Path(__file__).parents[1]
# Settings count by their values, and errors decide no result.
UNCOUNTED = (f"{ROOT}.settings", f"{ROOT}.errors")
DATA = ".toml"  # tables that code reads from beside it
_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+.*\n|\n)*", re.MULTILINE)
_COMMENT = re.compile(r"#.*")
_IMPORT = re.compile(
    rf"^[ \t]*(?:from ({ROOT}[\w.]*) import (\([^)]*\)|[^\n#]*)|import ({ROOT}[\w.]+))",
    re.MULTILINE,
)


def fingerprint(
    stage: str,
    read: Mapping[str, int | str | None],
    settings: Sequence[BaseModel],
    *,
    code: str,
    depends: str = "",
) -> str:
    """Hash all that decides the result of a step.

    Args:
        read: tables with their versions, and files from outside with their hashes.
        code: what :func:`code_hash` returns of what does the step.
        depends: whatever else decides it, such as the name of a model.
    """
    parts = [__version__, code, stage, hash_settings(*settings), json.dumps(read), depends]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@cache
def code_hash(*functions: Callable[..., Any]) -> str:
    """Hash functions, all modules of this package that they reach, and the tables beside them.

    So no change of the code is mistaken for work that was done, whichever module it is in.
    """
    source = "\n".join(map(_source_of, functions))
    hashed = hashlib.sha256(source.encode())
    for file in sorted(reached_files(*functions)):
        hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]


def reached_files(*functions: Callable[..., Any]) -> set[Path]:
    """Return the files of this package that functions import, however late, and those of these."""
    reached: set[Path] = set()
    waiting = [file for do in functions for file in _imported_files(_source_of(do))]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += _imported_files(file.read_text("utf-8"))
            reached |= {other for other in file.parent.iterdir() if other.suffix == DATA}
    return reached


def _source_of(do: Callable[..., Any]) -> str:
    """Return a function with what it uses of its own module: other functions, and imports.

    That module holds other steps too, and a change of those is none of this one.
    """
    source = Path(inspect.getfile(do)).read_text("utf-8")
    lines = source.splitlines(keepends=True)
    statements = {name: node for node in ast.parse(source).body for name in _names(node)}
    used: dict[str, str] = {}
    waiting = [do.__name__]
    while waiting:
        name = waiting.pop()
        if name in statements and name not in used:
            node = statements[name]
            used[name] = "".join(lines[node.lineno - 1 : node.end_lineno])
            waiting += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return "\n".join(used[name] for name in sorted(used))


def _names(node: ast.stmt) -> Iterator[str]:
    """Return the names that a statement of a module defines or imports."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))


def _imported_files(source: str) -> Iterator[Path]:
    for module, names, plain in _IMPORT.findall(_COMMENT.sub("", _TYPES_ONLY.sub("", source))):
        for name in ("", *re.findall(r"\w+", names)):
            path = f"{module or plain}.{name}".rstrip(".")
            if not path.startswith(UNCOUNTED):
                yield from _files_of(path)


@cache
def _files_of(module: str) -> tuple[Path, ...]:
    """Return the file of a module, and those of the packages it is in; none where there is none."""
    path = SOURCE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if path == SOURCE or not file.is_file():
        return ()
    packages = [p for p in file.parents if SOURCE in p.parents]
    return (file, *(package / "__init__.py" for package in packages))
