"""How the tables come to the newest revision."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select

from tallystick.core.binding import Dirty, Quarantined
from tallystick.core.error import StoreError
from tallystick.store.connection import open_engine
from tallystick.store.revision import MIGRATIONS, bring_up_to_date, upgrade
from tallystick.store.store import open_store
from tallystick.store.tables import REVISION, VERSION_TABLE, metadata, version

NEXT = '''"""A next revision, for this test."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "{newest}"


def upgrade():
    op.create_table("added", sa.Column("a", sa.Text))
    op.add_column("dirty", sa.Column("colour", sa.Text))
    {last}
'''


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made, _ = open_engine(url, 1)
    yield made
    made.dispose()


def with_next_revision(folder: Path, last: str = "") -> Path:
    copied = shutil.copytree(MIGRATIONS, folder / "50% migrations")
    (copied / "versions/r0009_next.py").write_text(NEXT.format(last=last, newest=REVISION))
    return copied


def described(engine: Engine) -> object:
    """Everything that the database says about its tables."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [(name, " ".join((sql or "").split())) for name, sql in rows]
    seen = inspect(engine)
    names = sorted(seen.get_table_names())
    with engine.connect() as connection:
        indexes = connection.exec_driver_sql(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname"
        ).fetchall()
    columns = [[(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(n)] for n in names]
    return (
        names,
        indexes,
        columns,
        [seen.get_foreign_keys(n) for n in names],
        [seen.get_pk_constraint(n) for n in names],
    )


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        metadata.drop_all(connection)
        version.drop(connection)


def test_the_steps_make_the_same_tables_as_a_new_database_gets(engine: Engine) -> None:
    bring_up_to_date(engine, "here")
    fresh = described(engine)
    empty(engine)
    with engine.begin() as connection:
        upgrade(connection)
    assert described(engine) == fresh
    with engine.connect() as connection:
        ours = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(ours, metadata) == []
        assert connection.execute(select(version.c.version_num)).scalar_one() == REVISION


def test_a_state_of_revision_1_is_changed_with_what_it_holds(url: str, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        upgrade(connection, "0001")
    store = open_store(url)
    store.commit(lambda tx: tx.mark_dirty([Dirty("customers", "left", "a", "test")]))
    store.close()
    migrations = with_next_revision(tmp_path)
    for _ in range(2):
        bring_up_to_date(engine, "here", "0009", migrations)
    with engine.connect() as connection:
        assert connection.execute(select(version.c.version_num)).scalar_one() == "0009"
        assert connection.exec_driver_sql("SELECT id, colour FROM dirty").fetchall() == [("a", None)]
        assert connection.exec_driver_sql("SELECT * FROM added").fetchall() == []


def test_an_upgrade_that_fails_leaves_the_old_tables(engine: Engine, tmp_path: Path) -> None:
    bring_up_to_date(engine, "here")
    before = described(engine)
    migrations = with_next_revision(tmp_path, "op.execute('DROP TABLE not_there')")
    with pytest.raises(StoreError, match=r"here: .*not_there"):
        bring_up_to_date(engine, "here", "0009", migrations)
    assert described(engine) == before
    bring_up_to_date(engine, "here")


@pytest.mark.parametrize("revision", ["0009", "9999", "winter"])
def test_a_state_of_a_newer_program_is_refused_and_left_alone(url: str, engine: Engine, revision: str) -> None:
    bring_up_to_date(engine, "here")
    with engine.begin() as connection:
        connection.execute(version.update().values(version_num=revision))
    before = described(engine)
    with pytest.raises(StoreError, match=f"newer Tallystick.*revision {revision}") as caught:
        open_store(url)
    assert "update Tallystick" in caught.value.hint
    assert described(engine) == before


def test_another_programs_tables_are_left_alone(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE run (mine TEXT)")
    before = described(engine)
    with pytest.raises(StoreError, match=r"belongs to another program.*run"):
        open_store(url)
    assert described(engine) == before


def test_a_file_with_any_tables_of_its_own_is_not_ours_but_a_schema_may_be_shared(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (mine TEXT)")
    if engine.dialect.name == "sqlite":
        with pytest.raises(StoreError, match=r"belongs to another program.*customers"):
            open_store(url)
    else:
        open_store(url).close()


def test_what_is_parked_survives_the_step_to_revision_3(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, "0002")
        connection.exec_driver_sql(
            "INSERT INTO quarantine (pair, side, record, field, code, message, hint, binding, left_seen, right_seen,"
            " mapping, attempts, since, waits_for, number)"
            " VALUES ('p', 'left', 'L1', 'city', 'refused', 'no', '', 7, NULL, -3, 5, 2, 10.5, '', 1)"
        )
    bring_up_to_date(engine, "here")
    store = open_store(url)
    [row] = store.look(lambda tx: tx.quarantine("p"))
    store.close()
    parked = Quarantined("p", "left", "L1", "city", "refused", "no", "", 7, None, -3, 5, 2, 10.5)
    assert row == parked
