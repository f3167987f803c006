"""Listing everything by a job: complete only when the job says that it is done and the count agrees."""

import json

import pytest

from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable
from tallystick.core.record import decode_raw

ROWS = [{"id": str(n), "name": f"Company {n}"} for n in range(5)]
CSV = "id,name\n" + "".join(f"{r['id']},{r['name']}\n" for r in ROWS)
BULK = {
    "submit": {"method": "POST", "path": "/jobs", "body": {"query": "select id, name from company"}},
    "status": {"path": "/jobs/{job}"},
    "state": "state",
    "done": ["JobComplete"],
    "failed": ["Failed", "Aborted"],
    "expired": ["Expired"],
    "partial": ["Partial"],
    "message": "errorMessage",
    "every_seconds": 5,
    "longest_seconds": 60,
}
PAGED = BULK | {
    "result": {"path": "/jobs/{job}/results", "query": {"maxRecords": "2"}},
    "count": "processed",
    "format": "csv",
    "next": "header:X-Locator",
    "next_param": "locator",
}
FILED = BULK | {"addresses": "urls", "format": "jsonl", "count": "processed"}


def walk(opened, since=None, position=None):
    """Read all pages; gives the records of each and the last total."""
    connector, transport = opened
    pages, total = [], None
    while True:
        page = transport.run(connector.read("companies", since, position))
        pages.append([decode_raw(row) for row in page.rows])
        total, position = page.total, page.next
        if position is None:
            return pages, total


def open_with(open_rest, server, export, **more):
    spec = {"export": export, "fields": {"id": {"type": "text"}, "name": {"type": "text"}}, **more}
    return open_rest(server.url, objects={"companies": spec})


def give_job(server, reply, *states, **more):
    """Answer the ordering of a job and one look after the other."""
    looks = [reply({"id": "job 7", "state": state, **more}) for state in states]
    server.script["/jobs"] = reply({"id": "job 7"}, 201)
    server.script["/jobs/job%207"] = looks


def give_csv_parts(server, reply, *, sizes=(2, 2, 1)):
    lines = CSV.splitlines()[1:]

    def part(seen):
        at = int(seen.path.partition("locator=")[2] or 0)
        start = sum(sizes[:at])
        body = "\n".join(["id,name", *lines[start : start + sizes[at]], ""]).encode()
        return reply(
            body, headers={"Content-Type": "text/csv", "X-Locator": str(at + 1) if at + 1 < len(sizes) else "null"}
        )

    server.script["/jobs/job%207/results"] = part


def test_parts_in_csv_are_fetched_by_their_locators(open_rest, server, reply, clock):
    give_job(server, reply, "UploadComplete", "InProgress", "JobComplete", processed=5)
    give_csv_parts(server, reply)
    pages, total = walk(open_with(open_rest, server, PAGED))
    assert pages == [ROWS[:2], ROWS[2:4], ROWS[4:]]
    assert total == 5
    assert json.loads(server.seen[0].body) == BULK["submit"]["body"]
    assert [s.path for s in server.seen].count("/jobs/job%207") == 3
    assert clock.slept >= 10, "two waits of five seconds"


def test_files_of_a_line_each_are_fetched_one_after_the_other(open_rest, server, reply):
    give_job(server, reply, "JobComplete", processed=5, urls=["/files/1", f"{server.url}/files/2"])
    for number, rows in ((1, ROWS[:3]), (2, ROWS[3:])):
        server.script[f"/files/{number}"] = reply("\n".join(map(json.dumps, rows)).encode() + b"\n")
    assert walk(open_with(open_rest, server, FILED)) == ([ROWS[:3], ROWS[3:]], 5)


def test_an_address_inside_an_entry_is_found_and_no_address_means_no_records(open_rest, server, reply):
    export = FILED | {"addresses": "files", "address_in": "link.url", "format": "json", "record": "data"}
    give_job(server, reply, "JobComplete", processed=5, files=[{"link": {"url": "/files/1"}}])
    server.script["/files/1"] = reply({"data": ROWS})
    assert walk(open_with(open_rest, server, export)) == ([ROWS], 5)
    give_job(server, reply, "JobComplete", processed=0, files=None)
    assert walk(open_with(open_rest, server, export)) == ([[]], 0)


def test_without_a_word_for_the_state_202_means_not_yet(open_rest, server, reply):
    """The id of the job is the last step of the address that ordering it gave."""
    export = {
        "submit": {"method": "POST", "path": "/exports"},
        "job": "header:Location",
        "status": {"path": "/exports/{job}"},
    }
    server.script["/exports"] = reply({}, 202, {"Location": f"{server.url}/exports/9?x=1"})
    server.script["/exports/9"] = [reply({}, 202, {"Retry-After": "3"}), reply(ROWS)]
    assert walk(open_with(open_rest, server, export)) == ([ROWS], None)


