"""C4 on databases: the catalogue says what our user may do, too little is red, and too much is told."""

import pytest
from sqlalchemy import make_url
from town import findings, red, statuses, told

COLUMNS = {"name": {"type": "text"}, "email": {"type": "text"}}
TABLE = "CREATE TABLE companies (id {serial} PRIMARY KEY, name varchar(60), email varchar(60));"
TABLE += "INSERT INTO companies (name, email) VALUES ('a', 'a@x.example');"
FIELDS = {name: {"left": name, "right": name} for name in COLUMNS}


def as_user(url, user):
    """Give the address of the same database for another user."""
    return make_url(url).set(username=user, password="p4ss").render_as_string(hide_password=False)


@pytest.fixture(params=["postgres", "mariadb"])
def user(request):
    """Give a function that makes a user with some rights on the table, and returns its address."""
    if request.param == "postgres":
        make, names = request.getfixturevalue("postgres_with"), iter("abcdefgh")

        def with_rights(rights, more=""):
            name = f"rights_{next(names)}_{request.node.name.encode().hex()[:40]}"
            schema = "current_schema()"
            url = make(
                TABLE.format(serial="serial")
                + f"""CREATE ROLE {name} LOGIN PASSWORD 'p4ss' {more};
              GRANT {rights} ON companies TO {name};
              DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {name}', {schema}); END $$;"""
            )
            return as_user(url, name)

        return with_rights
    make = request.getfixturevalue("mariadb_with")
    return lambda rights, more="": _mariadb_user(make, rights, more)


def _mariadb_user(make, rights, more):
    first = make(TABLE.format(serial="integer AUTO_INCREMENT"))
    name = make_url(first).database
    extra = f"GRANT CREATE USER ON *.* TO u{name}@'127.0.0.1';" if more else ""
    make(f"CREATE USER u{name}@'127.0.0.1' IDENTIFIED BY 'p4ss'; {extra}"
         f"GRANT {rights} ON {name}.companies TO u{name}@'127.0.0.1'")  # fmt: skip
    return as_user(first, f"u{name}")


def project(databases, url, **settings):
    databases.system("erp", "partners", COLUMNS, [("a", "a@x.example")])
    fields = {"id": {"type": "integer", "read_only": True}} | COLUMNS
    objects = {"companies": {"id_type": "integer", "fields": fields}}
    databases.write("systems/crm.yaml", {"protocol": "sql", "url": url, "owner": "ops", "objects": objects})
    databases.mapping(FIELDS, **settings)


def of_crm(report):
    return {f.subject: f.verdict for f in findings(report, "C4") if f.system == "crm"}


def test_exactly_what_is_needed_passes(databases, user):
    project(databases, user("SELECT, INSERT, UPDATE, DELETE"))
    assert of_crm(databases.ask("C4")) == {"crm, reading": "pass", "crm, writing": "pass", "crm, excess": "pass"}


def test_a_right_that_is_needed_and_not_granted_is_red(databases, user):
    project(databases, user("SELECT, INSERT"))
    report = databases.ask("C4")
    assert red(report) == ["C4"]
    assert "not granted: update companies, delete companies" in told(report, "C4")


def test_a_right_that_nothing_needs_is_named(databases, user):
    """No mapping deletes here, so the right to delete is one too many."""
    project(databases, user("SELECT, INSERT, UPDATE, DELETE"), on_delete={"left": "unlink", "right": "unlink"})
    report = databases.ask("C4")
    assert of_crm(report)["crm, excess"] == "warn"
    assert "companies: may delete records" in told(report, "C4")


def test_power_over_the_whole_server_is_told(databases, user):
    project(databases, user("SELECT, INSERT, UPDATE, DELETE", "CREATEROLE"))
    report = databases.ask("C4")
    assert of_crm(report)["crm, excess"] == "warn"
    assert "create user" in told(report, "C4").lower()


def test_the_owner_of_a_table_may_do_too_much(databases, postgres_with):
    project(databases, postgres_with(TABLE.format(serial="serial")))
    words = told(databases.ask("C4"), "C4")
    assert "is a superuser" in words
    assert "owns the table" in words


def test_a_database_that_takes_no_writes_is_red(databases, postgres_with):
    """A replica, or a user whose transactions are read-only: found before the first write is tried."""
    url = postgres_with(TABLE.format(serial="serial"))
    project(databases, url.replace("options=", "options=-cdefault_transaction_read_only%3Don%20"))
    report = databases.ask("C4")
    assert red(report) == ["C4"]
    assert "read-only" in told(report, "C4")


def test_a_file_has_no_list_of_rights(databases):
    databases.pair([("a", "a@x.example")], [("a", "a@x.example")])
    report = databases.ask("C4")
    assert statuses(report)["C4"] == "cannot_tell"
    assert "excess" not in " ".join(of_crm(report))
