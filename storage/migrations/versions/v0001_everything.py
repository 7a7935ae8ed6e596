"""Everything the first version keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("paused_why", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_by", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cursor", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("association", "channel", name=op.f("pk_accounts")),
    )
    op.create_table(
        "alarms",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("times", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_alarms")),
    )
    op.create_index(
        "uq_alarms_waiting",
        "alarms",
        ["association", "code"],
        unique=True,
        sqlite_where=sa.text("seen_at IS NULL"),
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_table(
        "asks",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("handle_index", sa.LargeBinary(), nullable=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("given", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_asks")),
        sa.UniqueConstraint("association", "token_digest", name=op.f("uq_asks_association_token_digest")),
    )
    op.create_index(op.f("ix_asks_association_handle_index"), "asks", ["association", "handle_index"], unique=False)
    op.create_table(
        "audit",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_association_subject"), "audit", ["association", "subject"], unique=False)
    op.create_table(
        "beneficiaries",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_beneficiaries")),
    )
    op.create_table(
        "case_index",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("association", "domain", "blind", "case_id", name=op.f("pk_case_index")),
    )
    op.create_index(op.f("ix_case_index_association_case_id"), "case_index", ["association", "case_id"], unique=False)
    op.create_table(
        "case_moves",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("from_stage", sa.Text(), server_default="", nullable=False),
        sa.Column("to_stage", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("association", "case_id", "seq", name=op.f("pk_case_moves")),
    )
    op.create_table(
        "cases",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("agreed_channel", sa.Text(), server_default="", nullable=False),
        sa.Column("linked_to", sa.Text(), server_default="", nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("anonymous", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("earliest", sa.BigInteger(), nullable=True),
        sa.Column("latest", sa.BigInteger(), nullable=True),
        sa.Column("next_update", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("member", sa.LargeBinary(), nullable=True),
        sa.Column("route", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("moves", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_cases")),
        sa.UniqueConstraint("association", "reference", name=op.f("uq_cases_association_reference")),
    )
    op.create_index(
        op.f("ix_cases_association_beneficiary_id"), "cases", ["association", "beneficiary", "id"], unique=False
    )
    op.create_index(
        op.f("ix_cases_association_kind_stage_opened_at"),
        "cases",
        ["association", "kind", "stage", "opened_at"],
        unique=False,
    )
    op.create_index(
        "ix_cases_next_update",
        "cases",
        ["next_update"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("wording_version", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_consents")),
    )
    op.create_index(
        op.f("ix_consents_association_beneficiary"), "consents", ["association", "beneficiary"], unique=False
    )
    op.create_index(
        op.f("ix_consents_association_conversation"), "consents", ["association", "conversation"], unique=False
    )
    op.create_table(
        "contents",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "channel", "digest", name=op.f("pk_contents")),
    )
    op.create_table(
        "conversations",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("handle_index", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=True),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default="bot", nullable=False),
        sa.Column("flow", sa.Text(), server_default="", nullable=False),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("women_only", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("last_in", sa.BigInteger(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "association", "channel", "handle_index", name=op.f("uq_conversations_association_channel_handle_index")
        ),
        postgresql_with={"fillfactor": 60},
    )
    op.create_index(
        "ix_conversations_beneficiary",
        "conversations",
        ["association", "beneficiary"],
        unique=False,
        sqlite_where=sa.text("beneficiary IS NOT NULL"),
        postgresql_where=sa.text("beneficiary IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_held",
        "conversations",
        ["association", "holder"],
        unique=False,
        sqlite_where=sa.text("holder <> 'bot'"),
        postgresql_where=sa.text("holder <> 'bot'"),
    )
    op.create_table(
        "files",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_association_conversation"), "files", ["association", "conversation"], unique=False)
    op.create_index(
        "ix_files_wanted",
        "files",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("state IN ('wanted', 'fetching')"),
        postgresql_where=sa.text("state IN ('wanted', 'fetching')"),
    )
    op.create_table(
        "forms",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("steps", sa.Text(), server_default="[]", nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("opened", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "form", name=op.f("pk_forms")),
        sa.UniqueConstraint("association", "token_digest", name=op.f("uq_forms_association_token_digest")),
    )
    op.create_index(op.f("ix_forms_association_conversation"), "forms", ["association", "conversation"], unique=False)
    op.create_table(
        "handoffs",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("women_only", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("callback", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_handoffs")),
    )
    op.create_index(
        op.f("ix_handoffs_association_conversation"), "handoffs", ["association", "conversation"], unique=False
    )
    op.create_index(
        "ix_handoffs_waiting",
        "handoffs",
        ["association", "at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("again", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "association", "conversation", "seq", name=op.f("uq_messages_association_conversation_seq")
        ),
    )
    op.create_index(
        "ix_messages_provider_id",
        "messages",
        ["association", "channel", "provider_id"],
        unique=False,
        sqlite_where=sa.text("provider_id IS NOT NULL"),
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_unsettled",
        "messages",
        ["association", "conversation", "lane", "seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "quarantine",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_quarantine")),
    )
    op.create_index(
        "ix_quarantine_waiting",
        "quarantine",
        ["association", "id"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "seen",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "key", name=op.f("pk_seen")),
    )
    op.create_index(op.f("ix_seen_at"), "seen", ["at"], unique=False)
    op.create_table(
        "timers",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timer", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("association", "conversation", "timer", name=op.f("pk_timers")),
    )
    op.create_index(op.f("ix_timers_due"), "timers", ["due"], unique=False)


def downgrade() -> None:
    for table in (
        "timers",
        "seen",
        "quarantine",
        "meta",
        "messages",
        "handoffs",
        "forms",
        "files",
        "conversations",
        "contents",
        "consents",
        "cases",
        "case_moves",
        "case_index",
        "beneficiaries",
        "audit",
        "asks",
        "alarms",
        "accounts",
    ):
        op.drop_table(table)
