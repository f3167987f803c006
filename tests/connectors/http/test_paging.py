"""A listing is read whole from every kind of server, and a server that never ends is caught."""

import json

import pytest

from tallystick.connectors.http.message import Headers, Response
from tallystick.core.error import AccessError, Error, Garbled, ProjectError

HOME = "http://crm.test/api/companies"


def records(count):
    return [{"id": n, "name": f"n{n}"} for n in range(count)]


class Lists:
    """A made-up server: answers requests for its records as its traits say."""

    def __init__(self, count, *, cap=None, total="honest", ignores=False, hidden=(), behind_end=200, later_cap=None):
        self.rows = records(count)
        self.cap = cap
        self.total = total
        self.ignores = ignores
        self.hidden = set(hidden)
        self.behind_end = behind_end
        self.later_cap = later_cap
        self.asked = []

    def answer(self, request):
        _, _, text = request.url.partition("?")
        query = dict(pair.split("=") for pair in text.split("&")) if text else {}
        self.asked.append(query)
        size = int(query.get("limit") or query.get("size") or 10)
        size = min(size, self.cap or size)
        start = int(query["offset"]) if "offset" in query else (int(query.get("page", 1)) - 1) * size
        if start and self.later_cap:
            size = min(size, self.later_cap)
        found = self.rows[0 if self.ignores else start :][:size]
        shown = [row for row in found if row["id"] not in self.hidden]
        if not found and self.behind_end != 200:
            return Response(self.behind_end, url=request.url)
        totals = {"honest": len(self.rows), "own": len(shown), "text": str(len(self.rows)), "huge": 10**9, "none": None,
                  "minus": -1}  # fmt: skip
        body = {"rows": shown, "total": totals[self.total], "pages": -(-len(self.rows) // size)}
        return Response(200, Headers(), json.dumps(body).encode(), request.url)


def read_all(connector, server, *, side_by_side, most=200):
    """Read as an engine may: every known position once, those ahead before the answers of others are looked at."""
    ids, waiting, done = [], [None], set()
    while waiting:
        assert len(done) < most, "the listing does not end"
        position = waiting.pop(0)
        done.add(position)
        flow = connector.read("companies", position=position)
        request = next(flow)
        try:
            while True:
                request = flow.send(server.answer(request))
        except StopIteration as end:
            page = end.value
        ids += [connector.sight("companies", row).id for row in page.rows]
        following = [page.next, *(page.ahead if side_by_side else ())]
        waiting += [p for p in following if p is not None and p not in done and p not in waiting]
    return ids


OFFSET = {"type": "offset", "limit": 10}
PAGE = {"type": "page", "size": 10, "size_param": "size"}


@pytest.fixture
def companies(open_rest):
    def make(paging, **entries):
        spec = {"list": {"method": "GET", "path": "/companies", "record": "rows"}, "paging": paging, **entries}
        connector, _ = open_rest(objects={"companies": spec})
        return connector

    return make


@pytest.mark.parametrize("side_by_side", [True, False])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35, 100])
@pytest.mark.parametrize("cap", [None, 3, 7])
@pytest.mark.parametrize(
    ("paging", "total"),
    [
        (OFFSET, "none"),
        (OFFSET | {"total": "total"}, "honest"),
        (OFFSET | {"total": "total"}, "text"),
        (OFFSET | {"total": "total"}, "own"),
        (OFFSET | {"total": "total"}, "none"),
        (OFFSET | {"total": "total"}, "minus"),
        (OFFSET | {"limit_param": ""}, "none"),
        (OFFSET | {"limit_param": "", "total": "total"}, "honest"),
        (PAGE, "none"),
        (PAGE | {"total": "total"}, "honest"),
        (PAGE | {"total": "total"}, "own"),
        (PAGE | {"total": "total"}, "minus"),
        (PAGE | {"pages": "pages"}, "none"),
        (PAGE | {"size_param": "", "total": "total"}, "honest"),
        (PAGE | {"size_param": ""}, "none"),
    ],
)
def test_every_record_is_read_whatever_the_server_says_of_totals_and_sizes(
    companies, paging, total, cap, count, side_by_side
):
    if total == "own":
        cap = None  # a total of the page only, under a silent cap, cannot be told from the end by anybody
    server = Lists(count, cap=cap, total=total)
    ids = read_all(companies(paging), server, side_by_side=side_by_side)
    assert ids == [str(n) for n in range(count)]


@pytest.mark.parametrize("status", [404, 416])
@pytest.mark.parametrize("count", [0, 5, 10, 20])
def test_a_server_that_refuses_what_lies_behind_the_end_has_ended(companies, count, status):
    server = Lists(count, behind_end=status if count else 200)
    assert len(read_all(companies(PAGE), server, side_by_side=True)) == count


