"""Incidents, reviews, what pagers said, who is on call."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at IS NOT NULL")
_BODY = sa.text("body IS NOT NULL")


def upgrade() -> None:
    op.add_column("requests", sa.Column("incident", sa.Text(), nullable=True))
    op.create_index("requests_by_incident", "requests", ["incident", "state"], unique=False)
    _incidents()
    _reviews()
    _deliveries()
    op.create_table(
        "on_call",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("schedule"),
    )
    op.create_table(
        "notices",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("pager", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_by_key", "incidents", ["pager", "key"], unique=True)
    op.create_index("incidents_by_state", "incidents", ["state", "opened_at"], unique=False)
    op.create_index("incidents_due", "incidents", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reviews_by_holder", "reviews", ["holder", "state"], unique=False)
    op.create_index("reviews_by_state", "reviews", ["state", "ends_at"], unique=False)
    op.create_index("reviews_due", "reviews", ["due_at"], sqlite_where=_DUE, postgresql_where=_DUE)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pager", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("deliveries_by_name", "deliveries", ["pager", "delivery"], unique=True)
    op.create_index("deliveries_waiting", "deliveries", ["number"], sqlite_where=_BODY, postgresql_where=_BODY)
