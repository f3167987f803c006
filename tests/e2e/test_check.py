"""The check list on systems that nobody of us wrote: honest ones, so nothing may be red, and nothing is written."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.systems.roundup_server import ROBOT, Roundup
from tests.systems.serving import EXAMPLES
from tests.systems.tally_project import TallyProject, example_project
from tests.systems.tryton_server import Tryton

if TYPE_CHECKING:
    from tests.systems.postgres_server import PostgresServer

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

PROVEN = {"C1.1", "C1.3", "C5", "C7.8", "C7.9", "C7.10", "C7.11d"}
# What is so, and worth a warning: how these projects were made, and what a user may who owns the whole server.
TRUE = ("written by hand", "may do more than is needed", "1 row without any value", "guarantees cannot be given")


def answers(project: TallyProject) -> dict[str, Any]:
    """Ask everything; give the questions by id."""
    outcome = project.tally("check", "--json")
    document = json.loads(outcome.output)
    told = [f for q in document["questions"] for f in q["findings"] if f["verdict"] in {"warn", "fail"}]
    assert [f for f in told if not any(true in f["summary"] for true in TRUE)] == []
    assert outcome.code == 0, outcome.errors
    return {q["id"]: q["status"] for q in document["questions"]}


def test_roundup_and_postgresql(tmp_path: Path, roundup: Roundup, database_server: "PostgresServer") -> None:
    database = database_server.database(EXAMPLES / "roundup-postgres" / "database.sql")
    for number in range(30):
        values = {"title": f"Issue {number:02d} über Drucker", "status": "chatting", "priority": "urgent"}
        roundup.create(**values)
        database.insert("issues", **values)
    before = roundup.rows()
    project = example_project(
        "roundup-postgres",
        tmp_path / "project",
        {"roundup": {"base_url": roundup.rest, "network": {"headers": {"Origin": roundup.address}}}},
        {"ROUNDUP_USER": ROBOT[0], "ROUNDUP_PASSWORD": ROBOT[1], "SUPPORT_DATABASE": database.url},
    )
    found = answers(project)
    assert {q: found[q] for q in PROVEN} == dict.fromkeys(PROVEN, "pass")
    assert roundup.rows() == before


def test_tryton_and_postgresql(tmp_path: Path, tryton: Tryton, database_server: "PostgresServer") -> None:
    database = database_server.database(EXAMPLES / "tryton-postgres" / "database.sql")
    for number in range(30):
        tryton.create({"code": f"S{number:02d}", "name": f"Müller & Söhne {number}"})
        database.insert("customers", code=f"S{number:02d}", name=f"Müller & Söhne {number}")
    before = tryton.parties()
    project = example_project(
        "tryton-postgres",
        tmp_path / "project",
        {"tryton": {"base_url": tryton.rest}},
        {"TRYTON_KEY": tryton.key, "CUSTOMERS_DATABASE": database.url},
    )
    found = answers(project)
    # It gives no count, and there is no other way to know what a listing leaves out.
    assert {q: found[q] for q in PROVEN} == dict.fromkeys(PROVEN, "pass") | {"C7.8": "cannot_tell"}
    assert tryton.parties() == before
