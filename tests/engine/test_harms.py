"""Harms that must not happen, each found once and kept: false deletions, resurrections, doubles, lost edits.

The world has six companies in step before each story begins, so that other records vouch for our access.
"""

import pytest
from world import CRM, ERP, MAPPING, World

from tallystick.core.binding import Dirty
from tallystick.core.error import Throttled


@pytest.fixture
def build(tmp_path):
    worlds = []

    def make(mapping=MAPPING, **systems):
        world = World.build(tmp_path / str(len(worlds)), mapping, **systems)
        worlds.append(world)
        for n in range(6):
            world.left.create({"name": f"C{n}", "vat": f"DE{n}", "city": "Ulm"})
        world.sync()
        return world

    yield make
    for world in worlds:
        world.close()


def partner(world, vat):
    return next((i for i, r in world.rows("right").items() if r["vat_id"] == vat), None)


def later(world, runs=2, **options):
    for _ in range(runs):
        world.pass_time(300)
        world.sync(**options)


def vanish(shelf, record):
    """Let a record not be there for a while, as on a lagging replica; gives what brings it back unchanged."""
    rows = shelf._kept
    kept = rows.pop(record)
    return lambda: rows.__setitem__(record, kept)


def test_life_between_two_misses_is_no_deletion(build):
    """R-12.1: a record that was seen alive after it was missing once must be missing twice anew."""
    world = build(crm=CRM.replace("timeout_seconds: 1", "timeout_seconds: 30"))
    back = vanish(world.left, "1")
    world.sync(full=True)
    back()
    world.pass_time(10)
    world.sync(full=True)
    back = vanish(world.left, "1")
    world.pass_time(100)
    world.sync(full=True)
    assert partner(world, "DE0"), "one miss after life must not delete"
    back()


def test_a_narrower_scope_deletes_nothing(build):
    """I-19, R-12.6: what leaves the scope because the project was changed is left alone, now and later."""
    mapping = MAPPING + "on_scope_exit: delete\n"
    world = build(mapping)
    world.remap(mapping.replace("object: companies}", "object: companies, where: {city: [Bonn]}}"))
    later(world, 3, full=True)
    assert len(world.rows("right")) == 6
    world.left.update("1", {"city": "Bonn"})
    later(world)
    world.left.update("1", {"city": "Ulm"})
    later(world, 2, full=True)
    assert len(world.rows("right")) == 5, "what leaves the scope by an edit is deleted as the policy says"


@pytest.mark.parametrize("cas", ["true", "false"])
def test_what_is_out_of_scope_is_not_written_to(build, cas):
    """T-29: an edit on the side that is in scope does not reach the record that is not, in no window."""
    crm = CRM.replace("      city: {type: text}\n", "      city: {type: text}\n      stage: {type: text}\n")
    world = build(crm=crm.replace("cas_write: true", f"cas_write: {cas}"))
    at = partner(world, "DE0")
    for record in world.rows("left"):
        world.left.update(record, {"stage": "open"})
    world.remap(MAPPING.replace("object: companies}", "object: companies, where: {stage: [open]}}"))
    later(world)
    world.left.update("1", {"stage": "closed"})
    later(world)
    for n in (70, 71):
        world.left.create({"name": "Later", "vat": f"DE{n}", "stage": "open"})
        world.pass_time(500)
        world.sync()  # the window of the closed record is over
    world.right.update(at, {"name1": "Edited"})
    later(world)
    assert world.rows("left")["1"]["name"] == "C0"
    later(world, 1, full=True)
    assert world.rows("left")["1"]["name"] == "C0"
    world.left.update("1", {"stage": "open"})
    later(world)
    assert world.rows("left")["1"]["name"] == "Edited", "back in scope it gets what it missed"


@pytest.mark.parametrize("full", [True, False])
def test_a_new_record_with_the_key_of_an_ended_pairing_is_a_question(build, full):
    """The record of an ended pairing is never taken for a free partner, nor made a second time (R-9.2)."""
    world = build(MAPPING.replace("right: propagate}", "right: unlink}"))
    world.right.delete(partner(world, "DE0"))
    later(world, 3, full=True)
    world.right.create({"name1": "New", "vat_id": "DE0"})
    later(world, 2, full=full)
    assert len(world.rows("left")) == 6
    assert {q.kind for q in world.queue()} == {"match"}
    world.left.update("2", {"city": "Bonn"})
    later(world)
    assert world.rows("right")[partner(world, "DE1")]["ort"] == "Bonn", "the others go on"