def test_a_listing_that_is_not_there_is_no_empty_listing(companies):
    with pytest.raises(AccessError):
        read_all(companies(PAGE), Lists(0, behind_end=404), side_by_side=True)


@pytest.mark.parametrize("hidden", [[3], [0, 1, 2], range(1, 10), [12, 13], range(10, 20), [34]])
@pytest.mark.parametrize("paging", [OFFSET | {"total": "total"}, PAGE | {"total": "total"}])
def test_records_that_are_counted_but_not_shown_hide_no_others(companies, paging, hidden):
    server = Lists(35, hidden=hidden)
    ids = read_all(companies(paging), server, side_by_side=True)
    assert set(ids) == {str(n) for n in range(35)} - {str(n) for n in hidden}
    assert len(server.asked) <= 8, "a page with few visible records must not make all further pages small"


@pytest.mark.parametrize("side_by_side", [True, False])
def test_pages_that_come_shorter_than_the_first_leave_no_gap(companies, side_by_side):
    """Some systems cut pages by their weight; the positions read ahead were counted by the first page."""
    server = Lists(64, later_cap=3)
    ids = read_all(companies(OFFSET | {"total": "total"}), server, side_by_side=side_by_side)
    assert sorted(map(int, ids)) == list(range(64))


@pytest.mark.parametrize("paging", [OFFSET, PAGE, OFFSET | {"total": "total"}, PAGE | {"total": "total"}])
@pytest.mark.parametrize("count", [10, 35])
def test_a_server_that_always_gives_the_first_page_is_a_loop(companies, paging, count):
    with pytest.raises(Garbled, match="paging loop"):
        read_all(companies(paging), Lists(count, ignores=True, total="huge"), side_by_side=False)


def test_a_known_total_lets_all_further_pages_be_read_side_by_side(companies, feed, answer):
    page, _ = feed(
        companies(OFFSET | {"total": "total"}).read("companies"),
        Lists(35).answer(next(companies(OFFSET).read("companies"))),
    )
    assert page.total == 35
    assert [json.loads(p)["at"] for p in (page.next, *page.ahead)] == [10, 20, 30]


def test_a_page_size_that_the_manifest_vouches_for_saves_the_last_request(companies):
    server = Lists(5)
    read_all(companies(OFFSET | {"max_limit": 50}), server, side_by_side=True)
    assert len(server.asked) == 1


def test_a_listing_is_not_asked_for_more_than_the_limit(companies):
    server = Lists(5)
    next(flow := companies(OFFSET | {"max_limit": 4}).read("companies"))
    with pytest.raises(StopIteration):
        flow.send(server.answer(next(companies(OFFSET | {"max_limit": 4}).read("companies", page_size=999))))
    assert server.asked[0]["limit"] == "4"


def test_positions_survive_a_restart_and_do_not_fit_another_paging(companies, feed):
    server = Lists(35)
    page, _ = feed(companies(OFFSET).read("companies"), server.answer(next(companies(OFFSET).read("companies"))))
    again = next(companies(OFFSET).read("companies", position=str(page.next)))
    assert "offset=10" in again.url
    for bad in (page.next, "", "{}", "nonsense", "\ud800"):
        with pytest.raises(ProjectError):
            next(companies(PAGE).read("companies", position=bad))


CURSOR = {"type": "cursor", "next": "next", "size_param": "size"}


def cursor_page(answer, rows, **rest):
    return answer({"rows": rows, **rest})


@pytest.mark.parametrize("end", [None, "", False, 0])
def test_a_cursor_that_is_null_empty_or_false_ends_the_listing(companies, feed, answer, end):
    page, [request] = feed(companies(CURSOR).read("companies"), answer({"rows": records(3), "next": end}))
    assert page.next is None
    assert request.url.endswith("?size=100")


def test_a_missing_cursor_ends_the_listing(companies, feed, answer):
    page, _ = feed(companies(CURSOR).read("companies"), answer({"rows": records(3)}))
    assert page.next is None


def test_a_cursor_is_sent_back_as_it_came(companies, feed, answer):
    connector = companies(CURSOR)
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "next": "a+b/c=&d"}))
    _, [request] = feed(connector.read("companies", position=page.next), answer({"rows": [], "next": None}))
    assert "cursor=a%2Bb%2Fc%3D%26d" in request.url


def test_an_empty_page_with_a_new_cursor_goes_on(companies, feed, answer):
    page, _ = feed(companies(CURSOR).read("companies"), answer({"rows": [], "next": "more"}))
    assert page.next is not None


