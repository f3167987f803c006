"""Roundup on loopback: a tracker with its hard rules on, and a view of it that reads its database."""

import contextlib
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.systems.asking import Answer, ask, basic
from tests.systems.serving import free_port, program, run, served

# The account that syncs, and a person who works in the tracker beside it: the limit counts for each of them alone.
ROBOT = ("robot", "made-up-robot-password")
PERSON = ("dora", "made-up-password-of-dora")
# Small enough to bite within a sync of a dozen records, large enough to let it end soon.
CALLS = 30
SECONDS = 3

STATUSES = {
    "1": "unread", "2": "deferred", "3": "chatting", "4": "need-eg",
    "5": "in-progress", "6": "testing", "7": "done-cbb", "8": "resolved",
}  # fmt: skip
PRIORITIES = {"1": "critical", "2": "urgent", "3": "bug", "4": "feature", "5": "wish"}


@dataclass(frozen=True)
class Roundup:
    """A running tracker."""

    tracker: Path
    address: str

    @property
    def rest(self) -> str:
        """The address that the REST interface starts at."""
        return f"{self.address}/rest/data"

    def issues(self) -> dict[str, dict[str, Any]]:
        """Show all issues that are not retired, by id, straight from the database."""
        return {id_: row for id_, row in self.rows().items() if not row["retired"]}

    def rows(self) -> dict[str, dict[str, Any]]:
        """Show all issues, retired ones too, by id."""
        query = "select id, _title, _status, _priority, __retired__, _activity from _issue"
        with contextlib.closing(sqlite3.connect(f"file:{self.tracker}/db/db?mode=ro", uri=True)) as database:
            rows = database.execute(query).fetchall()
        return {
            str(id_): {
                "title": title,
                "status": STATUSES.get(str(status)),
                "priority": PRIORITIES.get(str(priority)),
                "retired": bool(retired),
                "activity": activity,
            }
            for id_, title, status, priority, retired, activity in rows
        }

    def titles(self) -> list[str]:
        """List the titles of all issues that are not retired, in order."""
        return sorted(row["title"] for row in self.issues().values())

    def id_of(self, title: str) -> str:
        """Give the id of the only issue with this title."""
        [found] = [id_ for id_, row in self.issues().items() if row["title"] == title]
        return found

    def create(self, **values: str) -> str:
        """Create an issue as a person would; gives its id."""
        return self._as_person("POST", "issue", body=values).data["data"]["id"]

    def change(self, id_: str, /, **values: str) -> None:
        """Edit an issue as a person would."""
        self._as_person("PUT", f"issue/{id_}", body=values, tag=self._tag(id_))

    def retire(self, id_: str) -> None:
        """Retire an issue: what deleting is called here."""
        self._as_person("DELETE", f"issue/{id_}", tag=self._tag(id_))

    def _tag(self, id_: str) -> str:
        return self._as_person("GET", f"issue/{id_}").headers["etag"]

    def _as_person(self, method: str, path: str, *, body: Any = None, tag: str = "") -> Answer:
        headers = basic(*PERSON) | {"X-Requested-With": "person", "Origin": self.address}
        if tag:
            headers["If-Match"] = tag
        while True:
            answer = ask(method, f"{self.rest}/{path}", headers=headers, body=body)
            if answer.status != 429:
                assert answer.status < 300, answer
                return answer
            time.sleep(SECONDS / CALLS)


def build_tracker(folder: Path) -> None:
    """Make the classic tracker with its two accounts and the limit of calls."""
    tracker = folder / "tracker"
    admin = [*program("roundup-admin"), "-i", str(tracker)]
    run([*admin, "install", "classic", "sqlite"])
    settings = {
        "tracker.web": "http://127.0.0.1:1/",
        "mail.domain": "tracker.example",
        "mail.host": "127.0.0.1",
        "web.api_calls_per_interval": CALLS,
        "web.api_interval_in_sec": SECONDS,
        # Each request checks the password again; the default costs a tenth of a second of processor each time.
        "main.password_pbkdf2_default_rounds": 1000,
    }
    _configure(tracker, settings)
    with (tracker / "schema.py").open("a") as schema:
        schema.write("\ndb.security.addPermissionToRole('User', 'Retire', 'issue')\n")
    run([*admin, "initialise", "made-up-admin-password"])
    for name, password in (ROBOT, PERSON):
        address = f"address={name}@tracker.example"
        run([*admin, "create", "user", f"username={name}", f"password={password}", address, "roles=User"])


@contextlib.contextmanager
def serve_roundup(base: Path, folder: Path) -> Iterator[Roundup]:
    """Serve a copy of the tracker in ``folder``."""
    tracker = folder / "tracker"
    shutil.copytree(base / "tracker", tracker)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    _configure(tracker, {"tracker.web": f"{address}/"})
    script = Path(__file__).with_name("roundup_wsgi.py")
    with served([sys.executable, str(script), str(tracker), str(port)], port, folder / "log"):
        yield Roundup(tracker, address)


def _configure(tracker: Path, settings: Mapping[str, object]) -> None:
    config = tracker / "config.ini"
    text = config.read_text()
    for place, value in settings.items():
        section, name = place.split(".")
        wanted = rf"(?ms)(^\[{section}\].*?^)#?\s?{name} ?=[^\n]*"
        text, count = re.subn(wanted, rf"\g<1>{name} = {value}", text, count=1)
        assert count == 1, place
    config.write_text(text)
