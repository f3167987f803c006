"""Parties of a live Tryton and issues of a live Roundup, with nothing of ours between them but the project.

Nothing here looks at what a command prints about itself; the systems are asked, each in its own language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.systems.passage import Passage, opened_passage
from tests.systems.roundup_server import ROBOT, Roundup
from tests.systems.tally_project import TIMEOUT_SECONDS, TallyProject, example_project
from tests.systems.tryton_server import Tryton

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Pair:
    """Both systems, the passage before each, and the project between them."""

    tryton: Tryton
    roundup: Roundup
    to_tryton: Passage
    to_roundup: Passage
    project: TallyProject

    def left(self) -> list[tuple[str, bool]]:
        """Show who is in Tryton, and who of them is active."""
        return sorted((each["name"], bool(each["active"])) for each in self.tryton.parties().values())

    def right(self) -> list[tuple[str, bool]]:
        """Show which issues there are, and which of them are open."""
        rows = self.roundup.issues().values()
        assert {row["status"] for row in rows} <= {"chatting", "resolved"}
        return sorted((row["title"], row["status"] == "chatting") for row in rows)

    def agree(self) -> dict[str, bool]:
        """Show what both hold, which must be the same, each name once."""
        left = self.left()
        assert left == self.right()
        assert len(dict(left)) == len(left)
        return dict(left)

    def code(self, name: str) -> str:
        """Give the code of the only party of this name."""
        [found] = [code for code, each in self.tryton.parties().items() if each["name"] == name]
        return found

    def everything(self) -> tuple[Any, Any]:
        """Show both sides with the times of their last changes: equal only if nothing was written in between."""
        return self.tryton.parties(), self.roundup.rows()


@pytest.fixture
def pair(tmp_path: Path, tryton: Tryton, roundup: Roundup) -> Iterator[Pair]:
    """One shared record, some that the other side does not know, all in step after the first load."""
    tryton.create({"name": "Müller & Söhne"}, {"name": "Only in Tryton"}, {"name": "Brontë Ltd"})
    for title in ("Müller & Söhne", 'Łódź "quoted"', "Only in the tracker"):
        roundup.create(title=title, status="chatting")
    root, _, database = tryton.rest.removeprefix("http://").partition("/")
    door = opened_passage(roundup.address, keeps_name=False)
    with opened_passage(f"http://{root}") as to_tryton, door as to_roundup:
        patience = {"timeout_seconds": TIMEOUT_SECONDS}
        project = example_project(
            "tryton-roundup",
            tmp_path / "project",
            {
                "tryton": {"base_url": f"{to_tryton.url}/{database}", "network": patience},
                "roundup": {
                    "base_url": f"{to_roundup.url}/rest/data",
                    "network": {**patience, "headers": {"Origin": roundup.address}},
                },
            },
            {"TRYTON_KEY": tryton.key, "ROUNDUP_USER": ROBOT[0], "ROUNDUP_PASSWORD": ROBOT[1]},
        )
        found = Pair(tryton, roundup, to_tryton, to_roundup, project)
        before = found.everything()
        project.succeed("plan")
        assert found.everything() == before
        project.succeed("apply")
        assert len(found.agree()) == 5
        yield found


def test_edits_creations_and_deletions_of_both_sides_come_to_rest(pair: Pair) -> None:
    """Both edit one record in different fields, each creates and deletes; nothing is lost, doubled or left to do."""
    before = pair.everything()
    pair.project.succeed("run")
    assert pair.everything() == before
    pair.tryton.change(pair.code("Müller & Söhne"), name="Müller Söhne & Töchter")
    pair.roundup.change(pair.roundup.id_of("Müller & Söhne"), status="resolved")
    pair.roundup.change(pair.roundup.id_of("Only in Tryton"), title="Renamed in the tracker")
    pair.tryton.create({"name": "New in Tryton"})
    pair.roundup.create(title="New in the tracker", status="chatting")
    pair.project.succeed("run")
    held = pair.agree()
    assert len(held) == 7
    assert held["Müller Söhne & Töchter"] is False
    assert {"Renamed in the tracker", "New in Tryton", "New in the tracker"} <= held.keys()

    pair.tryton.remove(pair.code("Brontë Ltd"))
    pair.roundup.retire(pair.roundup.id_of("Only in the tracker"))
    pair.project.run_until(lambda: len(pair.left()) == len(pair.right()) == 5, "both deletions to arrive")
    assert not {"Brontë Ltd", "Only in the tracker"} & pair.agree().keys()
    before = pair.everything()
    pair.project.succeed("plan")
    pair.project.succeed("run", "--full")
    assert pair.everything() == before


def test_lost_answers_lose_and_double_nothing(pair: Pair) -> None:
    """Each system made a record and changed one, and nobody heard of it: the next runs find out."""
    there, here = pair.to_roundup.lose_next("POST", "PUT"), pair.to_tryton.lose_next("POST", "PUT")
    pair.tryton.create({"name": "Late in the tracker"})
    pair.roundup.create(title="Late in Tryton", status="chatting")
    pair.tryton.change(pair.code("Brontë Ltd"), name="Brontë & Sisters")
    pair.roundup.change(pair.roundup.id_of("Only in the tracker"), title="Not only in the tracker")
    pair.project.run_until(lambda: pair.left() == pair.right() and len(pair.left()) == 7, "both to be in step")
    assert (sorted(there), sorted(here)) == (["POST", "PUT"], ["POST", "PUT"])
    assert {"Brontë & Sisters", "Not only in the tracker"} <= pair.agree().keys()
    pair.project.succeed("plan")
