"""Any ODBC source as a SQLAlchemy dialect that takes nothing for granted.

What differs between the systems behind ODBC and has no standard answer is asked of the source itself, once, with
questions that change nothing: how a number of rows is asked for, how the clock is read, how the number is told that
an insert drew. The catalogue is read with ODBC's own calls.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import default
from sqlalchemy.sql import compiler

from tallystick.connectors.sql_clock import CLOCKS
from tallystick.connectors.sql_odbc_catalog import Catalog
from tallystick.core.error import ProjectError

_LIMITS: Final = (
    ("LIMIT", "SELECT tally_one FROM (SELECT 1 AS tally_one{dual}) tally ORDER BY tally_one LIMIT 1"),
    ("FETCH", "SELECT tally_one FROM (SELECT 1 AS tally_one{dual}) tally ORDER BY tally_one FETCH FIRST 1 ROWS ONLY"),
    ("TOP", "SELECT TOP 1 tally_one FROM (SELECT 1 AS tally_one{dual}) tally ORDER BY tally_one"),
    ("FIRST", "SELECT FIRST 1 tally_one FROM (SELECT 1 AS tally_one{dual}) tally ORDER BY tally_one"),
)
_DUALS: Final = ("", " FROM dual", " FROM SYSIBM.SYSDUMMY1", " FROM RDB$DATABASE", " FROM systables WHERE tabid = 1")
_NUMBERS: Final = (
    "SELECT @@IDENTITY",
    "SELECT last_insert_rowid()",
    "SELECT LAST_INSERT_ID()",
    "SELECT IDENTITY_VAL_LOCAL() FROM SYSIBM.SYSDUMMY1",
    "SELECT DBINFO('sqlca.sqlerrd1') FROM systables WHERE tabid = 1",
    "CALL IDENTITY()",
)
_SCHEMAS: Final = ("SELECT CURRENT_SCHEMA", "SELECT SCHEMA_NAME()", "SELECT CURRENT SCHEMA FROM SYSIBM.SYSDUMMY1")


class OdbcCompiler(compiler.SQLCompiler):
    """Spells the few things for which ODBC's systems have different words."""

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """Limit the rows at the end of a statement, where the source has such words."""
        rows, style = self._number(select, kw), cast("OdbcDialect", self.dialect).limits
        return (
            f"\n LIMIT {rows}" if style == "LIMIT" else f"\n FETCH FIRST {rows} ROWS ONLY" if style == "FETCH" else ""
        )

    def get_select_precolumns(self, select: Any, **kw: Any) -> str:
        """Limit the rows at the start of a statement, where the source has such words."""
        words: str = super().get_select_precolumns(select, **kw)
        style = cast("OdbcDialect", self.dialect).limits
        rows = self._number(select, kw) if style in {"TOP", "FIRST"} else ""
        return f"{words}{style} {rows} " if rows else words

    def _number(self, select: Any, kw: dict[str, Any]) -> str:
        """Write the number of rows into the statement: many a system takes no parameter there."""
        clause = select._limit_clause  # noqa: SLF001 - the way of every dialect
        if clause is None:
            return ""
        return self.process(
            clause.render_literal_execute() if hasattr(clause, "render_literal_execute") else clause, **kw
        )

    def for_update_clause(self, select: Any, **kw: Any) -> str:  # noqa: ARG002 - SQLAlchemy's own form
        """Say nothing: a transaction that writes is serializable instead, which is ODBC's own word for it."""
        return ""


