"""R-17.2: the audit trail says who carried out what, by which command."""

import getpass
import socket

import pytest
from tests.cli.conftest import World


def written(world: World) -> set[str | None]:
    world.execute("crm", "update companies set name = 'Beta Ltd' where email = 'beta@example.com'")
    world.succeed("run")
    [past] = world.succeed("history", "companies", "left/2", "--json").document["records"]
    entries = past["entries"]
    assert entries
    return {entries[0]["by"]}


def test_a_write_says_who_where_and_by_which_command(in_step: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLY_ACTOR", raising=False)
    [by] = written(in_step)
    assert by is not None
    assert by == f"{getpass.getuser()}@{socket.gethostname()} (tally run)"
    assert f", by {by}" in in_step.succeed("history", "companies", "left/2").out


def test_a_schedule_can_say_its_own_name(in_step: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """``TALLY_ACTOR`` stands for the person everywhere, also where brakes are let go and questions discarded."""
    monkeypatch.setenv("TALLY_ACTOR", " nightly job ")
    [by] = written(in_step)
    assert by == "nightly job (tally run)"
    assert in_step.succeed("run", "--json").document["by"] == "nightly job"


def test_a_name_cannot_write_control_characters(in_step: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_ACTOR", "a\x1b[31mb" + "c" * 500)
    [by] = written(in_step)
    assert by is not None
    assert "\x1b" not in by
    assert len(by) < 300
