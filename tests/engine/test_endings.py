"""No write stays unknown for ever: what ends it is a listing, a person, or time (R-10.12, I-17)."""

from dataclasses import replace

import pytest
from world import MAPPING, World

from tallystick.core.error import ProjectError, Unavailable
from tallystick.engine.effects import drive
from tallystick.engine.fence import release_lease, take_lease
from tallystick.engine.uncertain import settle_by_person

KEYLESS = MAPPING + "on_keyless: create\n"
RESTORE = MAPPING.replace("on_delete: {left: propagate", "on_restore: recreate\non_delete: {left: propagate")
FEW = {"full": True, "released": frozenset({"first_contact", "deletes", "shrink", "empty_side"})}


class Loses:
    """Loses the answers of some requests to a system, after the work or before it, until ``heal``."""

    def __init__(self, world, system="erp", verbs=("create",), *, arrives=True):
        self.transport = world.systems[system].transport
        self.real, self.verbs, self.arrives, self.count = self.transport.answer, verbs, arrives, 0
        self.transport.answer = self.answer

    def answer(self, request):
        if request.verb not in self.verbs:
            return self.real(request)
        self.count += 1
        if self.arrives:
            self.real(request)
        raise Unavailable("the connection failed", applied="unknown")

    def heal(self):
        self.transport.answer = self.real


def person_says(world, subject, record):
    """Answer a question about a create, as the command does."""
    [pair] = world.pairs
    boundary = world.boundary()
    fence = drive(take_lease(pair.name, alone=True), boundary)
    try:
        return drive(settle_by_person(pair, fence, "problems", subject, record), boundary)
    finally:
        drive(release_lease(fence), boundary)


def open_writes(world):
    return world.look(lambda tx: tx.open_intents("companies"))


def unsure(folder, mapping=MAPPING, *, arrives=True, **record):
    """A world in which one create got no answer, in a system that cannot be asked about it."""
    world = World.build(folder / "p", mapping, idem="none")
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"} | record)
    deaf = Loses(world, arrives=arrives)
    world.go()
    deaf.heal()
    world.pass_time(10)
    return world, left


@pytest.mark.parametrize("full", [False, True])
def test_a_listing_that_shows_the_created_record_ends_the_question(fast_path, full):
    """RAN: create_idem none, the record arrived; nobody is needed where it can be seen."""
    world, _ = unsure(fast_path)
    world.sync(full=full)
    assert open_writes(world) == []
    assert world.queue() == []
    assert len(world.rows("right")) == 1
    world.pass_time(300)
    assert world.sync(full=True).plan.is_empty
    world.left.update("1", {"city": "Bonn"})
    world.sync()
    assert [r["ort"] for r in world.rows("right").values()] == ["Bonn"]
    world.close()


def test_a_create_that_never_arrived_waits_for_a_person_and_is_not_asked_about_anew(fast_path):
    """W-3: never sent again unasked; the question is the same in every run."""
    world, left = unsure(fast_path, arrives=False)
    for _ in range(3):
        world.pass_time(86_400)
        world.sync(full=True)
    assert world.rows("right") == {}
    [question] = world.queue()
    assert (question.kind, question.subject) == ("uncertain", f"left/{left}")
    world.sync(full=True)
    assert world.queue() == [question]
    assert world.queue()[0].id == question.id
    assert person_says(world, f"left/{left}", None).startswith(f"left/{left} is created")
    world.sync(full=True)
    assert len(world.rows("right")) == 1
    assert world.queue() == []
    world.pass_time(300)
    assert world.plan(full=True).plan.is_empty
    world.close()


def test_a_record_that_was_changed_meanwhile_is_named_and_a_person_says_that_it_is_the_one(fast_path):
    """Its key is ours, its values are not: only proposed. The later edit flows back once it is known to be ours."""
    world, left = unsure(fast_path)
    [right] = world.rows("right")
    world.right.update(right, {"ort": "Bonn"})
    world.sync(full=True)
    [question] = world.queue()
    assert right in question.detail
    assert len(open_writes(world)) == 1
    assert right in person_says(world, f"left/{left}", right)
    world.pass_time(10)
    world.sync(full=True)
    assert world.rows("left")[left]["city"] == "Bonn"
    assert world.queue() == []
    world.close()


