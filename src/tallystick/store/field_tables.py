"""The tables of the field feed: which fields the systems have shown, and what changed about them.

Beside ``tables.py`` and of the same kind; a change of this file needs a revision as well.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Index, Integer, Table, Text

from tallystick.store.tables import metadata

field_sight: Final = Table(
    "field_sight",
    metadata,
    Column("system", Text, primary_key=True, nullable=False),
    Column("object", Text, primary_key=True, nullable=False),
    Column("field", Text, primary_key=True, nullable=False),
    Column("type", Text, nullable=False),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    sqlite_with_rowid=False,
)

field_change: Final = Table(
    "field_change",
    metadata,
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("now", Text, nullable=False),
    Column("mapped", Text, nullable=False),
    Column("breaking", BigInteger, nullable=False),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    Column("run", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided", Double, nullable=True),
    Column("ended", Double, nullable=True),
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        nullable=False,
    ),
    Index("field_change_of_object", "system", "object"),
)
