"""Revision 2: sweeps that go on, keys of unpaired records, states that are over, an index of deletions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PAIR_AND_SIDE = ("pair", "side")


def upgrade() -> None:
    """Add the tables. Revision 1 never wrote a sweep in progress, so that table is made anew."""
    op.drop_table("sweep_window")
    op.create_table(
        "sweep_window",
        *_texts("pair", "side"),
        *_wholes("full"),
        sa.Column("since", sa.Double, nullable=True),
        sa.Column("position", sa.Text, nullable=True),
        sa.Column("snow0", sa.Double, nullable=True),
        sa.Column("high", sa.Double, nullable=True),
        *_wholes("listed", "distinct", "pages", "marked", "restarts"),
        sa.Column("started", sa.Double, nullable=False),
        *_wholes("mapping", "ids"),
        sa.PrimaryKeyConstraint(*_PAIR_AND_SIDE),
    )
    op.create_table(
        "sweep_seen",
        *_texts("pair", "side"),
        *_wholes("number"),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(*_PAIR_AND_SIDE, "number"),
    )
    op.create_table(
        "lone_key",
        *_texts("pair", "side", "id"),
        *_wholes("rule", "hash"),
        sa.PrimaryKeyConstraint(*_PAIR_AND_SIDE, "id", "rule"),
        sqlite_with_rowid=False,
    )
    op.create_index("lone_key_hash", "lone_key", [*_PAIR_AND_SIDE, "rule", "hash"])
    op.create_table(
        "superseded",
        *_texts("pair", "side", "id", "version"),
        *_wholes("digest"),
        sa.Column("modified", sa.Double, nullable=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint(*_PAIR_AND_SIDE, "id", "version", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("superseded_at", "superseded", ["pair", "at"])
    deletions = sa.text("op IN ('delete', 'archive')")
    op.create_index(
        "ledger_deletions", "ledger", [*_PAIR_AND_SIDE, "at"], sqlite_where=deletions, postgresql_where=deletions
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _wholes(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False) for name in names]