def test_two_records_that_could_be_the_one_stay_a_question(fast_path):
    """Exactly one, or none: no guess."""
    world, _ = unsure(fast_path)
    world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Ulm"})
    world.sync(full=True)
    assert len(open_writes(world)) == 1
    assert {"1", "2"} <= set(world.queue()[0].detail.replace(",", " ").split())
    assert len(world.rows("left")) == 1
    world.close()


def test_a_record_without_any_key_is_not_created_back(fast_path):
    """Our own create arrived, nobody knows; what it made must not be taken for a new record of the other side."""
    world, _ = unsure(fast_path, KEYLESS, vat=None)
    world.sync()
    assert len(world.rows("left")) == 1
    world.sync(full=True)
    assert open_writes(world) == []
    world.pass_time(300)
    world.sync(full=True)
    assert [len(world.rows(s)) for s in ("left", "right")] == [1, 1]
    assert world.queue() == []
    world.close()


def test_a_person_cannot_name_what_is_not_there_or_belongs_to_somebody(fast_path):
    """Bad answers are refused with the reason, and change nothing."""
    world, left = unsure(fast_path, arrives=False)
    other = world.left.create({"name": "Bär", "vat": "DE2", "city": "Ulm"})
    world.sync(full=True)
    [paired] = world.rows("right")
    for record, words in (("4711", "shows no 4711"), (paired, "is paired already")):
        with pytest.raises(ProjectError, match=words):
            person_says(world, f"left/{left}", record)
    with pytest.raises(ProjectError, match="no create of unknown outcome"):
        person_says(world, f"left/{other}", None)
    assert len(open_writes(world)) == 1
    world.close()


def test_a_person_cannot_say_that_nothing_was_made_while_it_may_still_be(fast_path):
    """The request may still take effect (T_quiesce)."""
    world = World.build(fast_path / "p", idem="none")
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    Loses(world).heal()
    deaf = Loses(world, arrives=False)
    world.go()
    deaf.heal()
    with pytest.raises(ProjectError, match="may still take effect"):
        person_says(world, f"left/{left}", None)
    world.close()


def linked(folder, mapping=MAPPING, **options):
    world = World.build(folder / "p", mapping, **options)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    for n in range(10):
        world.left.create({"name": "Zeuge", "vat": f"DE9{n}", "city": "Ulm"})
    world.sync()
    world.pass_time(10)
    right = next(i for i, r in world.rows("right").items() if r["vat_id"] == "DE1")
    return world, left, right


def cannot_read_by_id(world, side):
    for pair in world.pairs:
        end = pair.end(side)
        object.__setattr__(end, "can", replace(end.can, read_by_id=False))


@pytest.mark.parametrize("arrives", [False, True])
def test_an_update_is_settled_by_the_listing_where_single_records_cannot_be_read(fast_path, arrives):
    """Later edits flow as ever, and the lost answer is nobody's conflict."""
    world, left, right = linked(fast_path)
    cannot_read_by_id(world, "right")
    deaf = Loses(world, verbs=("update",), arrives=arrives)
    world.left.update(left, {"city": "Bonn"})
    world.go()
    deaf.heal()
    world.left.update(left, {"city": "Rom"})
    for _ in range(2):
        world.pass_time(300)
        world.sync()
    assert open_writes(world) == []
    assert world.rows("right")[right]["ort"] == "Rom"
    assert world.queue() == []
    world.close()


@pytest.mark.parametrize("verbs", [("update", "get"), ("update", "get", "list")])
def test_an_update_that_nobody_can_look_at_ends_all_the_same(fast_path, verbs):
    """After so many tries, or a day, what can be read then is planned from; no edit is lost by it."""
    world, left, right = linked(fast_path)
    deaf = Loses(world, verbs=verbs, arrives=False)
    world.left.update(left, {"city": "Bonn"})
    for _ in range(14):
        world.go()
        world.pass_time(300)
    deaf.heal()
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True)
    assert open_writes(world) == []
    assert world.rows("right")[right]["ort"] == "Bonn"
    world.close()


