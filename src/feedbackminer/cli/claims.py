"""``feedbackminer verify`` and ``explain``: whether a digest holds, and why a claim is made."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedbackminer.cli.frame import Session, command, print_json, print_line, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder
from feedbackminer.text.words import on_one_line
from feedbackminer.vocabulary.claims import quantity

if TYPE_CHECKING:
    from feedbackminer.digest.explain import Explanation, Segment

DIFFERS = 1  # exit code: the digest says otherwise than its tables
MOST_SHOWN = 20  # differences
MOST_CHARS = 400  # of a post


@command
def verify(
    session: Session,
    digest: Annotated[Path, typer.Argument(metavar="DIGEST", help="Folder of a digest")],
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Count a published digest anew from the tables it was made of, and look up every quote.

    Ends with 0 where all is as published, and with 1 where something differs, which is named.
    """
    from feedbackminer.steps import verify as steps

    wrong = steps.verify(session.open(), digest)
    if session.as_json:
        print_json({"holds": not wrong, "differences": [asdict(one) for one in wrong]})
    else:
        for one in wrong[:MOST_SHOWN]:
            print_line(str(one))
        if len(wrong) > MOST_SHOWN:
            print_line(f"… and {len(wrong) - MOST_SHOWN:,} more; --json has all")
        if not wrong:
            print_line(f"{digest}: every number, quote and page is as it should be")
    if wrong:
        raise typer.Exit(DIFFERS)


@command
def explain(
    session: Session,
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Id of a claim, as on its page")],
    project: ProjectFolder = Path(),
    posts: Annotated[int, typer.Option(min=0, help="To show; with --json all")] = 5,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say how a claim was counted, who spoke and who did not, and show posts behind it."""
    from feedbackminer.steps.explain import explained

    told = explained(session.open(), claim)
    if session.as_json:
        print_json(asdict(told))
        return
    _print(told, posts)


def _row(segment: Segment) -> tuple[str, str, str]:
    from feedbackminer.digest.wording import NOT_TOLD

    if segment.n_spoke is None or segment.n_wrote is None:
        return segment.name, NOT_TOLD, NOT_TOLD
    return segment.name, f"{segment.n_spoke:,}", f"{segment.n_wrote - segment.n_spoke:,}"


def _print(told: Explanation, n_posts: int) -> None:
    from feedbackminer.digest import wording

    claim = told.claim
    print_line(claim.headline)
    if number := wording.sentence(claim):
        print_line(number)
    if claim.baseline is not None:
        print_line(f"{claim.baseline:,.1f} would be usual")
    print_line(f"\nHow it is counted: {told.formula}")
    members, behind = quantity(claim.n_voices, "member"), quantity(claim.n_posts, "post")
    print_line(
        f"Behind it: {members} in {behind}; the loudest wrote {told.loudest:,} of them, "
        f"{told.longest:,} stand in one thread"
    )
    print_line("From: " + ", ".join(f"{source} ({n:,})" for source, n in told.sources))
    if told.left_out:
        reasons = ", ".join(f"{reason.replace('_', ' ')} ({n:,})" for reason, n in told.left_out)
        print_line(f"Not counted, in the whole project: {reasons}")
    if told.n_undated:
        print_line(f"Nor were {quantity(told.n_undated, 'post')} without a date")
    print_line("")
    print_table(
        ("segment", "spoke", "wrote in that time, and did not"),
        (_row(segment) for segment in told.segments),
    )
    if any(segment.n_wrote is None for segment in told.segments):
        print_line(f"{wording.NOT_TOLD}: {wording.SMALL}")
    for post in told.posts[:n_posts]:
        when = f"{post['created_at']:%-d %B %Y}" if post["created_at"] else "undated"
        body = on_one_line(post["body"])
        cut = "…" if len(body) > MOST_CHARS else ""
        print_line(f"\n{post['post_id']} ({when}, {post['segment'] or 'segment not told'})")
        print_line(f"{post['thread'] or ''}\n{body[:MOST_CHARS]}{cut}".strip())
    if more := max(len(told.posts) - n_posts, 0):
        print_line(f"\n{quantity(more, 'post')} more; --posts {len(told.posts)} shows all")
