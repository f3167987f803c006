"""tally capture: prints what makes a change log, makes it when told to, and runs read by it."""

import pytest
from tests.cli.conftest import CRM_MANIFEST, World

from tallystick.cli import exits


@pytest.fixture
def logged(in_step: World) -> World:
    """Both sides agree, and the left table keeps a log."""
    in_step.write(
        "systems/crm.yaml",
        CRM_MANIFEST.replace("table: {name: companies}", "table: {name: companies}\n    changes: {log: noted}"),
    )
    in_step.succeed("capture", "crm", "companies", "--apply")
    in_step.succeed("run")
    return in_step


def windows(world: World) -> dict[str, str]:
    """Say how each side was read."""
    complete = world.succeed("plan", "--json").document["plan"]["mappings"][0]["complete"]
    assert isinstance(complete, dict)
    return complete


def test_nothing_is_installed_unasked(in_step: World) -> None:
    """The statements are printed, with what the manifest needs; the database is as it was."""
    said = in_step.succeed("capture", "crm", "companies").out
    assert 'CREATE TABLE IF NOT EXISTS "tally_changes"' in said
    assert "Nothing was changed" in said
    assert "objects.companies: changes: {log: tally_changes}" in said
    assert in_step.execute("crm", "select name from sqlite_master where name like 'tally%'") == []


def test_a_run_reads_what_the_log_names_and_nothing_else(logged: World) -> None:
    """An edit and a deletion of a table without any time of change are carried over, without a full compare."""
    assert windows(logged) == {"left": "window", "right": "proven"}
    logged.execute("crm", "update companies set phone = '99' where email = 'beta@example.com'")
    logged.execute("crm", "delete from companies where email = 'left@example.com'")
    logged.execute("crm", "insert into companies (name, email) values ('New', 'new@example.com')")
    assert windows(logged)["left"] == "window"
    logged.succeed("run")
    theirs = logged.erp()
    assert theirs["beta@example.com"][1] == "99"
    assert "new@example.com" in theirs
    assert "left@example.com" not in theirs


def test_where_the_triggers_are_gone_everything_is_compared(logged: World) -> None:
    logged.execute("crm", "drop trigger tally_companies_update")
    logged.execute("crm", "update companies set phone = '77' where email = 'beta@example.com'")
    said = logged.succeed("capture", "crm", "companies", "--json").document
    assert (said["kept"], said["named"]) == (False, True)
    assert "missing or switched off" in said["fault"]
    assert windows(logged)["left"] == "proven"
    assert "could not tell what changed, so everything was compared: the triggers" in logged.succeed("plan").out
    logged.succeed("run")
    assert logged.erp()["beta@example.com"][1] == "77"


def test_the_log_is_removed_again(logged: World) -> None:
    said = logged.succeed("capture", "crm", "companies", "--remove", "--apply", "--json").document
    assert not said["kept"]
    assert logged.execute("crm", "select name from sqlite_master where name in ('noted', 'noted_row')") == []
    assert logged.execute("crm", "select name from sqlite_master where type = 'trigger'") == []


def test_a_cut_takes_old_rows_only(logged: World) -> None:
    logged.execute("crm", "update companies set phone = '5' where email = 'beta@example.com'")
    logged.execute("crm", "update noted set at = at - 90000 where operation = 'start'")
    logged.succeed("capture", "crm", "companies", "--cut", "1", "--apply")
    assert logged.execute("crm", "select operation from noted order by seq") == [("update",), ("start",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cmr", "companies"), "did you mean 'crm'?"),
        (("crm", "company"), "did you mean 'companies'?"),
        (("crm", "companies", "--cut", "3", "--remove"), "exclude each other"),
        (("crm", "companies", "--apply", "--as", "nonsense"), "not the address of a database"),
    ],
)
def test_what_cannot_be_meant_is_refused(in_step: World, arguments: tuple[str, ...], message: str) -> None:
    outcome = in_step.tally("capture", *arguments)
    assert outcome.code == exits.WRONG
    assert message in outcome.err
