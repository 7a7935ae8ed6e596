"""The tables of the desk: who works here, what they looked at, decided and promised. The front line's: schema.py.

A worker signs in once, whichever associations they serve: accounts and sign-ins belong to the house (HOUSE), what a
worker may do belongs to an association (`members`). Sealed and Blind as in schema.py.
"""

from sqlalchemy import Index, UniqueConstraint

from storage.columns import at, blind, code, flag, id_, index, key, maybe_at, maybe_id, number, sealed, table

HOUSE = "*"
"""The association of rows that belong to the whole house: accounts of workers and their sign-ins."""

# --- people and rights -----------------------------------------------------------------------------------------------

staff = table(
    "staff",
    key("association"),
    id_("id"),
    blind("login_index"),
    sealed("login"),
    sealed("name"),
    code("language", "ar"),
    code("password"),
    sealed("totp"),
    number("totp_step"),
    blind("subject_index"),
    sealed("subject"),
    blind("telegram_index"),
    sealed("telegram"),
    maybe_at("disabled_at"),
    at("at"),
    UniqueConstraint("association", "login_index"),
    index("uq_staff_subject", "association", "subject_index", where="subject_index IS NOT NULL", unique=True),
    index("uq_staff_telegram", "association", "telegram_index", where="telegram_index IS NOT NULL", unique=True),
)
"""`password` is argon2's own text; `totp_step` the last step accepted, so that no code is taken twice. `subject` (who
they are to the issuer of single sign-on) and `telegram` are sealed beside their indexes, to make these anew."""

members = table(
    "members",
    key("association"),
    id_("staff"),
    code("roles"),
    code("categories"),
    code("branch"),
    flag("woman"),
    number("capacity", "10"),
    code("presence", "auto"),
    number("seen_at"),
    at("at"),
    maybe_at("ended_at"),
    keyed=("association", "staff"),
)
"""`roles` and `categories` (of a contact officer: category or category/field) with a space between. `presence`: auto
(present while the desk was looked at lately), away."""

sign_ins = table(
    "sign_ins",
    key("association"),
    id_("id"),
    id_("staff"),
    blind("token_digest"),
    code("way"),
    code("agent"),
    at("at"),
    number("seen_at"),
    at("until"),
    maybe_at("ended_at"),
    UniqueConstraint("association", "token_digest"),
    Index(None, "association", "staff"),
)
"""`way`: password, sso, invitation. `agent`: browser and system in two words, never the whole line a browser sends."""

sign_in_tries = table(
    "sign_in_tries",
    key("association"),
    blind("digest"),
    number("failures"),
    number("until"),
    at("at"),
    Index(None, "at"),
    keyed=("association", "digest"),
)
"""Tries at the door that were not right: by login, by address, by browser that is known; digests under the index key.
Until `until` no further one is looked at."""

invitations = table(
    "invitations",
    key("association"),
    id_("id"),
    code("purpose", "join"),
    blind("token_digest"),
    maybe_id("staff"),
    sealed("login"),
    sealed("name"),
    code("roles"),
    code("categories"),
    code("branch"),
    flag("woman"),
    id_("by"),
    at("at"),
    at("until"),
    maybe_at("used_at"),
    UniqueConstraint("association", "token_digest"),
)
"""`purpose`: join (an association), reset (a new password for `staff`), first (whoever sets the house up)."""

codes = table(
    "codes",
    key("association"),
    blind("digest"),
    key("purpose"),
    id_("staff"),
    at("until"),
    keyed=("association", "digest"),
)
"""One-time codes of a worker (`telegram`: bind this Telegram account; `recovery`: in place of an authenticator). Only
digests."""

policy_versions = table(
    "policy_versions",
    key("association"),
    key("version"),
    at("at"),
    maybe_at("circulated_at"),
    keyed=("association", "version"),
)
policy_signatures = table(
    "policy_signatures",
    key("association"),
    id_("staff"),
    key("version"),
    at("at"),
    keyed=("association", "staff", "version"),
)

# --- conversations ---------------------------------------------------------------------------------------------------