class OdbcDialect(Catalog, default.DefaultDialect):
    """What is known of one source. ``limits``, ``clock`` and ``last_number`` are empty where it has nothing for it."""

    name = "odbc"
    driver = "pyodbc"
    default_paramstyle = "qmark"
    statement_compiler = OdbcCompiler
    supports_statement_cache = True
    supports_sane_rowcount = False
    supports_native_boolean = True
    supports_default_values = True
    limits = ""
    clock = ""
    last_number = ""
    is_atomic = True
    system = ""
    isolation: tuple[int, int] | None = None
    max_identifier_length = 128

    @classmethod
    def import_dbapi(cls) -> Any:
        """Give the driver's module."""
        import pyodbc

        return pyodbc

    def initialize(self, connection: Connection) -> None:
        """Ask the source what it can do."""
        odbc: Any = self.dbapi
        driver: Any = connection.connection.driver_connection
        self.system = str(_told(driver, odbc.SQL_DBMS_NAME) or "")
        mark = str(_told(driver, odbc.SQL_IDENTIFIER_QUOTE_CHAR) or "").strip()
        ending = {"[": "]"}.get(mark, mark)
        self.identifier_preparer = compiler.IdentifierPreparer(self, mark, ending, ending)
        self.can_quote = bool(mark)
        self.is_atomic = bool(_told(driver, odbc.SQL_TXN_CAPABLE))
        self.isolation = _isolation(odbc, driver) if self.is_atomic else None
        self._learn(driver)
        self.database = str(_told(driver, odbc.SQL_DATABASE_NAME) or "")
        has_schemas = bool(_told(driver, odbc.SQL_SCHEMA_USAGE))
        self.default_schema_name = str(self._answer(driver, _SCHEMAS) or "") or None if has_schemas else None

    def _learn(self, driver: Any) -> None:
        for style, query in _LIMITS:
            if any(_works(driver, query.format(dual=dual)) for dual in _DUALS):
                self.limits = style
                break
        # The likeliest comes first, so that a source seldom hears what it does not understand.
        likely = sorted(CLOCKS, key=lambda name: not self._is_named(name))
        self.clock = next((CLOCKS[name] for name in likely if _works(driver, CLOCKS[name])), "")
        self.last_number = next((query for query in _NUMBERS if _works(driver, query)), "")

    def _is_named(self, name: str) -> bool:
        names = {"mysql": ("mysql", "mariadb"), "mssql": ("sql server",)}.get(name, (name,))
        return any(each in self.system.lower() for each in names)

    def _answer(self, driver: Any, queries: Sequence[str]) -> Any:
        return next((row[0] for query in queries if (row := _row(driver, query)) is not None), None)

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Ask a connection that waited in the pool whether it still works."""
        if self.clock:
            cursor = dbapi_connection.cursor()
            try:
                cursor.execute(self.clock).fetchall()
            finally:
                cursor.close()
            # Else the isolation could not be chosen any more.
            dbapi_connection.rollback()
        return True

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:  # noqa: ARG002 - SQLAlchemy's own form
        """Tell whether a connection is lost."""
        return isinstance(e, Exception) and bool(e.args) and str(e.args[0]).startswith("08")


def _told(driver: Any, number: int) -> Any:
    """Ask a driver about itself; many do not answer every question."""
    try:
        return driver.getinfo(number)
    except Exception:  # noqa: BLE001 - each driver fails in its own way
        return None


def _isolation(odbc: Any, driver: Any) -> tuple[int, int] | None:
    """Give the strongest isolation of a driver, for writing, and its usual one; nothing where it offers no choice."""
    offered = int(_told(driver, odbc.SQL_TXN_ISOLATION_OPTION) or 0)
    usual = int(_told(driver, odbc.SQL_DEFAULT_TXN_ISOLATION) or 0) or odbc.SQL_TXN_READ_COMMITTED
    for level in (odbc.SQL_TXN_SERIALIZABLE, odbc.SQL_TXN_REPEATABLE_READ):
        if offered & level:
            return int(level), usual if offered & usual else int(level)
    return None


def _works(driver: Any, query: str) -> bool:
    return _row(driver, query) is not None


def _row(driver: Any, query: str) -> Any:
    """Give the first row of a question that a source may not understand; nothing is left of it in any case."""
    cursor = driver.cursor()
    try:
        return cursor.execute(query).fetchone()
    except Exception:  # noqa: BLE001 - each driver fails in its own way
        return None
    finally:
        cursor.close()
        driver.rollback()


def open_odbc(
    text: str, place: str, *, timeout: float, connect_timeout: int, pool: dict[str, Any], writes: str
) -> Engine:
    """Make an engine for a connection string; it connects at the first use.

    Raises ``ProjectError`` where pyodbc or the driver manager is missing.
    """
    registry.register("odbc", __name__, "OdbcDialect")
    try:
        engine = create_engine("odbc://", creator=partial(_connect, text, timeout, connect_timeout), **pool)
    except ImportError:
        raise ProjectError(
            "ODBC is not installed",
            hint="pip install 'tallystick[odbc]', and the driver manager of the machine (Debian: unixodbc)",
            place=place,
        ) from None
    event.listen(engine, "begin", partial(_begin, writes))
    return engine


def _connect(text: str, timeout: float, connect_timeout: int) -> Any:
    import pyodbc

    connection = pyodbc.connect(text, autocommit=False, timeout=connect_timeout)
    with suppress(pyodbc.Error):  # there are drivers without time-outs for statements
        connection.timeout = max(1, round(timeout))
    return connection


def _begin(writes: str, connection: Connection) -> None:
    dialect = cast("OdbcDialect", connection.dialect)
    if dialect.isolation is None:
        return
    strong, usual = dialect.isolation
    wanted = strong if connection.get_execution_options().get(writes) else usual
    notes = connection.info
    if notes.get("tally_isolation", usual) != wanted:
        import pyodbc

        driver: Any = connection.connection.driver_connection
        driver.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, wanted)
        notes["tally_isolation"] = wanted
