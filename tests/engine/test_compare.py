"""The comparison of both live systems: every record has one verdict, and each kind of divergence its own name (X8)."""

import random  # noqa: TID251 - a test makes its own dice
from dataclasses import replace

import pytest
from comparing import binding_of, compare, fill, left_of, named, right_of, tamper
from test_references import COMPANIES, CONTACTS
from test_references import CRM as FAMILY
from world import CRM, ERP, MAPPING, World

from tallystick.core.agreement import Share
from tallystick.core.binding import Intent
from tallystick.core.error import ProjectError, Refused, Unavailable
from tallystick.core.record import fingerprint
from tallystick.engine.compare import Comparing
from tallystick.engine.effects import drive
from tallystick.engine.run import run
from tallystick.wiring import make_pairs


def test_a_world_in_step_is_whole(world: World) -> None:
    fill(world)
    agreement = compare(world)
    assert agreement.score == Share(10, 10)
    assert agreement.score.percent == 100
    assert named(agreement) == {}
    assert all(agreement.field_score(name) == Share(10, 10) for name in agreement.names)
    assert agreement.examples == {}


# --- each kind of divergence ------------------------------------------------------------------------------------

WIDE_CRM = CRM.replace(
    "      city: {type: text}\n", "      city: {type: text}\n      note: {type: text}\n      status: {type: text}\n"
)
WIDE_ERP = ERP.replace("      ort: {type: text}\n", "      ort: {type: text}\n      memo: {type: text}\n")
SCOPED = MAPPING.replace("object: companies}", "object: companies, where: {status: active}}")
WIDE = SCOPED.replace(
    "  city: {left: city, right: ort}\n",
    "  city: {left: city, right: ort}\n  note: {left: note, right: memo, direction: to_right}\n",
)  # fmt: skip


@pytest.fixture
def wide(fast_path):
    made = World.build(fast_path / "wide", WIDE, WIDE_CRM, WIDE_ERP)
    for n in range(40):
        row = {"name": f"Firma {n}", "vat": f"DE{n:03}", "city": "Ulm", "note": "keep", "status": "active"}
        made.left.create({**row, "ref": f"L{n}"})
    made.sync()
    made.sync()
    yield made
    made.close()


def refuse_city(world: World, city: str) -> None:
    """Let the right system refuse a value for a reason of its own."""
    update = world.right.update

    def refusing(record_id, patch, version=None):
        if patch.get("ort") == city:
            raise Refused("the customer is locked", field="ort", place="erp/partners", status=422)
        update(record_id, patch, version)

    world.right.update = refusing


def back_to(world: World, side: str, record: str, stamp: float, **patch: str) -> None:
    """Change a record and let its system show an older time stamp, as one that commits late does."""
    shelf = world.left if side == "left" else world.right
    shelf.now = lambda: stamp
    try:
        shelf.update(record, patch)
    finally:
        shelf.now = world.clock


def test_each_kind_of_divergence_is_found_and_named_and_nothing_else_is(wide: World) -> None:
    """X8: twenty divergences in forty pairs; the other pairs are in step."""
    refuse_city(wide, "Refused")
    # found by a run, which leaves them for somebody
    wide.left.update(left_of(wide, "DE001"), {"city": "Bonn"})
    wide.right.update(right_of(wide, "DE001"), {"ort": "Köln"})
    wide.left.update(left_of(wide, "DE002"), {"city": "Refused"})
    wide.left.update(left_of(wide, "DE003"), {"name": "A name that is longer than the other side can ever hold"})
    wide.right.update(right_of(wide, "DE004"), {"memo": "edited where nobody should"})
    wide.left.update(left_of(wide, "DE005"), {"status": "closed"})
    wide.sync()
    done = wide.now
    wide.pass_time(3600)
    wide.left.update(left_of(wide, "DE020"), {"note": "moves the window on"})
    wide.sync()
    # found by the comparison alone
    wide.left.update(left_of(wide, "DE006"), {"city": "Bonn"})
    wide.right.update(right_of(wide, "DE007"), {"ort": "Köln"})
    wide.left.update(left_of(wide, "DE008"), {"city": "Bonn"})
    wide.right.update(right_of(wide, "DE008"), {"ort": "Köln"})
    wide.right.update(right_of(wide, "DE009"), {"memo": "edited just now"})
    back_to(wide, "left", left_of(wide, "DE010"), done, city="Late")
    wide.right.delete(right_of(wide, "DE011"))
    wide.left.create({"name": "New", "vat": "DE900", "status": "active"})
    wide.right.create({"name1": "New there", "vat_id": "DE901"})
    wide.left.create({"name": "Double", "vat": "DE012", "status": "active"})
    wide.left.create({"name": "No key", "status": "active"})
    wide.left.create({"name": "Twin", "vat": "DE902", "status": "active"})
    wide.left.create({"name": "Twin", "vat": "DE902", "status": "active"})
    wide.left.create({"name": "Out of scope", "vat": "DE903", "status": "closed"})
    wide.left.create({"name": "To link", "vat": "DE904", "status": "active"})
    wide.right.create({"name1": "To link", "vat_id": "DE904"})
    tamper(wide, binding_of(wide, "DE013").id, state="unlinked")
    wide.left.update(left_of(wide, "DE014"), {"city": "Overlooked"})
    row = wide.left.row(left_of(wide, "DE014"))
    tamper(wide, binding_of(wide, "DE014").id, left_raw_hash=fingerprint(row))
    in_flight = Intent("i", binding_of(wide, "DE015").id, "companies", "right", "update", b"{}", "k", target="x")
    wide.store.commit(lambda tx: tx.add_intents([in_flight]))
    wide.left.update(left_of(wide, "DE015"), {"city": "Waits"})
    agreement = compare(wide)
    assert named(agreement) == {
        "conflict: conflict": 2,
        "parked: refused": 1,
        "parked: invalid_value": 1,
        "outside_edit: in right": 2,
        "filtered: out of scope": 2,
        "in_flight: to right": 1,
        "in_flight: to left": 1,
        "in_flight: link": 1,
        "lost_event: in left": 1,
        "only_left: absent": 1,
        "only_left: new": 1,
        "only_right: new": 1,
        "only_left: duplicate": 1,
        "only_left: keyless": 1,
        "only_left: ambiguous": 2,
        "unlinked: unlinked": 1,
        "unexplained: overlooked": 1,
        "waiting: write": 1,
    }
    examples = {f"{v.kind}: {v.reason}": found for v, found in agreement.examples.items()}
    [refused] = examples["parked: refused"]
    assert "the customer is locked" in refused.detail
    assert refused.left == left_of(wide, "DE002")
    [late] = examples["lost_event: in left"]
    assert late.stamp == pytest.approx(done)
    assert late.until > late.stamp + 3000
    assert [(d.field, d.left, d.right) for d in late.differences] == [("city", "Late", "Ulm")]
    assert agreement.score == Share(26, 48 - 3)


