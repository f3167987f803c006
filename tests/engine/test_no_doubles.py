"""Creates whose answers get lost, by the thousand: none is doubled, none is lost (I-5, R-10.7, R-10.8, R-10.9)."""

from collections import Counter

import pytest
from desk import Desk, DeskTransport, manifest, serve
from world import CRM, Killed, Watch, World

from tallystick.connectors.http.limits import Timing

MAPPING = """
left: {system: crm, object: companies}
right: {system: erp, object: partners}
match:
  - {on: vat, normalise: alphanumeric}
fields:
  name: {left: name, right: name1}
  vat: {left: vat, right: vat_id}
  city: {left: city, right: ort}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""
EXTERNAL = MAPPING.replace("object: partners}", "object: partners, external_id: ref}")
OWN_ID = MAPPING.replace("fields:\n", "fields:\n  number: {left: ref, right: id, direction: to_right}\n")
KINDS = ["key", "bulk", "extid", "search", "client_id"]
MAPPINGS = {"extid": EXTERNAL, "client_id": OWN_ID}


def build(folder, kind, url="http://desk.test", size=50, mapping=""):
    """A system in memory on the left, the desk on the right."""
    erp = manifest(kind, url, size)
    return World.build(folder, mapping or MAPPINGS.get(kind, MAPPING), CRM, erp, idem="extid")


@pytest.fixture
def desk_world(fast_path):
    """Give a function that builds a world whose desk answers in this process."""
    opened = []

    def make(kind, loses=lambda number: False, **options):
        world = build(fast_path / f"p{len(opened)}", kind, **options)
        desk = Desk(world.clock, loses)
        world.swap("erp", DeskTransport(desk))
        opened.append(world)
        return world, desk

    yield make
    for world in opened:
        world.close()


def fill(world, count):
    for n in range(count):
        world.left.create({"name": f"Werk {n}", "vat": f"DE{n:06d}", "city": "Ulm", "ref": f"c{n}"})


def run_until_quiet(world, rounds=12):
    """Run until no write is unknown any more."""
    for _ in range(rounds):
        world.pass_time(300)
        world.go(full=True)
        if not world.look(lambda tx: tx.open_intents("companies")):
            return
    raise AssertionError("writes are still unknown")


def assert_once(world, desk, count):
    """Every record of the left has exactly one counterpart, and both are paired."""
    vats = Counter(r["vat_id"] for r in desk.rows.values())
    assert len(vats) == count
    assert set(vats.values()) == {1}
    assert len(world.rows("left")) == count
    assert world.look(lambda tx: tx.count_linked("companies")) == count
    assert world.queue() == []
    assert world.parked() == []
    world.pass_time(300)
    plan = world.plan(full=True).plan
    assert plan.is_empty, plan.operations


@pytest.mark.parametrize("kind", KINDS)
def test_five_thousand_creates_whose_answers_are_lost(desk_world, kind):
    """Nearly every answer is lost after the work was done, those of repeated creates too."""
    first = 100 if kind == "bulk" else 5000
    world, desk = desk_world(kind, lambda number: number % (4 if number <= first else 2) != 0)
    fill(world, 5000)
    run_until_quiet(world)
    assert desk.lost >= first // 2
    assert desk.reused == 0
    assert_once(world, desk, 5000)


@pytest.mark.parametrize("kind", ["key", "bulk"])
def test_the_same_over_sockets(fast_path, kind):
    """Real requests, real time-outs of the connection: the same bytes go out again under the same key."""
    count = 300
    desk = Desk(list, lambda number: number % 3 != 0)
    with serve(desk) as url:
        world = build(fast_path / "p", kind, url, size=20)
        desk.clock = world.clock
        world.systems["erp"].transport.timing = Timing(lambda: world.now, world.clock, world.pass_time, lambda: 0.5)
        try:
            fill(world, count)
            run_until_quiet(world)
            assert desk.replayed > 5
            assert desk.reused == 0
            assert_once(world, desk, count)
        finally:
            world.systems["erp"].transport.close()
            world.close()


def test_each_single_answer_of_a_batch_with_a_bad_record_may_be_lost(desk_world):
    """A batch that is refused as a whole is parted; whichever answer is lost, the good records stand there once."""
    lost = number = 0
    while lost == number:
        number += 1
        world, desk = desk_world("bulk", lambda n, number=number: n == number, size=8)
        fill(world, 12)
        world.left.update("5", {"city": "poison"})
        for _ in range(4):
            world.pass_time(300)
            world.go(full=True)
        lost = number if desk.lost else 0
        assert sorted(r["vat_id"] for r in desk.rows.values()) == [f"DE{n:06d}" for n in range(12) if n != 4]
        assert [(p.record, p.code) for p in world.parked()] == [("5", "refused")]
        assert world.look(lambda tx: tx.open_intents("companies")) == []
        assert desk.reused == 0
    assert number > 4


@pytest.mark.parametrize("after", [False, True])
def test_a_batch_killed_at_every_door(desk_world, after):
    """Die at any request or commit while batches under a key go out, one of them with a bad record; then go on."""
    at, died = 0, True
    while died:
        at += 1
        world, desk = desk_world("bulk", size=4)
        fill(world, 7)
        world.left.update("5", {"city": "poison"})
        try:
            with Watch(die_at=at, after=after).over(world):
                world.go(full=True)
            died = False
        except Killed:
            pass
        for _ in range(3):
            world.pass_time(300)
            world.go(full=True)
        assert sorted(r["vat_id"] for r in desk.rows.values()) == [f"DE{n:06d}" for n in range(7) if n != 4], at
        assert world.look(lambda tx: (tx.open_intents("companies"), tx.count_linked("companies"))) == ([], 6)
        assert desk.reused == 0
    assert at >= 14


@pytest.mark.parametrize("kind", ["key", "bulk"])
def test_a_key_still_in_progress_proves_nothing(desk_world, kind):
    """409 to a repeated key: the first request is still at work; nothing is dropped, no new key is made (R-10.3)."""
    world, desk = desk_world(kind, lambda number: number == 1)
    fill(world, 1 if kind == "key" else 3)
    desk.busy = 2
    for _ in range(4):
        world.pass_time(10)
        world.go(full=True)
    assert desk.busy == 0
    assert_once(world, desk, 1 if kind == "key" else 3)


def test_who_was_not_let_in_has_learned_nothing_about_the_first_attempt(desk_world):
    """A repeated create that is throttled or not allowed leaves the first one as unknown as it was."""
    world, desk = desk_world("key", lambda number: number == 1)
    fill(world, 1)
    world.go()
    answers = [(429, {"error": "slow down"}), (401, {"error": "who are you"}), (404, {"error": "no such address"})]
    carry_out = desk._write
    desk._write = lambda *args: answers.pop() if answers else carry_out(*args)
    for _ in range(5):
        world.pass_time(300)
        world.go(full=True)
    assert desk.replayed == 1
    assert_once(world, desk, 1)


def test_a_batch_that_was_partly_answered_is_looked_for(desk_world):
    """Its request can never be repeated as it was, so the missing record is searched, not sent under another key."""
    world, desk = desk_world("bulk")
    fill(world, 3)
    answer = desk.answer

    def cut(*request):
        said = answer(*request)
        if request[1].startswith("/o/batch"):
            said = (200, {"results": said[1]["results"][:2]})
        return said

    desk.answer = cut
    world.go()
    desk.answer = answer
    assert [i.key for i in world.look(lambda tx: tx.open_intents("companies"))] == [""]
    run_until_quiet(world)
    assert_once(world, desk, 3)


def test_a_smaller_batch_size_does_not_change_what_is_sent_again(desk_world):
    """The manifest was edited between two attempts; the batch cannot be repeated as it was, so it is looked for."""
    world, desk = desk_world("bulk", lambda number: number == 1)
    fill(world, 6)
    world.go()
    file = world.folder / "systems" / "erp.yaml"
    file.write_text(file.read_text().replace("size: 50", "size: 2"))
    world.store.close()
    transport, left = world.systems["erp"].transport, world.systems["crm"].transport
    world.open()
    world.swap("erp", transport)
    world.swap("crm", left)
    run_until_quiet(world)
    assert desk.reused == desk.replayed == 0
    assert_once(world, desk, 6)