notes = table(
    "notes",
    key("association"),
    id_("id"),
    maybe_id("conversation"),
    maybe_id("case_id"),
    id_("staff"),
    sealed("body"),
    at("at"),
    Index(None, "association", "conversation"),
    Index(None, "association", "case_id"),
)
"""Private: never sent to anybody."""

reply_drafts = table(
    "reply_drafts",
    key("association"),
    id_("conversation"),
    id_("staff"),
    sealed("body"),
    at("at"),
    keyed=("association", "conversation", "staff"),
)

looking = table(
    "looking",
    key("association"),
    id_("conversation"),
    id_("staff"),
    at("until"),
    number("typing_until"),
    keyed=("association", "conversation", "staff"),
)

topics = table(
    "topics",
    key("association"),
    id_("conversation"),
    key("group_id"),
    number("topic"),
    code("state", "wanted"),
    code("shown"),
    number("mirrored"),
    number("sending"),
    flag("again"),
    number("asked_at"),
    number("not_before"),
    at("at"),
    index("uq_topics_topic", "association", "group_id", "topic", where="topic > 0", unique=True),
    index("ix_topics_live", "association", where="state IN ('wanted', 'making', 'made', 'open', 'erasing')"),
    keyed=("association", "conversation"),
)
"""A topic of the staff's Telegram group (storage/topics.py). `shown`: what its name and icon say, a code; `mirrored`,
`sending`: sequence numbers up to which the transcript is there, or on its way (0: nothing is); `asked_at`: when
somebody without an account was last told how to get in; `not_before`: somebody works on it until then."""

topic_lines = table(
    "topic_lines",
    key("association"),
    id_("id"),
    id_("conversation"),
    sealed("body"),
    at("at"),
    Index(None, "association", "conversation"),
)
"""What the house itself has to say in a topic (a refusal, an answer to a command), until it is there."""

excluded = table(
    "excluded",
    key("association"),
    key("subject"),
    id_("staff"),
    code("why"),
    id_("by"),
    at("at"),
    keyed=("association", "subject", "staff"),
)
"""Who must not see a case or a conversation (`case:<id>`, `conversation:<id>`): whoever is complained about."""

# --- cases -----------------------------------------------------------------------------------------------------------

checks = table(
    "checks",
    key("association"),
    id_("case_id"),
    key("item"),
    code("outcome"),
    flag("matches"),
    flag("valid"),
    id_("staff"),
    at("at"),
    sealed("note"),
    index("ix_checks_asked", "association", "item", where="outcome = 'asked'"),
    Index("ix_checks_at", "association", "at"),
    keyed=("association", "case_id", "item"),
)
"""Verification: each required datum, matched to the original, valid on the day, by whom. `outcome`: ok, missing,
wrong, not_needed; asked, where a supervisor's word is waited for (`@early`: a decision before the earliest day)."""

requirements = table(
    "requirements",
    key("association"),
    id_("case_id"),
    key("item"),
    flag("published"),
    at("asked_at"),
    maybe_at("arrived_at"),
    code("kind"),
    flag("secret"),
    sealed("words"),
    sealed("before"),
    keyed=("association", "case_id", "item", "asked_at"),
)
"""What a returned case waits for. `item` is a field's id, or `other:<n>` where staff asked in `words`: then `kind` is
the kind of answer (document, long_text, or nothing: either) and `secret` what the chat may not ask. `before` is the
answer that the new one took the place of."""

entitlements = table(
    "entitlements",
    key("association"),
    id_("id"),
    id_("case_id"),
    sealed("what"),
    code("amount"),
    maybe_at("due"),
    maybe_at("delivered_at"),
    maybe_id("delivered_by"),
    maybe_at("confirmed_at"),
    maybe_at("cancelled_at"),
    Index(None, "association", "case_id"),
    index("ix_entitlements_due", "association", "due", where="delivered_at IS NULL AND cancelled_at IS NULL"),
    index("ix_entitlements_delivered", "association", "delivered_at", where="delivered_at IS NOT NULL"),
    index("ix_entitlements_confirmed", "association", "confirmed_at", where="confirmed_at IS NOT NULL"),
)

