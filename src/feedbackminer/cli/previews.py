"""Show how exports would be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape

from feedbackminer.cli.frame import answer, print_json, print_table

if TYPE_CHECKING:
    from feedbackminer.collect.preview import Preview


def show_previews(previews: Sequence[Preview], *, as_json: bool) -> None:
    """Print a preview of each file, for people or as JSON."""
    if as_json:
        print_json({"files": [asdict(preview) for preview in previews]})
        return
    for preview in previews:
        _show(preview)


def _show(preview: Preview) -> None:
    answer.print(f"[bold]{escape(preview.name)}[/]: {preview.n_rows:,} rows", highlight=False)
    print_table(
        ("field", "column", "why", "values"),
        (
            (field.field, " or ".join(field.columns), field.why, " · ".join(field.examples))
            for field in preview.fields
        ),
    )
    if preview.ignored:
        ignored = (
            f"{name} ({value})" if value else name for name, value in preview.ignored.items()
        )
        answer.print(f"Left out: {escape(', '.join(ignored))}", highlight=False)
    for number, post in enumerate(preview.posts, start=1):
        values = (f"{name}: {value}" for name, value in post.items())
        answer.print(escape(f"Post {number}\n  " + "\n  ".join(values)), highlight=False)
    for odd in preview.odd:
        answer.print(f"[yellow]Note:[/] {escape(odd)}", highlight=False)
    body = next(field.columns[0] for field in preview.fields if field.field == "body")
    example = f'To change it: --map FIELD=COLUMN, such as --map "body={body}"'
    answer.print(escape(example), highlight=False)
