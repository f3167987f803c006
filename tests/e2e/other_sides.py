"""Systems of four kinds that hold people by their mail, each filled, edited and read by its own means."""

import contextlib
import csv
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.systems.soap_server import Door

Person = tuple[str, str | None]
SPACE = "urn:example:customers"
CSV = """\
protocol: files
url: "{url}/?host_key={key}"
auth: {{type: basic, username: {user}, password: "${{env:DROP_PASSWORD}}"}}
owner: ops
network: {{timeout_seconds: 1}}
objects:
  people:
    id: number
    file: {{name: people.csv, format: csv, delimiter: ";", write: replace, complete: {{settle_seconds: 0.05}}}}
    fields:
      number: {{type: text, unique: true, required: true}}
      name: {{type: text}}
      town: {{type: text}}
"""


class TableSide:
    """A table of SQLite; the project finds its address in the environment."""

    kind, fields = "people", {"name": "name", "mail": "mail", "town": "town"}

    def __init__(self, folder: Path) -> None:
        self.file = folder / "people.db"
        self.address = f"sqlite:///{self.file}"
        self._execute("create table people (id integer primary key, name text not null, mail text unique, town text)")

    def describe(self, succeed: Callable[..., str], folder: Path) -> None:
        """Put the system into the project."""
        succeed("describe", "other", "--database", "${env:OTHER_DATABASE}")
        own_it(folder)

    def people(self) -> dict[str, Person]:
        """Show everybody."""
        rows = self._execute("select mail, name, town from people")
        assert len(dict.fromkeys(row[0] for row in rows)) == len(rows)
        return {mail: (name, town) for mail, name, town in rows}

    def create(self, mail: str, name: str, town: str | None) -> None:
        """Add somebody."""
        self._execute("insert into people (mail, name, town) values (?, ?, ?)", mail, name, town)

    def move(self, mail: str, town: str | None) -> None:
        """Give somebody another town."""
        self._execute("update people set town = ? where mail = ?", town, mail)

    def remove(self, mail: str) -> None:
        """Delete somebody."""
        self._execute("delete from people where mail = ?", mail)

    def _execute(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(statement, values).fetchall()


class ServiceSide:
    """A web service of another's stack."""

    kind, fields = "customer", {"name": "name", "mail": "email", "town": "city"}

    def __init__(self, door: Door) -> None:
        door.forget()
        self.door = door

    def describe(self, succeed: Callable[..., str], folder: Path) -> None:
        """Put the system into the project, with what no WSDL says."""
        succeed("describe", "other", "--wsdl", f"{self.door.url}?wsdl")
        claims = "    claims: {create_idem: search, strong_reads: true, skew_seconds: 0}\n"
        own_it(folder, ("\n  customer:\n", f"\n  customer:\n{claims}"))

    def people(self) -> dict[str, Person]:
        """Show everybody."""
        found = self._customers()
        shown = {each["email"]: (each["name"], each.get("city")) for each in found}
        assert len(shown) == len(found)
        return shown

    def create(self, mail: str, name: str, town: str | None) -> None:
        """Add somebody."""
        self._call(f'<CreateCustomer xmlns="{SPACE}"><customer>{_inside(name, mail, town)}</customer></CreateCustomer>')

    def move(self, mail: str, town: str | None) -> None:
        """Give somebody another town."""
        now = self._customer(mail)
        inside = f"<id>{now['id']}</id>{_inside(now['name'], mail, town)}"
        self._call(
            f'<UpdateCustomer xmlns="{SPACE}"><customerId>{now["id"]}</customerId>'
            f"<customer>{inside}</customer></UpdateCustomer>"
        )

    def remove(self, mail: str) -> None:
        """Delete somebody."""
        number = self._customer(mail)["id"]
        self._call(f'<DeleteCustomer xmlns="{SPACE}"><customerId>{number}</customerId></DeleteCustomer>')

    def _customer(self, mail: str) -> dict[str, str]:
        [found] = [each for each in self._customers() if each["email"] == mail]
        return found

    def _customers(self) -> list[dict[str, str]]:
        answer = self._call(f'<ListCustomers xmlns="{SPACE}"/>')
        return [
            {field.tag.rpartition("}")[2]: field.text for field in customer}
            for customer in answer.iter(f"{{{SPACE}}}customers")
        ]

    def _call(self, inside: str):
        from lxml import etree
        from tests.systems.soap_server import envelope

        said = self.door.forward("POST", "/", {"Content-Type": "text/xml", "SOAPAction": '""'}, envelope(inside))
        assert said.status == 200, said.body
        return etree.fromstring(said.body)


class DropSide:
    """A CSV file on a machine that is reached by SFTP; its rows go by the mail."""

    kind, fields = "people", {"name": "name", "mail": "number", "town": "town"}

    def __init__(self, folder: Path, url: str, key: str, user: str) -> None:
        self.file = folder / "people.csv"
        self.manifest = CSV.format(url=url, key=key, user=user)
        self._write({})

    def describe(self, succeed: Callable[..., str], folder: Path) -> None:
        """Put the system into the project."""
        (folder / "systems" / "other.yaml").write_text(self.manifest)

    def people(self) -> dict[str, Person]:
        """Show everybody."""
        rows = list(csv.DictReader(io.StringIO(self.file.read_text()), delimiter=";"))
        shown = {row["number"]: (row["name"], row["town"] or None) for row in rows}
        assert len(shown) == len(rows)
        return shown

    def create(self, mail: str, name: str, town: str | None) -> None:
        """Add somebody."""
        self._write(self.people() | {mail: (name, town)})

    def move(self, mail: str, town: str | None) -> None:
        """Give somebody another town."""
        self._write(self.people() | {mail: (self.people()[mail][0], town)})

    def remove(self, mail: str) -> None:
        """Delete somebody."""
        self._write({each: person for each, person in self.people().items() if each != mail})

    def _write(self, people: dict[str, Person]) -> None:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerow(["number", "name", "town"])
        writer.writerows([mail, name, town or ""] for mail, (name, town) in people.items())
        beside = self.file.with_suffix(".part")
        beside.write_text(out.getvalue())
        beside.replace(self.file)


Side = TableSide | ServiceSide | DropSide


def own_it(folder: Path, *replaced: tuple[str, str]) -> None:
    """Add to the described manifest what only people know."""
    manifest = folder / "systems" / "other.yaml"
    text = manifest.read_text().replace("\nobjects:\n", "\nowner: ops\nnetwork: {timeout_seconds: 1}\nobjects:\n")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)


def _inside(name: str, mail: str, town: str | None) -> str:
    return f"<name>{name}</name><email>{mail}</email>" + (f"<city>{town}</city>" if town else "")
