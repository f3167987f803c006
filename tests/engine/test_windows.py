"""A sweep longer than a run goes on where it was left, and skips, doubles and deletes nothing (R-11.2).

The systems list five records a page; a page takes half a lease, so that progress is kept after each.
"""

import contextlib

import pytest
from slow_sweeps import build, by_offset, slowly
from world import MAPPING, Killed, Watch

from tallystick.core.binding import Dirty
from tallystick.core.error import Refused, Throttled, Unavailable
from tallystick.core.event import PageRead
from tallystick.core.window import LISTED

COUNT = 60


@pytest.fixture
def make(fast_path):
    worlds = []

    def build_one(mapping=MAPPING, **options):
        world = build(fast_path / str(len(worlds)), mapping, **options)
        worlds.append(world)
        return world

    yield build_one
    for world in worlds:
        world.close()


def fill(world, count=COUNT):
    for n in range(count):
        world.left.create({"name": f"C{n:03}", "vat": f"DE{n:03}", "city": "Ulm"})
        world.pass_time(10)


def in_step(world, count=COUNT):
    rows = world.rows("right").values()
    assert len(rows) == count
    left = {r["vat"]: (r["name"], r.get("city")) for r in world.rows("left").values()}
    assert {r["vat_id"]: (r["name1"], r.get("ort")) for r in rows} == left


def broken_off(world, most, error=None):
    """One run that lists so many pages and then dies, or gets an error."""
    with slowly(world, most=most, error=error) as seen:
        if error is None:
            with pytest.raises(Killed):
                world.go("run")
        else:
            world.go("run")
    return seen


def marks(world, side="left"):
    return world.look(lambda tx: tx.dirty("companies", side, world.now + 1e9, 10_000))


def window(world, side="left"):
    return world.look(lambda tx: tx.window("companies", side))


def until_done(world, most, error=None, tries=30):
    """Runs that break off after so many pages each, until one gets through; gives what each was asked."""
    seen = []
    for _ in range(tries):
        with slowly(world, most=most, error=error) as listing:
            seen.append(listing)
            try:
                result = world.go("run")
            except Killed:
                continue
        if not result.failures and not result.plan.pairs[0].problem:
            return seen
    raise AssertionError("the sweep never ended")


@pytest.mark.parametrize("error", [None, Throttled("enough for today", wait_seconds=60), Unavailable("503")])
def test_a_first_load_longer_than_any_run_ends(make, error):
    """I-17: no run lives long enough to list everything; all is there in the end, once."""
    world = make()
    fill(world)
    seen = until_done(world, 4, error)
    assert sum(listing.first_pages for listing in seen) == 2, (
        "it begins again once, because that is cheaper, then no more"
    )
    for _ in range(3):
        world.pass_time(300)
        world.sync()
    in_step(world)
    assert marks(world) == []
    assert window(world) is None
    assert world.plan(full=True).plan.is_empty
    assert world.look(lambda tx: tx.cursor("companies", "left")).full_count == COUNT


def test_a_first_load_that_dies_while_it_writes_lists_again(make):
    """To list it all once more is far cheaper than to read every record that was listed by itself."""
    world = make(MAPPING + "brakes: {create_count: 1000}\n", idem="key", size=40)
    count = 450
    fill(world, count)
    transport = world.systems["erp"].transport
    answer, created = transport.answer, []

    def dying(request):
        if request.verb == "create":
            created.append(request)
            if len(created) > 100:
                created.clear()
                raise Killed
        return answer(request)

    transport.answer = dying
    gets = runs = 0
    while len(world.rows("right")) < count:
        with slowly(world) as seen, contextlib.suppress(Killed):
            world.go("run")
        gets, runs = gets + seen.gets, runs + 1
        assert runs < 10
        created.clear()
        world.pass_time(100)
    assert runs > 3
    assert gets < 110 * runs, "only those of whom it was unknown whether they were created are read by themselves"
    world.sync()
    in_step(world, count)
    assert marks(world) == []


