"""Directed schedules: each is one situation in which one rule of the sync core is all that stands between us and harm.

``tests/mutants`` takes the rules out and sees that these (and their neighbours) notice.
"""

import contextlib

import pytest
from world import CRM, ERP, MAPPING, World

from tallystick.core.binding import Dirty
from tallystick.core.error import Duplicate, Unavailable
from tallystick.engine import observe

SLOW = "network: {timeout_seconds: 10}"  # what was sent may be in flight for 20 seconds


@pytest.fixture
def make(fast_path):
    worlds = []

    def build(mapping=MAPPING, crm=CRM, erp=ERP, **options):
        worlds.append(World.build(fast_path / str(len(worlds)), mapping, crm, erp, **options))
        return worlds[-1]

    yield build
    for world in worlds:
        world.close()


def fill(world, count=4):
    """Make records on the left and carry them over; give the right ids by VAT number."""
    for n in range(count):
        world.left.create({"name": f"Firm {n}", "vat": f"DE{n}", "city": "Ulm"})
    world.sync()
    return {r["vat_id"]: i for i, r in world.rows("right").items()}


@contextlib.contextmanager
def between(world, change, system="erp"):
    """Let every request to a system go through ``change(request, answer)``, which answers in its place."""
    transport = world.systems[system].transport
    answer = transport.answer
    transport.answer = lambda request: change(request, answer)
    try:
        yield
    finally:
        transport.__dict__.pop("answer")


def lost(*verbs):
    """Do what is asked and lose the answer."""

    def change(request, answer):
        given = answer(request)
        if request.verb in verbs:
            raise Unavailable("the answer was lost", applied="unknown")
        return given

    return change


def swallowed(*verbs):
    """Do nothing of what is asked, and do not say so."""

    def change(request, answer):
        if request.verb in verbs:
            raise Unavailable("the connection was lost", applied="unknown")
        return answer(request)

    return change


def later(world, runs=3):
    for _ in range(runs):
        world.pass_time(200)
        world.sync(full=True)


def test_what_a_target_made_of_a_value_is_its_base(make):
    """R-3.1, R-6.4: a system that respells a text does not write its own spelling back over it."""
    world = make()

    def respelled(request, answer):
        body = request.arguments.get("body") or getattr(request.arguments.get("update"), "patch", None)
        if body and body.get("ort", "").startswith("Frankfurt"):
            body["ort"] = "FFM"
        return answer(request)

    with between(world, respelled):
        left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
        world.sync()
        [right] = world.rows("right")
        world.left.update(left, {"city": "Frankfurt am Main"})
        world.sync()
        world.right.update(right, {"name1": "Anker AG"})
        later(world)
    row = world.rows("left")[left]
    assert (row["name"], row["city"]) == ("Anker AG", "Frankfurt am Main")
    assert world.rows("right")[right]["ort"] == "FFM"


def test_two_misses_close_together_prove_nothing(make):
    """R-4 (b): the second look at what is missing must be later than any write in flight and any lagging copy."""
    world = make(crm=CRM.replace("network: {timeout_seconds: 1}", SLOW))
    fill(world, 8)
    world.left.delete("1")
    world.sync(full=True)
    world.pass_time(10)
    world.sync(full=True)
    assert len(world.rows("right")) == 8
    world.pass_time(30)
    world.sync(full=True)
    assert len(world.rows("right")) == 7


def test_absence_from_a_listing_that_contradicts_itself_proves_nothing(make):
    """R-4 (c): a listing with fewer rows than its total hides somebody, whatever single reads say."""
    world = make()
    fill(world, 8)

    def hide(request, answer):
        if request.verb == "get" and request.arguments["record_id"] == "1":
            return None
        given = answer(request)
        if request.verb == "list":
            now, total, rows, last = given
            return now, total, [r for r in rows if b'"id":"1"' not in r.replace(b": ", b":")], last
        return given

    with between(world, hide, "crm"):
        later(world)
    assert len(world.rows("right")) == 8


def test_where_nothing_can_be_read_nothing_is_gone(make):
    """R-4.4: a credential that lost its rights sees a shorter list and finds nobody; that is no deletion."""
    world = make()
    fill(world)

    def blind(request, answer):
        if request.verb == "get":
            return None
        given = answer(request)
        return (given[0], 3, given[2][1:], given[3]) if request.verb == "list" else given

    with between(world, blind, "crm"):
        later(world)
    assert len(world.rows("right")) == 4
    assert [q.kind for q in world.queue()] == ["delete"]


