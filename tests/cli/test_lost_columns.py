"""A mapped column that is gone is unknown and never blank; all else of the pair goes on without it (R-15.2, F-7)."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, World

from tallystick.cli import exits

TABLE = "    table: {name: companies}\n"


@pytest.fixture
def lost(in_step: World) -> World:
    """A world in step, in which the ERP has lost the telephone."""
    in_step.execute("erp", "alter table partners drop column telephone")
    return in_step


def partners(world: World) -> dict[str, str]:
    return dict(world.execute("erp", "select mail, partner_name from partners"))


def test_a_column_lost_where_it_is_read_empties_nothing_and_the_rest_goes_on(in_step: World) -> None:
    before = in_step.erp()
    in_step.execute("crm", "alter table companies drop column phone")
    in_step.execute("crm", "update companies set name = 'Gamma' where email = 'beta@example.com'")
    in_step.execute("crm", "insert into companies (name, email) values ('New', 'new@example.com')")
    told = in_step.tally("run").out
    assert "crm/companies: field 'phone' is gone" in told
    after = in_step.erp()
    assert after.pop("new@example.com") == ("New", None)
    assert after == before | {"beta@example.com": ("Gamma", before["beta@example.com"][1])}


def test_a_column_lost_where_it_is_written_keeps_back_only_itself(lost: World) -> None:
    lost.execute("crm", "update companies set name = 'Gamma', phone = '9' where email = 'beta@example.com'")
    lost.execute("crm", "insert into companies (name, email, phone) values ('New', 'new@example.com', '7')")
    told = lost.tally("run").out
    assert "field 'telephone'" in told
    assert partners(lost)["beta@example.com"] == "Gamma"
    assert partners(lost)["new@example.com"] == "New"
    assert lost.crm()["beta@example.com"] == ("Gamma", "9")
    assert lost.crm()["new@example.com"] == ("New", "7")


def test_a_column_that_comes_back_empty_empties_nothing_that_it_never_held(lost: World) -> None:
    """What was made while the column was away was never stored there, so its absence is no deletion."""
    lost.execute("crm", "insert into companies (name, email, phone) values ('New', 'new@example.com', '7')")
    lost.tally("run")
    lost.execute("erp", "alter table partners add column telephone text")
    lost.tally("run")
    assert lost.crm()["new@example.com"] == ("New", "7")
    assert lost.erp()["new@example.com"] == ("New", "7")


def test_a_lost_column_is_told_once_and_is_over_when_it_is_back(lost: World) -> None:
    lost.tally("run")
    assert "telephone" not in lost.tally("run").out
    [entry] = lost.tally("drift", "--feed", "--json").document["feed"]
    assert (entry["field"], entry["change"], entry["decision"]) == ("telephone", "gone", "")


def test_a_mapped_column_that_never_was_is_told_by_the_first_plan(world: World) -> None:
    """A name that was mistyped looks like a column that is gone, and is no more silent than that."""
    world.execute("crm", "alter table companies rename column phone to telefon")
    assert "crm/companies: field 'phone' is gone" in world.tally("plan").out


@pytest.mark.parametrize("policy", ["freeze", "stop"])
def test_where_no_change_is_accepted_the_run_says_what_to_do(in_step: World, policy: str) -> None:
    in_step.write("systems/crm.yaml", CRM_MANIFEST.replace(TABLE, f"{TABLE}    on_new_field: {policy}\n"))
    in_step.execute("crm", "alter table companies drop column phone")
    before = in_step.erp()
    outcome = in_step.tally("run")
    assert outcome.code != exits.DONE
    assert "the table has no column 'phone'" in outcome.out
    assert "tally drift crm" in outcome.out
    assert in_step.erp() == before


def test_a_column_by_which_records_are_found_holds_the_pair(in_step: World) -> None:
    """Without its match key a record would look like one that nobody has (R-15.1)."""
    in_step.execute("erp", "create table other as select id, partner_name, telephone from partners")
    in_step.execute("erp", "drop table partners")
    in_step.execute("erp", "create table partners (id integer primary key, partner_name text, telephone text)")
    in_step.execute("erp", "insert into partners select * from other")
    in_step.execute("erp", "insert into partners (partner_name) values ('Beta')")
    in_step.execute("crm", "insert into companies (name, email) values ('New', 'new@example.com')")
    before = in_step.crm()
    [(held,)] = in_step.execute("erp", "select count(*) from partners")
    outcome = in_step.tally("run")
    assert outcome.code != exits.DONE
    assert "'mail'" in outcome.out
    assert in_step.crm() == before
    assert in_step.execute("erp", "select count(*) from partners") == [(held,)]
