"""From a database to a manifest: what the catalogue says is declared, what is guessed says why."""

from decimal import Decimal

import pytest

from tallystick.connectors.describe.check_rules import ColumnRule, read_check
from tallystick.connectors.describe.column_roles import CHANGED, looks_like
from tallystick.connectors.describe.database import describe_database
from tallystick.core.error import AccessError, ProjectError, Unavailable
from tallystick.core.ports import Update
from tallystick.project.manifest import Filter, Manifest
from tallystick.project.manifest_shapes import OptionsFrom

LITE = """
CREATE TABLE country (code CHAR(2) PRIMARY KEY NOT NULL, name TEXT NOT NULL);
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, vat VARCHAR(20) UNIQUE,
  status TEXT NOT NULL DEFAULT 'lead' CHECK (status IN ('lead', 'it''s active')),
  country CHAR(2) REFERENCES country (code), score INTEGER CHECK (score > 0 AND score <= 10),
  active BOOLEAN, revenue DECIMAL(12, 2), doc JSON, lastModified DATETIME, createdAt DATETIME,
  lock_version INTEGER, updated_by TEXT, doubled INTEGER GENERATED ALWAYS AS (score * 2));
CREATE INDEX by_change ON customers (lastModified);
CREATE TABLE lines ("order" INTEGER, number INTEGER, text TEXT, PRIMARY KEY ("order", number));
CREATE TABLE heap (a, b);
CREATE VIEW active AS SELECT id, name FROM customers WHERE active;
INSERT INTO customers (name, lastModified, createdAt) VALUES ('x', '2024-01-01T10:00:00Z', '2024-01-01T09:00:00Z');
"""
POSTGRES = """
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE DOMAIN postcode AS varchar(5);
CREATE TABLE country (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(60) NOT NULL, vat varchar(20),
  status text NOT NULL DEFAULT 'lead' CHECK (status IN ('lead', 'it''s active')),
  country char(2) REFERENCES country, score integer CHECK (score > 0 AND score <= 10), mood mood, zip postcode,
  active boolean, revenue numeric(12, 2), doc jsonb, tags text[], ref uuid, last_modified timestamptz DEFAULT now(),
  created_at timestamptz DEFAULT now(), lock_version integer NOT NULL DEFAULT 1, updated_by text,
  doubled integer GENERATED ALWAYS AS (score * 2) STORED, UNIQUE (vat));
COMMENT ON COLUMN customers.name IS 'Name of the company';
CREATE INDEX ON customers (last_modified);
CREATE UNIQUE INDEX ON customers (lower(name)) WHERE active;
CREATE TABLE lines ("order" integer, number integer, text text, PRIMARY KEY ("order", number));
CREATE TABLE heap (a integer, b integer);
CREATE VIEW active AS SELECT id, name FROM customers WHERE active;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.last_modified := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
"""


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    """Give the address of the same small database on both."""
    script = LITE if request.param == "sqlite" else POSTGRES
    return request.getfixturevalue(f"{request.param}_with")(script)


def describe(url, **arguments):
    return describe_database("crm", "${env:CRM_DB}", url, on="2024-05-01", **arguments)


def test_tables_become_objects_with_their_keys(database):
    manifest = describe(database)
    assert manifest.protocol == "sql"
    assert manifest.url == "${env:CRM_DB}"
    assert {name: (spec.id, spec.id_type) for name, spec in manifest.objects.items()} == {
        "country": ("code", "text"), "customers": ("id", "integer"), "lines": ("order,number", "text"),
        "active": ("id", "integer"),
    }  # fmt: skip
    assert any("heap" in note for note in manifest.notes)


def test_columns_become_fields(database):
    spec = describe(database).objects["customers"]
    fields = spec.fields
    assert (fields["id"].type, fields["id"].read_only, fields["id"].required) == ("integer", True, False)
    assert (fields["name"].max_length, fields["name"].required, fields["name"].nullable) == (60, True, False)
    assert (fields["vat"].unique, fields["vat"].required, fields["vat"].nullable) == (True, False, True)
    assert (fields["status"].options, fields["status"].required) == (("lead", "it's active"), False)
    assert fields["country"].reference == "country"
    assert (fields["score"].minimum, fields["score"].maximum) == (1, 10)
    assert (fields["active"].type, fields["revenue"].type, fields["doc"].type) == ("boolean", "number", "any")
    assert fields["doubled"].read_only
    assert spec.filters["vat"] == Filter(param="vat")
    assert (spec.claims.cas_write, spec.claims.create_idem) == (True, "extid")


def test_what_only_postgres_knows_is_declared_too(postgres_with):
    fields = describe(postgres_with(POSTGRES)).objects["customers"].fields
    assert fields["mood"].options == ("happy", "sad")
    assert (fields["zip"].type, fields["zip"].max_length) == ("text", 5)
    assert (fields["tags"].type, fields["ref"].format) == ("list", "uuid")
    assert fields["name"].label == "Name of the company"
    assert not fields["name"].unique