@pytest.mark.parametrize("restore", ["recreate", "ask"])
def test_our_own_archiving_is_no_return(build, restore):
    """I-6: the record that we archived because its partner was deleted does not bring the partner back."""
    erp = ERP.replace("      ort: {type: text}\n", "      ort: {type: text}\n      status: {type: text}\n")
    mapping = MAPPING.replace("object: partners}", "object: partners, archive: {status: archived}}")
    mapping = mapping.replace("left: propagate", "left: archive") + f"on_restore: {restore}\n"
    world = build(mapping, erp=erp)
    at = partner(world, "DE0")
    world.left.delete("1")
    later(world, 4, full=True)
    assert world.rows("right")[at]["status"] == "archived"
    assert len(world.rows("left")) == 5
    assert world.queue() == []


def test_a_revival_beside_a_living_pair_of_its_key_is_asked_about(build):
    """I-5: an old record that comes back is not spread where another pair has its key by now."""
    world = build(MAPPING + "on_restore: recreate\n")
    world.left.delete("1")
    later(world, 3, full=True)
    world.left.create({"name": "C0", "vat": "DE0", "city": "Ulm"})
    later(world, 2, full=True)
    assert len(world.rows("right")) == 6
    world.left.create({"id": "1", "name": "C0", "vat": "DE0", "city": "Ulm"})
    later(world, 3, full=True)
    assert len(world.rows("right")) == 6
    assert {q.kind for q in world.queue()} == {"duplicate"}


def test_an_old_id_beside_its_new_record_is_asked_about(build):
    """T-61: the deleted record was made again under a new id; the old one comes back and is no third record."""
    mapping = MAPPING.replace("right: propagate}", "right: restore}") + "on_keyless: create\n"
    world = build(mapping)
    at = partner(world, "DE0")
    world.right.delete(at)
    later(world, 3, full=True)
    assert partner(world, "DE0") != at
    world.right.create({"id": at, "name1": "C0", "ort": "Ulm"})
    later(world, 2, full=True)
    assert len(world.rows("left")) == 6
    assert {q.kind for q in world.queue()} == {"reappeared"}


def test_what_a_broken_run_did_not_reach_is_not_forgotten(build, monkeypatch):
    """P1: the system asks us to wait in the middle of a push; what was marked and not reached stays marked."""
    monkeypatch.setattr("tallystick.engine.push.ONE_BY_ONE", 1)
    world = build()
    for record in list(world.rows("left")):
        world.left.update(record, {"city": "Bonn"})
    world.go("apply", approved=frozenset())  # nothing of it is approved, so all of it is marked
    for n in (70, 71):
        world.pass_time(500)
        world.left.create({"name": "Later", "vat": f"DE{n}"})
        world.go("apply", approved=frozenset())  # the window moves on
    transport = world.systems["erp"].transport
    answer = transport.answer

    def throttle(request):
        if request.verb == "update":
            raise Throttled("429", wait_seconds=5)
        return answer(request)

    transport.answer = throttle
    world.pass_time(500)
    world.go("run")
    del transport.answer
    later(world)
    edited = {r["ort"] for r in world.rows("right").values() if r["name1"].startswith("C")}
    assert edited == {"Bonn"}


def test_a_new_record_that_a_lagging_read_denies_is_looked_for_again(build):
    """R-4.3: marked by somebody, but the read by id says 404 at first; the mark outlives that."""
    world = build()
    record = world.left.create({"name": "New", "vat": "DE99"})
    back = vanish(world.left, record)
    world.store.commit(lambda tx: tx.mark_dirty([Dirty("companies", "left", record, "a hint")]))
    world.sync()
    assert world.look(lambda tx: tx.dirty("companies", "left", 1e12, 10))
    back()
    later(world)
    assert partner(world, "DE99")
