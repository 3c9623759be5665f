"""What members say in a thread: that it works now, and thanks; clause by clause, on any column."""

from __future__ import annotations

import polars as pl

_QUOTED = (  # what cleaning takes out; posts that have no text are read here as they are
    r"(?m)^[ \t]*(?:>|&gt;).*$"
    r"|(?is)\[quote[^\]]{0,200}\](?:[^\[]|\[[^/q]|\[/[^q])*\[/quote\]"
    r"|(?is)\n-{2,9}[ \t]?original message\b.*"
)
_BREAK = (
    r"(?i)\b(?:but|however|although|though|never ?mind|nvm|thank you|thanks)\b"
    r"|[\n()\u2013\u2014]| - "
)
_CLAUSE = r"[^.!?;:,\n]+[.!?;:,\n]*"

_WELL = r"(?:fine|perfect(?:ly)?|great|well|nicely|like a charm|as expected)"
_DONE = (
    r"(?:(?:re)?solved|sorted|fixed (?:it|now|that|this|the|my)|(?:is|got|been|all|now|gets) fixed"
    r"|(?:that|this|it) (?:has |just |actually |really |also )?"
    r"(?:fixed|helped|did it|was it|does it|worked (?:for|now|like|out|and|this time))"
    r"|(?:did|does|doing) the (?:trick|job)"
    r"|works? (?:now|again)|(?:now|finally) (?:it )?works?|(?:now|all|finally|it['’]?s) working"
    rf"|(?:it|this|that|everything|all|now|solution|advice|tip|fix|suggestions?) (?:all |now )?"
    rf"work(?:s|ed|ing)? {_WELL}|work(?:s|ed|ing) {_WELL} now"
    r"|working (?:now|again)|worked (?:now|for me)|all (?:good|set) now|all good"
    r"|(?:got|have) (?:it|this|that|everything) (?:to work|working)|figured (?:it|this|that) out"
    r"|(?:problem|issue|error|bug)s? (?:is |are |has |seems? )?(?:now |all )?"
    r"(?:gone|went away|disappeared)"
    r"|(?:no longer|not any ?more) (?:crash|happen|occur|appear)(?:es|s|ing)?"
    r"|found (?:the|my) (?:problem|issue|mistake|error|solution|answer|culprit|cause|bug))"
)
# Before it, in the clause: not, not by this, not yet, not so any more, not here, not known.
_NOT = (
    r"(?:not|never|no|none|nothing|nobody|cannot|nor|neither|hardly|barely|without|half|partly|"
    r"partially|semi|almost|nearly|still|\w+n['’]t|(?:do|does|did|is|was|are|has|have|had|ca|wo|"
    r"could|ai)nt|if|unless|until|once|when|whenever|whether|would|should|could|might|may|maybe|"
    r"perhaps|probably|hope\w*|please|try\w*|want\w*|wish|need\w*|let|will|\w+['’]ll|going|gonna|"
    r"how|what|why|(?:has|have|had|got) to be|used to|usually|always|previously|before|earlier|"
    r"yesterday|old|make sure|making sure|check|supposed|only|expect\w*|thought|wait\w*|"
    r"wonder\w*|assum\w*|seemed|as long as|say|said|says|you|they|someone|somebody|anyone|"
    r"everyone|people|others)"
)
_ASKED = (
    r"(?i)\?\s*$|^\W*(?:how|what|when|why|where|who|which|any\w*|(?:is|was|has|have|had|did|does|"
    r"do|are|can|could) (?:it|this|that|there|they|you|he|she|we|i|any\w*|your|my|these|those))\b"
)
_WAS = (
    r"(?:before|until|yesterday|previously|earlier|in the past|once|half|nothing|in part|except|"
    r"only)\b"
)
_BEFORE = rf"(?i)\b{_NOT}\b[- ].*\b{_DONE}\b|\bun(?:re)?solved\b|\b{_DONE}\W+{_WAS}"
_IS_DONE = (
    rf"(?i)\b{_DONE}\b|^\W*(?:(?:and|so|yes|ok|okay|great|cool|wow) )?(?:(?:it|that|this) )?"
    rf"work(?:s|ed)(?: {_WELL})?\W*$"
)
# In a first post, what comes after these words was written later.
_LATER = r"(?ims)^\W{0,5}((?:edit|edited|update|solved|fixed|never ?mind|nvm)\b.*)"

