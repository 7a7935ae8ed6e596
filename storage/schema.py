"""The tables of the front line. Each row belongs to an association, which is part of every key (rule 8).

Ids are ours and ordered by time (storage/ids.py), times whole milliseconds UTC (storage/times.py), enumerations short
texts. What a person typed, said or uploaded is in columns of type Sealed, encrypted before it comes here (rule 9);
Blind columns are keyed hashes that whole values are looked up by. The desk's own tables: schema_desk.py.
"""

from sqlalchemy import Boolean, Column, Index, Table, Text, UniqueConstraint

from storage.columns import (
    Blind,
    at,
    code,
    flag,
    id_,
    index,
    key,
    maybe,
    maybe_at,
    maybe_id,
    metadata,
    number,
    sealed,
    table,
)

HEAD = "0005"
"""The newest migration. A database that says so is opened without loading Alembic."""

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

conversations = table(
    "conversations",
    key("association"),
    id_("id"),
    key("channel"),
    Column("handle_index", Blind, nullable=False),
    sealed("handle"),
    maybe_id("beneficiary"),
    sealed("state"),
    number("seq"),
    code("holder", "bot"),
    code("flow"),
    code("language", "ar"),
    flag("stopped"),
    flag("restricted"),
    flag("women_only"),
    code("blocked"),
    maybe_at("last_in"),
    maybe_at("waits_since"),
    at("updated"),
    maybe_at("erased_at"),
    maybe_at("leaves_at"),
    maybe_at("proven_at"),
    UniqueConstraint("association", "channel", "handle_index"),
    # Partial, so that PostgreSQL never mistakes them for a way to an address while the table is small.
    index("ix_conversations_held", "association", "holder", where="holder <> 'bot'"),
    index("ix_conversations_beneficiary", "association", "beneficiary", where="beneficiary IS NOT NULL"),
    index("ix_conversations_leaving", "leaves_at", where="leaves_at IS NOT NULL"),
    # Rewritten with every turn: room in the page, and no index on what changes, keep PostgreSQL's update in place.
    postgresql_with={"fillfactor": 60},
)
"""`waits_since`: since when whoever holds it owes an answer. `erased_at`: what was said up to then is erased
(retention.py); `leaves_at`: when the address itself may go. `proven_at`: when whoever has the address first showed that
it is theirs, where it was named from elsewhere or its channel does not vouch for who writes
(conversations/notices.py)."""

beneficiaries = table("beneficiaries", key("association"), id_("id"), sealed("known"), at("updated"))

UNSETTLED = "state IN ('queued', 'sending')"
"""Literal on purpose: a partial index serves only a condition that is written like its own."""

MOVED = "direction = 'out' AND state NOT IN ('queued', 'sending')"
"""What went out, or came to nothing: for the figures of a channel, by when it last changed."""

COSTS = "cost <> ''"
"""What the provider charged something for, and said how much."""

messages = table(
    "messages",
    key("association"),
    id_("id"),
    id_("conversation"),
    id_("seq"),
    key("channel"),
    key("direction"),
    key("lane"),
    key("kind"),
    at("at"),
    sealed("body"),
    maybe("provider_id"),
    key("state"),
    number("attempts"),
    number("not_before"),
    maybe("lease_by"),
    maybe_at("lease_until"),
    maybe("error"),
    flag("again"),
    maybe_at("updated"),
    maybe_id("notice"),
    code("cost"),
    UniqueConstraint("association", "conversation", "seq"),
    index("ix_messages_unsettled", "association", "conversation", "lane", "seq", where=UNSETTLED),
    index("ix_messages_queued", "association", "channel", "lane", "id", "not_before", where="state = 'queued'"),
    index("ix_messages_leased", "lease_until", where="state = 'sending'"),
    index("ix_messages_backlog", "association", "channel", "at", "not_before", "state", where=UNSETTLED),
    index("ix_messages_moved", "association", "channel", "updated", "state", "error", "direction", where=MOVED),
    index("ix_messages_cost", "association", "channel", "at", "cost", where=COSTS),
    index("ix_messages_notice", "association", "notice", where="notice IS NOT NULL"),
    index("ix_messages_provider_id", "association", "channel", "provider_id", where="provider_id IS NOT NULL"),
)

