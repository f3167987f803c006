"""A mailbox that exports are mailed to, and a SQLite database that follows them, whatever mail comes."""

import json

import pytest
from tests.connectors.mail_server import PASSWORD, USER, dovecot, letter_of
from tests.e2e.test_file_drop import HEADER, MAPPING, ROWS, SHOP, World

MANIFEST = """\
protocol: files
url: "{url}"
auth: {{type: basic, username: {user}, password: "${{env:MAIL_PASSWORD}}"}}
network: {{ca_file: {ca_file}}}
owner: ops
objects:
  customers:
    id: number
    file:
      name: customers-*.csv
      format: csv
      delimiter: ";"
      mail: {{sender: "@shop.example", subject: nightly}}
      complete: {{settle_seconds: 0.05}}
    fields:
      number: {{type: text, unique: true, required: true}}
      name: {{type: text}}
      city: {{type: text}}
"""
ONE_WAY = MAPPING.replace("left: create, right: create", "left: create, right: ignore").replace(
    "left: propagate, right: propagate", "left: propagate, right: unlink"
)
WRITES = [f"create trigger on_{verb} after {verb} on clients begin insert into writes values ('{verb}'); end"
          for verb in ("insert", "update", "delete")]  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with dovecot() as found:
        yield found


class Mailed(World):
    """The project, its mailbox and its database."""

    def build_on(self, server, folder):
        self.server, self.box, self.url = server, folder, server.url(folder, scheme="imaps")
        server.make(folder)
        manifest = MANIFEST.format(url=self.url, user=USER, ca_file=server.ca_file)
        for name, text in {
            "tally.yaml": "name: drop\nowners: {ops: {name: Ops}}\n",
            "systems/drop.yaml": manifest,
            "systems/shop.yaml": SHOP,
            "mappings/customers.yaml": f"direction: to_right\n{ONE_WAY}",
        }.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text)
        self.execute("create table clients (id integer primary key, number text unique, name text, town text)")
        self.execute("create table writes (verb text)")
        for statement in WRITES:
            self.execute(statement)

    def mail(self, rows, *, at, **about):
        letter = letter_of(("customers-all.csv", HEADER + "".join(rows)), at=at, **about)
        self.server.put(self.box, letter)

    def written(self):
        """Give what was written since this was asked the last time."""
        found = sorted(verb for (verb,) in self.execute("select verb from writes"))
        self.execute("delete from writes")
        return found


@pytest.fixture
def world(server, tmp_path, monkeypatch, request):
    monkeypatch.setenv("DROP_FOLDER", str(tmp_path))
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    made = Mailed(tmp_path)
    made.build_on(server, f"Exports.{request.node.name}")
    made.mail(ROWS, at=1)
    made.run("--first-contact")
    assert made.written() == ["insert"] * 8
    return made


def test_mailed_exports_are_followed(world):
    """A new export edits and deletes; the same again, a late one and a stranger's do nothing; half a one stops."""
    code, said = world.tally("lint")
    assert code == 0, said
    second = [ROWS[0].replace("Ulm", "Bonn"), *ROWS[2:]]
    world.mail(second, at=12)
    world.run()
    assert world.written() == ["delete", "update"]
    assert world.execute("select town from clients where number = '101'") == [("Bonn",)]
    assert "102" not in world.clients()
    world.mail(second, at=12)
    world.mail(ROWS, at=2)
    world.mail(ROWS[:1], at=13, sender="somebody@else.example")
    world.mail(ROWS[:1], at=13, subject="Weekly")
    world.run()
    assert world.written() == []
    world.mail([*second[:5], second[5].rstrip("\n")], at=20)
    code, said = world.tally("run")
    assert code != 0
    assert "customers-all.csv" in said
    assert world.written() == []
    world.mail([*second[:-1], "200;Neu;Kiel\n"], at=21)
    world.run()
    assert world.written() == ["delete", "insert"]
    assert world.clients()["200"] == "Neu"
    assert all(rb"\Seen" not in flags for flags in world.server.flags(world.box))


def test_a_mailbox_is_described_and_checked(world):
    """Describing keeps how to sign in, finds the object, and each layer on the way to the server answers."""
    before = (world.folder / "systems" / "drop.yaml").read_text()
    code, said = world.tally("describe", "drop", "--files", world.url, "--force")
    assert code == 0, said
    described = (world.folder / "systems" / "drop.yaml").read_text()
    assert "customers-all.csv" in described
    assert "${env:MAIL_PASSWORD}" in described
    (world.folder / "systems" / "drop.yaml").write_text(before)
    code, said = world.tally("check", "--only", "C5", "--json")
    assert code in {0, 1}, said
    [question] = json.loads(said)["questions"]
    [layers] = [each["facts"]["layers"] for each in question["findings"] if each["subject"] == "drop"]
    assert [(each["layer"], each["answered"]) for each in layers] == [
        (layer, True) for layer in ("name", "connection", "encryption", "service")
    ]
