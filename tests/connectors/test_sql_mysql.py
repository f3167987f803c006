"""MariaDB as the others are: what it describes, what it stores, what it refuses, and in which words."""

from decimal import Decimal

import pymysql
import pytest
from sqlalchemy import make_url

from tallystick.connectors.describe.database import describe_database
from tallystick.core.error import AccessError, Duplicate, Error, Refused, Stale, Unavailable
from tallystick.core.ports import Update, Written

TABLES = """
CREATE TABLE country (code char(2) PRIMARY KEY, name varchar(50) NOT NULL);
CREATE TABLE customers (
  id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL COMMENT 'Name of the company',
  vat varchar(20), status enum('lead', 'it''s active') NOT NULL DEFAULT 'lead', country char(2),
  score integer, active boolean, flag bit(1), bits bit(9), revenue decimal(20, 4), ratio double, doc json,
  born date, opens time, since year, picture blob, last_modified timestamp(6) NULL, created_at datetime,
  lock_version integer NOT NULL DEFAULT 1, doubled integer GENERATED ALWAYS AS (score * 2) STORED,
  UNIQUE KEY by_vat (vat), KEY by_change (last_modified), UNIQUE KEY begins (name(3), score),
  CONSTRAINT score_is_small CHECK (score > 0 AND score <= 10),
  CONSTRAINT in_country FOREIGN KEY (country) REFERENCES country (code) ON DELETE CASCADE);
CREATE TABLE loose (id integer PRIMARY KEY, name varchar(5) NOT NULL) ENGINE=MyISAM;
CREATE VIEW actives AS SELECT id, name FROM customers WHERE active;
"""


@pytest.fixture
def url(mariadb_with):
    return mariadb_with(TABLES)


@pytest.fixture
def customers(url, open_sql):
    """Give (connector, transport) of the described database."""
    manifest = describe_database("crm", "${env:CRM_DB}", url)
    return open_sql(url, manifest.model_dump(by_alias=True)["objects"])


def run_script(url, *statements):
    """Change the database behind the connector's back."""
    address = make_url(url)
    connection = pymysql.connect(
        host=address.host, port=address.port, user=address.username, password=str(address.password),
        database=address.database, autocommit=True,
    )  # fmt: skip
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_the_catalogue_is_described(url):
    manifest = describe_database("crm", "${env:CRM_DB}", url)
    spec = manifest.objects["customers"]
    fields = spec.fields
    assert {name: each.id for name, each in manifest.objects.items()} == {
        "actives": "id", "country": "code", "customers": "id", "loose": "id",
    }  # fmt: skip
    assert (fields["id"].read_only, fields["id"].required, spec.id_type) == (True, False, "integer")
    assert (fields["name"].max_length, fields["name"].required, fields["name"].label) == (
        20,
        True,
        "Name of the company",
    )
    assert fields["status"].options == ("lead", "it's active")
    assert (fields["country"].reference, fields["country"].cascades) == ("country", True)
    assert (fields["score"].minimum, fields["score"].maximum) == (1, 10)
    assert [fields[name].type for name in ("active", "flag", "bits", "revenue", "ratio", "doc")] == [
        "boolean", "boolean", "integer", "number", "number", "any",
    ]  # fmt: skip
    assert [fields[name].type for name in ("last_modified", "created_at", "born")] == ["instant", "local_time", "date"]
    assert fields["doubled"].read_only
    assert (spec.since.param, spec.version) == ("last_modified", "lock_version")
    assert (fields["vat"].unique, fields["name"].unique) == (True, False)
    assert spec.claims.cas_write


def test_a_table_without_transactions_is_no_safe_place(url, open_sql):
    """Nothing is tried twice there, and nobody is told that a change cannot be lost."""
    manifest = describe_database("crm", "${env:CRM_DB}", url)
    assert not manifest.objects["loose"].claims.cas_write
    assert any("Without transactions: loose" in note for note in manifest.notes)
    connector, transport = open_sql(url, manifest.model_dump(by_alias=True)["objects"])
    assert not connector.capabilities("loose").cas_write
    bodies = [{"id": 1, "name": "a"}, {"id": 2, "name": "too long"}, {"id": 3, "name": "c"}]
    outcomes = transport.run(connector.create_many("loose", [(body, "") for body in bodies]))
    assert [type(each) for each in outcomes] == [Written, Refused, Written]
    assert len(transport.run(connector.read("loose")).rows) == 2