def test_the_law_holds_for_the_score_and_the_fields(wide: World) -> None:
    """One field that waits lowers the score of its field and of its record, of nothing else."""
    wide.left.update(left_of(wide, "DE001"), {"city": "Bonn"})
    agreement = compare(wide)
    assert agreement.score == Share(39, 40)
    assert agreement.score.percent == 97.5
    scores = {name: agreement.field_score(name) for name in agreement.names}
    assert scores == {"name": Share(40, 40), "vat": Share(40, 40), "city": Share(39, 40), "note": Share(40, 40)}


def test_what_a_brake_holds_is_held(wide: World) -> None:
    """More than is allowed in one plan waits for a word, not for the next run."""
    for n in range(20):
        wide.left.delete(left_of(wide, f"DE{n:03}"))
    wide.sync(full=True)
    wide.pass_time(600)
    agreement = compare(wide)
    assert named(agreement) == {"held: shrink": 20}
    assert agreement.score == Share(20, 40)
    for n in range(20, 40):
        wide.right.update(right_of(wide, f"DE{n:03}"), {"ort": None})
    agreement = compare(wide)
    assert named(agreement) == {"held: shrink": 20, "held: blanks": 20}
    assert agreement.score == Share(0, 40)


def test_a_deletion_that_is_proven_is_in_flight(wide: World) -> None:
    gone = left_of(wide, "DE001")
    wide.left.delete(gone)
    wide.store.commit(lambda tx: tx.mark_absent("companies", "left", [gone], wide.now - 600))
    assert named(compare(wide)) == {"in_flight: delete right": 1}


def test_what_the_mapping_lets_differ_is_in_step_but_not_due_for_its_field(fast_path) -> None:
    mapping = MAPPING.replace("right: ort}", "right: ort, direction: once_to_right}")
    world = World.build(fast_path / "p", mapping)
    fill(world, 3)
    world.right.update(right_of(world, "DE001"), {"ort": "Bonn"})
    for _ in range(2):
        agreement = compare(world)
        assert named(agreement) == {"configured: direction: once_to_right": 1}
        assert agreement.score == Share(3, 3)
        assert agreement.field_score("city") == Share(2, 2)
        world.sync()
    world.close()


def test_a_side_that_breaks_off_leaves_the_rest_unread(fast_path) -> None:
    """What was not shown is neither in step nor lost: nobody looked."""
    world = World.build(fast_path / "p")
    fill(world)
    read = world.systems["erp"].connector.read

    def broken(object_name, since=None, position=None, page_size=None):
        page = yield from read(object_name, since, position, 4)
        if position is not None:
            raise Unavailable("no answer", place="erp/partners")
        return page

    world.systems["erp"].connector.read = broken
    world.pairs = make_pairs(world.loaded, world.systems)
    world.left.create({"name": "New", "vat": "DE900"})
    agreement = compare(world, conserved=False)
    assert named(agreement) == {"unread: not shown by right": 6, "unread: not all of right is shown": 1}
    assert agreement.problem
    assert agreement.score == Share(4, 11)
    world.close()