def test_changes_in_the_part_that_was_read_before_the_break_arrive(make):
    """R-11.1: what a page showed is marked together with the place, so the rest of the sweep is enough."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.left.update("50", {"city": "Kiel"})
    world.pass_time(90_000)
    broken_off(world, 4)
    assert [m.id for m in marks(world)] == ["2"]
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 0
    assert len(seen.pages) == 8
    in_step(world)
    assert marks(world) == []


def test_an_edit_behind_the_place_is_found_by_the_next_window(make):
    """R-11.3: the cursor goes to the time of the sweep's first page, not of the run that ended it."""
    world = make()
    fill(world)
    world.sync()
    world.pass_time(90_000)
    broken_off(world, 4)
    world.left.update("1", {"city": "Bonn"})
    world.pass_time(3_600)
    world.left.update("59", {"city": "Kiel"})
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 0
    world.sync()
    in_step(world)


@pytest.mark.parametrize("record", ["2", "17", "58"])
@pytest.mark.parametrize("moment", ["before", "between"])
def test_absence_is_concluded_from_both_parts_and_only_of_the_absent(make, record, moment):
    """What the earlier part has shown is there; what neither showed is looked for, and goes with proof."""
    world = make()
    fill(world)
    world.sync()
    world.pass_time(90_000)
    if moment == "before":
        world.left.delete(record)
    broken_off(world, 4)
    if moment == "between":
        world.left.delete(record)
    with slowly(world) as seen:
        world.sync()
    assert seen.gets <= 3 + 2 * 3, "only the absent one is looked for, each time anew, and the canary before and after"
    for _ in range(2):
        world.pass_time(90_000)
        world.sync()
    in_step(world, COUNT - 1)
    assert world.plan(full=True).plan.is_empty


def test_a_place_that_the_system_forgot_begins_again(make):
    """A position that is answered by 400 or 410 is no place to go on from, and no failure of the pair."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.pass_time(90_000)
    broken_off(world, 4)
    transport = world.systems["crm"].transport
    answer, refused = transport.answer, []

    def forget(request):
        if request.verb == "list" and request.arguments["after"] is not None and not refused:
            refused.append(request)
            raise Refused("410 the cursor has expired", status=410)
        return answer(request)

    transport.answer = forget
    world.sync()
    assert refused
    in_step(world)
    assert marks(world) == []
    assert world.plan(full=True).plan.is_empty


@pytest.mark.parametrize("deleted", [None, "2", "40"])
def test_a_counted_listing_goes_on_only_where_nothing_moved(make, deleted):
    """Rows that were deleted before the place would let as many be skipped: then it begins again."""
    world = make()
    for end in world.pairs[0].left, world.pairs[0].right:
        object.__setattr__(end.can, "list_order", "offset")
    by_offset(world)
    fill(world)
    world.sync()
    world.left.update("19", {"city": "Bonn"})
    world.left.update("21", {"city": "Kiel"})
    world.pass_time(90_000)
    broken_off(world, 4)
    if deleted:
        world.left.delete(deleted)
    with slowly(world) as seen:
        world.sync()
    assert bool(seen.first_pages) == (deleted == "2")
    world.sync()
    changed = {r["vat_id"]: r["ort"] for r in world.rows("right").values() if r["ort"] != "Ulm"}
    assert changed == {"DE018": "Bonn", "DE020": "Kiel"}
    for _ in range(2):
        world.pass_time(90_000)
        world.sync()
    in_step(world, COUNT - bool(deleted))


def test_another_mapping_begins_again(make):
    """Rows that were read by another mapping are read again."""
    world = make()
    fill(world)
    world.sync()
    world.pass_time(90_000)
    broken_off(world, 4)
    world.remap(MAPPING.replace("  city: {left: city, right: ort}\n", ""))
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 1


def test_a_full_compare_that_a_person_asks_for_reads_everything(make):
    """Who asks for all sides to be compared now does not get half of it as it was yesterday."""
    world = make()
    fill(world)
    world.sync()
    world.pass_time(90_000)
    broken_off(world, 4)
    with slowly(world) as seen:
        world.sync(full=True)
    assert seen.first_pages == 1


def test_what_cannot_be_read_by_id_is_listed_in_one_go(make):
    """Marks of a system without single reads could not be worked off."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.pass_time(90_000)
    object.__setattr__(world.pairs[0].left.can, "read_by_id", False)
    broken_off(world, 4)
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 1
    in_step(world)


