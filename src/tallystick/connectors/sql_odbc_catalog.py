"""The catalogue of an ODBC source, read with ODBC's own calls and told the way SQLAlchemy's inspector does.

Drivers fill these tables with different care, so only what is plainly there is believed; a call that a driver does not
know tells nothing. Names that come from here are the only ones that get into statements.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, types

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$#]*")
_CASCADE: Final = 0
_TABLE_STATISTIC: Final = 0
# By ODBC's numbers; the dates twice, as version 2 and 3 have them.
_TYPES: Final[dict[int, Any]] = {
    -7: types.Boolean, -6: types.Integer, 5: types.Integer, 4: types.Integer, -5: types.BigInteger,
    2: types.Numeric, 3: types.Numeric, 6: types.Float, 7: types.Float, 8: types.Float,
    1: types.String, 12: types.String, -1: types.Text, -8: types.String, -9: types.String, -10: types.Text,
    -2: types.LargeBinary, -3: types.LargeBinary, -4: types.LargeBinary, -11: types.Uuid, -152: types.Text,
    9: types.Date, 91: types.Date, 10: types.Time, 92: types.Time, -154: types.Time, 11: types.DateTime,
    93: types.DateTime,
}  # fmt: skip
# Types that many drivers call a text or bytes, by the system's own name for them.
_NAMED: Final[tuple[tuple[re.Pattern[str], Any], ...]] = (
    (re.compile(r"bool"), types.Boolean),
    (re.compile(r"(decimal|numeric|number)\b"), types.Numeric),
    (re.compile(r"jsonb?$"), types.JSON),
    (re.compile(r"(uuid|uniqueidentifier)$"), types.Uuid),
)


class Catalog:
    """The part of a dialect that reads the catalogue."""

    database = ""
    can_quote = True
    default_schema_name: str | None

    def get_table_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Name the tables of a schema."""
        return [row.table_name for row in self._tables(connection, schema, "TABLE")]

    def get_view_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Name the views of a schema."""
        return [row.table_name for row in self._tables(connection, schema, "VIEW")]

    def get_columns(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """Describe the columns of a table, in their order."""
        key = self.get_pk_constraint(connection, table_name, schema)["constrained_columns"]
        # To some drivers the name is a pattern, in which a backslash takes the next character as it is.
        names = dict.fromkeys((table_name, table_name.replace("\\", "\\\\")))
        found = (self._ask(connection, "columns", table=name) for name in names)
        rows = next((own for each in found if (own := self._own(each, table_name, schema))), [])
        return [self._column(row, key) for row in rows if self._is_usable(row.column_name)]

    def _column(self, row: Any, key: list[str]) -> dict[str, Any]:
        kind = _type(row)
        given = None if str(row.column_def or "NULL").strip("() ").upper() == "NULL" else str(row.column_def)
        # ODBC does not tell whether the database numbers the rows; a lone integer key often is.
        may_be_numbered = key == [row.column_name] and isinstance(kind, types.Integer)
        return {
            "name": row.column_name,
            "type": kind,
            "nullable": row.nullable != 0 and row.column_name not in key,
            "default": given or ("drawn by the database" if may_be_numbered else None),
            "comment": row.remarks or None,
        }

    def get_pk_constraint(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Give the columns of the primary key, in its order."""
        found = self._ask(connection, "primaryKeys", table=table_name)
        rows = sorted((row for row in found if self._is_it(row, table_name, schema)), key=lambda row: row.key_seq)
        return {"constrained_columns": [row.column_name for row in rows], "name": rows[0].pk_name if rows else None}

    def get_indexes(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        """Give the indexes over plain columns of all rows."""
        columns = {column["name"] for column in self.get_columns(connection, table_name, schema)}
        found: dict[str, dict[str, Any]] = {}
        for row in self._ask(connection, "statistics", table=table_name):
            if row.type == _TABLE_STATISTIC or not self._is_it(row, table_name, schema):
                continue
            index = found.setdefault(
                str(row.index_name),
                {"name": row.index_name, "unique": row.non_unique == 0, "column_names": [], "whole": True},
            )
            index["column_names"].append(row.column_name)
            index["whole"] &= not row.filter_condition and row.column_name in columns
        return [index for index in found.values() if index.pop("whole")]

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[Any]:
        """Give the foreign keys, with what happens to the rows when the row that they point to is deleted."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._ask(connection, "foreignKeys", foreignTable=table_name):
            if row.fktable_name != table_name:
                continue
            # Some drivers give the keys no names; then a key begins with its first column.
            name = str(row.fk_name or "")
            same = name or f"{row.pktable_name} {len(found) if row.key_seq == 1 else len(found) - 1}"
            key = found.setdefault(same, {
                "name": name or None, "constrained_columns": [], "referred_table": row.pktable_name,
                "referred_schema": schema, "referred_columns": [],
                "options": {"ondelete": "CASCADE"} if row.delete_rule == _CASCADE else {},
            })  # fmt: skip
            key["constrained_columns"].append(row.fkcolumn_name)
            key["referred_columns"].append(row.pkcolumn_name)
        return list(found.values())

    def get_unique_constraints(self, *_: Any, **__: Any) -> list[Any]:
        """Give nothing: ODBC tells of unique indexes only."""
        return []

    def get_check_constraints(self, *_: Any, **__: Any) -> list[Any]:
        """Give nothing: ODBC does not tell of rules."""
        return []

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Whether there is such a table or view."""
        return any(row.table_name == table_name for row in self._tables(connection, schema, "TABLE", "VIEW"))

    def _tables(self, connection: Connection, schema: str | None, *kinds: str) -> Iterator[Any]:
        for row in self._ask(connection, "tables"):
            kind = str(row.table_type).upper()
            wanted = kind in kinds or ("VIEW" in kinds and kind.endswith("VIEW") and not kind.startswith("SYSTEM"))
            if wanted and self._is_here(row, schema) and self._is_usable(row.table_name):
                yield row

    def _is_usable(self, name: str) -> bool:
        """Whether a name can be put into a statement: without quotes only a plain one can."""
        return self.can_quote or bool(_PLAIN.fullmatch(name))

    def _is_it(self, row: Any, table: str, schema: str | None) -> bool:
        # The name that was asked for is a pattern to a driver: an underscore finds other tables too.
        return row.table_name == table and self._is_here(row, schema)

    def _own(self, rows: list[Any], table: str, schema: str | None) -> list[Any]:
        return [row for row in rows if self._is_it(row, table, schema)]

    def _is_here(self, row: Any, schema: str | None) -> bool:
        catalog, own = row.table_cat or "", row.table_schem or ""
        if not own:
            # Systems without schemas have databases in their place.
            return not catalog or catalog == (schema or self.database) or not (schema or self.database)
        wanted = schema or self.default_schema_name
        return own == wanted if wanted else True

    def _ask(self, connection: Connection, what: str, **names: str) -> list[Any]:
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        try:
            rows: list[Any] = getattr(cursor, what)(**names).fetchall()
        except Exception as error:
            odbc: Any = connection.dialect.dbapi
            if what in {"tables", "columns"} or not isinstance(error, odbc.Error):
                raise
            return []
        else:
            return rows
        finally:
            cursor.close()


def _type(row: Any) -> Any:
    name = str(row.type_name or "").lower()
    found = _TYPES.get(int(row.data_type), types.NullType)
    if issubclass(found, types.String | types.LargeBinary | types.NullType | types.Boolean):
        found = next((each for words, each in _NAMED if words.match(name)), found)
    if found is types.String:
        return types.String(row.column_size or None)
    return found()
