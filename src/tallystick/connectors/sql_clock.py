"""The database's own clock: what every window and every time stamp of a write is measured by."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ClauseElement, Connection, Executable, text
from sqlalchemy.ext.compiler import compiles

# SQLite's is that of this machine, to the millisecond.
CLOCKS: Final = {
    "sqlite": "SELECT CAST(strftime('%s', 'now') AS REAL) + (strftime('%f', 'now') - strftime('%S', 'now'))",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "mysql": "SELECT UNIX_TIMESTAMP(SYSDATE(6))",
    "mssql": "SELECT DATEDIFF_BIG(microsecond, '1970-01-01', SYSUTCDATETIME()) / 1000000.0",
    "oracle": "SELECT (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400 FROM dual",
    "db2": "SELECT CURRENT TIMESTAMP - CURRENT TIMEZONE FROM SYSIBM.SYSDUMMY1",
}

# How far a copy of PostgreSQL has got: nothing since the start is as far as its last checkpoint.
REPLAYED: Final = text("""
SELECT extract(epoch FROM least(clock_timestamp(), coalesce(pg_last_xact_replay_timestamp(),
  (SELECT checkpoint_time FROM pg_control_checkpoint()))))""")


class DatabaseClock(Executable, ClauseElement):
    """The statement that asks a database for its time; ``seconds_of`` reads what it gives."""

    inherit_cache = True


@compiles(DatabaseClock)  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore] # the decorator has no types
def _compile_clock(element: DatabaseClock, compiler: Any, **_: Any) -> str:  # noqa: ARG001 - SQLAlchemy's own form
    # A dialect that learned its clock from the source itself says so.
    return str(getattr(compiler.dialect, "clock", "") or CLOCKS[compiler.dialect.name])


def clock(connection: Connection) -> float | None:
    """Ask the database for its time, seconds UTC; ``None`` where nobody knows how to ask this one."""
    if not tells_time(connection):
        return None
    return seconds_of(connection.execute(DatabaseClock()).scalar_one())


def tells_time(connection: Connection) -> bool:
    """Whether it is known how to ask this database for its time."""
    return connection.dialect.name in CLOCKS or bool(getattr(connection.dialect, "clock", ""))


def seconds_of(value: Any) -> float | None:
    """Read the answer of a clock: seconds since 1970, or a time of UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None if value is None else float(value)
