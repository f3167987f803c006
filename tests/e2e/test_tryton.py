"""Parties of a live Tryton and customers of a live PostgreSQL, kept in step by the command line.

Nothing here looks at what a command prints about itself; the systems are asked, each in its own language.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.systems.serving import EXAMPLES
from tests.systems.tally_project import TIMEOUT_SECONDS, TallyProject, example_project
from tests.systems.tryton_server import Tryton

if TYPE_CHECKING:
    from tests.systems.postgres_server import Database, PostgresServer

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Pair:
    """Both systems and the project between them."""

    tryton: Tryton
    database: "Database"
    project: TallyProject

    def customers(self) -> dict[str, dict[str, Any]]:
        """Show all customers by code."""
        rows = self.database.execute("select * from customers")
        shown = {row["code"]: row for row in rows}
        assert len(shown) == len(rows), "a code is there twice"
        return shown

    def change(self, code: str, /, **values: Any) -> None:
        """Edit a customer as a person would."""
        places = ", ".join(f"{column} = %s" for column in values)
        self.database.execute(f"update customers set {places} where code = %s", *values.values(), code)

    def names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Show the names of both sides by code."""
        parties, customers = self.tryton.parties(), self.customers()
        return {c: p["name"] for c, p in parties.items()}, {c: r["name"] for c, r in customers.items()}

    def everything(self) -> tuple[Any, Any]:
        """Show both sides with the times of their last changes: equal only if nothing was written in between."""
        return self.tryton.parties(), self.customers()


@pytest.fixture
def fresh(tmp_path: Path, tryton: Tryton, database_server: "PostgresServer") -> Pair:
    """Two systems that share two customers, differ over a third, and have some that the other does not know."""
    german, english = tryton.language("de"), tryton.language("en")
    tryton.create(
        {"code": "S1", "name": "Müller & Söhne", "lang": german},
        {"code": "S2", "name": "Brontë Ltd", "lang": english},
        {"code": "S3", "name": "Gamma as Tryton has it"},
        {"code": "T1", "name": "Only in Tryton", "lang": german},
        {"code": "T2", "name": "Archived in Tryton"},
    )
    tryton.change("T2", active=False)
    database = database_server.database(EXAMPLES / "tryton-postgres" / "database.sql")
    for code, name, lang in [
        ("S1", "Müller & Söhne", "de"),
        ("S2", "Brontë Ltd", "en"),
        ("S3", "Gamma as the database has it", None),
        ("P1", "Only in the database", "de"),
        ("P2", "Łódź 'quoted' \"twice\"", None),
    ]:
        database.insert("customers", code=code, name=name, lang=lang)
    project = example_project(
        "tryton-postgres",
        tmp_path / "project",
        {
            "tryton": {"base_url": tryton.rest, "network": {"timeout_seconds": TIMEOUT_SECONDS}},
            "database": {"network": {"timeout_seconds": TIMEOUT_SECONDS}},
        },
        {"TRYTON_KEY": tryton.key, "CUSTOMERS_DATABASE": database.url},
    )
    return Pair(tryton, database, project)


@pytest.fixture
def pair(fresh: Pair) -> Pair:
    """The same after the first sync, with nothing left in dispute."""
    fresh.change("S3", name="Gamma as Tryton has it")
    fresh.project.succeed("plan")
    fresh.project.succeed("apply")
    parties, customers = fresh.names()
    assert parties == customers
    return fresh


def test_a_plan_writes_nothing_and_applying_it_adopts_and_creates(fresh: Pair) -> None:
    before = fresh.everything()
    fresh.project.tally("plan")
    assert fresh.everything() == before

    fresh.project.tally("apply")
    parties, customers = fresh.everything()
    assert parties.keys() == customers.keys() == {"S1", "S2", "S3", "T1", "T2", "P1", "P2"}
    agreed = parties.keys() - {"S3"}
    assert {c: parties[c]["name"] for c in agreed} == {c: customers[c]["name"] for c in agreed}
    assert {c: p["active"] for c, p in parties.items()} == {c: r["active"] for c, r in customers.items()}
    assert customers["T1"]["lang"] == "de"
    assert parties["P1"]["lang"] == fresh.tryton.language("de")


def test_a_difference_found_at_first_meeting_is_left_to_a_person(fresh: Pair) -> None:
    fresh.project.tally("plan")
    fresh.project.tally("apply")
    fresh.project.tally("run")
    parties, customers = fresh.names()
    assert (parties["S3"], customers["S3"]) == ("Gamma as Tryton has it", "Gamma as the database has it")

    fresh.tryton.change("S3", name="Gamma agreed")
    fresh.change("S3", name="Gamma agreed")
    fresh.project.succeed("run")
    fresh.change("S3", name="Gamma moves on")
    fresh.project.succeed("run")
    assert fresh.names()[0]["S3"] == "Gamma moves on"


