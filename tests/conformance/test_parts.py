"""Objects of several parts keep the contract of every connector: in memory, on SQLite, on PostgreSQL, over HTTP."""

import sqlite3
from typing import ClassVar

import psycopg
import pytest

from tallystick.connectors.composite_object import leaves
from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.connectors.registry import open_system
from tallystick.core.path import read
from tallystick.core.ports import Update
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance
from tallystick.testing.twins.crm import CrmTwin

CUSTOMERS = {
    "anchor": "partners",
    "parts": {
        "address": {"object": "addresses", "link": "partner", "where": {"kind": "billing"}, "required": True},
        "bank": {"object": "accounts", "link": "partner"},
    },
}
FIELDS = {
    "partners": ["name", "vat", "note", "employees"],
    "addresses": ["partner", "kind", "street", "note"],
    "accounts": ["partner", "iban"],
}
KEPT = frozenset({"version", "changed"})


def objects(more):
    made = {
        name: {
            "id_type": "integer",
            "modified": "changed",
            "since": {"param": "changed"},
            "filters": {"partner": {"param": "partner"}},
            "fields": {"id": {"type": "integer", "read_only": True}}
            | {field: {} for field in fields}
            | ({"partner": {"type": "integer"}} if "partner" in fields else {}),
        }
        | more
        for name, fields in FIELDS.items()
    }
    made["partners"]["filters"] = {"vat": {"param": "vat"}}
    return made | {"customers": CUSTOMERS}


class PartsConformance(ConnectorConformance):
    """What all of them share; texts are written into the anchor."""

    object_name = "customers"
    text_field = "name"
    unique_field = "vat"
    nullable_field = "note"
    integer_field = "employees"
    kept_by_system = KEPT
    spec: ClassVar = {"version": "version", "claims": {"cas_write": True, "create_idem": "key", "returns_record": True}}

    def test_what_is_created_can_be_read(self):
        """Every value that was given stands there, beside what makes the parts belong to their anchor."""
        body = self.body(1)
        written = self._run(self._connector.create("customers", body, "key"))
        [listed] = self._sightings(self._pages())
        assert listed.id == written.id
        assert all(read(listed.record, path) == value for path, value in leaves(body) if path[0] not in KEPT)
        assert listed.record["address"]["kind"] == "billing"
        assert str(listed.record["bank"]["partner"]) == listed.id
        assert written.stored is None or written.stored.record == listed.record

    def resolve(self, reference):
        return reference

    def body(self, number):
        return {
            "name": f"Company {number}",
            "vat": f"V{number}",
            "address": {"street": f"Street {number}"},
            "bank": {"iban": f"DE{number}"},
        }


class InAPart:
    """The same with everything that is tried written into a part."""

    text_field = "address.street"
    nullable_field = "address.note"
    unique_field = "bank.iban"


class TestMemory(PartsConformance):
    def open(self):
        made = objects(self.spec)
        made["partners"]["fields"]["vat"] = {"unique": True}
        made["accounts"]["fields"]["iban"] = {"unique": True}
        made["accounts"]["filters"] |= {"iban": {"param": "iban"}}
        self.manifest = Manifest.model_validate({"protocol": "memory", "objects": made})
        return open_system("memory", self.manifest, self)


class TestMemoryInAPart(InAPart, TestMemory):
    integer_field = ""

    def test_a_duplicate_is_refused_as_such(self):
        """A part that is refused leaves the anchor behind and is named, which is the law of parts."""
        [first] = self._create_some(1)
        written = self._run(self._connector.create("customers", self.body(1) | {"bank": {"iban": "DE0"}}, "other"))
        [(where, error)] = written.incomplete
        assert (where, error.code) == (("bank",), "duplicate")
        assert sorted(self._ids(self._pages())) == sorted([first, written.id])

    def test_an_unknown_field_is_refused(self):
        """Likewise a field that the part does not have."""
        body = self.body(1) | {"bank": {"nonsense": 1}}
        [(where, error)] = self._run(self._connector.create("customers", body, "key")).incomplete
        assert (where, error.field) == (("bank",), "nonsense")


class TestWeakMemory(TestMemory):
    """No versions, no times, no keys, no search by the link: everything is listed and compared."""

    spec: ClassVar = {"modified": "", "since": None, "filters": {}}