seen = table(
    "seen",
    key("association"),
    Column("key", Blind, nullable=False),
    at("at"),
    Index(None, "at"),
    keyed=("association", "key"),
)

cases = table(
    "cases",
    key("association"),
    id_("id"),
    key("reference"),
    key("kind"),
    key("stage"),
    code("service"),
    code("category"),
    code("branch"),
    code("severity"),
    code("source"),
    code("agreed_channel"),
    code("linked_to"),
    flag("restricted"),
    flag("anonymous"),
    maybe_id("beneficiary"),
    maybe_id("conversation"),
    at("opened_at"),
    maybe_at("completed_at"),
    maybe_at("closed_at"),
    maybe_at("decided_at"),
    code("decision"),
    code("decided_by"),
    maybe_at("earliest"),
    maybe_at("latest"),
    maybe_at("next_update"),
    maybe_id("holder"),
    maybe_at("due"),
    maybe_at("erased_at"),
    sealed("body"),
    sealed("member"),
    sealed("route"),
    code("digest"),
    number("moves"),
    at("updated"),
    UniqueConstraint("association", "reference"),
    Index(None, "association", "beneficiary", "id"),
    Index(None, "association", "kind", "stage", "opened_at"),
    index("ix_cases_next_update", "next_update", where="closed_at IS NULL"),
    index("ix_cases_open", "association", "id", where="closed_at IS NULL"),
    index("ix_cases_due", "association", "due", where="closed_at IS NULL"),
    index("ix_cases_holder", "association", "holder", where="closed_at IS NULL"),
    index("ix_cases_linked", "association", "linked_to", where="linked_to <> ''"),
    Index("ix_cases_closed", "association", "closed_at"),
    index("ix_cases_kept", "association", "kind", "closed_at", where="erased_at IS NULL AND closed_at IS NOT NULL"),
    index("ix_cases_anonymous", "association", "id", where="anonymous AND erased_at IS NULL"),
    # The next three hold all that the figures of a period read (figures.py): the rows themselves are wide.
    Index(
        "ix_cases_opened",
        *("association", "opened_at", "kind", "stage", "service", "category", "decision", "restricted", "id"),
    ),
    index(
        "ix_cases_decided",
        *("association", "decided_at", "kind", "service", "category", "decision", "decided_by", "completed_at"),
        *("opened_at", "earliest", "latest", "restricted", "id"),
        where="decided_at IS NOT NULL",
    ),
    index(
        "ix_cases_standing",
        *("association", "kind", "stage", "service", "holder", "decided_at", "earliest", "latest", "due"),
        *("restricted", "id"),
        where="closed_at IS NULL",
    ),
    index("ix_cases_signed", "association", "opened_at", where="digest <> ''"),
)

case_moves = table(
    "case_moves",
    key("association"),
    id_("case_id"),
    id_("seq"),
    key("move"),
    code("from_stage"),
    code("to_stage"),
    code("who"),
    code("actor"),
    at("at"),
    sealed("reason"),
    index("ix_case_moves_delivered", "association", "at", where="to_stage = 'delivered'"),
    keyed=("association", "case_id", "seq"),
)

case_index = table(
    "case_index",
    key("association"),
    key("domain"),
    Column("blind", Blind, nullable=False),
    id_("case_id"),
    Index(None, "association", "case_id"),
    keyed=("association", "domain", "blind", "case_id"),
)

consents = table(
    "consents",
    key("association"),
    id_("id"),
    maybe_id("beneficiary"),
    id_("conversation"),
    key("purpose"),
    Column("given", Boolean(create_constraint=False), nullable=False),
    code("wording_version"),
    code("channel"),
    code("reference"),
    code("how"),
    at("at"),
    Index(None, "association", "beneficiary"),
    Index(None, "association", "conversation"),
    Index("ix_consents_at", "association", "at", "given"),
)

timers = table(
    "timers",
    key("association"),
    id_("conversation"),
    key("timer"),
    at("due"),
    number("claimed_until"),
    Index(None, "due"),
    keyed=("association", "conversation", "timer"),
)