_THANKS = (
    r"(?i)\b(?:thanks|thank (?:you|u)|thx|tnx|cheers|much appreciated|"
    r"you(?:['’]re| are) a (?:star|lifesaver))\b"
)
_NO_THANKS = (
    r"(?i)\b(?:in advance|for nothing|no,? thanks|no thank you|thanks anyway|any\b.{0,40}"
    r"appreciated|would be (?:much |greatly |really |very )?appreciated"
    r"|thank(?:s| you) for (?:any|reading|looking)|thanks to (?:the|this|that|an?|its?|my|our))\b"
)
_IN_VAIN = (
    r"(?i)\b(?:still|no luck|unfortunately|same (?:error|problem|issue|result)|nothing changed|"
    r"fails?|failed|(?:n['’]?t|not) (?:work|help|fix|solve|change|do)\w*)\b"
)

_MARK = r"(?:re)?solved|fixed"
_SOLVED_TITLE = (
    rf"(?i)[\[({{][^\])}}?]{{0,20}}\b(?:{_MARK})\b[^\])}}?]{{0,10}}[\])}}]\s*(?:$|[^?\s])"
    r"|(?i)^\W*(?:re)?solved\s*[:!|.\u2013\u2014-]|(?i)[:!|,\u2013\u2014-]\s*(?:re)?solved[\s!.]*$"
    r"|^SOLVED\b|\bSOLVED[\s!.]*$"
)
_NOT_SOLVED_TITLE = (
    r"(?i)\b(?:not|never|isn['’]?t|half|partly|partially|almost|un|to be|be|being|was)"
    r"(?:[\s-]+(?:yet|completely|fully|really|been|entirely))?[\s-]*"
    rf"(?:{_MARK})\b|\bun(?:re)?solved"
)


def own_words(body: pl.Expr) -> pl.Expr:
    """Return a body without what it quotes."""
    return body.str.replace_all(_QUOTED, "")


def works_now(text: pl.Expr) -> pl.Expr:
    """Tell whether a text says that something works now: not that it should, did, or does not."""
    clause = pl.element()
    is_said = (
        clause.str.contains(_IS_DONE) & ~clause.str.contains(_BEFORE) & ~clause.str.contains(_ASKED)
    )
    return _clauses(text).list.eval(is_said).list.any()


def added_later(text: pl.Expr) -> pl.Expr:
    """Return what follows "EDIT:" in a text; empty where nothing does."""
    return text.str.extract(_LATER, 1).fill_null("")


def is_solved_title(title: pl.Expr) -> pl.Expr:
    """Tell whether a title is marked as solved: ``[SOLVED] ...``, not ``[SOLVED]?``."""
    marked = title.str.contains(_SOLVED_TITLE) & ~title.str.contains(_NOT_SOLVED_TITLE)
    return marked.fill_null(value=False)


def thanks(text: pl.Expr) -> pl.Expr:
    """Tell whether a text thanks for something that helped."""
    sentence = pl.element()
    is_said = (
        sentence.str.contains(_THANKS)
        & ~sentence.str.contains(_NO_THANKS)
        & ~sentence.str.contains(rf"{_THANKS}.{{0,60}}\bbut\b.{{0,60}}{_IN_VAIN}")
    )
    return text.str.extract_all(r"[^.!?\n]+[.!?\n]*").list.eval(is_said).list.any()


def _clauses(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_BREAK, "\n").str.extract_all(_CLAUSE)
