"""The tables of the agreed channel: what has to reach a person, by which ways it was tried, and what staff must do."""

from sqlalchemy import Index

from storage.columns import at, code, flag, id_, index, key, maybe_at, maybe_id, number, sealed, table

notices = table(
    "notices",
    key("association"),
    id_("id"),
    key("kind"),
    key("about"),
    code("urgency"),
    code("channel"),
    code("reference"),
    maybe_id("case_id"),
    maybe_id("conversation"),
    maybe_id("beneficiary"),
    at("at"),
    key("state"),
    maybe_at("due"),
    number("step"),
    code("why"),
    maybe_at("settled_at"),
    index("ix_notices_due", "due", where="due IS NOT NULL"),
    Index("ix_notices_case", "association", "case_id"),
    Index("ix_notices_conversation", "association", "conversation", "at"),
    index("ix_notices_kept", "association", "at", where="case_id IS NULL"),
    Index("ix_notices_state", "association", "state", "id"),
)
"""`about` names the event (as a timer does: `moved:<reference>:<seq>`), `kind` its template and its rules. `channel` is
the agreed one, `conversation` where the matter began. `state`: waiting (until `due`), out (a leg is under way, looked
at again when `due`), reached, with_staff, dropped; `why` says why it waits, went to staff or was dropped."""

legs = table(
    "legs",
    key("association"),
    id_("notice"),
    number("step"),
    key("channel"),
    maybe_id("conversation"),
    maybe_id("task"),
    at("at"),
    maybe_at("until"),
    key("state"),
    code("why"),
    maybe_at("settled_at"),
    index("ix_legs_task", "association", "task", where="task IS NOT NULL"),
    keyed=("association", "notice", "step"),
)
"""One address of a notice's chain: out, arrived, failed, silent (no evidence in time), skipped (`why`), with_staff."""

tasks = table(
    "tasks",
    key("association"),
    id_("id"),
    key("kind"),
    maybe_id("notice"),
    maybe_id("case_id"),
    code("reference"),
    maybe_id("conversation"),
    maybe_id("beneficiary"),
    flag("restricted"),
    flag("women_only"),
    flag("urgent"),
    code("why"),
    at("at"),
    at("due"),
    key("state"),
    number("tries"),
    code("outcome"),
    maybe_id("staff"),
    maybe_at("done_at"),
    sealed("body"),
    index("ix_tasks_open", "association", "due", "id", where="state = 'open'"),
    index("ix_tasks_over", "association", "done_at", "id", where="state <> 'open'"),
    Index("ix_tasks_case", "association", "case_id"),
    Index("ix_tasks_notice", "association", "notice"),
)
"""What a person must do because no message can: `kind` is call, letter, fax, slip (in person at a branch) or apology;
`state` open, done, given_up. `body`: what a worker noted, sealed."""

templates = table(
    "templates",
    key("association"),
    key("kind"),
    key("language"),
    key("digest"),
    code("provider_id"),
    code("serving"),
    key("state"),
    code("category"),
    code("why"),
    at("at"),
    maybe_at("checked_at"),
    keyed=("association", "kind", "language"),
)
"""WhatsApp templates as they stand with Twilio: made, pending, approved, rejected, paused, disabled. `digest` is of the
words and buttons that were submitted. `serving` is what messages go by: the one approved last, while new words wait."""
