"""Runs the flows of a SQL connector against one database: connections, transactions, time-outs, errors.

Every write is one transaction; an error says whether it may have been committed.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, exc

from tallystick.connectors.flow import drive, drive_or_error
from tallystick.connectors.sql_batch import batch_changes, fits_batch
from tallystick.connectors.sql_clock import DatabaseClock, tells_time
from tallystick.connectors.sql_copy import copy_changes, fits_copy
from tallystick.connectors.sql_engine import DEADLINE, WRITES, dialect_of, open_engine, prefer_wal, read_address
from tallystick.connectors.sql_errors import explain, is_about_one_record
from tallystick.connectors.sql_inspect import inspect_table
from tallystick.connectors.sql_listing import FETCHED
from tallystick.connectors.sql_log_watch import Watch, watch_log
from tallystick.connectors.sql_plain_write import PlainRowWriter, sharpened
from tallystick.connectors.sql_refusals import Outrun
from tallystick.connectors.sql_request import Change, Entitlement, Inspect, Query, Target, Write
from tallystick.connectors.sql_rights import rights_of
from tallystick.connectors.sql_table import RETURNS_ROWS, Dialect
from tallystick.connectors.sql_tunnel import lead_through, open_before_connecting
from tallystick.connectors.sql_write import Outcome, Partial, RowWriter, Statements
from tallystick.core.error import AccessError, Error, RemoteError
from tallystick.core.ports import Flow
from tallystick.project.manifest_tunnel import SshTunnel

T = TypeVar("T")
# How long to wait before a transaction is tried again that another one was in the way of, in seconds.
_PAUSES = (0.01, 0.03, 0.1, 0.3)


class SqlTransport:
    """One database, reached by a SQLAlchemy address with its secrets in it. Nothing connects before the first request.

    ``timeout`` bounds each request and each wait for a lock, in seconds; up to ``in_flight`` flows run side by side
    (one with SQLite, whose writers exclude each other).
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        timeout: float = 30,
        connect_timeout: float = 10,
        in_flight: int = 4,
        tunnel: SshTunnel | None = None,
    ) -> None:
        address = read_address(url, name)
        self._tunnel = None
        if tunnel is not None:
            address, self._tunnel = lead_through(tunnel, address, name, wait=connect_timeout)
        self.dialect: Dialect = dialect_of(address)
        self._name = name
        self._lite = self.dialect == "sqlite"
        self._plain = self.dialect not in RETURNS_ROWS
        # Those of the others are spelled differently, or end with the first error.
        self._has_savepoints = self.dialect in {"sqlite", "postgresql", "mysql"}
        self._in_flight = 1 if self._lite else in_flight
        self._timeout = timeout
        self._asked_for_wal = False
        self._again = threading.Lock()
        self._lone = threading.Lock()
        self._engine = open_engine(
            address, name, timeout=timeout, connect_timeout=connect_timeout, connections=self._in_flight
        )
        if self._tunnel is not None:
            open_before_connecting(self._engine, self._tunnel)
        driver: Any = self._engine.dialect.dbapi
        self._errors = (exc.SQLAlchemyError, driver.Error, OverflowError, UnicodeError)

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end."""
        return drive(flow, self.answer)

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several at once, each on a connection of its own; one outcome each, in order."""
        if self._in_flight == 1 or len(flows) <= 1:
            return [drive_or_error(flow, self.answer) for flow in flows]
        with ThreadPoolExecutor(min(self._in_flight, len(flows))) as pool:
            return list(pool.map(lambda flow: drive_or_error(flow, self.answer), flows))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        if self._tunnel is not None:
            self._tunnel.close()

    def answer(self, request: Inspect | Entitlement | Watch | Query | Write) -> Any:
        """Do what one request asks for; raises only errors of the tree."""
        match request:
            case Inspect():
                place = f"{self._name}/{request.table}"
                with self._connection(place) as connection:
                    return inspect_table(connection, request.table, request.schema, request.samples, place)
            case Entitlement():
                with self._connection(self._name) as connection:
                    return rights_of(connection, request.shape)
            case Watch():
                with self._connection(self._name) as connection:
                    return watch_log(connection, request)
            case Query():
                with self._connection(self._name) as connection:
                    return self._query(connection, request)
            case Write():
                return self._write(request)

    def _query(self, connection: Connection, request: Query) -> list[list[Any]]:
        try:
            return [_fetch(connection, each, values) for each, values in request.statements]
        except self._errors as error:
            if not self._lite or "decode to UTF-8" not in str(error):
                raise
        # Text that is no text must cost its own row only, so its bytes are let through and refused one by one.
        driver: Any = connection.connection.driver_connection
        driver.text_factory = _decode_anyhow
        try:
            return [_fetch(connection, each, values) for each, values in request.statements]
        finally:
            driver.text_factory = str

    def _write(self, request: Write) -> list[Outcome]:
        changes = request.changes
        if not changes:
            return []
        if not request.target.shape.is_atomic:
            # What cannot be taken back must not be tried twice.
            return [self._alone(request, change) for change in changes]
        overdue = time.monotonic() + self._timeout
        outcomes = self._try(request)
        if isinstance(outcomes, Outrun):
            # Those that were in each other's way once would be so again, so they go one after the other.
            with self._again:
                for pause in _PAUSES:
                    time.sleep(pause)
                    outcomes = self._try(request)
                    if not isinstance(outcomes, Outrun) or time.monotonic() > overdue:
                        break
        if isinstance(outcomes, Outrun):
            raise outcomes
        return outcomes

    def _try(self, request: Write) -> list[Outcome] | Outrun:
        """Write, and give the error instead where the database took all of it back because of another transaction."""
        try:
            return self._write_once(request)
        except Outrun as error:
            if error.applied != "no":
                raise
            return error

    def _write_once(self, request: Write) -> list[Outcome]:
        changes = request.changes
        at_once = self._at_once(request)
        if at_once:
            try:
                with self._transaction(request) as statements:
                    return at_once(statements, request.target, changes)
            except Partial:
                pass
            except Error as error:
                # One by one needs fewer rights (no temporary tables), and finds out whose fault it is.
                if not (is_about_one_record(error) or isinstance(error, AccessError)):
                    raise
        try:
            with self._transaction(request) as statements:
                writer = self._writer(statements, request.target)
                return [self._isolated(statements, writer, request, change) for change in changes]
        except Error as error:
            # A rule that is checked at the end, or a trigger that ends the transaction, condemns all for one.
            if not is_about_one_record(error):
                raise
            if len(changes) == 1:
                return [self._sharpened(error, request.target, changes[0])]
        return [self._alone(request, change) for change in changes]

    def _at_once(self, request: Write) -> Callable[[Statements, Target, Sequence[Change]], list[Outcome]] | None:
        """Choose the way to make all these changes with a few statements, if there is one."""
        if self._plain:
            return None
        if self._lite:
            return batch_changes if fits_batch(request.target, request.changes) else None
        return copy_changes if fits_copy(request.target, request.changes) else None

    def _isolated(self, statements: Statements, writer: RowWriter, request: Write, change: Change) -> Outcome:
        """Make one of several changes, so that its failure leaves the transaction as it was before."""
        # SQLite takes a failed statement back by itself, but not what a trigger made of one that succeeded.
        several = len(request.changes) > 1
        guarded = several and self._has_savepoints and (not self._lite or request.target.shape.triggered)
        if guarded:
            statements.cursor.execute("SAVEPOINT tally_change")
        try:
            outcome: Outcome = writer.apply(change)
        except (Error, *self._errors) as error:
            outcome = explain(error, change.place, request.target.shape, change.values)
            endangered = not several or not self._has_savepoints
            if endangered or not is_about_one_record(outcome) or not self._is_open(statements):
                raise outcome from error
            if guarded:
                statements.cursor.execute("ROLLBACK TO SAVEPOINT tally_change")
        if guarded:
            statements.cursor.execute("RELEASE SAVEPOINT tally_change")
        return outcome

    def _alone(self, request: Write, change: Change) -> Outcome:
        single = Write(request.target, (change,))
        try:
            with self._transaction(single) as statements:
                return self._isolated(statements, self._writer(statements, request.target), single, change)
        except Error as error:
            if not is_about_one_record(error):
                raise
            return self._sharpened(error, request.target, change)

    def _writer(self, statements: Statements, target: Target) -> RowWriter:
        return PlainRowWriter(statements, target) if self._plain else RowWriter(statements, target)

    def _sharpened(self, error: Error, target: Target, change: Change) -> Error:
        """Find out whether a refusal is about a value that another row has, where the driver does not say so."""
        if not self._plain or change.op == "delete":
            return error
        with self._transaction(Write(target, (change,))) as statements:
            return sharpened(statements, target, change, error)

    def _is_open(self, statements: Statements) -> bool:
        driver: Any = statements.connection.connection.driver_connection
        return not self._lite or bool(driver.in_transaction)

    @contextmanager
    def _connection(self, place: str) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                connection.info[DEADLINE] = time.monotonic() + self._timeout
                yield connection
        except self._errors as error:
            raise explain(error, place) from error

    def _turn(self, connection: Connection) -> AbstractContextManager[Any]:
        """Give what a writer holds: a file whose drivers wait for each other, for minutes even, has one at a time."""
        return self._lone if getattr(connection.dialect, "system", "").lower() == "sqlite" else nullcontext()

    @contextmanager
    def _transaction(self, request: Write) -> Iterator[Statements]:
        """Open a transaction for writing; commit it at the end, or leave nothing of it."""
        place, shape = request.target.place, request.target.shape
        with self._connection(place) as connection, self._turn(connection):
            if self._lite and not self._asked_for_wal:
                self._asked_for_wal = True
                prefer_wal(connection)
            connection.execution_options(**{WRITES: True})
            transaction = connection.begin()
            statements = Statements(connection, request.target.compiled)
            try:
                yield statements
            except self._errors as error:
                raise explain(error, place, shape) from error
            finally:
                statements.close()
            try:
                transaction.commit()
            except exc.DBAPIError as error:
                known = explain(error, place, shape)
                if not error.connection_invalidated:
                    # SQLite leaves a transaction open that it refused to commit.
                    connection.connection.rollback()
                elif isinstance(known, RemoteError):
                    # The answer to COMMIT got lost, so nobody knows whether it was carried out.
                    known.applied = "unknown"
                raise known from error


def _fetch(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> list[Any]:
    """Run a query and take its rows from the driver as they are: nothing in them is left to convert."""
    if isinstance(statement, DatabaseClock) and not tells_time(connection):
        return [(None,)]
    sent = {name: value for name, value in values.items() if name != FETCHED}
    result: Any = connection.execute(statement, sent)
    try:
        cursor = result.cursor
        rows: list[Any] = cursor.fetchmany(values[FETCHED]) if FETCHED in values else cursor.fetchall()
        return rows
    finally:
        result.close()


def _decode_anyhow(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
