"""The tables of asking and listening: waves of surveys and broadcasts, who is asked, what they answered, what follows.

Who took part (`recipients`) and what was answered (`responses`, `answers`) of an anonymous survey share no key: the
response has a random id, its wave and its day, and `recipients.response` stays empty.
Without row numbers, SQLite keeps no order in which they came either.
"""

from sqlalchemy import BigInteger, Column, Index

from storage.columns import at, blind, code, flag, id_, index, key, maybe_at, maybe_id, number, sealed, table

waves = table(
    "waves",
    key("association"),
    id_("id"),
    key("kind"),
    code("survey"),
    code("version"),
    code("period"),
    key("state"),
    code("why"),
    flag("anonymous"),
    flag("rolling"),
    flag("late"),
    code("purpose"),
    code("audience"),
    number("people"),
    at("at"),
    at("starts"),
    at("ends"),
    maybe_at("done_at"),
    maybe_id("by"),
    flag("needs_approval"),
    maybe_id("approved_by"),
    maybe_at("approved_at"),
    sealed("body"),
    maybe_id("filled_to"),
    maybe_at("filled_at"),
    index("ix_waves_open", "association", "state", where="done_at IS NULL"),
    index("ix_waves_period", "association", "survey", "period", where="period <> ''", unique=True),
    Index("ix_waves_at", "association", "kind", "at"),
)
"""`kind`: survey, broadcast. `period`: which run of a survey it is (1448-Q2), once each. `state`: drafted, planned,
running, paused, done, aborted, skipped. `rolling`: who is asked joins while it runs, as their case comes to it.
`purpose`: the consent it needs. `audience`: who, as JSON of codes. `body`: a broadcast's words, sealed. `filled_to`:
the last person whose turn came while its recipients were written; `filled_at`: when all of them were."""

recipients = table(
    "recipients",
    key("association"),
    id_("wave"),
    id_("conversation"),
    maybe_id("beneficiary"),
    maybe_id("case_id"),
    key("channel"),
    key("state"),
    code("why"),
    maybe_at("due"),
    maybe_at("at"),
    maybe_at("settled_at"),
    number("reminders"),
    maybe_id("notice"),
    maybe_id("response"),
    Index("ix_recipients_state", "association", "wave", "state"),
    index("ix_recipients_due", "association", "wave", "channel", "due", where="due IS NOT NULL"),
    index("ix_recipients_person", "association", "beneficiary", "wave", where="beneficiary IS NOT NULL"),
    index("ix_recipients_notice", "association", "notice", where="notice IS NOT NULL"),
    index("ix_recipients_response", "association", "response", where="response IS NOT NULL"),
    keyed=("association", "wave", "conversation"),
)
"""One person of a wave, at the address they are asked at first. `state`: held (listed, not confirmed), waiting,
invited, later, begun, finished, declined, skipped, failed; `why` says why not; `at`: when they were invited."""

responses = table(
    "responses",
    key("association"),
    id_("id"),
    id_("wave"),
    key("survey"),
    code("version"),
    number("day"),
    code("language"),
    code("channel"),
    code("service"),
    code("category"),
    code("branch"),
    code("provider"),
    code("source"),
    flag("finished"),
    maybe_id("staff"),
    Index("ix_responses_wave", "association", "wave", "id"),
    sqlite_with_rowid=False,
)
"""What one person answered. `day`: days since 1970. `source`: empty (a conversation), page, field, interview; `staff`:
who entered it. `provider`: the worker who held the case."""

answers = table(
    "answers",
    key("association"),
    id_("response"),
    key("question"),
    Column("score", BigInteger),
    code("choice"),
    sealed("words"),
    code("tag"),
    index("ix_answers_tag", "association", "question", "tag", "response", where="tag <> ''"),
    keyed=("association", "response", "question"),
    sqlite_with_rowid=False,
)
"""`score`: a number of the scale, 0 or 1 for no and yes; `choice`: the ids chosen, commas between them; `words`: what
was said, sealed. `tag`: the theme it was put under."""

answer_words = table(
    "answer_words",
    key("association"),
    blind("word"),
    id_("response"),
    key("question"),
    keyed=("association", "word", "response", "question"),
    sqlite_with_rowid=False,
)
"""Whole normalised words of open answers, to be found by."""

totals = table(
    "totals",
    key("association"),
    id_("wave"),
    key("question"),
    key("segment"),
    key("value"),
    key("score"),
    number("many"),
    keyed=("association", "wave", "question", "segment", "value", "score"),
)
"""How many answered so: kept in the transaction of the answer. `segment`: all, service, channel, category, branch,
provider, language, source; `value` which one; `score` as text, a choice's id, or `words`. The question `@responses`
counts people (score begun, finished); `#<question>` the themes of open answers."""

improvements = table(
    "improvements",
    key("association"),
    id_("id"),
    key("state"),
    code("survey"),
    maybe_id("wave"),
    code("question"),
    sealed("title"),
    sealed("action"),
    sealed("effect"),
    sealed("published"),
    maybe_id("owner"),
    id_("by"),
    at("at"),
    maybe_at("due"),
    maybe_at("done_at"),
    maybe_at("published_at"),
    Index("ix_improvements_state", "association", "state", "id"),
    index("ix_improvements_published", "association", "published_at", where="published_at IS NOT NULL"),
)
"""The improvement log (T objective 7). `state`: open, done, given_up. `wave`, `question`: where it came from, so that
its effect is read off the next wave. `published`: the words for everybody, by language."""

improvement_sources = table(
    "improvement_sources",
    key("association"),
    id_("improvement"),
    id_("response"),
    key("question"),
    code("kind"),
    Index("ix_improvement_sources_response", "association", "response", "question"),
    keyed=("association", "improvement", "response", "question"),
)
"""What was made of an open answer. `kind`: improvement, suggestion or complaint; of the latter two `improvement` is the
conversation that holds their case."""

visits = table(
    "visits",
    key("association"),
    id_("id"),
    code("branch"),
    sealed("office"),
    sealed("findings"),
    sealed("actions"),
    id_("by"),
    at("day"),
    at("at"),
    maybe_at("followed_at"),
    Index("ix_visits_day", "association", "day"),
)
"""Supervisory visits to offices (H د-3): records of their own, never survey answers."""