class SqlConformance(PartsConformance):
    text = "text"

    def make(self, run):
        moment, key = self.moment, self.key
        run(f"CREATE TABLE partners ({key}, name text NOT NULL, vat text UNIQUE, note text, employees bigint, "
            f"version integer, changed {moment})")  # fmt: skip
        run(f"CREATE TABLE addresses ({key}, partner bigint NOT NULL REFERENCES partners (id), kind text, street text, "
            f"note text, version integer, changed {moment})")  # fmt: skip
        run(f"CREATE TABLE accounts ({key}, partner bigint NOT NULL REFERENCES partners (id), iban text UNIQUE, "
            f"version integer, changed {moment})")  # fmt: skip

    def open(self):
        return self.reopen()

    def reopen(self):
        manifest = {"protocol": "sql", "url": self.url, "objects": objects({"version": "version"})}
        return open_system("db", Manifest.model_validate(manifest), self)

    def body(self, number):
        return super().body(number) | {"changed": f"2024-03-{1 + number % 28:02}T{number // 28 % 24:02}:00:00+00:00"}

    def test_since_is_inclusive(self):
        """A part carries the time of its own change, so a body's time is not that of the whole."""
        first, _ = self._create_some(2)
        bound = self._run(self._connector.get("partners", first)).modified + 3600
        self._run(self._connector.update("customers", _street(self._get(first))))
        listed = self._ids(self._pages(since=bound))
        assert first in listed
        assert len(listed) == len(set(listed))


def _street(found):
    return Update(found.id, {"address": {"street": "new"}}, found.version, found.record)


class TestSqlite(SqlConformance):
    """Foreign keys hold, so that a wrong order of writes is refused."""

    key, moment = "id INTEGER PRIMARY KEY", "datetime"

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path):
        path = tmp_path / "parts.db"
        connection = sqlite3.connect(path)
        self.make(connection.execute)
        connection.close()
        self.url = f"sqlite:///{path}"


class TestSqliteInAPart(InAPart, TestSqlite):
    integer_field = ""
    test_a_duplicate_is_refused_as_such = TestMemoryInAPart.test_a_duplicate_is_refused_as_such
    test_an_unknown_field_is_refused = TestMemoryInAPart.test_an_unknown_field_is_refused


@pytest.fixture(scope="module")
def database(postgres_url):
    return postgres_url()


class TestPostgres(InAPart, SqlConformance):
    key, moment = "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "timestamptz"

    @pytest.fixture(autouse=True)
    def _tables(self, database):
        self.url = database
        with psycopg.connect(self.url) as connection:
            connection.execute("DROP TABLE IF EXISTS accounts, addresses, partners")
            self.make(connection.execute)

    integer_field = ""
    test_a_duplicate_is_refused_as_such = TestMemoryInAPart.test_a_duplicate_is_refused_as_such
    test_an_unknown_field_is_refused = TestMemoryInAPart.test_an_unknown_field_is_refused


class TestRest(PartsConformance):
    """Over HTTP: the version is a header that listings do not show, pages are counted, each part has its own ETag."""

    text_field = "billing.firstName"
    nullable_field = "billing.phone"
    unique_field = "vatId"
    integer_field = ""
    keeps_empty_text = False
    refuses_unknown_fields = False

    def resolve(self, reference):
        return self.twin.token

    def open(self):
        self.twin = CrmTwin(require_if_match=True).start()
        return self.reopen()

    def reopen(self):
        described = describe_openapi(self.twin.document()).model_dump(by_alias=True)
        objects = described["objects"]
        for name in ("companies", "contacts"):
            objects[name]["claims"] |= {"returns_record": True, "strong_reads": True}
        billing = {"object": "contacts", "link": "companyId", "where": {"jobTitle": "Billing"}}
        made = objects | {"accounts": {"anchor": "companies", "parts": {"billing": billing}}}
        return open_system("crm", Manifest.model_validate(described | {"objects": made}), self)

    object_name = "accounts"

    def teardown_method(self):
        twin = getattr(self, "twin", None)
        super().teardown_method()
        if twin is not None:
            twin.stop()

    def body(self, number):
        return {
            "name": f"Company {number}",
            "vatId": f"V{number}",
            "billing": {"firstName": f"First {number}", "lastName": f"Last {number}"},
        }

    def test_a_duplicate_is_refused_as_such(self):
        """This system has no unique field; the part that lacks what it needs is refused alone."""
        body = self.body(1) | {"billing": {"firstName": "Nobody"}}
        written = self._run(self._connector.create("accounts", body, "key"))
        [(where, error)] = written.incomplete
        assert (where, error.code, error.field) == (("billing",), "refused", "lastName")
        assert self._get(written.id).record["billing"] is None

    def test_what_is_created_can_be_read(self):
        body = self.body(1)
        written = self._run(self._connector.create("accounts", body, "key"))
        found = self._get(written.id)
        assert all(read(found.record, path) == value for path, value in leaves(body))
        assert found.record["billing"]["jobTitle"] == "Billing"