VALUES = {
    "active": True, "flag": False, "bits": 511, "revenue": Decimal("1234567890123456.7891"), "ratio": 0.1,
    "doc": {"a": [1, None, "ä"]}, "born": "2024-02-29", "opens": "08:30:00", "since": 1999, "picture": "AAH/",
    "last_modified": "2024-01-02T03:04:05.678901+00:00", "created_at": "2024-01-02T03:04:05", "status": "it's active",
}  # fmt: skip


def test_every_kind_of_value_comes_back(customers):
    connector, transport = customers
    stored = transport.run(connector.create("customers", {"name": "ä€😀", **VALUES}, "")).stored
    assert {name: str(stored.record[name]) for name in VALUES} == {name: str(value) for name, value in VALUES.items()}
    again = transport.run(connector.get("customers", stored.id))
    assert again == stored


REFUSED = [
    ({"name": None}, Refused, "name", "must not be blank"),
    ({}, Refused, "name", "must not be blank"),
    ({"name": "x" * 21}, Refused, "name", "too long"),
    ({"name": "a", "vat": "DE1"}, Duplicate, "vat", "another row"),
    ({"name": "a", "status": "zombie"}, Refused, "status", "does not fit"),
    ({"name": "a", "score": 99}, Refused, "score", "score_is_small"),
    ({"name": "a", "score": 2**40}, Refused, "score", "range"),
    ({"name": "a", "country": "XX"}, Refused, "country", "points to a row"),
    ({"name": "a", "revenue": Decimal("1e30")}, Refused, "revenue", "range"),
    ({"name": "a", "doubled": 4}, Refused, "doubled", "by itself"),
    ({"name": "a", "born": "zombie"}, Refused, "born", "must be a date"),
]


@pytest.mark.parametrize(("body", "kind", "field", "words"), REFUSED)
def test_a_refusal_names_the_column_and_never_the_value(customers, body, kind, field, words):
    connector, transport = customers
    transport.run(connector.create("customers", {"name": "first", "vat": "DE1"}, ""))
    with pytest.raises(kind, match=words) as caught:
        transport.run(connector.create("customers", body, ""))
    assert caught.value.field == field
    assert "zombie" not in f"{caught.value} {caught.value.detail}"
    assert len(transport.run(connector.read("customers")).rows) == 1


def test_what_a_trigger_refuses_or_changes_is_told(url, customers):
    connector, transport = customers
    run_script(
        url,
        "CREATE TRIGGER tidy BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = upper(NEW.name)",
        "CREATE TRIGGER guard BEFORE UPDATE ON customers FOR EACH ROW IF NEW.name = 'bad' "
        "THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no bad names'; END IF",
    )
    written = transport.run(connector.create("customers", {"name": "a"}, ""))
    assert written.stored.record["name"] == "A"
    with pytest.raises(Refused, match="no bad names"):
        transport.run(connector.update("customers", Update(written.id, {"name": "bad"}, written.version)))


def test_an_update_that_changes_nothing_is_no_failure(customers):
    connector, transport = customers
    written = transport.run(connector.create("customers", {"name": "a"}, ""))
    same = transport.run(connector.update("customers", Update(written.id, {"name": "a"}, written.version)))
    assert same.stored.record["name"] == "a"


