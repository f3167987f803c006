"""The table of what systems refused and why: words and counts, never a value of a record."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Table, Text

from tallystick.store.tables import metadata

refusal: Final = Table(
    "refusal",
    metadata,
    Column("pair", Text, primary_key=True, nullable=False),
    Column("side", Text, primary_key=True, nullable=False),
    Column("field", Text, primary_key=True, nullable=False),
    Column("said", Text, primary_key=True, nullable=False),
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("seen", BigInteger, nullable=True),
    Column("dropped", Double, nullable=True),
)
