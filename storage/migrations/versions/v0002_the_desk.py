"""The desk: workers and rights, verification, committees, entitlements, appointments, papers, the audit's chain."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "agenda",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("sitting", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("given", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_by", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("carried_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "sitting", "case_id", name=op.f("pk_agenda")),
    )
    op.create_table(
        "appointments",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("staff", sa.BigInteger(), nullable=True),
        sa.Column("starts", sa.BigInteger(), nullable=True),
        sa.Column("minutes", sa.BigInteger(), server_default="30", nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("wish", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_note", sa.LargeBinary(), nullable=True),
        sa.Column("offered", sa.Text(), server_default="", nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_appointments")),
    )
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_appointments_association_case_id"), ["association", "case_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_appointments_association_conversation"), ["association", "conversation"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_appointments_association_staff_starts"), ["association", "staff", "starts"], unique=False
        )
        batch_op.create_index(
            "ix_appointments_open",
            ["association", "starts"],
            unique=False,
            sqlite_where=sa.text("state IN ('requested', 'offered', 'confirmed')"),
            postgresql_where=sa.text("state IN ('requested', 'offered', 'confirmed')"),
        )
        batch_op.create_index(
            "ix_appointments_reminder",
            ["starts"],
            unique=False,
            sqlite_where=sa.text("state = 'confirmed' AND reminded_at IS NULL"),
            postgresql_where=sa.text("state = 'confirmed' AND reminded_at IS NULL"),
        )
        batch_op.create_index(
            "ix_appointments_requested",
            ["association", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )

    op.create_table(
        "attendance",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("sitting", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("present", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "sitting", "staff", name=op.f("pk_attendance")),
    )
    op.create_table(
        "audit_links",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("association", "number", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("association", "audit", name=op.f("uq_audit_links_association_audit")),
    )
    op.create_table(
        "checks",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("matches", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("valid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("association", "case_id", "item", name=op.f("pk_checks")),
    )
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_checks_asked",
            ["association", "item"],
            unique=False,
            sqlite_where=sa.text("outcome = 'asked'"),
            postgresql_where=sa.text("outcome = 'asked'"),
        )
        batch_op.create_index("ix_checks_at", ["association", "at"], unique=False)

    op.create_table(
        "codes",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "digest", name=op.f("pk_codes")),
    )
    op.create_table(
        "documents",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_documents")),
        sa.UniqueConstraint(
            "association", "document", "version", name=op.f("uq_documents_association_document_version")
        ),
    )
    op.create_table(
        "entitlements",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.LargeBinary(), nullable=True),
        sa.Column("amount", sa.Text(), server_default="", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_by", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_entitlements")),
    )
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_entitlements_association_case_id"), ["association", "case_id"], unique=False
        )
        batch_op.create_index(
            "ix_entitlements_confirmed",
            ["association", "confirmed_at"],
            unique=False,
            sqlite_where=sa.text("confirmed_at IS NOT NULL"),
            postgresql_where=sa.text("confirmed_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_entitlements_delivered",
            ["association", "delivered_at"],
            unique=False,
            sqlite_where=sa.text("delivered_at IS NOT NULL"),
            postgresql_where=sa.text("delivered_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_entitlements_due",
            ["association", "due"],
            unique=False,
            sqlite_where=sa.text("delivered_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL AND cancelled_at IS NULL"),
        )

    op.create_table(
        "excluded",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "subject", "staff", name=op.f("pk_excluded")),
    )
    op.create_table(
        "invitations",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), server_default="join", nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=True),
        sa.Column("staff", sa.BigInteger(), nullable=True),
        sa.Column("login", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("roles", sa.Text(), server_default="", nullable=False),
        sa.Column("categories", sa.Text(), server_default="", nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("woman", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("association", "token_digest", name=op.f("uq_invitations_association_token_digest")),
    )
    op.create_table(
        "looking",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("typing_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("association", "conversation", "staff", name=op.f("pk_looking")),
    )
    op.create_table(
        "members",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("roles", sa.Text(), server_default="", nullable=False),
        sa.Column("categories", sa.Text(), server_default="", nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("woman", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("capacity", sa.BigInteger(), server_default="10", nullable=False),
        sa.Column("presence", sa.Text(), server_default="auto", nullable=False),
        sa.Column("seen_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "staff", name=op.f("pk_members")),
    )
    op.create_table(
        "notes",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_association_case_id"), ["association", "case_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_notes_association_conversation"), ["association", "conversation"], unique=False
        )

    op.create_table(
        "pauses",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_pauses")),
    )
    with op.batch_alter_table("pauses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pauses_association_case_id"), ["association", "case_id"], unique=False)

    op.create_table(
        "policy_signatures",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "staff", "version", name=op.f("pk_policy_signatures")),
    )
    op.create_table(
        "policy_versions",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("circulated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "version", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "reminders",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "subject", "rung", name=op.f("pk_reminders")),
    )
    op.create_table(
        "reply_drafts",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "conversation", "staff", name=op.f("pk_reply_drafts")),
    )
    op.create_table(
        "requirements",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("secret", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("association", "case_id", "item", "asked_at", name=op.f("pk_requirements")),
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "digest", name=op.f("pk_sign_in_tries")),
    )
    with op.batch_alter_table("sign_in_tries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_tries_at"), ["at"], unique=False)

    op.create_table(
        "sign_ins",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=True),
        sa.Column("way", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("association", "token_digest", name=op.f("uq_sign_ins_association_token_digest")),
    )
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ins_association_staff"), ["association", "staff"], unique=False)

    op.create_table(
        "sittings",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("committee", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("remarks", sa.LargeBinary(), nullable=True),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_sittings")),
        sa.UniqueConstraint(
            "association", "committee", "number", name=op.f("uq_sittings_association_committee_number")
        ),
    )
    op.create_table(
        "staff",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login_index", sa.LargeBinary(), nullable=True),
        sa.Column("login", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.Text(), server_default="ar", nullable=False),
        sa.Column("password", sa.Text(), server_default="", nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("telegram_index", sa.LargeBinary(), nullable=True),
        sa.Column("telegram", sa.LargeBinary(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_staff")),
        sa.UniqueConstraint("association", "login_index", name=op.f("uq_staff_association_login_index")),
    )
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.create_index(
            "uq_staff_subject",
            ["association", "subject_index"],
            unique=True,
            sqlite_where=sa.text("subject_index IS NOT NULL"),
            postgresql_where=sa.text("subject_index IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_staff_telegram",
            ["association", "telegram_index"],
            unique=True,
            sqlite_where=sa.text("telegram_index IS NOT NULL"),
            postgresql_where=sa.text("telegram_index IS NOT NULL"),
        )

    op.create_table(
        "topic_lines",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_topic_lines")),
    )
    with op.batch_alter_table("topic_lines", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_topic_lines_association_conversation"), ["association", "conversation"], unique=False
        )

    op.create_table(
        "topics",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="wanted", nullable=False),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        sa.Column("mirrored", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "conversation", name=op.f("pk_topics")),
    )
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.create_index(
            "ix_topics_live",
            ["association"],
            unique=False,
            sqlite_where=sa.text("state IN ('wanted', 'making', 'made', 'open', 'erasing')"),
            postgresql_where=sa.text("state IN ('wanted', 'making', 'made', 'open', 'erasing')"),
        )
        batch_op.create_index(
            "uq_topics_topic",
            ["association", "group_id", "topic"],
            unique=True,
            sqlite_where=sa.text("topic > 0"),
            postgresql_where=sa.text("topic > 0"),
        )

    op.create_table(
        "votes",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("sitting", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vote", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("association", "sitting", "case_id", "staff", name=op.f("pk_votes")),
    )
    with op.batch_alter_table("asks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_asks_association_conversation"), ["association", "conversation"], unique=False
        )

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("linked_at", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_audit_act", ["association", "act", "id"], unique=False)
        batch_op.create_index(
            "ix_audit_unlinked",
            ["association", "id"],
            unique=False,
            sqlite_where=sa.text("linked_at IS NULL"),
            postgresql_where=sa.text("linked_at IS NULL"),
        )
        batch_op.create_index("ix_audit_who", ["association", "who", "id"], unique=False)

    with op.batch_alter_table("case_moves", schema=None) as batch_op:
        batch_op.add_column(sa.Column("actor", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decided_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("decision", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("decided_by", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("holder", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("due", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("erased_at", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "ix_cases_anonymous",
            ["association", "id"],
            unique=False,
            sqlite_where=sa.text("anonymous AND erased_at IS NULL"),
            postgresql_where=sa.text("anonymous AND erased_at IS NULL"),
        )
        batch_op.create_index("ix_cases_closed", ["association", "closed_at"], unique=False)
        batch_op.create_index(
            "ix_cases_decided",
            [
                "association",
                "decided_at",
                "kind",
                "service",
                "category",
                "decision",
                "decided_by",
                "completed_at",
                "opened_at",
                "earliest",
                "latest",
                "restricted",
                "id",
            ],
            unique=False,
            sqlite_where=sa.text("decided_at IS NOT NULL"),
            postgresql_where=sa.text("decided_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_cases_due",
            ["association", "due"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_holder",
            ["association", "holder"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_kept",
            ["association", "kind", "closed_at"],
            unique=False,
            sqlite_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
            postgresql_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_cases_linked",
            ["association", "linked_to"],
            unique=False,
            sqlite_where=sa.text("linked_to <> ''"),
            postgresql_where=sa.text("linked_to <> ''"),
        )
        batch_op.create_index(
            "ix_cases_open",
            ["association", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_opened",
            ["association", "opened_at", "kind", "stage", "service", "category", "decision", "restricted", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_cases_signed",
            ["association", "opened_at"],
            unique=False,
            sqlite_where=sa.text("digest <> ''"),
            postgresql_where=sa.text("digest <> ''"),
        )
        batch_op.create_index(
            "ix_cases_standing",
            [
                "association",
                "kind",
                "stage",
                "service",
                "holder",
                "decided_at",
                "earliest",
                "latest",
                "due",
                "restricted",
                "id",
            ],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index("ix_consents_at", ["association", "at", "given"], unique=False)

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("blocked", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("waits_since", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("erased_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("leaves_at", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "ix_conversations_leaving",
            ["leaves_at"],
            unique=False,
            sqlite_where=sa.text("leaves_at IS NOT NULL"),
            postgresql_where=sa.text("leaves_at IS NOT NULL"),
        )

    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_files_erasing",
            ["association", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'erasing'"),
            postgresql_where=sa.text("state = 'erasing'"),
        )

    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("also", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("service", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("offered_to", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("tried", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("offers", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("due", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("alarmed_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("replied_at", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "ix_handoffs_at", ["association", "at", "reason", "restricted", "reference"], unique=False
        )
        batch_op.create_index(
            "ix_handoffs_due",
            ["due"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND taken_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND taken_at IS NULL"),
        )


def downgrade() -> None:

    with op.batch_alter_table("handoffs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_handoffs_due",
            sqlite_where=sa.text("done_at IS NULL AND taken_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND taken_at IS NULL"),
        )
        batch_op.drop_index("ix_handoffs_at")
        batch_op.drop_column("replied_at")
        batch_op.drop_column("told_at")
        batch_op.drop_column("alarmed_at")
        batch_op.drop_column("due")
        batch_op.drop_column("offers")
        batch_op.drop_column("tried")
        batch_op.drop_column("offered_to")
        batch_op.drop_column("service")
        batch_op.drop_column("also")

    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_files_erasing", sqlite_where=sa.text("state = 'erasing'"), postgresql_where=sa.text("state = 'erasing'")
        )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_conversations_leaving",
            sqlite_where=sa.text("leaves_at IS NOT NULL"),
            postgresql_where=sa.text("leaves_at IS NOT NULL"),
        )
        batch_op.drop_column("leaves_at")
        batch_op.drop_column("erased_at")
        batch_op.drop_column("waits_since")
        batch_op.drop_column("blocked")

    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index("ix_consents_at")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_cases_standing",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_cases_signed", sqlite_where=sa.text("digest <> ''"), postgresql_where=sa.text("digest <> ''")
        )
        batch_op.drop_index("ix_cases_opened")
        batch_op.drop_index(
            "ix_cases_open", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index(
            "ix_cases_linked", sqlite_where=sa.text("linked_to <> ''"), postgresql_where=sa.text("linked_to <> ''")
        )
        batch_op.drop_index(
            "ix_cases_kept",
            sqlite_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
            postgresql_where=sa.text("erased_at IS NULL AND closed_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_cases_holder", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index(
            "ix_cases_due", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index(
            "ix_cases_decided",
            sqlite_where=sa.text("decided_at IS NOT NULL"),
            postgresql_where=sa.text("decided_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_cases_closed")
        batch_op.drop_index(
            "ix_cases_anonymous",
            sqlite_where=sa.text("anonymous AND erased_at IS NULL"),
            postgresql_where=sa.text("anonymous AND erased_at IS NULL"),
        )
        batch_op.drop_column("erased_at")
        batch_op.drop_column("due")
        batch_op.drop_column("holder")
        batch_op.drop_column("decided_by")
        batch_op.drop_column("decision")
        batch_op.drop_column("decided_at")

    with op.batch_alter_table("case_moves", schema=None) as batch_op:
        batch_op.drop_column("actor")

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_who")
        batch_op.drop_index(
            "ix_audit_unlinked",
            sqlite_where=sa.text("linked_at IS NULL"),
            postgresql_where=sa.text("linked_at IS NULL"),
        )
        batch_op.drop_index("ix_audit_act")
        batch_op.drop_column("linked_at")

    with op.batch_alter_table("asks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_asks_association_conversation"))

    op.drop_table("votes")
    with op.batch_alter_table("topics", schema=None) as batch_op:
        batch_op.drop_index("uq_topics_topic", sqlite_where=sa.text("topic > 0"), postgresql_where=sa.text("topic > 0"))
        batch_op.drop_index(
            "ix_topics_live",
            sqlite_where=sa.text("state IN ('wanted', 'making', 'made', 'open', 'erasing')"),
            postgresql_where=sa.text("state IN ('wanted', 'making', 'made', 'open', 'erasing')"),
        )

    op.drop_table("topics")
    with op.batch_alter_table("topic_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_topic_lines_association_conversation"))

    op.drop_table("topic_lines")
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_staff_telegram",
            sqlite_where=sa.text("telegram_index IS NOT NULL"),
            postgresql_where=sa.text("telegram_index IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_staff_subject",
            sqlite_where=sa.text("subject_index IS NOT NULL"),
            postgresql_where=sa.text("subject_index IS NOT NULL"),
        )

    op.drop_table("staff")
    op.drop_table("sittings")
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_ins_association_staff"))

    op.drop_table("sign_ins")
    with op.batch_alter_table("sign_in_tries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_tries_at"))

    op.drop_table("sign_in_tries")
    op.drop_table("requirements")
    op.drop_table("reply_drafts")
    op.drop_table("reminders")
    op.drop_table("policy_versions")
    op.drop_table("policy_signatures")
    with op.batch_alter_table("pauses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pauses_association_case_id"))

    op.drop_table("pauses")
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notes_association_conversation"))
        batch_op.drop_index(batch_op.f("ix_notes_association_case_id"))

    op.drop_table("notes")
    op.drop_table("members")
    op.drop_table("looking")
    op.drop_table("invitations")
    op.drop_table("excluded")
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_entitlements_due",
            sqlite_where=sa.text("delivered_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL AND cancelled_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_entitlements_delivered",
            sqlite_where=sa.text("delivered_at IS NOT NULL"),
            postgresql_where=sa.text("delivered_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_entitlements_confirmed",
            sqlite_where=sa.text("confirmed_at IS NOT NULL"),
            postgresql_where=sa.text("confirmed_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_entitlements_association_case_id"))

    op.drop_table("entitlements")
    op.drop_table("documents")
    op.drop_table("codes")
    with op.batch_alter_table("checks", schema=None) as batch_op:
        batch_op.drop_index("ix_checks_at")
        batch_op.drop_index(
            "ix_checks_asked", sqlite_where=sa.text("outcome = 'asked'"), postgresql_where=sa.text("outcome = 'asked'")
        )

    op.drop_table("checks")
    op.drop_table("audit_links")
    op.drop_table("attendance")
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_appointments_requested",
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )
        batch_op.drop_index(
            "ix_appointments_reminder",
            sqlite_where=sa.text("state = 'confirmed' AND reminded_at IS NULL"),
            postgresql_where=sa.text("state = 'confirmed' AND reminded_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_appointments_open",
            sqlite_where=sa.text("state IN ('requested', 'offered', 'confirmed')"),
            postgresql_where=sa.text("state IN ('requested', 'offered', 'confirmed')"),
        )
        batch_op.drop_index(batch_op.f("ix_appointments_association_staff_starts"))
        batch_op.drop_index(batch_op.f("ix_appointments_association_conversation"))
        batch_op.drop_index(batch_op.f("ix_appointments_association_case_id"))

    op.drop_table("appointments")
    op.drop_table("agenda")
