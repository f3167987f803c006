"""The tables of the store: what is kept, under which key, and which rows exclude each other.

Only four column types are used (whole number, double, text, bytes), because SQLite's and PostgreSQL's drivers take and
give these as they are, without a conversion for each value. Payloads (bases) are kept apart from facts, so that they
can be erased alone. A change of this file needs a revision in ``migrations/`` and a new ``REVISION``.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    event,
    text,
)

REVISION: Final = "0008"
VERSION_TABLE: Final = "tally_version"

# States in which an id belongs to its binding alone.
LIVE: Final = frozenset({"half", "parked", "linked", "dormant"})

metadata: Final = MetaData()


def _text(name: str, *, key: bool = False, optional: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=optional)


def _whole(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _number(name: str) -> Column[int]:
    # SQLite makes a column the row's own number, which needs no index, only if its type is spelled INTEGER.
    return Column(
        name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False, nullable=False
    )


def _double(name: str, *, optional: bool = False) -> Column[float]:
    return Column(name, Double, nullable=optional)


def _bytes(name: str, *, optional: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=optional)


# One row a binding, the facts of both legs side by side: a sweep compares without a join (PERFORMANCE: link table).
# The hashes stand in front because they are what whole columns are read of. ``ended`` is 0 while the pairing lives and
# the binding's own id afterwards, so one unique index a side both finds every binding of an id and lets only one live.
binding: Final = Table(
    "binding",
    metadata,
    _number("id"),
    _text("state"),
    _whole("left_raw_hash", optional=True),
    _whole("right_raw_hash", optional=True),
    _text("pair"),
    _whole("gen"),
    _text("flags"),
    _whole("ended"),
    _text("left_id", optional=True),
    _text("left_version", optional=True),
    _double("left_modified", optional=True),
    _whole("left_digest", optional=True),
    _double("left_absent_since", optional=True),
    _text("right_id", optional=True),
    _text("right_version", optional=True),
    _double("right_modified", optional=True),
    _whole("right_digest", optional=True),
    _double("right_absent_since", optional=True),
    Index("binding_left", "pair", "left_id", "ended", unique=True),
    Index("binding_right", "pair", "right_id", "ended", unique=True),
)


def _partial(name: str, where: str, *columns: Column[Any]) -> None:
    """Index only some rows of a table."""
    index = Index(name, *columns, sqlite_where=text(where))

    @event.listens_for(columns[0].table, "before_create")
    def _keep(_table: Table, connection: Connection, **_: Any) -> None:
        # Said only when PostgreSQL makes the table: written above, it would load that dialect at every start.
        if connection.dialect.name == "postgresql":
            index.dialect_kwargs["postgresql_where"] = text(where)


_partial("binding_linked", "state = 'linked'", binding.c.pair, binding.c.id)
# Few rows of very many, asked for in each run: without these a run walks the whole pair in the random order of its ids.
_partial("binding_dormant", "state = 'dormant'", binding.c.pair)
_partial("binding_left_absent", "left_absent_since IS NOT NULL", binding.c.pair)
_partial("binding_right_absent", "right_absent_since IS NOT NULL", binding.c.pair)


base: Final = Table(
    "base",
    metadata,
    Column(
        "binding",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("binding.id", name="base_of_binding", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        nullable=False,
    ),
    _whole("left_shape"),
    _bytes("left_payload", optional=True),
    _whole("right_shape"),
    _bytes("right_payload", optional=True),
)

former_id: Final = Table(
    "former_id",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("id", key=True),
    _whole("binding"),
    _bytes("left_base", optional=True),
    _bytes("right_base", optional=True),
    _whole("shape"),
    _double("since"),
    sqlite_with_rowid=False,
)

match_key: Final = Table(
    "match_key",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("id", key=True),
    Column("rule", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _whole("hash"),
    Index("match_key_hash", "pair", "side", "rule", "hash"),
    sqlite_with_rowid=False,
)

# ``seq`` changes at every mark; ``place`` stays where the record first queued up, so that a record that is
# marked again and again does not fall back behind all others.
dirty: Final = Table(
    "dirty",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("id", key=True),
    _text("reason"),
    _double("not_before"),
    _whole("attempts"),
    _whole("seq"),
    _whole("place"),
    Index("dirty_place", "pair", "side", "place"),
    sqlite_with_rowid=False,
)

sweep_window: Final = Table(
    "sweep_window",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _whole("full"),
    _double("since", optional=True),
    _text("position", optional=True),
    _double("snow0", optional=True),
    _double("high", optional=True),
    _whole("listed"),
    _whole("distinct"),
    _whole("pages"),
    _whole("marked"),
    _whole("restarts"),
    _double("started"),
    _whole("mapping"),
    _whole("ids"),
    _text("token", optional=True),
)

# Which known records a sweep in progress has shown: their raw hashes, 8 bytes each, one row a save.
sweep_seen: Final = Table(
    "sweep_seen",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _bytes("hashes"),
)

# Match keys of records that are paired with nobody: a window shows only what changed, and would not show them.
lone_key: Final = Table(
    "lone_key",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("id", key=True),
    Column("rule", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _whole("hash"),
    Index("lone_key_hash", "pair", "side", "rule", "hash"),
    sqlite_with_rowid=False,
)

superseded: Final = Table(
    "superseded",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("id", key=True),
    _text("version", key=True),
    Column("digest", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _double("modified", optional=True),
    _double("at"),
    Index("superseded_at", "pair", "at"),
    sqlite_with_rowid=False,
)

cursor: Final = Table(
    "cursor",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _double("high", optional=True),
    _double("full_at", optional=True),
    _whole("full_count", optional=True),
    _text("token", optional=True),
)

pair_state: Final = Table(
    "pair_state",
    metadata,
    _text("pair", key=True),
    _whole("mapping"),
    _whole("scope"),
    _double("not_before"),
    _text("names"),
)

intent: Final = Table(
    "intent",
    metadata,
    _text("id", key=True),
    _whole("binding"),
    _text("pair"),
    _text("side"),
    _text("op"),
    _bytes("body"),
    _text("key"),
    _text("origin", optional=True),
    _text("target", optional=True),
    _text("reason"),
    _text("pre_version", optional=True),
    _bytes("sent", optional=True),
    _bytes("source", optional=True),
    _whole("shape"),
    _whole("attempt"),
    _double("first_sent"),
    _double("sent_at"),
    _whole("fence"),
    _whole("number"),
    Index("intent_of_leg", "binding", "side", unique=True),
    Index("intent_of_pair", "pair", "number"),
)

journal: Final = Table(
    "journal",
    metadata,
    _number("number"),
    _whole("binding"),
    _text("side"),
    _text("field"),
    _bytes("value"),
    _text("reason"),
    _text("run"),
    _double("at"),
    _double("expires"),
    Index("journal_of_binding", "binding"),
    Index("journal_expires", "expires"),
)

queue: Final = Table(
    "queue",
    metadata,
    _text("kind"),
    _text("pair"),
    _text("subject"),
    _text("field"),
    _text("detail"),
    _whole("binding", optional=True),
    _whole("left_seen", optional=True),
    _whole("right_seen", optional=True),
    _double("since"),
    _number("id"),
    Index("queue_question", "pair", "kind", "subject", "field", unique=True),
    Index("queue_of_binding", "binding"),
)

quarantine: Final = Table(
    "quarantine",
    metadata,
    _text("pair", key=True),
    _text("side", key=True),
    _text("record", key=True),
    _text("field", key=True),
    _text("code"),
    _text("message"),
    _text("hint"),
    _whole("binding", optional=True),
    _whole("left_seen", optional=True),
    _whole("right_seen", optional=True),
    _whole("mapping"),
    _whole("attempts"),
    _double("since"),
    _text("waits_for"),
    _text("option"),
    _whole("number"),
    Index("quarantine_of_binding", "binding"),
)

ledger: Final = Table(
    "ledger",
    metadata,
    _number("number"),
    _text("run"),
    _text("pair"),
    _text("side"),
    _text("record"),
    _whole("binding", optional=True),
    _text("op"),
    _text("reason"),
    _whole("before", optional=True),
    _whole("after", optional=True),
    _double("at"),
    _bytes("digest"),
    Index("ledger_of_binding", "binding"),
    Index("ledger_of_run", "run"),
)
# Few rows, asked for before every deletion: how many there were in a day.
_partial("ledger_deletions", "op IN ('delete', 'archive')", ledger.c.pair, ledger.c.side, ledger.c.at)


run: Final = Table(
    "run",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _double("started"),
    _double("ended", optional=True),
    _text("outcome"),
    _text("counts"),
    _whole("number"),
)

lease: Final = Table(
    "lease",
    metadata,
    _text("pair", key=True),
    _text("owner"),
    _whole("fence"),
    _double("expires"),
)

finding: Final = Table(
    "finding",
    metadata,
    _number("number"),
    _text("question"),
    _double("at"),
    _text("body"),
    Index("finding_of_question", "question", "at", "number"),
)

# Numbers that are given out once and never again, whatever is deleted in between.
counter: Final = Table("counter", metadata, _text("name", key=True), _whole("value"))

# The calls that were made to a system, by the hour: what a quota of a day is held against.
calls: Final = Table(
    "calls",
    metadata,
    _text("account", key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    _whole("number"),
)

# Which revision these tables are of; alembic's own table, under a name that no other program's alembic uses.
version: Final = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
