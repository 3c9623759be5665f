"""What a claim can be: a row for each kind and for each metric.

A new kind of claim is one row in ``CLAIM_KINDS`` and one finder in ``insight/finders``. Who gets
it, how it is quoted, and where Markdown and pages list it, is read from the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feedbackminer.vocabulary.editions import EDITIONS
from feedbackminer.vocabulary.tags import ANY_PROBLEM, PROBLEMS

NOTHING_HOLDS = "Nothing that holds against chance or has enough voices."
FOUND_OF_MEMBERS = "share_found_of_members"  # the metric of key points
CHANGE_METRIC = "ratio_of_voice_rates"  # of what is said by more members than usual, or fewer
SURGE_METRIC = "ratio_to_usual_share"
CHANGES = (CHANGE_METRIC, SURGE_METRIC)
TOPIC_SIZE = "topic"  # the kind that says how many members speak on a topic
SURGE = "surge"  # the kind that says when something broke out
OUTCOME = "outcome"  # the kind that says what became of what was shipped


@dataclass(frozen=True)
class Metric:
    """What the number of a claim is; a name that begins with ``share`` is a part of a whole."""

    name: str
    phrase: str  # after the number
    formula: str
    unbounded: str = ""  # what a ratio to nothing says, which has no value
    is_estimate: bool = False  # more may do it than the posts behind a claim surely say
    plain: str = ""  # of a measure of the community: what it says, to whoever wants no formula

    @property
    def is_share(self) -> bool:
        """Tell whether the number is between 0 and 1, and written in per cent."""
        return self.name.startswith("share")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Where a page lists the claims of a kind, and how."""

    page: str
    heading: str = ""  # empty: before all that have one
    intro: str = ""
    table: str = ""  # a template of what stands between the heading and the claims
    limit: int | None = None
    n_quotes: int = 1  # of each claim
    empty: str = NOTHING_HOLDS  # empty: without claims, the heading is left out too


@dataclass(frozen=True)
class TopicColumn:
    """A column of the table of topics: which part of a topic's voices does something."""

    heading: str
    short: str  # in Markdown
    share: str  # one of ``SHARES``


@dataclass(frozen=True, kw_only=True)
class ClaimKind:
    """A kind of claim: who is told of it, what it is worth, how it is quoted and where listed."""

    name: str
    title: str
    editions: tuple[str, ...] = tuple(EDITIONS)
    first_in: tuple[str, ...] = ()  # the editions that are for this before anything else
    action: str = ""  # a question or a next step
    action_when_quiet: str = ""  # where nobody is likely to read an answer today
    weight: float = 1.0
    counts_voices: bool = True  # False: no number of voices is needed
    makes_front: bool = True  # False: it is never one of the five things to know
    unanswered_first: bool = False  # who answers reads first what has no answer that helped
    rests_on: str = ""  # the label of the heads that it rests on; empty: only on sure ones

    n_quotes: int = 3
    wants: frozenset[str] = frozenset()  # a quote has one of these kinds; empty: any
    unwanted: frozenset[str] = frozenset()  # and none of these
    is_asserted: bool = False  # and says it of its writer and of now: not denied, over, another's
    feeling: float = 0.0  # how much the sentiment of a sentence says for it
    traits: tuple[str, ...] = ()  # of digest/traits.toml, beside those that always count
    names_topic: bool = True  # where some sentences name the topic, no others are quoted
    is_subject_a_name: bool = True  # False: the subject is a phrase, each of its words counts

    section: str = ""  # in Markdown; empty: in none
    listings: tuple[Listing, ...] = ()
    topic_column: TopicColumn | None = None