def test_an_archiving_without_an_answer_is_looked_at_like_a_deletion(fast_path):
    """It has no values to compare; what the records hold then decides."""
    archive = MAPPING.replace("object: partners}", "object: partners, archive: {ort: gone}}")
    world, left, right = linked(fast_path, archive.replace("left: propagate, right", "left: archive, right"))
    world.left.delete(left)
    deaf = Loses(world, verbs=("update",))
    for _ in range(3):
        world.pass_time(300)
        world.go(full=True)
    deaf.heal()
    for _ in range(3):
        world.pass_time(300)
        world.sync(full=True)
    assert open_writes(world) == []
    assert world.rows("right")[right]["ort"] == "gone"
    assert len(world.rows("left")) == 10
    world.close()


@pytest.mark.parametrize("idem", ["search", "key"])
def test_a_revival_without_an_answer_is_a_living_pair_when_it_is_found(fast_path, idem):
    """The pairing was ended; what was made again for it is not made a third time."""
    world, left, right = linked(fast_path, RESTORE, idem=idem)
    row = world.rows("left")[left]
    world.left.delete(left)
    for _ in range(3):
        world.pass_time(300)
        world.sync(full=True)
    assert right not in world.rows("right")
    deaf = Loses(world)
    world.left.create({k: row[k] for k in ("id", "name", "vat", "city")})
    world.go(full=True)
    deaf.heal()
    for _ in range(3):
        world.pass_time(300)
        world.sync(full=True)
    assert [r["vat_id"] for r in world.rows("right").values()].count("DE1") == 1
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    assert [r["ort"] for r in world.rows("right").values() if r["vat_id"] == "DE1"] == ["Bonn"]
    assert open_writes(world) == []
    world.close()


def test_a_deletion_that_nobody_can_look_at_is_not_taken_for_somebody_elses(fast_path):
    """I-7: ours was done, unseen; meanwhile its cause was taken back. What we deleted deletes nothing in return."""
    world = World.build(fast_path / "p", MAPPING + "on_delete_update: delete_wins\n")
    world.left.create({"name": "Birke", "vat": "DE2", "city": "Kiel"})
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    kept = world.left._kept[left]
    world.left.delete(left)
    deaf = Loses(world, verbs=("delete",))
    while not open_writes(world):
        world.pass_time(300)
        world.go(**FEW)
    assert len(world.rows("right")) == 1, "it was deleted"
    deaf.verbs = ("get",)
    for _ in range(12):
        world.pass_time(300)
        world.go(**FEW)
    world.left._kept[left] = kept
    for _ in range(3):
        world.left.update(left, {"city": "Bonn"})
        world.pass_time(300)
        world.go(**FEW)
    deaf.heal()
    for _ in range(4):
        world.pass_time(300)
        world.go(**FEW)
        assert left in world.rows("left")
    assert open_writes(world) == []
    world.close()


def test_what_we_made_while_somebody_gave_the_old_one_back_is_no_news(fast_path):
    """I-6: the one that was given back is paired again; ours beside it does not come back as a new record one day."""
    mapping = MAPPING.replace("right: propagate}", "right: restore}")
    world = World.build(fast_path / "p", mapping, idem="search")
    world.left.create({"name": "Birke", "vat": "DE2", "city": "Kiel"})
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    right = next(i for i, row in world.rows("right").items() if row["vat_id"] == "DE1")
    kept = world.right._kept[right]
    world.right.delete(right)
    deaf = Loses(world)
    while not open_writes(world):
        world.pass_time(300)
        world.go(**FEW)
    world.right._kept[right] = kept
    assert len(world.rows("right")) == 3, "ours was made, and the old one is back"
    deaf.heal()
    for _ in range(2):
        world.pass_time(300)
        world.sync(**FEW)
    world.left.delete(left)
    for _ in range(4):
        world.pass_time(300)
        world.sync(**FEW)
    assert right not in world.rows("right"), "it went with the one that it was paired with"
    assert [r["name"] for r in world.rows("left").values()] == ["Birke"]
    world.close()
