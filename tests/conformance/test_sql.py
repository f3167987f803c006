"""The SQL connector keeps the contract: on SQLite, PostgreSQL and MariaDB, and on each of them through ODBC."""

import sqlite3
from typing import ClassVar

import psycopg
import pytest

from tallystick.connectors.sql import open_system
from tallystick.connectors.sql_log_ddl import make_log
from tallystick.connectors.sql_log_site import carry_out, look_at_log
from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.testing.conformance import ConnectorConformance
from tallystick.testing.conformance_subject import NUMBERS

COLUMNS = """
    name varchar(60) NOT NULL CHECK (length(name) <= 60),
    vat varchar(20) UNIQUE,
    note text,
    employees bigint,
    revenue decimal(20, 4),
    version integer,
    updated_at {moment}
"""


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


class SqlConformance(ConnectorConformance):
    """What both databases share."""

    object_name = "companies"
    text_field = "name"
    unique_field = "vat"
    nullable_field = "note"
    integer_field = "employees"
    number_field = "revenue"
    kept_by_system = frozenset({"version", "updated_at"})
    spec: ClassVar = {
        "table": {"name": "Company Data"},
        "version": "version",
        "modified": "updated_at",
        "since": {"param": "updated_at"},
        "fields": {name: {} for name in ("id", "name", "note", "employees", "revenue")} | {"vat": {"unique": True}},
    }
    timezone = "UTC"
    last = ""

    def reopen(self):
        manifest = {
            "protocol": "sql",
            "url": self.url,
            "timezone": self.timezone,
            "objects": {self.object_name: self.spec},
        }
        return open_system("db", Manifest.model_validate(manifest), PlainSecrets())

    def open(self):
        return self.reopen()

    def body(self, number):
        stamp = f"2024-03-{1 + number % 28:02}T{number // 28 % 24:02}:00:00"
        return {
            "name": f"Company {number}",
            "vat": f"V{number}",
            "updated_at": stamp + ("+00:00" if self.aware else ""),
        }

    def bad_body(self):
        return {"name": "x" * 61}


class TestSqlite(SqlConformance):
    """SQLite, its file made anew for each test."""

    key = "id INTEGER PRIMARY KEY AUTOINCREMENT"
    aware = False
    # More digits than SQLite keeps are refused, see the connector's own tests.
    numbers = NUMBERS[:3]

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path):
        path = tmp_path / "a file.db"
        connection = sqlite3.connect(path)
        connection.execute(f'CREATE TABLE "Company Data" ({self.key}, {COLUMNS.format(moment="datetime")} {self.last})')
        connection.close()
        self.url = f"sqlite:///{path}"


class TestSqliteWithoutVersion(TestSqlite):
    """Rows are told apart from what was read by their values."""

    spec: ClassVar = {name: value for name, value in SqlConformance.spec.items() if name != "version"}


class TestSqliteComposite(TestSqlite):
    """The key has two columns, and both are drawn by the table's user."""

    key = "land text NOT NULL, number text NOT NULL"
    last = ", PRIMARY KEY (land, number)"
    spec: ClassVar = SqlConformance.spec | {"id": "land,number", "fields": {}}

    def body(self, number):
        return super().body(number) | {"land": "D,E\\", "number": f"n{number}"}

    def bad_body(self):
        return super().bad_body() | {"land": "DE", "number": "bad"}


@pytest.fixture(scope="module")
def database(postgres_url):
    return postgres_url()


class TestPostgres(SqlConformance):
    """PostgreSQL, its table made anew for each test."""

    key = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    moment = "timestamptz"
    aware = True

    @pytest.fixture(autouse=True)
    def _table(self, database):
        self.url = database
        with psycopg.connect(self.url) as connection:
            connection.execute('DROP TABLE IF EXISTS "Company Data"')
            connection.execute(
                f'CREATE TABLE "Company Data" ({self.key}, {COLUMNS.format(moment=self.moment)} {self.last})'
            )


class TestPostgresWithoutVersion(TestPostgres):
    """Rows are told apart from what was read by their values; the key is random; times are local."""

    key = "id uuid DEFAULT gen_random_uuid() PRIMARY KEY"
    moment = "timestamp"
    aware = False
    timezone = "Europe/Berlin"
    spec: ClassVar = {name: value for name, value in SqlConformance.spec.items() if name != "version"}


