"""Holdings that their cloud changes in one piece are claimed together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WAITING = text("due_at IS NOT NULL AND together IS NOT NULL")


def upgrade() -> None:
    op.add_column("holdings", sa.Column("together", sa.Text(), nullable=True))
    op.create_index(
        "holdings_together",
        "holdings",
        ["together", "due_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