def test_another_run_may_take_over_in_the_middle_of_a_sweep(make):
    """I-13, I-30: who lost the lease keeps no place and marks nothing; who took it goes on."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.pass_time(90_000)
    transport = world.systems["crm"].transport
    answer, pages = transport.answer, []

    def overtaken(request):
        if request.verb == "list":
            pages.append(request)
            world.pass_time(30)
        if request.verb == "list" and len(pages) == 4:
            world.store.commit(lambda tx: tx.acquire_lease("companies", "the other", world.now, 60, steal=True))
        return answer(request)

    transport.answer = overtaken
    before = len(world.events)
    result = world.go("run")
    assert result.failures["companies"].code == "store"
    assert len(pages) == 4, "it stops at the next door"
    assert {e.side for e in world.events[before:] if isinstance(e, PageRead)} == {"left"}
    assert window(world).pages == 3
    del transport.answer
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 0
    in_step(world)


def test_a_sweep_that_ends_soon_keeps_nothing(make):
    """The normal case pays nothing: no transaction more however many pages there are."""
    commits = []
    for count in (10, COUNT):
        world = make()
        fill(world, count)
        world.sync()
        world.pass_time(90_000)
        commit, number = world.store.commit, []
        world.store.commit = lambda work, commit=commit, number=number: number.append(work) or commit(work)
        world.sync()
        commits.append(len(number))
        del world.store.commit
    assert commits[0] == commits[1]


def test_unpaired_records_of_a_half_read_side_are_not_forgotten(make):
    """Who was marked and read while the other side failed is decided later, not dropped."""
    world = make()
    fill(world, 10)
    world.sync()
    world.pass_time(90_000)
    world.left.create({"name": "New", "vat": "DE999", "city": "Ulm"})
    with slowly(world, "erp", most=1, error=Unavailable("503")):
        broken_off(world, 2)
    with slowly(world, "erp", most=1, error=Unavailable("503")):
        world.go("run")
    assert len(world.rows("right")) == 10
    world.sync()
    assert len(world.rows("right")) == 11


def test_a_record_is_found_by_the_key_that_it_had_before_the_break(make):
    """I-5: partners that lie in parts read by different runs are linked, not created twice."""
    world = make()
    fill(world, 40)
    for n in range(40):
        world.right.create({"name1": f"C{n:03}", "vat_id": f"DE{39 - n:03}", "ort": "Ulm"})
    until_done(world, 3)
    for _ in range(3):
        world.sync()
    assert len(world.rows("left")) == len(world.rows("right")) == 40


def test_a_change_beside_the_mapping_needs_no_second_look(make):
    """Rows that differ in nothing that is mapped are done with the page; nobody looks for them later."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"ref": "X"})
    world.pass_time(90_000)
    broken_off(world, 4)
    assert marks(world) == []
    with slowly(world) as seen:
        world.sync()
    assert (seen.first_pages, seen.gets) == (0, 0)
    in_step(world)