def test_only_its_own_record_waits_for_an_open_create(make):
    """T-62, R-10.12: a create whose outcome cannot be found out stops nobody else."""
    world = make(idem="search")
    fill(world)
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    with between(world, swallowed("create", "find")):
        world.go()
    world.left.create({"name": "Andere", "vat": "DE8", "city": "Ulm"})
    world.left.update("1", {"city": "Bonn"})
    with between(world, swallowed("find")):
        world.pass_time(200)
        world.go()
        right = {r["vat_id"]: r.get("ort") for r in world.rows("right").values()}
        assert right["DE8"] == "Ulm"
        assert right["DE0"] == "Bonn"
        assert "DE7" not in right
    later(world)
    assert sorted(r["vat_id"] for r in world.rows("right").values()) == ["DE0", "DE1", "DE2", "DE3", "DE7", "DE8"]


def test_what_is_paired_elsewhere_is_not_adopted(make):
    """R-10.11: the record that a search finds for an open create belongs to somebody else; it is not paired twice."""
    world = make(idem="search")
    right = fill(world)
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    with between(world, swallowed("create")):
        world.go()
    world.right.update(right["DE0"], {"vat_id": "DE7"})
    later(world)
    assert len(world.rows("right")) == 4
    assert "duplicate" in {q.kind for q in world.queue()}
    bindings = world.look(lambda tx: tx.leg_facts("companies", "right", [right["DE0"]]))
    left = world.look(lambda tx: tx.leg_facts("companies", "left", ["1"]))
    assert bindings[right["DE0"]].binding == left["1"].binding, "the old pair lives on"


def test_a_create_is_not_repeated_beside_a_pair_of_its_key(make):
    """10.4: while a create was unknown its key came to a paired record; to send it again would make a double."""
    world = make(idem="key")
    fill(world)
    new = world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    with between(world, swallowed("create")):
        world.go()
    world.left.update("1", {"vat": "DE7"})
    with between(world, swallowed("create")):
        world.pass_time(200)
        world.go(full=True)
    later(world)
    assert [r["vat_id"] for r in world.rows("right").values()].count("DE7") == 1
    assert f"left/{new}" in {q.subject for q in world.queue() if q.kind == "duplicate"}


def test_an_unknown_update_is_confirmed_field_by_field(make):
    """10.4: of an update without an answer only what is there as it was sent is taken for ours; the rest is an edit."""
    world = make()
    right = fill(world)["DE0"]
    world.left.update("1", {"name": "Sent", "city": "Bonn"})
    with between(world, lost("update")):
        world.go()
    world.right.update(right, {"ort": "Köln"})
    later(world)
    assert (world.rows("right")[right]["name1"], world.rows("right")[right]["ort"]) == ("Sent", "Köln")
    assert [(q.kind, q.field) for q in world.queue()] == [("conflict", "city")]


def test_a_create_is_repeated_as_it_was(make):
    """R-10.7: the system knows a repeated create by its key and its body; both stay what they were."""
    world = make(idem="key")
    left = world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    sent = []

    def noted(request, answer):
        if request.verb == "create":
            sent.append((request.arguments["key"], dict(request.arguments["body"])))
            answer(request)
            raise Unavailable("the answer was lost", applied="unknown")
        return answer(request)

    with between(world, noted):
        world.go()
        world.left.update(left, {"city": "Bonn"})
        for _ in range(3):
            world.pass_time(200)
            world.go()
    assert len(sent) > 2
    assert all(each == sent[0] for each in sent)
    later(world)
    assert [r["ort"] for r in world.rows("right").values()] == ["Bonn"]


def test_what_was_found_again_is_read_once_more(make):
    """R-10.14: the answer to a repeated create shows the past; what was edited since is not overlooked."""
    world = make(idem="key")
    other = fill(world)["DE0"]
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    with between(world, lost("create")):
        world.go()
    [right] = [i for i, r in world.rows("right").items() if r["vat_id"] == "DE7"]
    before = world.right.row(right)
    world.right.update(right, {"ort": "Kiel"})
    world.pass_time(100)
    world.right.update(other, {"name1": "Newer than that"})

    def old(request, answer):
        given = answer(request)
        if request.verb == "list":
            return given[0], given[1], [r for r in given[2] if b"DE7" not in r], given[3]
        return (right, before) if request.verb == "create" else given

    with between(world, old):
        world.pass_time(200)
        world.sync()
    world.sync()
    assert next(r for r in world.rows("left").values() if r["vat"] == "DE7")["city"] == "Kiel"