def test_an_empty_listing_is_not_agreement(wide: World) -> None:
    """Credentials that see nothing any more: every pair counts, although no record is listed on either side."""
    wide.left.page = wide.right.page = lambda since, after, size: ([], None)
    agreement = compare(wide, conserved=False)
    assert named(agreement) == {"unread: not listed": 40}
    assert agreement.score == Share(0, 40)


def test_a_sample_is_drawn_at_random_and_read_by_id(wide: World) -> None:
    for n in range(40):
        wide.left.update(left_of(wide, f"DE{n:03}"), {"city": "Bonn"})
    wide.left.create({"name": "New", "vat": "DE900", "status": "active"})
    wide.right.delete(right_of(wide, "DE007"))
    first, second = compare(wide, sample=10), compare(wide, sample=10)
    for agreement in (first, second):
        assert agreement.sampled == sum(agreement.records.values()) == 10
        assert set(agreement.by_kind()) <= {"in_flight", "only_left"}
    drawn = [{e.left for found in a.examples.values() for e in found} for a in (first, second)]
    assert drawn[0] != drawn[1]
    everything = compare(wide, sample=1000)
    assert everything.sampled == 40
    assert named(everything) == {"in_flight: to right": 39, "only_left: absent": 1}


def test_no_sample_without_reading_by_id(fast_path) -> None:
    world = World.build(fast_path / "p")
    [pair] = world.pairs
    world.pairs = [replace(pair, left=replace(pair.left, can=replace(pair.left.can, read_by_id=False)))]
    session = world.session("plan", full=True)
    result = drive(run(session, world.pairs, alone=True, patience=0, look=Comparing(5).observe), world.boundary())
    session.close()
    assert isinstance(result.failures["companies"], ProjectError)
    assert "crm/companies cannot be read by id" in str(result.failures["companies"])
    world.close()


@pytest.mark.parametrize("seed", range(8))
def test_in_random_worlds_it_says_what_the_next_run_does(world: World, seed: int) -> None:
    """Law: what is in flight or new is what the plan writes, every record has one verdict, and runs end both."""
    fill(world, 12)
    dice = random.Random(seed)
    for _ in range(25):
        side = dice.choice(("left", "right"))
        shelf, (name, city) = (world.left, ("name", "city")) if side == "left" else (world.right, ("name1", "ort"))
        key = {"left": "vat", "right": "vat_id"}[side]
        match dice.randrange(6):
            case 0:
                shelf.create({name: f"New {dice.randrange(99)}", key: dice.choice([None, f"N{dice.randrange(6)}"])})
            case 1 if len(world.rows(side)) > 8:
                shelf.delete(dice.choice(sorted(world.rows(side))))
            case n:
                record = dice.choice(sorted(world.rows(side)))
                shelf.update(record, {dice.choice((name, city)): f"{dice.choice('ABC')}{n}"})
    agreement = compare(world)
    plan = world.plan(full=True).plan
    assert set(agreement.by_kind()) <= {
        "in_flight",
        "only_left",
        "only_right",
        "conflict",
        "in_step",
        "unread",
        "parked",
    }
    assert {v.reason for v in agreement.records if v.kind == "unread"} <= {"absent on both sides"}
    moving = {v: n for v, n in agreement.differences.items() if v.kind == "in_flight" or v.reason == "new"}
    assert sum(n for v, n in moving.items() if v.reason != "link") == plan.writes
    for _ in range(3):
        world.sync(full=True)
        world.pass_time(600)
    settled = compare(world)
    assert set(settled.by_kind()) <= {"in_step", "conflict", "only_left", "only_right", "parked", "held"}
    reasons = {v.reason for v in settled.records if v.kind in {"only_left", "only_right"}}
    assert reasons <= {"keyless", "ambiguous", "duplicate", "reappeared"}


def test_a_record_that_points_to_an_unpaired_one_waits_for_it(fast_path) -> None:
    """The other fields and the record itself go on; the pointer waits for the pairing of who is meant."""
    world = World.build(fast_path / "p", COMPANIES.replace("{left: create", "{left: ask"), FAMILY, FAMILY)
    (world.folder / "mappings" / "contacts.yaml").write_text(CONTACTS)
    world.store.close()
    world.open()
    shelves = world.systems["crm"].transport.shelves
    known, unknown = (shelves["companies"].create({"name": n, "vat": n}) for n in ("A", "B"))
    world.systems["erp"].transport.shelves["companies"].create({"name": "A", "vat": "A"})
    for name, company in (("Eva", known), ("Jo", unknown)):
        shelves["contacts"].create({"name": name, "vat": name, "company": company})
    world.sync()
    comparing, session = Comparing(), world.session("plan", full=True)
    drive(run(session, world.pairs, alone=True, patience=0, look=comparing.observe), world.boundary())
    session.close()
    assert named(comparing.agreements["companies"]) == {"only_left: unmatched": 1}
    assert named(comparing.agreements["contacts"]) == {"waiting: reference": 1}
    world.close()
