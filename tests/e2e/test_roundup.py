"""Issues of a live Roundup, with its versions and its rate limit, and of a live PostgreSQL, kept in step.

Nothing here looks at what a command prints about itself; the systems are asked, each in its own language.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.systems.roundup_server import CALLS, ROBOT, Roundup
from tests.systems.serving import EXAMPLES
from tests.systems.tally_project import TIMEOUT_SECONDS, TallyProject, example_project

if TYPE_CHECKING:
    from tests.systems.postgres_server import Database, PostgresServer

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e

Facts = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Pair:
    """Both systems and the project between them."""

    roundup: Roundup
    database: "Database"
    project: TallyProject

    def left(self) -> list[Facts]:
        """Show title, status and priority of all issues of the tracker."""
        return sorted((row["title"], row["status"], row["priority"]) for row in self.roundup.issues().values())

    def right(self) -> list[Facts]:
        """Show title, status and priority of all issues of the database."""
        rows = self.database.execute('select title, status, priority from issues order by title collate "C"')
        return [(row["title"], row["status"], row["priority"]) for row in rows]

    def change(self, title: str, /, **values: Any) -> None:
        """Edit an issue of the database as a person would."""
        places = ", ".join(f"{column} = %s" for column in values)
        self.database.execute(f"update issues set {places} where title = %s", *values.values(), title)

    def everything(self) -> tuple[Any, Any]:
        """Show both sides with the times of their last changes: equal only if nothing was written in between."""
        return self.roundup.rows(), self.database.execute("select * from issues order by id")


@pytest.fixture
def fresh(tmp_path: Path, roundup: Roundup, database_server: "PostgresServer") -> Pair:
    """Two systems that share an issue, and have some that the other does not know."""
    roundup.create(title="Drucker läuft nicht", status="chatting", priority="urgent")
    roundup.create(title="Only in the tracker", status="testing")
    database = database_server.database(EXAMPLES / "roundup-postgres" / "database.sql")
    database.insert("issues", title="Drucker läuft nicht", status="chatting", priority="urgent")
    database.insert("issues", title='Only in the database, "quoted"', status="resolved", priority="wish")
    project = example_project(
        "roundup-postgres",
        tmp_path / "project",
        {
            "roundup": {
                "base_url": roundup.rest,
                "network": {"timeout_seconds": TIMEOUT_SECONDS, "headers": {"Origin": roundup.address}},
            },
            "database": {"network": {"timeout_seconds": TIMEOUT_SECONDS}},
        },
        {"ROUNDUP_USER": ROBOT[0], "ROUNDUP_PASSWORD": ROBOT[1], "SUPPORT_DATABASE": database.url},
    )
    return Pair(roundup, database, project)


@pytest.fixture
def pair(fresh: Pair) -> Pair:
    """The same after the first sync."""
    fresh.project.succeed("plan")
    fresh.project.succeed("apply")
    assert fresh.left() == fresh.right()
    return fresh


def test_a_plan_writes_nothing_and_applying_it_adopts_and_creates(fresh: Pair) -> None:
    before = fresh.everything()
    fresh.project.succeed("plan")
    assert fresh.everything() == before

    fresh.project.succeed("apply")
    assert fresh.left() == fresh.right()
    assert fresh.right() == [
        ("Drucker läuft nicht", "chatting", "urgent"),
        ('Only in the database, "quoted"', "resolved", "wish"),
        ("Only in the tracker", "testing", None),
    ]


def test_the_second_plan_is_empty_and_a_second_run_writes_nothing(pair: Pair) -> None:
    before = pair.everything()
    pair.project.succeed("plan")
    pair.project.succeed("run")
    assert pair.everything() == before


def test_edits_of_either_side_reach_the_other(pair: Pair) -> None:
    pair.roundup.change(pair.roundup.id_of("Drucker läuft nicht"), title="Drucker läuft", status="resolved")
    pair.change("Only in the tracker", status="deferred", priority="bug")
    pair.change('Only in the database, "quoted"', priority=None)
    pair.project.succeed("run")
    assert pair.left() == pair.right()
    assert pair.right() == [
        ("Drucker läuft", "resolved", "urgent"),
        ('Only in the database, "quoted"', "resolved", None),
        ("Only in the tracker", "deferred", "bug"),
    ]


def test_the_rate_limit_costs_time_but_no_record_and_no_double(pair: Pair) -> None:
    titles = [f"Bulk issue {number:02}" for number in range(CALLS)]
    for title in titles:
        pair.database.insert("issues", title=title, status="unread", priority="bug")
    pair.project.succeed("run")
    assert pair.left() == pair.right()
    assert [title for title in pair.roundup.titles() if title.startswith("Bulk")] == titles

    pair.database.execute("update issues set priority = 'wish' where title like 'Bulk issue 0%%'")
    pair.project.succeed("run")
    assert pair.left() == pair.right()


def test_a_conflict_keeps_both_values_and_holds_up_nothing_else(pair: Pair) -> None:
    pair.roundup.change(pair.roundup.id_of("Drucker läuft nicht"), title="Left wins?")
    pair.change("Drucker läuft nicht", title="Right wins?", priority="wish")
    pair.change("Only in the tracker", title="Goes on")
    pair.project.tally("run")
    assert ("Left wins?", "chatting", "wish") in pair.left()
    assert ("Right wins?", "chatting", "wish") in pair.right()
    assert "Goes on" in pair.roundup.titles()
    assert "conflict" in pair.project.problems()

    before = pair.everything()
    pair.project.tally("run")
    assert pair.everything() == before

    pair.change("Right wins?", title="Left wins?")
    pair.project.succeed("run")
    assert "conflict" not in pair.project.problems()
    assert pair.left() == pair.right()


def test_where_the_mapping_prefers_a_side_its_value_wins(pair: Pair) -> None:
    pair.roundup.change(pair.roundup.id_of("Drucker läuft nicht"), status="in-progress")
    pair.change("Drucker läuft nicht", status="deferred")
    pair.project.succeed("run")
    assert pair.left() == pair.right()
    assert ("Drucker läuft nicht", "in-progress", "urgent") in pair.right()


def test_retiring_deletes_the_row_and_deleting_the_row_retires(pair: Pair) -> None:
    """A retired issue is answered as before at its own address; only that listings leave it out proves it."""
    pair.roundup.retire(pair.roundup.id_of("Only in the tracker"))
    pair.database.execute("delete from issues where title = %s", 'Only in the database, "quoted"')

    def deleted() -> bool:
        return [row[0] for row in pair.left()] == [row[0] for row in pair.right()] == ["Drucker läuft nicht"]

    pair.project.run_until(deleted, "the deletions to reach the other side")
    pair.project.succeed("run")
    assert deleted()
    assert len(pair.roundup.rows()) == 3, "retired issues are kept by the tracker, and none was made anew"


def test_what_a_system_refuses_is_parked_while_the_others_go_on(pair: Pair) -> None:
    """The tracker knows no such status, and the database no title beyond 120 characters."""
    pair.database.insert("issues", title="Unknown option", status="on-holiday")
    pair.database.insert("issues", title="Fine", status="unread")
    pair.roundup.create(title="long" * 40)
    pair.roundup.create(title="Fine too", status="unread")
    pair.project.tally("run")
    assert "Fine" in pair.roundup.titles()
    assert "Fine too" in [row[0] for row in pair.right()]
    assert not [row for row in pair.right() if row[0].startswith("long")]
    assert ("Unknown option", "on-holiday", None) in pair.right()

    before = pair.everything()
    pair.project.tally("run")
    assert pair.everything() == before, "a parked record is not tried again while nothing changes"

    pair.change("Unknown option", status="deferred")
    pair.roundup.change(pair.roundup.id_of("long" * 40), title="short")
    pair.project.succeed("run")
    assert pair.left() == pair.right()
    assert len(pair.left()) == 7
