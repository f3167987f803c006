"""The whole check list on honest systems of every protocol, also while people work in them: nobody is contradicted."""

import pytest
from tests.systems.checked_project import make_project, pair_up
from tests.systems.honest_systems import HONEST, MAILS, NAMES, relay, soap
from tests.systems.tryton_calls import tryton_by_calls
from tests.systems.tryton_server import PASSWORD

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

# What is true of these systems and worth a warning. C9 only states what each system can and cannot guarantee.
TRUE = {
    "xml_ledger": {"C7.8": "lowers them silently"},
    "json_ledger": {"C7.8": "lowers them silently"},
    "shop": {"C7.8": "lowers them silently", "C1.2": "written by hand"},
}


def contradictions(project):
    """Ask everything and give what is said against the systems."""
    found = [f for q in project.check() for f in q["findings"]]
    assert all("the check itself broke" not in f["summary"] for f in found)
    return [f for f in found if f["verdict"] in {"warn", "fail"} and f["question"] != "C9"]


@pytest.mark.parametrize("system", HONEST)
def test_no_contradiction_is_told(tmp_path, system):
    with HONEST[system](tmp_path) as project:
        project.shrink(5)
        told = contradictions(project)
    assert {f["question"] for f in told} == TRUE.get(system, {}).keys(), told
    assert all(TRUE[system][f["question"]] in f["summary"] for f in told), told


@pytest.mark.parametrize("system", ["relay", "odata_4"])
def test_none_is_told_after_a_sync_either(tmp_path, system):
    """Pairs that are known by then are witnesses, and nobody is accused by them."""
    with HONEST[system](tmp_path) as project:
        project.shrink(3)
        for verb in ("plan", "apply", "run"):
            assert project.tally(verb)[0] == 0
        assert contradictions(project) == []


@pytest.mark.parametrize("system", [relay, soap])
def test_people_who_work_meanwhile_are_no_lie(tmp_path, system):
    """A record is changed before every request that is made, so that no two answers agree."""
    with system(tmp_path) as project:
        project.shrink(3)
        project.work_meanwhile()
        assert contradictions(project) == []


def test_calls_by_name_are_told_by_name_and_place(tmp_path):
    """RPC has one address for everything; the letter and the list of calls name the methods."""
    with HONEST["json_ledger"](tmp_path) as project:
        [reached] = [f for q in project.check("--only", "C5") for f in q["findings"] if f["subject"] == "subject"]
        assert f"127.0.0.1 port {project.port} answers" in reached["summary"]
        found = [f for q in project.check("--only", "C1.3") for f in q["findings"] if f["subject"] == "subject"]
        [calls] = [f for f in found if "calls needed" in f["summary"]]
        assert any("accounts: a record that is not there is told as such" in f["summary"] for f in found)
        assert "get accounts (accounts.read): record 1; for mirror" in " ".join(calls["reasons"])
        assert "accounts.change" in project.tally("check", "--letter", "en")[1]


@pytest.mark.parametrize("version", ["json-1.0", "xml"])
def test_no_contradiction_is_told_of_tryton_by_calls(tmp_path, tryton, monkeypatch, version):
    monkeypatch.setenv("TRYTON_PASSWORD", PASSWORD)
    rows = [(f"T{number:02d}", name) for number, name in enumerate(NAMES)]
    tryton.create(*({"code": code, "name": name} for code, name in rows))
    before = tryton.parties()
    project = make_project(tmp_path / "project")
    project.write(tryton_by_calls(tryton.address, version))
    pair_up(project, "party", ("code", "name"), rows)
    assert contradictions(project) == []
    assert tryton.parties() == before


TABLE = """CREATE TABLE companies (id {serial} PRIMARY KEY, name varchar(40) NOT NULL, email varchar(60) UNIQUE,
  revenue numeric(12, 2), active boolean, founded date, updated_at {moment});
INSERT INTO companies (name, email, revenue, active, founded, updated_at) VALUES """
KINDS = {
    "postgres_with": {"serial": "serial", "moment": "timestamptz"},
    "mariadb_with": {"serial": "bigint AUTO_INCREMENT", "moment": "datetime(3)"},
}


@pytest.mark.parametrize("way", ["directly", "odbc"])
@pytest.mark.parametrize("maker", KINDS)
def test_no_contradiction_is_told_of_a_database(tmp_path, request, monkeypatch, maker, way):
    rows = [(mail, name) for mail, name in zip(MAILS, NAMES, strict=True)]
    listed = ", ".join(
        f"('{name}', '{mail}', {n}.50, {'true' if n % 2 else 'false'}, null, '2024-01-{n + 1:02d} 10:00:07')"
        for n, (mail, name) in enumerate(rows)
    )
    url = request.getfixturevalue(maker)(TABLE.format(**KINDS[maker]) + listed)
    if way == "odbc":
        url = request.getfixturevalue("odbc_address")(url)
    project = make_project(tmp_path / "project")
    monkeypatch.setenv("SUBJECT_DATABASE", url)
    project.describe("--database", "${env:SUBJECT_DATABASE}")
    pair_up(project, "companies", ("email", "name"), rows)
    told = contradictions(project)
    # The user of these servers owns all there is; that is said, and it is true.
    assert {f["question"] for f in told} <= {"C4"}, told
