"""Models of a run, each loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedbackminer.errors import OtherEncoderError

if TYPE_CHECKING:
    from feedbackminer.project.project import Project
    from feedbackminer.tag.tagger import Tagger


def choose_tagger(project: Project) -> tuple[Tagger, tuple[str, ...]]:
    """Return the project's own heads, else those that were shipped; rules for another encoder.

    Raises:
        ModelError: a head is damaged.
    """
    from feedbackminer.embed.load import encoder_name
    from feedbackminer.tag.head_tagger import load_tagger
    from feedbackminer.tag.rule_tagger import RuleTagger

    try:
        return load_tagger(encoder_name(project.settings.embed), project.heads), ()
    except OtherEncoderError as error:
        notice = f"{error}; until then kinds are found by rules and sentiment by a lexicon"
        return RuleTagger(), (notice,)