def test_the_second_plan_is_empty_and_a_second_run_writes_nothing(pair: Pair) -> None:
    before = pair.everything()
    pair.project.succeed("plan")
    pair.project.succeed("run")
    assert pair.everything() == before


def test_edits_of_either_side_reach_the_other_and_nothing_else_changes(pair: Pair) -> None:
    parties, customers = pair.everything()
    pair.tryton.change("S1", name="Müller Söhne & Töchter", lang=None)
    pair.tryton.change("T1", active=False)
    pair.change("S2", name="Brontë & Sisters", lang="fr")
    pair.change("P1", lang=None)
    pair.project.succeed("run")

    after_parties, after_customers = pair.everything()
    assert (after_customers["S1"]["name"], after_customers["S1"]["lang"]) == ("Müller Söhne & Töchter", None)
    assert after_customers["T1"]["active"] is False
    assert after_parties["S2"]["name"] == "Brontë & Sisters"
    assert after_parties["S2"]["lang"] == pair.tryton.language("fr")
    assert after_parties["P1"]["lang"] is None
    for untouched in ("S3", "T2", "P2"):
        assert after_parties[untouched] == parties[untouched]
        assert after_customers[untouched] == customers[untouched]


def test_new_records_of_either_side_are_created_once_on_the_other(pair: Pair) -> None:
    pair.tryton.create({"code": "T9", "name": "New in Tryton"}, {"name": "Tryton gives the code"})
    pair.database.insert("customers", code="P9", name="New in the database", lang="en")
    pair.project.succeed("run")
    pair.project.succeed("run")
    parties, customers = pair.everything()
    assert parties.keys() == customers.keys()
    assert len(parties) == 10
    assert parties["P9"]["lang"] == pair.tryton.language("en")


def test_a_conflict_keeps_both_values_and_holds_up_nothing_else(pair: Pair) -> None:
    pair.tryton.change("S1", name="Left wins?")
    pair.change("S1", name="Right wins?", lang="fr")
    pair.change("S2", name="Goes on")
    pair.project.tally("run")
    parties, customers = pair.names()
    assert (parties["S1"], customers["S1"]) == ("Left wins?", "Right wins?")
    assert parties["S2"] == "Goes on"
    assert pair.tryton.parties()["S1"]["lang"] == pair.tryton.language("fr")
    assert "conflict" in pair.project.problems()

    before = pair.everything()
    pair.project.tally("run")
    assert pair.everything() == before

    pair.change("S1", name="Left wins?")
    pair.project.succeed("run")
    assert "conflict" not in pair.project.problems()


def test_a_proven_deletion_reaches_the_other_side_and_stays(pair: Pair) -> None:
    pair.tryton.remove("S2")
    pair.tryton.remove("T2")
    pair.database.execute("delete from customers where code = 'P1'")

    def deleted() -> bool:
        parties, customers = pair.names()
        return parties.keys() == customers.keys() == {"S1", "S3", "T1", "P2"}

    pair.project.run_until(deleted, "the deletions to reach the other side")
    pair.project.succeed("run")
    assert deleted()


def test_what_a_system_refuses_is_parked_while_the_others_go_on(pair: Pair) -> None:
    """Tryton takes no line break in a name, no new code and nobody who is archived from the start.

    The database takes no name beyond 60 characters.
    """
    pair.database.insert("customers", code="P6", name="archived at once", active=False)
    pair.database.insert("customers", code="P7", name="two\nlines")
    pair.database.insert("customers", code="P8", name="fine")
    pair.tryton.create({"code": "T7", "name": "long" * 20}, {"code": "T8", "name": "fine too"})
    pair.change("P2", code="P2-new")
    pair.change("S2", name="Renamed")
    pair.project.tally("run")

    parties, customers = pair.names()
    assert not {"P6", "P7"} & parties.keys()
    assert "T7" not in customers
    assert parties["P8"] == "fine"
    assert customers["T8"] == "fine too"
    assert parties["S2"] == "Renamed"
    assert "P2" in parties
    assert "P2-new" in customers
    assert "P2-new" not in parties, "the refused code must not come as a second party"

    before = pair.everything()
    pair.project.tally("run")
    assert pair.everything() == before, "a parked record is not tried again while nothing changes"

    pair.change("P6", active=True)
    pair.change("P7", name="one line")
    pair.tryton.change("T7", name="short")
    pair.change("P2-new", code="P2")
    pair.project.succeed("run")
    parties, customers = pair.names()
    assert parties == customers
