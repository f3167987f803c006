"""Revision 7: which fields the systems have shown, and what changed about them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "field_sight",
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("first", sa.Double, nullable=False),
        sa.Column("last", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("system", "object", "field"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "field_change",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("system", "object", "field", "change")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("was", "now", "mapped")),
        sa.Column("breaking", sa.BigInteger, nullable=False),
        sa.Column("first", sa.Double, nullable=False),
        sa.Column("last", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("run", "decision", "decided_by")),
        sa.Column("decided", sa.Double, nullable=True),
        sa.Column("ended", sa.Double, nullable=True),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("field_change_of_object", "field_change", ["system", "object"])