def test_has_more_ends_a_listing_although_there_is_a_cursor(companies, feed, answer):
    connector = companies(CURSOR | {"has_more": "more"})
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "next": "x", "more": False}))
    assert page.next is None
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "next": "x", "more": True}))
    assert page.next is not None
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "next": "x"}))
    assert page.next is not None, "an answer that does not say it must not end the listing"


def test_the_last_records_id_can_be_the_cursor(companies, feed, answer):
    connector = companies({"type": "cursor", "cursor_param": "starting_after", "from_last": "id", "has_more": "more"})
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "more": True}))
    _, [request] = feed(connector.read("companies", position=page.next), answer({"rows": [], "more": False}))
    assert "starting_after=2" in request.url


def test_a_cursor_can_come_in_a_header(companies, feed, answer):
    connector = companies({"type": "cursor", "next": "header:X-Next"})
    page, _ = feed(connector.read("companies"), answer({"rows": records(1)}, headers={"x-next": "abc"}))
    assert "abc" in page.next


@pytest.mark.parametrize("second", [{"rows": records(4), "next": "c1"}, {"rows": records(3), "next": "c2"}])
def test_a_cursor_that_does_not_move_or_a_page_that_repeats_is_a_loop(companies, feed, answer, second):
    connector = companies(CURSOR)
    page, _ = feed(connector.read("companies"), answer({"rows": records(3), "next": "c1"}))
    with pytest.raises(Garbled, match="paging loop"):
        feed(connector.read("companies", position=page.next), answer(second))


@pytest.mark.parametrize(
    ("paging", "body", "headers"),
    [
        ({"type": "link"}, {}, {"Link": '<TARGET>; rel="next"'}),
        ({"type": "next_url", "next": "links.next"}, {"links": {"next": "TARGET"}}, {}),
        ({"type": "next_url", "next": "header:X-Next"}, {}, {"X-Next": "TARGET"}),
    ],
)
class TestLinks:
    def page(self, companies, feed, answer, paging, body, headers, target):
        filled = json.loads(json.dumps(body).replace("TARGET", target))
        return feed(
            companies(paging).read("companies"),
            answer(
                {"rows": records(2), **filled}, headers={k: v.replace("TARGET", target) for k, v in headers.items()}
            ),
        )[0]

    def test_a_link_is_followed_as_it_stands_also_if_relative(self, companies, feed, answer, paging, body, headers):
        page = self.page(companies, feed, answer, paging, body, headers, "/api/companies?page=2&x=a%20b")
        request = next(companies(paging).read("companies", position=page.next))
        assert request.url == HOME + "?page=2&x=a%20b"

    def test_a_link_to_another_host_is_refused(self, companies, feed, answer, paging, body, headers):
        for target in ("http://evil.test/x", "//evil.test/x", "http://crm.test:81/x", "http://crm.test@evil.test/"):
            with pytest.raises(Garbled, match="not allowed"):
                self.page(companies, feed, answer, paging, body, headers, target)

    def test_a_link_to_the_same_page_is_a_loop(self, companies, feed, answer, paging, body, headers):
        with pytest.raises(Garbled, match="paging loop"):
            self.page(companies, feed, answer, paging, body, headers, HOME)


def test_a_key_in_a_next_link_is_not_kept_in_the_position(open_rest, feed, answer):
    connector, _ = open_rest(
        auth={"type": "api_key", "name": "key", "value": "${env:KEY}", "location": "query"},
        objects={"companies": {"list": {"method": "GET", "path": "/c", "record": "rows"}, "paging": {"type": "link"}}},
    )
    page, _ = feed(
        connector.read("companies"), answer({"rows": []}, headers={"Link": "</api/c?key=s3cret-key&page=2>; rel=next"})
    )
    assert "s3cret" not in page.next
    assert "page=2" in page.next


def test_errors_of_paging_are_named_with_place_and_hint(companies):
    with pytest.raises(Error) as caught:
        read_all(companies(OFFSET), Lists(10, ignores=True), side_by_side=False)
    assert caught.value.place == "crm/companies"
    assert "paging" in caught.value.hint


def test_a_cursor_that_nobody_can_find_is_one_page_unless_the_system_says_that_more_follows(companies, feed, answer):
    connector = companies({"type": "cursor", "has_more": "more"})
    for body in ({"rows": records(3)}, {"rows": records(3), "more": False}):
        page, _ = feed(connector.read("companies"), answer(body))
        assert (len(page.rows), page.next) == (3, None)
    with pytest.raises(Garbled, match="does not say how to ask"):
        feed(connector.read("companies"), answer({"rows": records(3), "more": True}))
