"""Revision 8: a system's own word for how far it was read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns. A side that has no token yet is asked by time, as before."""
    op.add_column("cursor", sa.Column("token", sa.Text, nullable=True))
    op.add_column("sweep_window", sa.Column("token", sa.Text, nullable=True))