def test_a_repeated_create_that_is_refused_finds_its_record(make):
    """R-10.8: the system refuses the second create because the first one arrived; its record is adopted."""
    linked = MAPPING.replace("object: partners}", "object: partners, external_id: ref}")
    world = make(linked, idem="key")
    fill(world)
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    with between(world, lost("create")):
        world.go()

    def refuse(request, answer):
        if request.verb == "create":
            raise Duplicate("another record has this ref", field="ref", status=409)
        return answer(request)

    with between(world, refuse):
        world.pass_time(200)
        world.sync()
        assert world.look(lambda tx: tx.open_intents("companies")) == []
        assert world.look(lambda tx: tx.count_linked("companies")) == 5
    later(world)
    assert len(world.rows("right")) == 5
    assert world.plan(full=True).plan.is_empty


def test_nothing_is_sent_that_is_not_durable(make):
    """R-10.1: when a request arrives at a system, the intent of it is in the state already."""
    world = make()
    right = fill(world)
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    world.left.update("1", {"city": "Bonn"})
    world.left.delete("2")
    known = []

    def watched(request, answer):
        if request.verb in {"create", "update", "delete"}:
            intents = world.look(lambda tx: tx.open_intents("companies"))
            known.append((request.verb, any(i.op == request.verb for i in intents)))
        return answer(request)

    with between(world, watched):
        for _ in range(2):
            world.pass_time(200)
            world.sync(full=True, released=frozenset({"shrink"}))
    assert len(world.rows("right")) == len(right)
    assert sorted(known) == [("create", True), ("delete", True), ("update", True)]


def test_a_mark_that_is_set_while_it_is_worked_on_survives(make):
    """R-11.16: somebody edits a marked record after it was read, and says so; that is not forgotten."""
    world = make()
    fill(world)
    world.pass_time(1000)
    world.left.update("2", {"city": "Kiel"})
    world.sync()
    mark = Dirty("companies", "left", "1", "told")
    world.store.commit(lambda tx: tx.mark_dirty([mark]))

    def edited(request, answer):
        given = answer(request)
        if request.verb == "get":
            world.left.update("1", {"city": "Bonn"})
            world.store.commit(lambda tx: tx.mark_dirty([mark]))
        return given

    with between(world, edited, "crm"):
        world.sync()
    assert [d.id for d in world.look(lambda tx: tx.dirty("companies", "left", world.now, 10))] == ["1"]
    world.sync()
    assert "Bonn" in {r["ort"] for r in world.rows("right").values()}


def test_a_page_that_comes_twice_ends_the_listing(make):
    """R-11.9: a system that ignores the position gives its first page for ever."""
    paged = CRM.replace("    create: {", "    paging: {type: offset, limit: 2}\n    create: {", 1)
    world = make(crm=paged)
    for n in range(5):
        world.left.create({"name": f"Firm {n}", "vat": f"DE{n}", "city": "Ulm"})
    asked = []

    def deaf(request, answer):
        if request.verb == "list":
            asked.append(request)
            assert len(asked) < 20, "it goes on for ever"
            request.arguments["after"] = None
        return answer(request)

    with between(world, deaf, "crm"):
        result = world.go()
    assert "repeats a page" in result.plan.pairs[0].problem
    assert world.rows("right") == {}


def test_nothing_is_sent_long_after_its_intent(make):
    """R-16.2: a write whose turn comes when somebody else may have taken over is not sent, but prepared anew."""
    world = make()
    right = fill(world, 8)
    for n in range(1, 9):
        world.left.update(str(n), {"city": "Bonn"})
    sent = []

    def slow(request, answer):
        if request.verb == "update":
            intents = world.look(lambda tx: tx.open_intents("companies"))
            mine = [i for i in intents if i.target == request.arguments["update"].id]
            sent.append(world.now - mine[0].sent_at)
            world.pass_time(4)
        return answer(request)

    with between(world, slow):
        world.sync(released=frozenset({"updates"}))
    assert len(sent) == len(right)
    assert max(sent) < 10, "no later than its intent says, but for the leeway"
    assert {r["ort"] for r in world.rows("right").values()} == {"Bonn"}


def test_a_record_without_disposition_stops_the_run(make, monkeypatch):
    """R-17.1: a run that forgot a record says so and writes nothing, whatever made it forget."""
    world = make()
    fill(world)

    def forgetful(*_):
        return
        yield

    monkeypatch.setattr(observe, "decide_unbound", forgetful)
    world.left.create({"name": "Neu", "vat": "DE7", "city": "Ulm"})
    result = world.go()
    assert [type(e).__name__ for e in result.failures.values()] == ["Bug"]
