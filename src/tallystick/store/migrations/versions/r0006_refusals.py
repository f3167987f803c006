"""Revision 6: what systems refused and why, of which rules are learned."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "refusal",
        sa.Column("pair", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("first", sa.Double, nullable=False),
        sa.Column("last", sa.Double, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=True),
        sa.Column("dropped", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("pair", "side", "field", "said"),
    )
