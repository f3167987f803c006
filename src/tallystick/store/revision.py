"""Which revision the tables are of, and how they come to the newest one.

A new database gets the newest tables at once. Only an older one loads alembic, which takes longer than all the rest.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, insert, inspect, select

from tallystick.core.error import StoreError
from tallystick.store.connection import looking, opened
from tallystick.store.failure import named_failures
from tallystick.store.field_tables import field_change
from tallystick.store.refusal_table import refusal
from tallystick.store.tables import REVISION, VERSION_TABLE, version

metadata: Final = refusal.metadata  # of all tables; some are in modules of their own
OF_THEIR_OWN: Final = (refusal, field_change)
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine, place: str, newest: str = REVISION, migrations: Path = MIGRATIONS) -> None:
    """Make the tables in a new database, change those of an older one; all or nothing.

    Raises:
        StoreError: the database belongs to a newer Tallystick or to another program, or cannot be changed.
    """
    # A look first: to see that nothing is to be done, no other process's commit has to be waited for.
    with named_failures(place), looking(engine) as connection:
        found = _revision(connection)
    if found == newest:
        return
    with opened(engine, place) as connection:
        found = _revision(connection)
        if found is None:
            _make(connection, place, newest)
        elif found != newest:
            _check_older(found, newest, place)
            upgrade(connection, newest, migrations)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(version.c.version_num)).scalar_one_or_none()


def upgrade(connection: Connection, newest: str = REVISION, migrations: Path = MIGRATIONS) -> None:
    """Take every step from the revision found to ``newest``, inside the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # The percent sign would be read as a reference.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, newest)


def _make(connection: Connection, place: str, newest: str) -> None:
    found = set(inspect(connection).get_table_names())
    # A server's schema may be shared; a file with something else in it was named by mistake.
    in_the_way = found if connection.dialect.name == "sqlite" else found & set(metadata.tables)
    if in_the_way:
        raise StoreError(
            "the database belongs to another program",
            detail=f"it has tables of its own: {', '.join(sorted(in_the_way)[:5])}",
            hint="give the state a file, a database or a schema of its own",
            place=place,
        )
    metadata.create_all(connection)
    version.create(connection)
    connection.execute(insert(version).values(version_num=newest))


def _check_older(found: str, newest: str, place: str) -> None:
    if not found.isdigit() or found > newest:
        raise StoreError(
            "the state was written by a newer Tallystick",
            detail=f"it is of revision {found}, this program knows up to {newest}",
            hint="update Tallystick, or name another state",
            place=place,
        )
