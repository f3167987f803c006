"""Revision 1: all tables of the first release, written down a second time so that ``tables.py`` may move on."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SIDE: Final = "id text?, version text?, modified double?, digest whole?, absent_since double?"
_LEGS: Final = ", ".join(f"{side}_{column.strip()}" for side in ("left", "right") for column in _SIDE.split(","))

# Columns in their order; "?" may be empty. Then the primary key.
_TABLES: Final = {
    "binding": (
        (
            f"id number, state text, left_raw_hash whole?, right_raw_hash whole?, pair text, gen whole, flags text,"
            f" ended whole, {_LEGS}"
        ),
        "id",
    ),
    "base": (
        "binding number, left_shape whole, left_payload bytes?, right_shape whole, right_payload bytes?",
        "binding",
    ),
    "former_id": (
        "pair text, side text, id text, binding whole, left_base bytes?, right_base bytes?, shape whole, since double",
        "pair side id",
    ),
    "match_key": ("pair text, side text, id text, rule whole, hash whole", "pair side id rule"),
    "dirty": (
        "pair text, side text, id text, reason text, not_before double, attempts whole, seq whole, place whole",
        "pair side id",
    ),
    "sweep_window": (
        "pair text, side text, full whole, since double?, position text?, snow0 double?, high double?, listed whole",
        "pair side",
    ),
    "cursor": ("pair text, side text, high double?, full_at double?, full_count whole?", "pair side"),
    "pair_state": ("pair text, mapping whole, scope whole, not_before double, names text", "pair"),
    "intent": (
        (
            "id text, binding whole, pair text, side text, op text, body bytes, key text, origin text?,"
            " target text?, reason text, pre_version text?, sent bytes?, source bytes?, shape whole, attempt whole,"
            " first_sent double,"
            " sent_at double, fence whole, number whole"
        ),
        "id",
    ),
    "journal": (
        (
            "number number, binding whole, side text, field text, value bytes, reason text, run text, at double,"
            " expires double"
        ),
        "number",
    ),
    "queue": (
        (
            "kind text, pair text, subject text, field text, detail text, binding whole?, left_seen whole?,"
            " right_seen whole?, since double, id number"
        ),
        "id",
    ),
    "quarantine": (
        (
            "pair text, side text, record text, field text, code text, message text, hint text, binding whole?,"
            " left_seen whole?, right_seen whole?, mapping whole, attempts whole, since double, waits_for text,"
            " number whole"
        ),
        "pair side record field",
    ),
    "ledger": (
        (
            "number number, run text, pair text, side text, record text, binding whole?, op text, reason text,"
            " before whole?, after whole?, at double, digest bytes"
        ),
        "number",
    ),
    "run": ("id text, kind text, started double, ended double?, outcome text, counts text, number whole", "id"),
    "lease": ("pair text, owner text, fence whole, expires double", "pair"),
    "finding": ("number number, question text, at double, body text", "number"),
    "counter": ("name text, value whole", "name"),
}
_WITHOUT_ROWID: Final = {"former_id", "match_key", "dirty"}
_TYPES: Final[dict[str, Any]] = {
    "text": sa.Text(),
    "whole": sa.BigInteger(),
    "number": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "double": sa.Double(),
    "bytes": sa.LargeBinary(),
}
_INDEXES: Final = {
    "binding_left": ("binding", "pair left_id ended", True),
    "binding_right": ("binding", "pair right_id ended", True),
    "match_key_hash": ("match_key", "pair side rule hash", False),
    "dirty_place": ("dirty", "pair side place", False),
    "intent_of_leg": ("intent", "binding side", True),
    "intent_of_pair": ("intent", "pair number", False),
    "journal_of_binding": ("journal", "binding", False),
    "journal_expires": ("journal", "expires", False),
    "queue_question": ("queue", "pair kind subject field", True),
    "queue_of_binding": ("queue", "binding", False),
    "quarantine_of_binding": ("quarantine", "binding", False),
    "ledger_of_binding": ("ledger", "binding", False),
    "ledger_of_run": ("ledger", "run", False),
    "finding_of_question": ("finding", "question at number", False),
}


def upgrade() -> None:
    """Make all tables."""
    for name, (columns, key) in _TABLES.items():
        parts: list[Any] = [_column(text) for text in columns.split(",")]
        parts.append(sa.PrimaryKeyConstraint(*key.split()))
        if name == "base":
            parts.append(
                sa.ForeignKeyConstraint(["binding"], ["binding.id"], name="base_of_binding", ondelete="CASCADE")
            )
        op.create_table(name, *parts, sqlite_with_rowid=name not in _WITHOUT_ROWID)
    for name, (table, columns, is_unique) in _INDEXES.items():
        op.create_index(name, table, columns.split(), unique=is_unique)
    linked = sa.text("state = 'linked'")
    op.create_index("binding_linked", "binding", ["pair", "id"], sqlite_where=linked, postgresql_where=linked)


def _column(text: str) -> sa.Column[Any]:
    name, kind = text.split()
    return sa.Column(name, _TYPES[kind.removesuffix("?")], nullable=kind.endswith("?"), autoincrement=False)
