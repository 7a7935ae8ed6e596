"""Notices go with what they belong to: those of no case are found by their age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_notices_at", "notices")
    of_none = sa.text("case_id IS NULL")
    op.create_index("ix_notices_kept", "notices", ["association", "at"], sqlite_where=of_none, postgresql_where=of_none)
    # Of cases that were erased before notices went with them.
    op.execute(
        "DELETE FROM notices WHERE EXISTS (SELECT 1 FROM cases WHERE cases.association = notices.association"
        " AND cases.id = notices.case_id AND cases.erased_at IS NOT NULL)"
    )
    op.execute(
        "DELETE FROM legs WHERE NOT EXISTS (SELECT 1 FROM notices WHERE notices.association = legs.association"
        " AND notices.id = legs.notice)"
    )


def downgrade() -> None:
    op.drop_index("ix_notices_kept", "notices")
    op.create_index("ix_notices_at", "notices", ["association", "at"])
