"""What changed since a plan was made: apply names, for each stale line, what was seen then and what is there now."""

import pytest
from tests.cli.conftest import World

from tallystick.cli import exits


@pytest.fixture
def planned_edit(in_step: World) -> World:
    """Give a project with a plan that carries a new name to the ERP."""
    in_step.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    in_step.succeed("plan")
    return in_step


def test_a_newer_edit_of_the_source_is_shown_with_both_values(planned_edit: World) -> None:
    planned_edit.execute("crm", "update companies set name = 'Beta Inc' where email = 'beta@example.com'")
    outcome = planned_edit.tally("apply", "--json")
    assert outcome.code == exits.DECIDE
    [line] = outcome.document["stale_lines"]
    assert line["changed"] == [
        {"field": "name", "side": "left", "record": "2", "planned": "Beta Ltd", "now": "Beta Inc"}
    ]
    assert [(o["action"], o["fields"]) for o in line["instead"]] == [("update", ["name"])]
    planned_edit.succeed("plan")
    planned_edit.execute("crm", "update companies set name = 'Beta SE' where email = 'beta@example.com'")
    told = planned_edit.tally("apply").out
    assert "name in crm: was 'Beta Inc', now 'Beta SE'" in told
    assert "planned now: update in erp (name)" in told


def test_an_edit_of_the_target_is_shown(planned_edit: World) -> None:
    planned_edit.execute("erp", "update partners set partner_name = 'Beta AG' where mail = 'beta@example.com'")
    [line] = planned_edit.tally("apply", "--json").document["stale_lines"]
    assert {"field": "name", "side": "right", "record": "2", "planned": "Beta", "now": "Beta AG"} in line["changed"]
    assert [o["action"] for o in line["instead"]] == ["ask"]


def test_a_change_that_was_taken_back_leaves_nothing_to_do(planned_edit: World) -> None:
    planned_edit.execute("crm", "update companies set name = 'Beta' where email = 'beta@example.com'")
    told = planned_edit.tally("apply").out
    assert "name in crm: was 'Beta Ltd', now 'Beta'" in told
    assert "nothing is to be done about it any more" in told


def test_a_record_that_is_not_shown_any_more_is_named(planned_edit: World) -> None:
    planned_edit.execute("crm", "delete from companies where email = 'beta@example.com'")
    [line] = planned_edit.tally("apply", "--json").document["stale_lines"]
    assert line["records"] == [{"side": "left", "record": "2", "state": "missing"}]
    planned_edit.execute("crm", "insert into companies (id, name, email) values (2, 'Beta Ltd', 'beta@example.com')")


def test_a_create_whose_source_changed_shows_what_changed(in_step: World) -> None:
    in_step.execute("crm", "insert into companies (id, name, email) values (77, 'New', 'new@example.com')")
    in_step.succeed("plan")
    in_step.execute("crm", "update companies set name = 'Newer' where id = 77")
    [line] = in_step.tally("apply", "--json").document["stale_lines"]
    assert line["changed"] == [{"field": "name", "side": "left", "record": "77", "planned": "New", "now": "Newer"}]
    assert [o["action"] for o in line["instead"]] == ["create"]
