"""Words that name no topic."""

from __future__ import annotations

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = r"(?u)\b[^\W\d_][^\W_]*(?:[-'’][^\W_]+)*\b"
# Courtesy and forum talk: in every topic, about none.
FORUM_WORDS = frozenset(
    """
    hi hello hey thanks thank thx cheers regards welcome please sorry hope great good nice best bad
    guys guy folks everyone anyone someone somebody people all sir dear morning day days today
    yesterday tomorrow week weeks month months year years hour hours minute minutes second seconds
    time times moment way ways thing things stuff lot lots bit kind sort case cases point points
    idea ideas question questions answer answers problem problems issue issues help advice
    suggestion suggestions solution solutions reply replies response post posts thread threads
    topic forum page link links read reading post edit update updated info information details
    example examples example code line lines use using used user users work works working worked
    try tried trying look looking looks looked want wanted need needs needed know knows known
    think thought guess sure maybe probably actually really just like would could should can can't
    cannot don't doesn't didn't isn't won't wouldn't i'm i've i'd i'll it's that's there's you're
    you've what's let's make makes made get gets got getting set does did done doing going gone
    come say says said see seen seems tell told find found new old first last next different same
    thing anything something nothing everything one two three part parts number numbers end start
    other others right left left wrong correct ok okay yes no not also still even much many more
    most less least well far long little big small high low able unable possible attached attach
    following follow above below image images img screenshot attachment user secret email phone
    yeah yep yup nope wow lol haha oh ah hmm edit ps btw fyi imho imo etc ie eg
    mine yours ours theirs myself yourself main whole person fact reason reasons order result
    results difference sense luck mind word words place side change changes changed option options
    version versions latest current test tests testing support file files
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday
    error errors bug bugs fix fixes failure failures project projects technical base64 steps report
    reports
    reproduce expected actual behavior behaviour operating chrome chromium firefox safari opera
    http https www com org saturday sunday morning evening night weekend spring summer autumn winter
    """.split()
)
_PLAIN = ENGLISH_STOP_WORDS | FORUM_WORDS
STOPS = _PLAIN | {word.replace("'", "’") for word in _PLAIN}