def test_a_job_can_be_asked_for_in_a_body(open_rest, server, reply):
    """As with GraphQL: one address for everything."""
    ask = {"method": "POST", "path": "/graphql", "body": {"query": "job", "variables": {"id": "{job}"}}}
    order = {"method": "POST", "path": "/graphql", "body": {"query": "order"}}
    export = BULK | {"submit": order, "status": ask, "job": "data.id", "state": "data.state", "addresses": "data.url",
                     "format": "jsonl"}  # fmt: skip
    server.script["/files/1"] = reply(json.dumps(ROWS[0]).encode())

    def answer(seen):
        asked = json.loads(seen.body)
        if asked["query"] == "order":
            return reply({"data": {"id": "gid://shop/Job/1"}})
        assert asked["variables"] == {"id": "gid://shop/Job/1"}
        return reply({"data": {"state": "JOBCOMPLETE", "url": "/files/1"}})

    server.script["/graphql"] = answer
    with pytest.raises(Unavailable, match="no longer there"):
        walk(open_with(open_rest, server, export | {"job": "data.id", "status": {"path": "/nowhere/{job}"}}))
    assert walk(open_with(open_rest, server, export)) == ([ROWS[:1]], None)


@pytest.mark.parametrize(
    ("state", "kind", "says"),
    [
        ("Failed", Unavailable, "the export failed"),
        ("aborted", Unavailable, "the export failed"),
        ("Expired", Unavailable, "has expired"),
        ("Partial", Garbled, "before all was there"),
    ],
)
def test_a_job_that_ends_otherwise_is_an_error_with_the_systems_own_words(open_rest, server, reply, state, kind, says):
    give_job(server, reply, "InProgress", state, errorMessage="too many joins")
    with pytest.raises(kind, match=says) as raised:
        walk(open_with(open_rest, server, PAGED))
    assert "too many joins" in raised.value.detail


def test_a_job_that_never_gets_ready_is_given_up(open_rest, server, reply, clock):
    give_job(server, reply, "InProgress")
    with pytest.raises(Unavailable, match="not ready within 60 seconds"):
        walk(open_with(open_rest, server, PAGED))
    assert clock.slept == pytest.approx(60)


@pytest.mark.parametrize("count", [4, 6])
def test_another_number_of_records_than_the_job_counted_is_an_error(open_rest, server, reply, count):
    give_job(server, reply, "JobComplete", processed=count)
    give_csv_parts(server, reply)
    with pytest.raises(Garbled, match=f"5 of {count} records"):
        walk(open_with(open_rest, server, PAGED))


@pytest.mark.parametrize(
    ("status", "kind", "says"), [(410, Unavailable, "no longer there"), (403, AccessError, "cannot be fetched")]
)
def test_records_that_cannot_be_fetched_say_why(open_rest, server, reply, status, kind, says):
    give_job(server, reply, "JobComplete", processed=5)
    server.script["/jobs/job%207/results"] = reply({}, status)
    with pytest.raises(kind, match=says):
        walk(open_with(open_rest, server, PAGED))


@pytest.mark.parametrize(
    ("answer", "says"),
    [({}, "gave no id at 'id'"), ({"id": {"deep": 1}}, "gave no id at 'id'")],
)
def test_an_order_without_a_job_is_an_error(open_rest, server, reply, answer, says):
    server.script["/jobs"] = reply(answer)
    with pytest.raises(Garbled, match=says):
        walk(open_with(open_rest, server, PAGED))


@pytest.mark.parametrize(
    ("look", "says"),
    [({"status": "JobComplete"}, "no 'state'"), ({"state": "JobComplete"}, "no number at 'processed'")],
)
def test_a_status_without_what_is_needed_is_an_error(open_rest, server, reply, look, says):
    server.script |= {"/jobs": reply({"id": 7}), "/jobs/7": reply(look)}
    with pytest.raises(Garbled, match=says):
        walk(open_with(open_rest, server, PAGED))


@pytest.mark.parametrize("wrong", [{"done": []}, {"addresses": "urls"}])
def test_an_export_that_cannot_be_understood_is_refused_when_it_is_opened(open_rest, server, wrong):
    with pytest.raises(ProjectError, match=r"export\."):
        open_with(open_rest, server, PAGED | wrong)


def test_a_position_goes_on_without_another_job(open_rest, server, reply):
    give_job(server, reply, "JobComplete", processed=5)
    give_csv_parts(server, reply)
    connector, transport = opened = open_with(open_rest, server, PAGED)
    first = transport.run(connector.read("companies"))
    server.seen.clear()
    assert walk(opened, position=first.next)[0] == [ROWS[2:4], ROWS[4:]]
    assert all("/results" in seen.path for seen in server.seen)


def test_what_changed_is_still_read_by_the_listing(open_rest, server, reply):
    server.script["/companies"] = reply(ROWS[:1])
    listing = {"list": {"method": "GET", "path": "/companies"}, "since": {"param": "since"}}
    opened = open_with(open_rest, server, PAGED, **listing)
    assert walk(opened, since=1_700_000_000.0)[0] == [ROWS[:1]]
    assert opened[0].capabilities("companies").since


def test_a_listing_by_a_job_alone_is_a_snapshot(open_rest, server):
    connector, _ = open_with(open_rest, server, PAGED)
    assert connector.capabilities("companies").list_order == "snapshot"
