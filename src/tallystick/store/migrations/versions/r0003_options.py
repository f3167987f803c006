"""Revision 3: which select option a parked field has that the mapping does not know."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = ("pair", "side", "record", "field")
_KEPT = (
    "pair, side, record, field, code, message, hint, binding, left_seen, right_seen, mapping, attempts, since,"
    " waits_for, number"
)


def upgrade() -> None:
    """Make the table anew with the column; what is parked already tells its option when it is looked at again."""
    op.execute(f"CREATE TEMPORARY TABLE parked AS SELECT {_KEPT} FROM quarantine")
    op.drop_table("quarantine")
    op.create_table(
        "quarantine",
        *_texts(*_KEY, "code", "message", "hint"),
        *(sa.Column(name, sa.BigInteger, nullable=True) for name in ("binding", "left_seen", "right_seen")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("mapping", "attempts")),
        sa.Column("since", sa.Double, nullable=False),
        *_texts("waits_for", "option"),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY),
    )
    op.create_index("quarantine_of_binding", "quarantine", ["binding"])
    op.execute(f"INSERT INTO quarantine ({_KEPT}, option) SELECT {_KEPT}, '' FROM parked")
    op.execute("DROP TABLE parked")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
