"""Asking and listening: waves of surveys and broadcasts, answers, improvements."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "answer_words",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("association", "word", "response", "question", name=op.f("pk_answer_words")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "answers",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("response", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("tag", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("association", "response", "question", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_answers_tag",
            ["association", "question", "tag", "response"],
            unique=False,
            sqlite_where=sa.text("tag <> ''"),
            postgresql_where=sa.text("tag <> ''"),
        )

    op.create_table(
        "improvement_sources",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("improvement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("response", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint(
            "association", "improvement", "response", "question", name=op.f("pk_improvement_sources")
        ),
    )
    with op.batch_alter_table("improvement_sources", schema=None) as batch_op:
        batch_op.create_index("ix_improvement_sources_response", ["association", "response", "question"], unique=False)

    op.create_table(
        "improvements",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("survey", sa.Text(), server_default="", nullable=False),
        sa.Column("wave", sa.BigInteger(), nullable=True),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=True),
        sa.Column("action", sa.LargeBinary(), nullable=True),
        sa.Column("effect", sa.LargeBinary(), nullable=True),
        sa.Column("published", sa.LargeBinary(), nullable=True),
        sa.Column("owner", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_improvements")),
    )
    with op.batch_alter_table("improvements", schema=None) as batch_op:
        batch_op.create_index(
            "ix_improvements_published",
            ["association", "published_at"],
            unique=False,
            sqlite_where=sa.text("published_at IS NOT NULL"),
            postgresql_where=sa.text("published_at IS NOT NULL"),
        )
        batch_op.create_index("ix_improvements_state", ["association", "state", "id"], unique=False)

    op.create_table(
        "recipients",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("wave", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("reminders", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("notice", sa.BigInteger(), nullable=True),
        sa.Column("response", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "wave", "conversation", name=op.f("pk_recipients")),
    )
    with op.batch_alter_table("recipients", schema=None) as batch_op:
        batch_op.create_index(
            "ix_recipients_due",
            ["association", "wave", "channel", "due"],
            unique=False,
            sqlite_where=sa.text("due IS NOT NULL"),
            postgresql_where=sa.text("due IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_recipients_notice",
            ["association", "notice"],
            unique=False,
            sqlite_where=sa.text("notice IS NOT NULL"),
            postgresql_where=sa.text("notice IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_recipients_person",
            ["association", "beneficiary", "wave"],
            unique=False,
            sqlite_where=sa.text("beneficiary IS NOT NULL"),
            postgresql_where=sa.text("beneficiary IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_recipients_response",
            ["association", "response"],
            unique=False,
            sqlite_where=sa.text("response IS NOT NULL"),
            postgresql_where=sa.text("response IS NOT NULL"),
        )
        batch_op.create_index("ix_recipients_state", ["association", "wave", "state"], unique=False)

    op.create_table(
        "responses",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("survey", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("day", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("finished", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("staff", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_responses")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("responses", schema=None) as batch_op:
        batch_op.create_index("ix_responses_wave", ["association", "wave", "id"], unique=False)

    op.create_table(
        "totals",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("wave", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("many", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("association", "wave", "question", "segment", "value", "score", name=op.f("pk_totals")),
    )
    op.create_table(
        "visits",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("office", sa.LargeBinary(), nullable=True),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("actions", sa.LargeBinary(), nullable=True),
        sa.Column("by", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("followed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("ix_visits_day", ["association", "day"], unique=False)

    op.create_table(
        "waves",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("survey", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("period", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rolling", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("audience", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.BigInteger(), nullable=True),
        sa.Column("needs_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("filled_to", sa.BigInteger(), nullable=True),
        sa.Column("filled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_waves")),
    )
    with op.batch_alter_table("waves", schema=None) as batch_op:
        batch_op.create_index("ix_waves_at", ["association", "kind", "at"], unique=False)
        batch_op.create_index(
            "ix_waves_open",
            ["association", "state"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_index(
            "ix_waves_period",
            ["association", "survey", "period"],
            unique=True,
            sqlite_where=sa.text("period <> ''"),
            postgresql_where=sa.text("period <> ''"),
        )

    with op.batch_alter_table("case_moves", schema=None) as batch_op:
        batch_op.create_index(
            "ix_case_moves_delivered",
            ["association", "at"],
            unique=False,
            sqlite_where=sa.text("to_stage = 'delivered'"),
            postgresql_where=sa.text("to_stage = 'delivered'"),
        )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.Text(), server_default="ar", nullable=False))

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_messages_cost",
            ["association", "channel", "at", "cost"],
            unique=False,
            sqlite_where=sa.text("cost <> ''"),
            postgresql_where=sa.text("cost <> ''"),
        )


def downgrade() -> None:

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_messages_cost", sqlite_where=sa.text("cost <> ''"), postgresql_where=sa.text("cost <> ''")
        )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("language")

    with op.batch_alter_table("case_moves", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_case_moves_delivered",
            sqlite_where=sa.text("to_stage = 'delivered'"),
            postgresql_where=sa.text("to_stage = 'delivered'"),
        )

    with op.batch_alter_table("waves", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_waves_period", sqlite_where=sa.text("period <> ''"), postgresql_where=sa.text("period <> ''")
        )
        batch_op.drop_index(
            "ix_waves_open", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
        )
        batch_op.drop_index("ix_waves_at")

    op.drop_table("waves")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index("ix_visits_day")

    op.drop_table("visits")
    op.drop_table("totals")
    with op.batch_alter_table("responses", schema=None) as batch_op:
        batch_op.drop_index("ix_responses_wave")

    op.drop_table("responses")
    with op.batch_alter_table("recipients", schema=None) as batch_op:
        batch_op.drop_index("ix_recipients_state")
        batch_op.drop_index(
            "ix_recipients_response",
            sqlite_where=sa.text("response IS NOT NULL"),
            postgresql_where=sa.text("response IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_recipients_person",
            sqlite_where=sa.text("beneficiary IS NOT NULL"),
            postgresql_where=sa.text("beneficiary IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_recipients_notice",
            sqlite_where=sa.text("notice IS NOT NULL"),
            postgresql_where=sa.text("notice IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_recipients_due", sqlite_where=sa.text("due IS NOT NULL"), postgresql_where=sa.text("due IS NOT NULL")
        )

    op.drop_table("recipients")
    with op.batch_alter_table("improvements", schema=None) as batch_op:
        batch_op.drop_index("ix_improvements_state")
        batch_op.drop_index(
            "ix_improvements_published",
            sqlite_where=sa.text("published_at IS NOT NULL"),
            postgresql_where=sa.text("published_at IS NOT NULL"),
        )

    op.drop_table("improvements")
    with op.batch_alter_table("improvement_sources", schema=None) as batch_op:
        batch_op.drop_index("ix_improvement_sources_response")

    op.drop_table("improvement_sources")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_index("ix_answers_tag", sqlite_where=sa.text("tag <> ''"), postgresql_where=sa.text("tag <> ''"))

    op.drop_table("answers")
    op.drop_table("answer_words")