class TestPostgresComposite(TestPostgres):
    """The key has two columns, one of them a number."""

    key = "land char(2) NOT NULL, number integer NOT NULL"
    last = ", PRIMARY KEY (land, number)"
    spec: ClassVar = SqlConformance.spec | {"id": "land,number", "fields": {}}

    def body(self, number):
        return super().body(number) | {"land": "DE", "number": number}

    def bad_body(self):
        return super().bad_body() | {"land": "DE", "number": -1}


class TestMariadb(SqlConformance):
    """MariaDB, its table made anew for each test."""

    key = "id bigint AUTO_INCREMENT PRIMARY KEY"
    moment = "timestamp(6) NULL"
    aware = True

    @pytest.fixture(autouse=True)
    def _table(self, mariadb_with):
        self.url = mariadb_with(
            f"CREATE TABLE `Company Data` ({self.key}, {COLUMNS.format(moment=self.moment)} {self.last})"
        )


class TestMariadbWithoutVersion(TestMariadb):
    """Rows are told apart from what was read by their values; the key is random; times are local, of whole seconds."""

    key = "id uuid DEFAULT uuid() PRIMARY KEY"
    moment = "datetime"
    aware = False
    timezone = "Europe/Berlin"
    spec: ClassVar = {name: value for name, value in SqlConformance.spec.items() if name != "version"}


class TestMariadbComposite(TestMariadb):
    """The key has two columns, one of them a number."""

    key = "land char(2) NOT NULL, number integer NOT NULL"
    last = ", PRIMARY KEY (land, number)"
    spec: ClassVar = SqlConformance.spec | {"id": "land,number", "fields": {}}

    def body(self, number):
        return super().body(number) | {"land": "DE", "number": number}

    def bad_body(self):
        return super().bad_body() | {"land": "DE", "number": -1}


class WithChangeLog:
    """The same tables without a time of change, with a log of what changed."""

    spec: ClassVar = {
        name: value for name, value in SqlConformance.spec.items() if name not in {"modified", "since"}
    } | {"changes": {"log": "tally log"}}

    def open(self):
        spec = ObjectSpec.model_validate(self.spec)
        carry_out("db", self.url, make_log(look_at_log("db", self.url, self.object_name, spec).site))
        return super().open()

    def body(self, number):
        return {name: value for name, value in super().body(number).items() if name != "updated_at"}


class TestSqliteWithChangeLog(WithChangeLog, TestSqlite):
    """SQLite."""


class TestPostgresWithChangeLog(WithChangeLog, TestPostgres):
    """PostgreSQL."""


class TestMariadbWithChangeLog(WithChangeLog, TestMariadb):
    """MariaDB."""


class ThroughOdbc:
    """The same databases, with nothing known of them but what ODBC says."""

    claims: ClassVar = {"claims": {"cas_write": True}}

    @pytest.fixture(autouse=True)
    def _through_odbc(self, odbc_address, request):
        for name in ("_database", "_table"):
            if hasattr(type(self), name):
                request.getfixturevalue(name)
        self.url = odbc_address(getattr(self, "file", self.url))
        self.spec = type(self).spec | self.claims


class TestSqliteThroughOdbc(ThroughOdbc, TestSqlite):
    """SQLite by its ODBC driver, which gives decimals as numbers of fifteen digits."""

    numbers = NUMBERS[:2]


class TestSqliteCompositeThroughOdbc(ThroughOdbc, TestSqliteComposite):
    """The key has two columns."""


class TestPostgresThroughOdbc(ThroughOdbc, TestPostgres):
    """PostgreSQL by its ODBC driver, which tells times without their offset."""

    moment = "timestamp"
    aware = False


class TestPostgresWithoutVersionThroughOdbc(ThroughOdbc, TestPostgresWithoutVersion):
    """The key is random, and found again by another unique column."""


class TestMariadbThroughOdbc(ThroughOdbc, TestMariadb):
    """MariaDB by its ODBC driver."""

    moment = "datetime(6)"
    aware = False


class TestMariadbCompositeThroughOdbc(ThroughOdbc, TestMariadbComposite):
    """The key has two columns, one of them a number."""

    moment = "datetime(6)"
    aware = False
