"""The store: our own state on SQLite or PostgreSQL, as ``core.ports.Store`` asks for it."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine

from tallystick.core.state import StoreTx
from tallystick.store.connection import committing, looking, open_engine
from tallystick.store.driver import Driver
from tallystick.store.failure import named_failures
from tallystick.store.retention import Retention, remove_expired
from tallystick.store.revision import bring_up_to_date
from tallystick.store.trail import LedgerBreak, first_break
from tallystick.store.transaction import Transaction

T = TypeVar("T")


class SqlStore:
    """Our own state in a SQL database. One thread at a time; other processes may read and write beside it.

    All errors are ``StoreError``s that say what is wrong with the database and what to do.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self._place = place

    def commit(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` in one transaction that is durable when this returns; roll back and raise if it raises.

        Raises:
            StoreError: the state is locked longer than ``open_store`` was told to wait, full, damaged ...
        """
        with named_failures(self._place), committing(self._engine) as connection:
            return work(Transaction(Driver(connection, self._place)))

    def look(self, work: Callable[[StoreTx], T]) -> T:
        """Run ``work`` on the state of one moment; it waits for nobody and may run for long.

        Raises:
            StoreError: ``work`` tries to change something.
        """
        with named_failures(self._place), looking(self._engine) as connection:
            return work(Transaction(Driver(connection, self._place, looking=True)))

    def purge(self, now: float, retention: Retention | None = None) -> dict[str, int]:
        """Remove what has expired at ``now`` (seconds UTC); give the number of removed rows by table."""
        with named_failures(self._place), committing(self._engine) as connection:
            return remove_expired(Driver(connection, self._place), now, retention or Retention())

    def verify_ledger(self) -> LedgerBreak | None:
        """Read the whole audit trail and give its first broken row, or ``None`` if it is what was written."""
        with named_failures(self._place), looking(self._engine) as connection:
            return first_break(Driver(connection, self._place, looking=True))

    def close(self) -> None:
        """Close files and connections. The store is of no use afterwards."""
        self._engine.dispose()


def open_store(url: str, *, wait_seconds: float = 30.0) -> SqlStore:
    """Open the store at ``url``, making or upgrading its tables where needed.

    ``sqlite:///folder/state.db`` (relative to the working directory; the folder is made, the file is for its owner
    alone), ``sqlite://`` (in memory, for tests) or ``postgresql://user@host/database``. Whoever finds the state locked
    waits for up to ``wait_seconds``.

    Raises:
        StoreError: the database cannot be opened, is not ours, or is of a newer Tallystick.
    """
    engine, place = open_engine(url, wait_seconds)
    try:
        bring_up_to_date(engine, place)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, place)