_EXPECTED = (
    "distinct members expected to say it, no less than those who most likely do (a member says it "
    "with a chance of 1 - the product of 1 - chance over their posts on the topic; these chances "
    "are summed)"
)
_INTERVAL = (
    "Wilson interval of the mean chance, wider by what chances are off from community to community"
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "share_of_members",
            "of the members who wrote in that time",
            "distinct members behind the claim / distinct members of the period; Wilson interval",
        ),
        Metric(
            "share_of_topic_voices",
            "of the members who name the matter of this topic",
            "distinct members behind the claim / distinct members who name it; Wilson interval",
        ),
        Metric(
            "share_expected_of_topic_voices",
            "of the members who name the matter of this topic",
            f"{_EXPECTED} / distinct members who name it; {_INTERVAL}",
            is_estimate=True,
        ),
        Metric(
            "share_expected_of_members",
            "of the members who wrote in that time",
            f"{_EXPECTED} / distinct members of the period; {_INTERVAL}",
            is_estimate=True,
        ),
        Metric(
            FOUND_OF_MEMBERS,
            "of the members who wrote in that time were found to say it",
            "distinct members with a sentence that says it, with a probability of 0.55 or more / "
            "distinct members of the period and the windows before it, that are compared; Wilson "
            "interval of these. Three of five such sentences are missed, and one in five that is "
            "counted says something else",
        ),
        Metric(
            CHANGE_METRIC,
            "times as many members as usual",
            "distinct members in the period / members that would be usual: the share of active "
            "members in the windows before, times those of the period; q is the share of histories "
            "with threads at random times in which anything differs as much",
            unbounded="nobody in any of the windows before",
        ),
        Metric(
            SURGE_METRIC,
            "times its usual share of active members",
            "share of active members in that week or month / their share in all others but the two "
            "before and after; q is the share of histories with threads at random times in which "
            "anything stands out as much",
            unbounded="nobody in any other week or month",
        ),
        Metric(
            "ratio_of_changes",
            "times as many members as would be by those before and by other topics",
            "distinct members in the time after / what would be: those of an average of the two "
            "times as long before, times how many times as much it was on other topics (the same "
            "of each, put together by how sure it is; those on which something was shipped in that "
            "time left out). The interval holds how much topics change by themselves: a prediction "
            "interval over the other topics, with members as clusters",
        ),
        Metric(
            "days_without_posts",
            "days without a post",
            "from the last post to the end of the period",
        ),
        Metric(
            "ratio_first_posts_to_others",
            "times as common in first posts as in other posts",
            "share of members' first posts / share of their other posts; interval and p with "
            "threads as clusters; q corrected for all that is compared (Benjamini-Hochberg)",
            unbounded="in first posts only, never in other posts",
        ),
        Metric(
            "share_of_question_threads",
            "of the threads that open with a question",
            "question threads without a reply by another person / question threads; Wilson "
            "interval",
            plain="Questions that nobody else ever replied to.",
        ),
        Metric(
            "share_of_component_voices",
            "of the members who speak of this part of the product",
            "distinct members with a clause on this part that sounds negative / distinct members "
            "with a clause on it; Wilson interval",
        ),
        Metric(
            "share_of_topic_posts",
            "of the members' posts on this topic",
            "posts of the loudest member / posts of all members on the topic; Wilson interval",
        ),
        Metric(
            "members",
            "members",
            "distinct members who wrote in the period; staff and bots are not counted",
            plain="Who wrote in the time. A community is more than that: most only read, and "
            "nobody counts them here.",
        ),
        Metric(
            "helpers_of_half",
            "members wrote half of all replies in threads that others opened",
            "the fewest members whose replies in threads that others opened in the period are half "
            "of all such replies; from 1 to half of those who reply; not told where 10 or fewer do",
            plain="How few people carry half of the help. If three do, the holiday of one is a "
            "risk.",
        ),
        Metric(
            "share_of_newcomers",
            "of the newcomers who opened a thread had a reply within a day",
            "members whose first post opened a thread at least a day before the end, and who had a "
            "reply by another person within 24 hours / all of these; Wilson interval; not known in "
            "an export without threads",
            plain="A newcomer asks: is there a reply by the next day? Nobody stays where nobody "
            "answers.",
        ),
        Metric(
            "share_of_dialogue",
            "of members' posts answer another member",
            "members' posts that answer a post of another member / all members' posts of the "
            "period; a link tells whom a post answers, else what it quotes, whom it begins with, "
            "or the order; Wilson interval",
            plain="Do they talk with each other, or only to us? The part of what members write "
            "that answers another member.",
        ),
        Metric(
            "share_of_pairs",
            "of the pairs of members of whom one answers the other",
            "pairs of members each of whom answers the other in the period / pairs of whom one "
            "does; Wilson interval",
            plain="When one member answers another, does an answer come back? A conversation goes "
            "both ways.",
        ),
        Metric(
            "gini_of_posts",
            "is the Gini coefficient of members' posts: 0 where all write alike, 1 where one alone "
            "writes",
            "mean difference between two members' posts in the period / twice the mean; 0 to 1; "
            "those who only read are not known and not counted",
            plain="How much hangs on the few who write most: 0 where all write alike, 1 where one "
            "writes everything.",
        ),
        Metric(
            "share_of_busiest",
            "of the members who wrote most in the twelve weeks before the last four",
            "those of the busiest quarter, who wrote in six of these weeks or more, and nothing in "
            "the last four weeks of the period / all of them; Wilson interval",
            plain="Of those who wrote week by week for three months, how many have said nothing "
            "for four weeks. Who came with one question and left is not among them.",
        ),
        Metric(
            "points_of_return",
            "points more of the newcomers who had a reply within a day came back",
            "per cent of newcomers with a reply within a day who wrote in another thread within 60 "
            "days of their first post, less that of newcomers without one; of all whose first post "
            "opened a thread 60 days or more before the end. Who is answered may differ otherwise, "
            "too; interval by Newcombe",
            plain="Do newcomers who were answered come back more often than those who were not? So "
            "many more of a hundred. Who is answered may have asked a better question, so it "
            "proves nothing.",
        ),
        Metric(
            "share_solved_by_members",
            "of the questions",
            "question threads in which an answer of a member was accepted, or whoever asked says "
            "after it that it works now / question threads of the period; Wilson interval. Many "
            "never say so",
            plain="Questions that members solved, as whoever asked says or marks. Many never say "
            "so: it is the least.",
        ),
        Metric(
            "tickets_not_written",
            "tickets that support did not get",
            "questions that members solved times `[insight] tickets_per_answer`, an assumption of "
            "yours; limits of the Wilson interval of the first",
            plain="What those would have been in tickets, by your own assumption of how many write "
            "to support instead.",
        ),
        Metric(
            "share_of_top_10",
            "of all members' posts",
            "posts of the ten most active members / posts of all members; Wilson interval",
            plain="The part of all posts that the ten busiest wrote.",
        ),
        Metric(
            "share_of_answered_questions",
            "of answered questions",
            "answered questions whose first answer came from a member / answered questions",
            plain="Of the questions that got a reply, the part in which a member was there before "
            "the team.",
        ),
        Metric(
            "median_hours",
            "hours until the first reply, half of them within the range",
            "median of hours from question to first reply by another person; the range is the "
            "middle half",
            plain="How long it took until half of the answered questions had a first reply by a "
            "person.",
        ),
    )
}