forms = table(
    "forms",
    key("association"),
    key("form"),
    id_("conversation"),
    Column("token_digest", Blind, nullable=False),
    code("steps", "[]"),
    at("until"),
    maybe_at("used_at"),
    number("opened"),
    at("at"),
    UniqueConstraint("association", "token_digest"),
    Index(None, "association", "conversation"),
    keyed=("association", "form"),
)

files = table(
    "files",
    key("association"),
    id_("id"),
    id_("conversation"),
    key("channel"),
    sealed("source"),
    sealed("name"),
    code("kind"),
    number("size"),
    key("state"),
    code("reason"),
    number("attempts"),
    number("not_before"),
    number("lease_until"),
    at("at"),
    Index(None, "association", "conversation"),
    index("ix_files_wanted", "not_before", where="state IN ('wanted', 'fetching')"),
    index("ix_files_erasing", "association", "id", where="state = 'erasing'"),
)

handoffs = table(
    "handoffs",
    key("association"),
    id_("id"),
    id_("conversation"),
    key("reason"),
    code("also"),
    code("role"),
    code("service"),
    flag("urgent"),
    flag("restricted"),
    flag("women_only"),
    code("reference"),
    sealed("callback"),
    at("at"),
    code("taken_by"),
    maybe_at("taken_at"),
    maybe_at("done_at"),
    maybe_id("offered_to"),
    code("tried"),
    number("offers"),
    maybe_at("due"),
    maybe_at("alarmed_at"),
    maybe_at("told_at"),
    maybe_at("replied_at"),
    index("ix_handoffs_waiting", "association", "at", where="done_at IS NULL"),
    index("ix_handoffs_due", "due", where="done_at IS NULL AND taken_at IS NULL"),
    Index("ix_handoffs_at", "association", "at", "reason", "restricted", "reference"),
    Index(None, "association", "conversation"),
)
"""One open row for each matter (`reference`) of a conversation: what comes on top joins it (storage/handoffs.py).
`reason` is the gravest, `also` the others (codes, a space between); `service` what the person was at. `tried`: whom
it was offered to before `offered_to`; `due`: when, untaken, it is looked at again; `alarmed_at`, `told_at`: when
management and the person last heard that nobody had come."""

asks = table(
    "asks",
    key("association"),
    id_("id"),
    key("question"),
    code("reference"),
    id_("conversation"),
    Column("handle_index", Blind),
    Column("token_digest", Blind),
    sealed("details"),
    at("at"),
    maybe_at("answered_at"),
    Column("given", Boolean(create_constraint=False)),
    Index(None, "association", "handle_index"),
    Index(None, "association", "conversation"),
    UniqueConstraint("association", "token_digest"),
)

quarantine = table(
    "quarantine",
    key("association"),
    id_("id"),
    key("channel"),
    at("at"),
    sealed("body"),
    number("attempts"),
    code("error"),
    maybe_at("settled_at"),
    index("ix_quarantine_waiting", "association", "id", where="settled_at IS NULL"),
)

accounts = table(
    "accounts",
    key("association"),
    key("channel"),
    number("not_before"),
    flag("paused"),
    code("paused_why"),
    number("paused_at"),
    code("lease_by"),
    number("lease_until"),
    number("cursor"),
    keyed=("association", "channel"),
)

contents = table(
    "contents",
    key("association"),
    key("channel"),
    Column("digest", Blind, nullable=False),
    key("provider_id"),
    at("at"),
    keyed=("association", "channel", "digest"),
)

alarms = table(
    "alarms",
    key("association"),
    id_("id"),
    key("code"),
    flag("urgent"),
    number("times", "1"),
    at("at"),
    at("last_at"),
    maybe_at("seen_at"),
    index("uq_alarms_waiting", "association", "code", where="seen_at IS NULL", unique=True),
)

audit = table(
    "audit",
    key("association"),
    id_("id"),
    at("at"),
    key("who"),
    key("act"),
    code("subject"),
    code("detail"),
    maybe_at("linked_at"),
    Index(None, "association", "subject"),
    Index("ix_audit_who", "association", "who", "id"),
    Index("ix_audit_act", "association", "act", "id"),
    index("ix_audit_unlinked", "association", "id", where="linked_at IS NULL"),
)
"""`linked_at`: when the row was taken into the chain (audit_chain.py); nothing else of it ever changes."""