def test_guesses_are_labelled_with_their_reason(database):
    manifest = describe(database)
    spec = manifest.objects["customers"]
    changed = "lastModified" if "sqlite" in database else "last_modified"
    assert (spec.since.param, spec.modified, spec.version) == (changed, changed, "lock_version")
    assert spec.created == ("createdAt" if "sqlite" in database else "created_at")
    assert spec.fields[changed].type == "instant"
    for place in ("since", "version"):
        fact = manifest.facts[f"objects.customers.{place}"]
        assert (fact.label, fact.on) == ("inferred", "2024-05-01")
        assert "its name" in fact.because
    assert "index" in manifest.facts["objects.customers.since"].because
    assert manifest.facts["objects.customers"].label == "declared"
    assert manifest.facts["objects.active.id"].label == "inferred"
    assert manifest.objects["lines"].since is None


def test_only_columns_that_hold_ids_are_references(sqlite_with):
    script = """CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id), a_code TEXT REFERENCES a (code))"""
    fields = describe(sqlite_with(script)).objects["b"].fields
    assert (fields["a_id"].reference, fields["a_code"].reference) == ("a", "")


LOOKUPS = """
CREATE TABLE stages (id INTEGER PRIMARY KEY, code VARCHAR(9) UNIQUE, stage_name TEXT NOT NULL, is_active BOOLEAN,
  sort_order INTEGER, created_at TIMESTAMP);
CREATE TABLE colours (colour VARCHAR(9) PRIMARY KEY);
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, vat TEXT);
CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT, firm INTEGER REFERENCES firms (id));
CREATE TABLE deals (id INTEGER PRIMARY KEY, stage INTEGER REFERENCES stages (id), step VARCHAR(9) REFERENCES
  stages (code), colour VARCHAR(9) REFERENCES colours, firm INTEGER REFERENCES firms (id), town INTEGER REFERENCES
  towns (id));
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_table_of_choices_lists_the_options_of_what_points_to_it(request, kind):
    """A table with a column that no choice has (a number, another record) is a table of records."""
    fields = describe(request.getfixturevalue(f"{kind}_with")(LOOKUPS)).objects["deals"].fields
    listed = {"object": "stages", "label": "stage_name", "active": "is_active", "order": "sort_order"}
    assert fields["stage"].options_from == OptionsFrom.model_validate(listed)
    assert fields["step"].options_from == OptionsFrom.model_validate({**listed, "key": "code"})
    assert fields["colour"].options_from == OptionsFrom(object="colours")
    assert fields["firm"].options_from is None
    assert fields["town"].options_from is None


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_that_go_with_what_they_point_to_are_told(request, kind):
    script = """CREATE TABLE a (id INTEGER PRIMARY KEY);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id) ON DELETE CASCADE,
      other INTEGER REFERENCES a (id) ON DELETE SET NULL, third INTEGER REFERENCES a (id))"""
    fields = describe(request.getfixturevalue(f"{kind}_with")(script)).objects["b"].fields
    assert [name for name, field in fields.items() if field.cascades] == ["a_id"]


def test_columns_that_writers_keep_need_no_mapping(sqlite_with, open_sql):
    """Time of change, time of creation and version are set with every write, so they are not asked for."""
    script = """CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, updated_at DATETIME NOT NULL,
      created_at DATETIME NOT NULL, row_version INTEGER NOT NULL)"""
    url = sqlite_with(script)
    manifest = describe(url)
    fields = manifest.objects["t"].fields
    assert [name for name, field in fields.items() if field.required] == ["name"]
    connector, transport = open_sql(url, manifest.model_dump(by_alias=True)["objects"])
    record = transport.run(connector.create("t", {"name": "a"}, "")).stored.record
    assert record["updated_at"] == record["created_at"] != ""
    assert record["row_version"] == 1


def test_views_cannot_be_written(database, open_sql):
    manifest = describe(database)
    assert all(field.read_only for field in manifest.objects["active"].fields.values())
    connector, _ = open_sql(database, manifest.model_dump(by_alias=True)["objects"])
    claims = connector.capabilities("active")
    assert (claims.create, claims.update, claims.delete, claims.bulk) == (False, False, False, 0)


def test_the_manifest_can_be_used_as_it_is(database, open_sql):
    """Written down and read again, it opens the database it came from."""
    manifest = Manifest.model_validate_json(describe(database).model_dump_json(by_alias=True, exclude_defaults=True))
    objects = manifest.model_dump(by_alias=True, exclude_defaults=True)["objects"]
    connector, transport = open_sql(database, objects)
    written = transport.run(connector.create("customers", {"name": "new", "vat": "1"}, ""))
    changed = transport.run(connector.update("customers", Update(written.id, {"name": "x"}, written.version)))
    assert changed.version != written.version
    listed = transport.run(connector.read("customers", since=written.stored.modified))
    assert written.id in [connector.sight("customers", row).id for row in listed.rows]
    key = connector.schema("lines").key
    assert key == ("order", "number")
    line = transport.run(connector.create("lines", {"order": 1, "number": 2}, ""))
    assert line.id == "1,2"


def test_it_can_be_narrowed_down(database):
    assert list(describe(database, tables=["country"]).objects) == ["country"]
    with pytest.raises(ProjectError) as caught:
        describe(database, tables=["custmers"])
    assert "did you mean 'customers'" in caught.value.hint


def test_other_schemas_can_be_described(postgres_url, open_sql):
    import psycopg

    url = postgres_url()
    with psycopg.connect(url) as connection:
        connection.execute('CREATE SCHEMA "Other"; CREATE TABLE "Other".things (id serial PRIMARY KEY, at timestamp)')
    manifest = describe(url, schema="Other")
    table = manifest.objects["things"].table
    assert (table.name, table.schema_name) == ("things", "Other")
    connector, transport = open_sql(url, manifest.model_dump(by_alias=True)["objects"])
    assert transport.run(connector.create("things", {}, "")).id == "1"


def test_the_password_never_lands_in_the_manifest(postgres_with):
    url = postgres_with(POSTGRES)
    assert "s3cret" not in describe(url).model_dump_json()
    with pytest.raises(ProjectError, match="password") as caught:
        describe_database("crm", url, url)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_a_database_that_cannot_be_described_says_why(tmp_path):
    with pytest.raises(AccessError):
        describe(f"sqlite:///{tmp_path}/absent.db")
    with pytest.raises(Unavailable):
        describe("postgresql://u:p@no-such-host.invalid/db")


COUNTED = [("1714557600", "unix"), ("1714557600000", "unix_ms"), ("12", None), ("NULL", None)]


@pytest.mark.parametrize(("value", "spelling"), COUNTED)
def test_counted_times_are_recognised_by_their_size(sqlite_with, value, spelling):
    script = f"CREATE TABLE t (id INTEGER PRIMARY KEY, mtime INTEGER); INSERT INTO t VALUES (1, {value})"
    spec = describe(sqlite_with(script)).objects["t"]
    assert spec.modified == ("mtime" if spelling else "")
    assert spec.modified_format == (spelling or "iso")


@pytest.mark.parametrize(("name", "found"), [
    ("updated_at", True), ("lastModifiedDate", True), ("LASTMODIFIED", True), ("write_date", True), ("modstamp", True),
    ("SystemModstamp", True), ("geändert_am", True), ("changed-on", True), ("UpdatedAt", True), ("mtime", True),
    ("updater", False), ("exchange", False), ("created_at", False), ("rewrite", False),
])  # fmt: skip
def test_names_are_read_word_by_word(name, found):
    assert looks_like(name, CHANGED) is found


def test_a_business_number_is_no_version(sqlite_with):
    """A wrong guess would be counted up with every write."""
    script = "CREATE TABLE t (id INTEGER PRIMARY KEY, version INTEGER, revision TEXT)"
    assert describe(sqlite_with(script)).objects["t"].version == ""


RULES = [
    ("a IN ('x', 'it''s')", [ColumnRule("a", options=("x", "it's"))]),
    ("((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying(3)])::text[]))",
     [ColumnRule("a", options=("x", "y"))]),
    ("a = 'z'::text", [ColumnRule("a", options=("z",))]),
    ('"My Col" in (\'(\', \'and\')', [ColumnRule("My Col", options=("(", "and"))]),
    ("length(a::text) <= 4 AND a <> ''", [ColumnRule("a", max_length=4), ColumnRule("a", min_length=1)]),
    ("char_length(a) > 2", [ColumnRule("a", min_length=3)]),
    ("a BETWEEN 1 AND 10 AND b >= -0.5", [ColumnRule("a", minimum=Decimal(1), maximum=Decimal(10)),
                                           ColumnRule("b", minimum=Decimal("-0.5"))]),
    ("0 <= a", [ColumnRule("a", minimum=Decimal(0))]),
    ("a < '5'::numeric(10,2)", [ColumnRule("a", maximum=Decimal(5), exclusive=True)]),
    ("a IN (1, 2)", []), ("a = 1 OR a = 2", []), ("NOT a IN ('x')", []), ("lower(a) = a", []), ("a > b", []), ("", []),
    ("a IN ('x') AND lower(a) = a", []), ("a BETWEEN 1 AND", []), ("'unclosed", []), ("a IN ('x' || 'y')", []),
    ("a + 1 > 5", []), ("length(a) + 1 < 5", []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "expected"), RULES, ids=[rule for rule, _ in RULES])
def test_a_check_promises_only_what_it_plainly_says(rule, expected):
    assert read_check(rule) == expected
