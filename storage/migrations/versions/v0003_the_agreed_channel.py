"""The agreed channel: notices and the ways they are tried, what staff must do, templates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "legs",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("notice", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("task", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "notice", "step", name=op.f("pk_legs")),
    )
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_legs_task",
            ["association", "task"],
            unique=False,
            sqlite_where=sa.text("task IS NOT NULL"),
            postgresql_where=sa.text("task IS NOT NULL"),
        )

    op.create_table(
        "notices",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_at", ["association", "at"], unique=False)
        batch_op.create_index("ix_notices_case", ["association", "case_id"], unique=False)
        batch_op.create_index("ix_notices_conversation", ["association", "conversation", "at"], unique=False)
        batch_op.create_index(
            "ix_notices_due",
            ["due"],
            unique=False,
            sqlite_where=sa.text("due IS NOT NULL"),
            postgresql_where=sa.text("due IS NOT NULL"),
        )
        batch_op.create_index("ix_notices_state", ["association", "state", "id"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("notice", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation", sa.BigInteger(), nullable=True),
        sa.Column("beneficiary", sa.BigInteger(), nullable=True),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("women_only", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("staff", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("association", "id", name=op.f("pk_tasks")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_case", ["association", "case_id"], unique=False)
        batch_op.create_index("ix_tasks_notice", ["association", "notice"], unique=False)
        batch_op.create_index(
            "ix_tasks_open",
            ["association", "due", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "ix_tasks_over",
            ["association", "done_at", "id"],
            unique=False,
            sqlite_where=sa.text("state <> 'open'"),
            postgresql_where=sa.text("state <> 'open'"),
        )

    op.create_table(
        "templates",
        sa.Column("association", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), server_default="", nullable=False),
        sa.Column("serving", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("association", "kind", "language", name=op.f("pk_templates")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", sa.BigInteger(), server_default="0", nullable=False))

    with op.batch_alter_table("agenda", schema=None) as batch_op:
        batch_op.add_column(sa.Column("joint", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("how", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proven_at", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notice", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("cost", sa.Text(), server_default="", nullable=False))
        batch_op.create_index(
            "ix_messages_backlog",
            ["association", "channel", "at", "not_before", "state"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "ix_messages_leased",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.create_index(
            "ix_messages_moved",
            ["association", "channel", "updated", "state", "error", "direction"],
            unique=False,
            sqlite_where=sa.text("direction = 'out' AND state NOT IN ('queued', 'sending')"),
            postgresql_where=sa.text("direction = 'out' AND state NOT IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "ix_messages_notice",
            ["association", "notice"],
            unique=False,
            sqlite_where=sa.text("notice IS NOT NULL"),
            postgresql_where=sa.text("notice IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_messages_queued",
            ["association", "channel", "lane", "id", "not_before"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )


def downgrade() -> None:

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_messages_queued", sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'")
        )
        batch_op.drop_index(
            "ix_messages_notice",
            sqlite_where=sa.text("notice IS NOT NULL"),
            postgresql_where=sa.text("notice IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_messages_moved",
            sqlite_where=sa.text("direction = 'out' AND state NOT IN ('queued', 'sending')"),
            postgresql_where=sa.text("direction = 'out' AND state NOT IN ('queued', 'sending')"),
        )
        batch_op.drop_index(
            "ix_messages_leased",
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.drop_index(
            "ix_messages_backlog",
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.drop_column("cost")
        batch_op.drop_column("notice")

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("proven_at")

    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_column("how")

    with op.batch_alter_table("agenda", schema=None) as batch_op:
        batch_op.drop_column("joint")

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("paused_at")

    op.drop_table("templates")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tasks_over", sqlite_where=sa.text("state <> 'open'"), postgresql_where=sa.text("state <> 'open'")
        )
        batch_op.drop_index(
            "ix_tasks_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_tasks_notice")
        batch_op.drop_index("ix_tasks_case")

    op.drop_table("tasks")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_state")
        batch_op.drop_index(
            "ix_notices_due", sqlite_where=sa.text("due IS NOT NULL"), postgresql_where=sa.text("due IS NOT NULL")
        )
        batch_op.drop_index("ix_notices_conversation")
        batch_op.drop_index("ix_notices_case")
        batch_op.drop_index("ix_notices_at")

    op.drop_table("notices")
    with op.batch_alter_table("legs", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_legs_task", sqlite_where=sa.text("task IS NOT NULL"), postgresql_where=sa.text("task IS NOT NULL")
        )

    op.drop_table("legs")
