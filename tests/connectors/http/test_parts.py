"""A listing that is cut off at a limit is read in parts or refused, and never taken for whole (R-11.7)."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from tallystick.connectors.http.message import Headers, Response
from tallystick.core.error import CursorStuck, RemoteError

START = 1_700_000_000


class Capped:
    """A server that lists at most ``cap`` records; ``refuses`` what lies behind, or gives nothing more."""

    def __init__(self, count, cap, *, total=True, refuses=False, step=7, order="time", times=None):
        times = times or [START + step * n for n in range(count)]
        self.rows = [{"id": n, "updated_at": t} for n, t in enumerate(times)]
        if order == "id":  # changed in another order than made
            for row in self.rows:
                row["updated_at"] = times[(row["id"] * 7919) % count]
        self.cap, self.total, self.refuses, self.order = cap, total, refuses, order
        self.asked = []

    def answer(self, request):
        query = dict(parse_qsl(urlsplit(request.url).query))
        self.asked.append(query)
        at = lambda name: datetime.fromisoformat(query[name]).timestamp()  # noqa: E731
        found = [
            r for r in self.rows
            if ("since" not in query or r["updated_at"] >= at("since"))
            and ("until" not in query or r["updated_at"] < at("until"))
        ]  # fmt: skip
        if self.order == "time" and "sort" in query:
            found.sort(key=lambda r: (r["updated_at"], r["id"]))
        start, size = int(query.get("offset", 0)), int(query.get("limit", 100))
        if start >= self.cap and self.refuses:
            return Response(400, Headers(), b'{"error": "offset too large"}', request.url)
        shown = found[start : min(start + size, self.cap)]
        rows = [r | {"updated_at": datetime.fromtimestamp(r["updated_at"], UTC).isoformat()} for r in shown]
        body = {"rows": rows} | ({"total": len(found)} if self.total else {})
        return Response(200, Headers(), json.dumps(body).encode(), request.url)


def collect(connector, server, since=None, *, side_by_side=False):
    """Read all pages as the engine does, one after the other or the known ones at once; give the ids."""
    ids, position, waiting, pages = [], None, [], 0
    while True:
        pages += 1
        assert pages < 2_000, "the listing does not end"
        flow = connector.read("companies", since, position)
        request = next(flow)
        while True:
            try:
                request = flow.send(server.answer(request))
            except StopIteration as stop:
                page = stop.value
                break
        ids += [json.loads(row)["id"] for row in page.rows]
        if waiting and page.next == waiting[0]:
            waiting.pop(0)
        elif side_by_side:
            waiting = list(page.ahead)
        position = page.next
        if position is None:
            return ids


SPEC = {
    "id": "id",
    "id_type": "integer",
    "list": {"method": "GET", "path": "/companies", "record": "rows"},
    "since": {"param": "since"},
    "sort": {"param": "sort", "value": "updated_at,id"},
    "modified": "updated_at",
    "paging": {"type": "offset", "limit": 100, "total": "total"},
}


@pytest.fixture
def crm(open_rest):
    def make(*, cap=None, **changes):
        spec = SPEC | changes
        spec = {key: value for key, value in spec.items() if value is not None}
        connector, _ = open_rest(
            "http://crm.test", objects={"companies": spec | {"paging": spec["paging"] | {"cap": cap}}}
        )
        return connector

    return make


NO_TOTAL = {"paging": {"type": "offset", "limit": 100}}


@pytest.mark.parametrize("count", [0, 999, 1000, 1001, 1999, 2000, 3456])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("refuses", [True, False])
def test_a_listing_in_order_of_time_goes_on_behind_its_limit(crm, count, total, refuses):
    """Every record, once, however many there are; what lies behind the limit is not asked for."""
    server = Capped(count, 1000, total=total, refuses=refuses)
    connector = crm(cap=1000, **({} if total else NO_TOTAL))
    assert collect(connector, server) == list(range(count))
    assert max(int(q.get("offset", 0)) for q in server.asked) <= 1000


def test_records_of_one_moment_at_the_limit_come_once(crm):
    """The last whole moment is where it goes on; who was given of the moment at the limit is not given again."""
    times = [START + n // 40 for n in range(2_500)]
    server = Capped(2_500, 1000, times=times)
    assert sorted(collect(crm(cap=1000), server)) == list(range(2_500))


def test_a_window_is_cut_like_a_whole_listing(crm):
    """What changed since an instant may be more than the limit, too."""
    server = Capped(3_000, 1000)
    assert collect(crm(cap=1000), server, START + 7 * 500) == list(range(500, 3_000))


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 900, 1000, 2_345])
def test_times_are_cut_in_two_until_every_part_is_below_the_limit(crm, count, total):
    """A listing in no order that can be asked for both ends: every record; twice only what had to be tried."""
    connector = crm(cap=1000, sort=None, since={"param": "since", "until": "until"}, **({} if total else NO_TOTAL))
    first = collect(connector, Capped(count, 1000, total=total, order="id"))
    assert set(first) == set(range(count))
    again = collect(connector, Capped(count, 1000, total=total, order="id"))
    assert sorted(again) == list(range(count)), "the next round cuts from its start"
    if total:
        assert sorted(first) == list(range(count)), "a total tells it before anything was listed"


@pytest.mark.parametrize(
    "changes",
    [
        {"sort": None},
        {"since": None},
        {"since": None, "sort": None, "modified": ""},
        {"sort": {"param": "sort", "value": "id"}},
    ],
)
def test_what_cannot_be_asked_for_in_parts_is_an_error(crm, changes):
    """It says where it is cut off and what to do; it never looks whole."""
    with pytest.raises(CursorStuck, match=r"cut off after 1,000 records") as caught:
        collect(crm(cap=1000, **changes), Capped(1_500, 1000, order="id"))
    assert "since.until" in caught.value.hint
    assert caught.value.code == "cursor_stuck"


def test_more_changes_in_one_moment_than_the_limit_is_an_error(crm):
    """An import of 1,500 records in one second cannot be cut in between."""
    times = [START] * 1_500
    with pytest.raises(CursorStuck):
        collect(crm(cap=1000), Capped(1_500, 1000, times=times))
    both_ends = {"sort": None, "since": {"param": "since", "until": "until"}}
    with pytest.raises(CursorStuck, match="in one moment"):
        collect(crm(cap=1000, **both_ends), Capped(1_500, 1000, times=times))


@pytest.mark.parametrize("total", [True, False])
def test_a_limit_that_nobody_declared_is_found_out(crm, total):
    """The total says more, or the listing ends at a round number: what follows is asked for."""
    server = Capped(2_600, 1000, total=total)
    assert collect(crm(**({} if total else NO_TOTAL)), server) == list(range(2_600))


def test_a_refusal_in_the_depth_of_a_listing_says_what_it_is(crm):
    """Many systems let nobody count further than so many records; a plain 400 would not tell."""
    with pytest.raises(CursorStuck, match="after 1,000 records") as caught:
        collect(crm(), Capped(1_500, 1000, refuses=True))
    assert "paging.cap: 1000" in caught.value.hint
    with pytest.raises(RemoteError) as caught:
        collect(crm(), Capped(1_500, 0, refuses=True))
    assert not isinstance(caught.value, CursorStuck), "a refusal of the first page is one of the question"


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("sort", [SPEC["sort"], None])
@pytest.mark.parametrize("count", [1000, 2000, 5000])
def test_a_round_number_of_records_is_no_alarm(crm, count, total, sort):
    """A listing that just happens to have 1,000 records is whole; at most four requests more are spent on it."""
    server = Capped(count, 10**9, total=total)
    connector = crm(sort=sort, **({} if total else NO_TOTAL))
    assert collect(connector, server) == list(range(count))
    assert len(server.asked) <= count // 100 + 4


def test_a_part_is_read_side_by_side_and_goes_on_after_a_restart(crm, open_rest):
    """Positions of parts are texts that another process can go on from."""
    server = Capped(2_500, 1000)
    assert collect(crm(cap=1000), server, side_by_side=True) == list(range(2_500))
    connector, position, ids = crm(cap=1000), None, []
    while True:
        flow = connector.read("companies", None, position)
        request = next(flow)
        try:
            while True:
                request = flow.send(server.answer(request))
        except StopIteration as stop:
            page = stop.value
        ids += [json.loads(row)["id"] for row in page.rows]
        position, connector = page.next, crm(cap=1000)
        if position is None:
            break
    assert ids == list(range(2_500))