# In the order in which pages and Markdown list them.
CLAIM_KINDS: Mapping[str, ClaimKind] = {
    kind.name: kind
    for kind in (
        ClaimKind(
            name=TOPIC_SIZE, title="Talk", weight=0.3, counts_voices=False, makes_front=False
        ),
        ClaimKind(
            name="problem",
            title="Problem",
            editions=("product", "support", "leadership"),
            first_in=("product",),
            action="Reproduce the reports quoted here, then tell their threads what happens next.",
            weight=1.2,
            wants=frozenset(PROBLEMS),
            unwanted=frozenset({"praise"}),
            is_asserted=True,
            feeling=-0.1,
            traits=("says_nothing_itself", "is_over"),
            section="What is wrong with the product",
            listings=(Listing(page="problems.html", limit=15, n_quotes=2),),
            topic_column=TopicColumn("Report problems", short="problems", share=ANY_PROBLEM),
        ),
        ClaimKind(
            name="severe",
            title="Severe",
            editions=("support", "product", "leadership"),
            first_in=("product", "support"),
            action=(
                "Find the workaround for these first, and say in their threads when it is mended."
            ),
            weight=1.1,
            rests_on="3",
            wants=frozenset(PROBLEMS),
            is_asserted=True,
            section="Worst first",
            listings=(
                Listing(
                    page="problems.html",
                    heading="Worst first",
                    table="severities.html.j2",
                    limit=8,
                    n_quotes=2,
                ),
            ),
        ),
        ClaimKind(
            name="component",
            title="Part",
            editions=("product", "support"),
            action="Read what is said against it; it may be one cause.",
            weight=0.3,
            rests_on="tone",
            is_asserted=True,
            feeling=-0.5,
            section="Worst first",
            listings=(
                Listing(
                    page="problems.html",
                    heading="Parts of the product that give trouble",
                    limit=10,
                    n_quotes=2,
                    empty="No part has enough voices that tell of a problem with it.",
                ),
            ),
        ),
        ClaimKind(
            name="churn",
            title="Leaving",
            editions=("communications", "leadership", "support"),
            first_in=("communications", "leadership"),
            action="Read what would have kept them; answer while they still read along.",
            weight=1.4,
            rests_on="churn",
            wants=frozenset({"churn"}),
            is_asserted=True,
            feeling=-0.1,
            section="What is wrong with the product",
            listings=(
                Listing(page="problems.html", heading="Talk of leaving", limit=8, n_quotes=2),
            ),
        ),
        ClaimKind(
            name="love",
            title="Loved",
            editions=("product", "marketing", "communications", "leadership"),
            first_in=("marketing",),
            action="Ask these members what they use it for; keep what they name.",
            weight=0.9,
            rests_on="praise",
            wants=frozenset({"praise"}),
            unwanted=frozenset({"bug", "complaint", "question"}),
            is_asserted=True,
            feeling=0.6,
            traits=("takes_some_back",),
            names_topic=False,  # "it" is what people love
            section="What people love",
            listings=(Listing(page="loved.html", limit=15, n_quotes=3),),
            topic_column=TopicColumn("Praise", short="praise", share="praise"),
        ),
        ClaimKind(
            name="rival",
            title="Comparison",
            editions=("product", "marketing", "leadership"),
            first_in=("marketing",),
            action="Read who came, who left, and what each of them missed.",
            weight=0.6,
            section="How they compare us",
            listings=(
                Listing(
                    page="loved.html",
                    heading="How they compare us",
                    intro="Products that the settings name, in sentences that compare or tell of a "
                    "change from one to the other.",
                    limit=10,
                    n_quotes=3,
                    empty="",
                ),
            ),
        ),
        ClaimKind(
            name="question",
            title="Question",
            editions=("support", "product", "communications"),
            first_in=("support",),
            weight=0.7,
            unanswered_first=True,
            section="What they ask",
            listings=(
                Listing(page="problems.html", heading="What many ask", limit=15, n_quotes=2),
            ),
        ),
        ClaimKind(
            name="change",
            title="Change",
            first_in=("communications",),
            action="Find out what changed in the product or around it at that time.",
            weight=0.9,
            section="What changed",
            listings=(
                Listing(
                    page="changes.html",
                    heading="Unlike before",
                    intro="Only what chance does not make, all that is compared taken together.",
                    limit=12,
                    empty="Nothing that was tested changed by more than chance.",
                ),
            ),
        ),
        ClaimKind(
            name=SURGE,
            title="Surge",
            first_in=("communications",),
            action="Compare the date with releases, prices, outages and posts of that time.",
            weight=0.95,
            section="What changed",
            listings=(
                Listing(
                    page="changes.html",
                    heading="What broke out",
                    limit=12,
                    empty="In this period no week or month that was tested stands out.",
                ),
            ),
        ),
        ClaimKind(
            name="apparent",
            title="No change",
            editions=("product", "communications"),
            weight=0.1,
            counts_voices=False,
            makes_front=False,
            section="What changed",
            listings=(
                Listing(
                    page="changes.html",
                    heading="What only looks like a change",
                    limit=12,
                    empty="",
                ),
            ),
        ),
        ClaimKind(
            name=OUTCOME,
            title="Outcome",
            editions=("leadership", "communications", "support"),
            weight=0.1,
            counts_voices=False,
            makes_front=False,
            n_quotes=0,
        ),
        ClaimKind(
            name="newcomers",
            title="Newcomers",
            editions=("product", "support", "communications"),
            first_in=("support",),
            action="Check what the guide says here; write the missing line.",
            wants=frozenset({"question", "bug", "usability", "documentation"}),
            is_asserted=True,
            traits=("asks", "is_over"),
            section="Where newcomers get stuck",
            listings=(
                Listing(
                    page="problems.html",
                    heading="Where newcomers get stuck",
                    limit=8,
                    n_quotes=2,
                ),
            ),
        ),
        ClaimKind(
            name="need",
            title="Need",
            editions=("product", "marketing"),
            first_in=("product", "marketing"),
            action="Check how far the product takes somebody who comes for this.",
            weight=0.4,
            is_subject_a_name=False,
            section="What they came to do",
            listings=(
                Listing(
                    page="topics.html",
                    heading="What they came to do",
                    intro="Needs in members’ own words, alike ones together.",
                    limit=12,
                    n_quotes=2,
                    empty="No need is shared by enough members.",
                ),
            ),
        ),
        ClaimKind(
            name="request",
            title="Wish",
            editions=("product",),
            first_in=("product",),
            action="Say which of these wishes are planned, and which never will be.",
            weight=0.7,
            rests_on="feature_request",
            wants=frozenset({"feature_request"}),
            is_asserted=True,
            section="What they ask for",
            listings=(
                Listing(page="problems.html", heading="What they ask for", limit=10, n_quotes=2),
            ),
        ),
        ClaimKind(
            name="community",
            title="Community",
            editions=("communications", "leadership"),
            first_in=("leadership",),
            weight=0.3,
            counts_voices=False,
            makes_front=False,
            n_quotes=0,
            section="Who is talking",
            listings=(Listing(page="people.html", n_quotes=0),),
        ),
        ClaimKind(
            name="loud",
            title="Loud voice",
            editions=("product", "communications"),
            action="Answer this member once, well; weigh the topic by its other voices.",
            weight=0.3,
            counts_voices=False,
            section="Who is talking",
            listings=(
                Listing(page="topics.html", heading="Loud, not broad", n_quotes=0, empty=""),
                Listing(
                    page="people.html",
                    heading="Loud, not broad",
                    empty="No topic is mostly one member.",
                ),
            ),
        ),
        ClaimKind(
            name="unanswered",
            title="Unanswered",
            editions=("support", "communications", "leadership"),
            first_in=("support",),
            action="Answer the newest ones today.",
            action_when_quiet="Look first whether they still want an answer, and where they read.",
            weight=0.2,
            counts_voices=False,
            wants=frozenset({"question", "bug"}),
            traits=("asks",),
            section="Unanswered",
            listings=(Listing(page="unanswered.html", limit=6),),
        ),
    )
}

SEVERITIES: Mapping[int, str] = {
    4: "data lost, security at risk, or the product cannot be used at all",
    3: "an important function does not work for the writer",
    2: "something works badly, in part, or there is a way round",
    1: "cosmetic, a small annoyance",
}
LEAST_GROUP = 5  # people of a sort, below which it is not told how many they are
SEGMENTS = ("newcomer", "regular", "veteran", "lapsed", "occasional")


def sections() -> dict[str, list[str]]:
    """Return the titles of the sections in Markdown, in order, each with the kinds it lists."""
    kinds: dict[str, list[str]] = {}
    for kind in CLAIM_KINDS.values():
        if kind.section:
            kinds.setdefault(kind.section, []).append(kind.name)
    return kinds


def topic_columns() -> list[TopicColumn]:
    """Return the columns of the table of topics that kinds of claims add."""
    return [kind.topic_column for kind in CLAIM_KINDS.values() if kind.topic_column]


def quantity(n: int, thing: str) -> str:
    """Write a number of things: ``1 member``, ``3,000 members``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
