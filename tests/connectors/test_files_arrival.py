"""Which file counts and when it is whole: late, older, repeated, growing and half-written files prove nothing."""

import os

import pytest

from tallystick.connectors.files import open_system
from tallystick.connectors.files_arrival import order_of
from tallystick.connectors.files_place import LocalPlace
from tallystick.core.error import AccessError, DataError, Error, ProjectError, Refused, Unavailable
from tallystick.core.ports import NotThere, Update
from tallystick.project.manifest import Manifest


class PlainSecrets:
    """Every reference is its own secret; relative folders lie in the project's."""

    def __init__(self, folder):
        self.folder = folder

    def resolve(self, reference):
        return reference


class Drop:
    """A folder with files, and the system that reads them."""

    def __init__(self, folder):
        self.folder = folder / "drop"
        self.folder.mkdir()
        self.opened = []

    def put(self, name, text, at=1_700_000_000):
        path = self.folder / name
        path.write_text(text, newline="")
        os.utime(path, (at, at))
        return path

    def open(self, name="c.csv", **file):
        spec = {"id": "id", "file": {"name": name, "format": "csv", "complete": {"settle_seconds": 0.01}, **file}}
        manifest = Manifest.model_validate({"protocol": "files", "url": "drop", "objects": {"c": spec}})
        self.opened.append(open_system("d", manifest, PlainSecrets(self.folder.parent)))
        return self.opened[-1]

    def ids(self, pair=None, **file):
        connector, transport = pair or self.open(**file)
        page = transport.run(connector.read("c"))
        return [connector.sight("c", row).id for row in page.rows]


@pytest.fixture
def drop(tmp_path):
    made = Drop(tmp_path)
    yield made
    for _, transport in made.opened:
        transport.close()


@pytest.mark.parametrize(
    "names",
    [
        ("c-2026-11-09.csv", "c-2026-11-10.csv"),
        ("c-20261109.csv", "c-20261110.csv"),
        ("c-09.11.2026.csv", "c-10.11.2026.csv"),
        ("c-31-10-2026.csv", "c-01-11-2026.csv"),
        ("c-2026-11-09T23.csv", "c-2026-11-10T01.csv"),
        ("c-20261110_0900.csv", "c-20261110_1000.csv"),
        ("c-9.csv", "c-10.csv"),
    ],
)
def test_the_newest_by_its_name_counts(drop, names):
    """Dates and numbers in names are compared as such, whichever file was written last."""
    older, newer = names
    drop.put(newer, "id\nnew\n", at=1_600_000_000)
    drop.put(older, "id\nold\n")
    assert drop.ids(name="c-{date}.csv") == ["new"]


def test_without_a_date_the_newest_by_time_counts(drop):
    """A star stands for anything."""
    drop.put("c-a.csv", "id\nnew\n")
    drop.put("c-b.csv", "id\nold\n", at=1_600_000_000)
    assert drop.ids(name="c-*.csv") == ["new"]


def test_no_file_is_no_answer(drop):
    """A late export is waited for; temporary, hidden and linked files are not it."""
    drop.put("c.csv.part", "id\n1\n")
    drop.put(".c.csv", "id\n1\n")
    (drop.folder / "c.csv").symlink_to(drop.put("elsewhere.txt", "id\n1\n"))
    with pytest.raises(Unavailable, match="has arrived"):
        drop.ids()
    drop.folder.rename(drop.folder.with_name("gone"))
    with pytest.raises(AccessError):
        drop.ids()


def test_a_marker_tells_that_a_file_is_whole(drop):
    """Without it the file is not there yet, and the one before still counts."""
    drop.put("c-1.csv", "id\nold\n")
    drop.put("c-1.csv.done", "")
    drop.put("c-2.csv", "id\nnew")
    settings = {"name": "c-{number}.csv", "complete": {"marker": "{name}.done"}}
    pair = drop.open(**settings)
    assert drop.ids(pair) == ["old"]
    drop.put("c-2.csv.done", "")
    assert drop.ids(pair) == ["new"]