def test_changes_are_listed_from_a_moment_on(url, customers):
    """Rows with equal times are neither lost nor repeated, page by page."""
    connector, transport = customers
    moment = "2024-05-01T10:00:00.5+00:00"
    bodies = [({"name": f"n{at}", "last_modified": moment}, "") for at in range(7)]
    old = {"name": "old", "last_modified": "2024-04-01T10:00:00+00:00"}
    transport.run(connector.create_many("customers", [*bodies, (old, "")]))
    seen, position = [], None
    while True:
        page = transport.run(connector.read("customers", since=1714557600.0, position=position, page_size=3))
        seen += [connector.sight("customers", row).record["name"] for row in page.rows]
        position = page.next
        if position is None:
            break
    assert seen == [f"n{at}" for at in range(7)]


def failure(open_sql, url, **settings):
    connector, transport = open_sql(url, {"country": {}}, **settings)
    with pytest.raises(Error) as caught:
        transport.run(connector.read("country"))
    assert "s3cret" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    return caught.value


def test_who_is_not_let_in_is_told_so(url, open_sql):
    assert isinstance(failure(open_sql, url.replace("s3cret", "s3cret-wrong")), AccessError)
    assert isinstance(failure(open_sql, url + "_absent"), AccessError)
    assert isinstance(failure(open_sql, "mysql://tally:s3cret@127.0.0.1:1/x"), Unavailable)


def test_a_missing_right_is_an_access_error(url, open_sql):
    name = make_url(url).database
    reader = f"r_{name}"
    run_script(url, f"CREATE USER {reader}@'127.0.0.1' IDENTIFIED BY 'r3ad'",
               f"GRANT SELECT ON {name}.* TO {reader}@'127.0.0.1'")  # fmt: skip
    connector, transport = open_sql(url.replace("tally:s3cret", f"{reader}:r3ad"), {"country": {}})
    assert transport.run(connector.read("country")).rows == []
    with pytest.raises(AccessError, match="may not"):
        transport.run(connector.create("country", {"code": "DE", "name": "x"}, ""))


def test_a_read_only_server_is_told_so(mariadb_server, url, open_sql):
    """A replica refuses writes; its own words say so, and so do ours."""
    name = make_url(url).database
    run_script(url, f"CREATE USER w_{name}@'127.0.0.1' IDENTIFIED BY 'wr1te'",
               f"GRANT SELECT, INSERT ON {name}.* TO w_{name}@'127.0.0.1'", "SET GLOBAL read_only = ON")  # fmt: skip
    try:
        connector, transport = open_sql(url.replace("tally:s3cret", f"w_{name}:wr1te"), {"country": {}})
        with pytest.raises(AccessError, match="read-only") as caught:
            transport.run(connector.create("country", {"code": "DE", "name": "x"}, ""))
        assert "replica" in caught.value.hint
    finally:
        run_script(url, "SET GLOBAL read_only = OFF")


def test_a_lock_and_a_slow_statement_end_at_the_time_out(url, open_sql):
    address = make_url(url)
    run_script(url, "INSERT INTO country VALUES ('DE', 'x')", "CREATE VIEW slow AS SELECT sleep(30) AS id")
    holder = pymysql.connect(
        host=address.host, port=address.port, user="tally", password="s3cret", database=address.database
    )
    with holder, holder.cursor() as cursor:
        cursor.execute("SELECT * FROM country FOR UPDATE")
        connector, transport = open_sql(url, {"country": {}, "slow": {}}, network={"timeout_seconds": 1})
        with pytest.raises(Unavailable) as caught:
            transport.run(connector.update("country", Update("DE", {"name": "y"})))
        assert caught.value.applied == "no"
        with pytest.raises(Unavailable, match="time-out"):
            transport.run(connector.read("slow"))


def test_what_somebody_else_changed_is_not_overwritten(url, customers):
    connector, transport = customers
    written = transport.run(connector.create("customers", {"name": "a"}, ""))
    run_script(url, "UPDATE customers SET lock_version = 7")
    with pytest.raises(Stale):
        transport.run(connector.update("customers", Update(written.id, {"name": "b"}, written.version)))


def test_a_table_that_was_dropped_is_told(url, customers):
    connector, transport = customers
    transport.run(connector.read("customers"))
    run_script(url, "DROP TABLE customers")
    with pytest.raises(AccessError, match="not as it was"):
        transport.run(connector.read("customers"))