def test_who_is_marked_is_not_looked_for_as_absent(make):
    """The earlier part showed the record; its mark, due or not, is enough."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.pass_time(90_000)
    broken_off(world, 4)
    later = Dirty("companies", "left", "2", "not now", not_before=world.now + 1e5)
    world.store.commit(lambda tx: tx.mark_dirty([later]))
    with slowly(world) as seen:
        world.sync()
    assert (seen.first_pages, seen.gets) == (0, 0)
    world.pass_time(200_000)
    world.sync()
    in_step(world)


def test_what_is_unreadable_in_the_first_part_is_parked(make):
    """Nobody can look for a new record without a key, so it is parked with its page; a known record is marked."""
    world = make()
    fill(world)
    world.sync()
    kept = world.left._kept["2"]
    kept.row = kept.row.replace(b'"C001"', b'{"first": 1}')
    other = world.left.create({"name": "New", "vat": "DE999", "city": "Ulm"})
    kept = world.left._kept.pop(other)
    kept.row, kept.order = kept.row.replace(b'"DE999"', b'{"first": 1}').replace(b'"61"', b'"20x"'), (0, "20x")
    world.left._kept["20x"] = kept
    world.pass_time(90_000)
    broken_off(world, 5)
    assert {p.record for p in world.parked()} == {"20x"}
    with slowly(world) as seen:
        world.sync()
    assert seen.first_pages == 0
    assert {p.record for p in world.parked()} == {"2", "20x"}
    assert {p.attempts for p in world.parked()} <= {1, 2}


def test_a_question_about_somebody_in_the_first_part_stays(make):
    """Who was not raised again by the rest of a sweep may stand in the part before it."""
    world = make(MAPPING.replace("left: create,", "left: ask,", 1))
    for n in range(30):
        world.left.create({"name": f"C{n:03}", "vat": f"DE{n:03}", "city": "Ulm"})
        world.right.create({"name1": f"C{n:03}", "vat_id": f"DE{n:03}", "ort": "Ulm"})
    world.left.create({"id": "11x", "name": "Alone", "vat": "DE999", "city": "Ulm"})
    world.sync()
    assert [q.kind for q in world.queue()] == ["unmatched"]
    world.pass_time(90_000)
    broken_off(world, 3)
    transport = world.systems["crm"].transport
    answer = transport.answer

    def silent(request):
        if request.verb == "get":
            raise Unavailable("503")
        return answer(request)

    transport.answer = silent
    world.sync()
    assert [q.kind for q in world.queue()] == ["unmatched"]


def test_a_refused_record_is_found_by_its_key_too(make):
    """I-5: it could not be created; if somebody enters it on the other side, it is the same one."""
    world = make()
    fill(world, 3)
    world.left.create({"name": "much too long for the other side, which takes 30", "vat": "DE9", "city": "Ulm"})
    world.pass_time(100)
    world.left.create({"name": "Z", "vat": "DE7", "city": "Ulm"})
    world.sync()
    assert [p.record for p in world.parked()] == ["4"]
    world.pass_time(1_000)
    world.sync()
    world.right.create({"name1": "shortened", "vat_id": "DE9", "ort": "Ulm"})
    world.sync()
    assert [r["vat"] for r in world.rows("left").values()].count("DE9") == 1


@pytest.mark.parametrize("wish", ["ask", "ignore"])
def test_an_unpaired_record_is_found_when_its_partner_comes_later(make, wish):
    """I-5: a window does not show the record that was asked about; its key is remembered."""
    world = make(MAPPING.replace("right: create}", f"right: {wish}}}", 1))
    world.right.create({"name1": "B", "vat_id": "DE9", "ort": "Bonn"})
    world.pass_time(100)
    world.left.create({"name": "Z", "vat": "DE7", "city": "Ulm"})
    world.sync()
    world.pass_time(1_000)
    world.sync()
    world.left.create({"name": "B", "vat": "DE9", "city": "Bonn"})
    world.sync()
    assert sorted(r["vat_id"] for r in world.rows("right").values()) == ["DE7", "DE9"]
    assert world.look(lambda tx: tx.count_linked("companies")) == 2


@pytest.mark.parametrize("what", ["deleted", "renamed"])
def test_a_remembered_key_that_is_void_stands_in_nobodys_way(make, what):
    """The unpaired record of that key is read before it counts."""
    world = make(MAPPING.replace("right: create}", "right: ignore}", 1))
    other = world.right.create({"name1": "B", "vat_id": "DE9", "ort": "Bonn"})
    world.pass_time(100)
    world.left.create({"name": "Z", "vat": "DE7", "city": "Ulm"})
    world.sync()
    world.pass_time(1_000)
    if what == "deleted":
        world.right.delete(other)
    else:
        world.right.update(other, {"vat_id": "DE8"})
    world.sync()
    world.left.create({"name": "B", "vat": "DE9", "city": "Bonn"})
    world.pass_time(1_000)
    world.sync()
    assert "DE9" in [r["vat_id"] for r in world.rows("right").values()]
    assert world.look(lambda tx: tx.count_linked("companies")) == 2


def test_the_one_that_cannot_be_read_lets_its_namesake_wait(make):
    """While nobody knows whether the counterpart is there, nobody is created."""
    world = make(MAPPING.replace("right: create}", "right: ask}", 1))
    world.right.create({"name1": "B", "vat_id": "DE9", "ort": "Bonn"})
    world.pass_time(100)
    world.left.create({"name": "Z", "vat": "DE7", "city": "Ulm"})
    world.sync()
    world.pass_time(1_000)
    world.left.create({"name": "B", "vat": "DE9", "city": "Bonn"})
    transport = world.systems["erp"].transport
    answer = transport.answer

    def silent(request):
        if request.verb == "get":
            raise Unavailable("503")
        return answer(request)

    transport.answer = silent
    world.sync()
    assert len(world.rows("right")) == 2
    del transport.answer
    world.sync()
    assert len(world.rows("right")) == 2
    assert world.look(lambda tx: tx.count_linked("companies")) == 2


def test_a_mark_that_was_renewed_survives_the_end_of_the_sweep(make):
    """R-11.16: a mark that a sweep made, and somebody else after it, is more than the sweep's."""
    world = make()
    fill(world)
    world.sync()
    world.left.update("2", {"city": "Bonn"})
    world.left.update("3", {"city": "Bonn"})
    world.pass_time(90_000)
    broken_off(world, 4)
    assert {m.reason for m in marks(world)} == {LISTED}
    later = Dirty("companies", "left", "3", "somebody asked", not_before=world.now + 1e6)
    world.store.commit(lambda tx: tx.mark_dirty([later]))
    world.sync(full=True)
    assert [m.id for m in marks(world)] == ["3"]


@pytest.mark.parametrize("after", [True, False])
def test_killed_at_any_door_of_a_slow_sweep(fast_path, after):
    """I-12: whatever was kept of a sweep when the process died, the end is the same."""
    at, doors = 1, None
    while doors is None or at <= doors:
        world = build(fast_path / f"{at} of {doors}", MAPPING, size=3, idem="key")
        fill(world, 14)
        world.sync()
        world.left.create({"name": "New", "vat": "DE999", "city": "Ulm"})
        world.right.create({"name1": "Other", "vat_id": "DE998", "ort": "Ulm"})
        world.left.update("3", {"city": "Bonn"})
        world.right.update("12", {"ort": "Kiel"})
        world.left.delete("5")
        world.pass_time(90_000)
        with slowly(world), slowly(world, "erp"):
            watch = Watch(die_at=at if doors else -1, after=after)
            with watch.over(world), contextlib.suppress(Killed):
                world.go("run")
        if doors is None:
            doors = watch.count
            world.close()
            continue
        for seconds in (300, 90_000, 90_000):
            world.pass_time(seconds)
            world.sync()
        in_step(world, 15)
        assert marks(world) == [], f"killed at door {at}"
        assert world.plan(full=True).plan.is_empty
        world.close()
        at += 3