def test_a_closing_line_counts_the_rows(drop):
    """Another number, or no closing line, means that something is missing."""
    settings = {"complete": {"trailer": r"END (?P<rows>\d+)"}}
    drop.put("c.csv", "id\n1\n2\nEND 002\n")
    assert drop.ids(**settings) == ["1", "2"]
    for text in ("id\n1\nEND 2\n", "id\n1\n2\n", "id\n1\n2\nEND", ""):
        drop.put("c.csv", text)
        with pytest.raises(Unavailable, match="not complete"):
            drop.ids(**settings)


def test_a_file_that_grows_between_two_looks_is_not_whole(drop):
    """A fresh file is looked at twice, and must have stayed the same."""
    now = 1_700_000_000.0
    path = drop.put("c.csv", "id\n1\n", at=now)
    connector, transport = drop.open(complete={"settle_seconds": 30})
    waits = []

    def grow(seconds):
        waits.append(seconds)
        path.write_text("id\n1\n2\n")

    arrival = transport._shelves["c"]._arrival
    arrival._clock, arrival._sleep = (lambda: now + 10), grow
    with pytest.raises(Unavailable, match="still being written"):
        transport.run(connector.read("c"))
    assert waits == [20]


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(drop, monkeypatch):
    """What is shown is one file, never a mixture."""
    drop.put("c.csv", "id\nold\n")
    opened = LocalPlace.open

    def swap(place, seen):
        stream = opened(place, seen)
        monkeypatch.setattr(LocalPlace, "open", opened)
        drop.put("beside", "id\nnew\n", at=1_700_000_001).replace(drop.folder / "c.csv")
        return stream

    monkeypatch.setattr(LocalPlace, "open", swap)
    assert drop.ids() == ["new"]


def test_an_archived_file_stays_the_state_until_a_newer_one_comes(drop):
    """After a run the file is moved, and still read; an older one that comes late changes nothing."""
    settings = {"name": "c-{date}.csv", "archive": "read", "complete": {"marker": "{name}.ok"}}
    for day in ("2026-11-01", "2026-11-02"):
        drop.put(f"c-{day}.csv", f"id\n{day}\n")
        drop.put(f"c-{day}.csv.ok", "")
    connector, transport = drop.open(**settings)
    assert drop.ids((connector, transport)) == ["2026-11-02"]
    transport.put_away()
    assert [each.name for each in drop.folder.iterdir()] == ["read"]
    assert len(list((drop.folder / "read").iterdir())) == 4
    assert drop.ids((connector, transport)) == ["2026-11-02"]
    drop.put("c-2026-10-31.csv", "id\nlate\n", at=1_800_000_000)
    drop.put("c-2026-10-31.csv.ok", "")
    assert drop.ids(**settings) == ["2026-11-02"]
    drop.put("c-2026-11-03.csv", "id\nnewer\n")
    drop.put("c-2026-11-03.csv.ok", "")
    assert drop.ids(**settings) == ["newer"]


def test_absence_is_only_told_by_a_file_whose_rows_all_show_their_id(drop):
    """A row without id may be the one that is looked for."""
    drop.put("c.csv", "id;name\n1;a\n;b\n")
    connector, transport = drop.open(delimiter=";")
    page = transport.run(connector.read("c"))
    with pytest.raises(DataError, match=r"c\.csv:3:1"):
        connector.sight("c", page.rows[0])
    with pytest.raises(Error, match="may be this record"):
        transport.run(connector.get("c", "2"))
    drop.put("c.csv", "id;name\n1;a\n")
    assert isinstance(transport.run(connector.get("c", "2")), NotThere)


