"""People at a terminal log in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("waits_until", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("logins_by_device", "logins", ["device"], unique=True)
    op.create_index("logins_by_code", "logins", ["code"], unique=True)
    op.create_index("logins_by_token", "logins", ["token"], unique=True)
    op.create_index("logins_by_person", "logins", ["person"], unique=False)
    op.create_index("logins_by_wait", "logins", ["waits_until"], unique=False)