appointments = table(
    "appointments",
    key("association"),
    id_("id"),
    key("kind"),
    key("state"),
    maybe_id("conversation"),
    maybe_id("case_id"),
    maybe_id("staff"),
    maybe_at("starts"),
    number("minutes", "30"),
    sealed("place"),
    sealed("wish"),
    code("outcome"),
    sealed("outcome_note"),
    code("offered"),
    number("moved"),
    maybe_at("reminded_at"),
    at("at"),
    at("updated"),
    Index(None, "association", "staff", "starts"),
    Index(None, "association", "conversation"),
    Index(None, "association", "case_id"),
    index("ix_appointments_open", "association", "starts", where="state IN ('requested', 'offered', 'confirmed')"),
    index("ix_appointments_requested", "association", "id", where="state = 'requested'"),
    index("ix_appointments_reminder", "starts", where="state = 'confirmed' AND reminded_at IS NULL"),
)
"""`kind`: interview, home_visit, callback. `state`: requested, offered, confirmed, cancelled, done, missed. `offered`:
the times to choose from, milliseconds with a space between. `moved` counts offers and moves, so that an old button is
known as one."""

pauses = table(
    "pauses",
    key("association"),
    id_("id"),
    id_("case_id"),
    id_("by"),
    sealed("reason"),
    at("at"),
    maybe_at("ended_at"),
    Index(None, "association", "case_id"),
)

reminders = table(
    "reminders",
    key("association"),
    key("subject"),
    key("rung"),
    at("at"),
    keyed=("association", "subject", "rung"),
)
"""That somebody was reminded: once a rung (holder, role, management) of each deadline."""

# --- committee -------------------------------------------------------------------------------------------------------

sittings = table(
    "sittings",
    key("association"),
    id_("id"),
    key("committee"),
    number("number"),
    code("state", "planned"),
    maybe_at("starts"),
    sealed("place"),
    sealed("remarks"),
    id_("by"),
    at("at"),
    maybe_at("closed_at"),
    code("digest"),
    UniqueConstraint("association", "committee", "number"),
)
"""A meeting of a committee (role: committee, follow_up_committee, investigation_committee). `state`: planned, open,
decided (waits for signatures), signed. `digest`: of the minutes as signed."""

attendance = table(
    "attendance",
    key("association"),
    id_("sitting"),
    id_("staff"),
    flag("present"),
    maybe_at("signed_at"),
    keyed=("association", "sitting", "staff"),
)

agenda = table(
    "agenda",
    key("association"),
    id_("sitting"),
    id_("case_id"),
    number("place"),
    code("decision"),
    flag("joint"),
    sealed("given"),
    maybe_id("confirmed_by"),
    code("failed"),
    maybe_at("decided_at"),
    maybe_at("carried_at"),
    keyed=("association", "sitting", "case_id"),
)
"""`decision` names a move of the case's lifecycle, or `postponed`; `joint`: all who were there agreed on it without
voting; `given` what the move needs (reason, help …); `confirmed_by` the supervisor who let it be decided before its
earliest day; `failed` why it was not carried out."""

votes = table(
    "votes",
    key("association"),
    id_("sitting"),
    id_("case_id"),
    id_("staff"),
    key("vote"),
    sealed("reason"),
    at("at"),
    keyed=("association", "sitting", "case_id", "staff"),
)
"""`vote`: for, against, abstain."""

# --- papers and proof ------------------------------------------------------------------------------------------------

documents = table(
    "documents",
    key("association"),
    id_("id"),
    key("document"),
    number("version"),
    sealed("title"),
    sealed("name"),
    code("kind"),
    number("size"),
    id_("by"),
    at("at"),
    maybe_at("withdrawn_at"),
    UniqueConstraint("association", "document", "version"),
)
"""The library. `document` is a tool's id of the profile, or one of our own; the bytes lie in blobs under `id`."""

audit_links = table(
    "audit_links",
    key("association"),
    id_("number"),
    id_("audit"),
    key("digest"),
    UniqueConstraint("association", "audit"),
    keyed=("association", "number"),
)
"""The audit's hash chain, one per association: each row's digest covers its audit row and the digest before."""