def test_equal_rows_are_one_record_and_different_ones_a_fault(drop):
    """A repeated row harms nobody; two that contradict each other are used for nothing, and not written either."""
    drop.put("c.csv", "id,name\n1,a\n1,a\n2,b\n2,c\n")
    connector, transport = drop.open(write="replace")
    rows = transport.run(connector.read("c")).rows
    first, second = (connector.sight("c", row) for row in rows)
    assert (first.id, first.fault, second.id) == ("1", None, "2")
    assert "2 different rows" in str(second.fault)
    with pytest.raises(Refused):
        transport.run(connector.delete("c", "2"))
    transport.run(connector.update("c", Update("1", {"name": "x"})))
    assert (drop.folder / "c.csv").read_text() == "id,name\n1,x\n2,b\n2,c\n"


def test_deletions_side_by_side_are_one_new_file(drop, monkeypatch):
    """A thousand deletions do not write the file a thousand times."""
    drop.put("c.csv", "id\n" + "".join(f"{at}\n" for at in range(2000)))
    connector, transport = drop.open(write="replace")
    writes, replace = [], LocalPlace.replace
    monkeypatch.setattr(LocalPlace, "replace", lambda *given: writes.append(1) or replace(*given))
    flows = [connector.delete("c", str(at)) for at in range(1000)] + [connector.delete("c", "nobody")]
    outcomes = transport.run_all(flows)
    assert outcomes[:1000] == [None] * 1000
    assert isinstance(outcomes[1000], Error)
    assert len(writes) == 1
    assert len(drop.ids((connector, transport))) == 1000


def test_a_newer_file_is_not_overwritten(drop, monkeypatch):
    """A file that somebody put there meanwhile is read first, and the change goes into that one."""
    drop.put("c.csv", "id,name\n1,a\n")
    connector, transport = drop.open(write="replace")
    drop.ids((connector, transport))
    look_at = LocalPlace.look_at

    def meddle(place, seen):
        monkeypatch.setattr(LocalPlace, "look_at", look_at)
        drop.put("c.csv", "id,name\n1,a\n2,theirs\n", at=1_700_000_005)
        return look_at(place, seen)

    monkeypatch.setattr(LocalPlace, "look_at", meddle)
    transport.run(connector.update("c", Update("1", {"name": "ours"})))
    assert (drop.folder / "c.csv").read_text() == "id,name\n1,ours\n2,theirs\n"


def test_a_write_keeps_the_rights_of_the_file(drop):
    """The new file has the mode of the old one, and nothing else is left in the folder."""
    path = drop.put("c.csv", "id,name\n1,a")
    path.chmod(0o640)
    connector, transport = drop.open(write="replace", complete={"renamed": True})
    transport.run(connector.create("c", {"id": "2", "name": "b"}, "key"))
    assert path.read_text() == "id,name\n1,a\n2,b\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in drop.folder.iterdir()] == ["c.csv"]


@pytest.mark.parametrize(
    "file",
    [
        {"name": "../c.csv"},
        {"name": "c-{day}.csv"},
        {"name": "c-{date}-{date}.csv"},
        {"name": "c-{date}.csv", "write": "replace"},
        {"format": "json", "records": "c", "write": "replace"},
        {"archive": "a/b"},
        {"complete": {"trailer": "("}},
        {"encoding": "nonsense"},
        {"encoding": "base64"},
    ],
)
def test_settings_that_cannot_be_are_named(drop, file):
    """They are errors of the project, never a traceback."""
    drop.put("c.csv", "id\n1\n")
    with pytest.raises(ProjectError):
        drop.ids(**file)


def test_a_pipe_is_no_file(drop):
    """Nobody waits for a writer that may never come."""
    os.mkfifo(drop.folder / "c.csv")
    with pytest.raises(Unavailable, match="has arrived"):
        drop.ids()


def test_dates_sort_by_year_month_and_day():
    """Whatever their order in the name."""
    assert order_of("22.11.2026") == order_of("2026-11-22") == "20261122"
    assert order_of("9") < order_of("10")
