"""Cursors, lagging reads, lists that shift, and what a day may delete: reading never moves past what it knows."""

from dataclasses import replace

import pytest
from slow_sweeps import by_offset
from world import CRM, ERP, MAPPING, World

LAGGING = "consistency_seconds: 60, late_commit_seconds: 0"


@pytest.fixture
def make(fast_path):
    worlds = []

    def build(mapping=MAPPING, crm=CRM, erp=ERP, **options):
        world = World.build(fast_path / str(len(worlds)), mapping, crm, erp, **options)
        worlds.append(world)
        return world

    yield build
    for world in worlds:
        world.close()


def fill(world, count=6):
    for n in range(count):
        world.left.create({"name": f"C{n}", "vat": f"DE{n}", "city": "Ulm"})
    world.sync()
    return {r["vat_id"]: i for i, r in world.rows("right").items()}


def without_clock(world, system="crm"):
    """Let a system keep its time to itself."""
    connector = world.systems[system].connector
    read = connector.read

    def timeless(*arguments, **options):
        page = yield from read(*arguments, **options)
        return replace(page, server_time=None)

    connector.read = timeless


# --- R-11.3 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_clock", [True, False])
def test_a_time_in_the_future_hides_nothing(make, has_clock):
    """R-11.3: one record that says it was changed in ten years does not move the cursor past now."""
    world = make()
    if not has_clock:
        without_clock(world)
    fill(world)
    now = world.left.now
    world.left.now = lambda: world.now + 300_000_000
    world.left.update("1", {"city": "Kiel"})
    world.left.now = now
    world.sync()
    world.pass_time(1_000)
    world.left.update("2", {"city": "Bonn"})
    result = world.sync()
    assert result.plan.pairs[0].complete["left"] == "window"
    assert {r["vat_id"]: r["ort"] for r in world.rows("right").values()}["DE1"] == "Bonn"


def test_the_cursor_stays_behind_our_clock_by_the_skew(make):
    """Without the system's time, ours counts, less what the two may differ."""
    world = make(crm=CRM.replace("strong_reads: true", "strong_reads: true, skew_seconds: 500"))
    without_clock(world)
    fill(world)
    started = world.now
    world.left.now = lambda: world.now + 300_000_000
    world.left.update("1", {"city": "Kiel"})
    world.sync()
    cursor = world.look(lambda tx: tx.cursor("companies", "left"))
    assert cursor.high <= started - 490


def test_a_copy_that_lags_is_read_again_from_where_it_had_got(make):
    """R-11.3: what was committed before the copy's clock, and sent to it later, is read by the next window."""
    world = make()
    fill(world)
    connector, lags_by = world.systems["crm"].connector, 2_000
    read = connector.read

    def lagging(*arguments, **options):
        page = yield from read(*arguments, **options)
        return replace(page, settled=world.left.now() - lags_by)

    connector.read = lagging
    world.pass_time(10_000)
    now = world.left.now
    world.left.update("2", {"city": "Kiel"})
    world.sync()
    # It changed long before that read, but the copy was sent it only after it.
    world.left.now = lambda: now() - 1_000
    world.left.update("1", {"city": "Bonn"})
    world.left.now = now
    world.sync()
    assert sorted(r["ort"] for r in world.rows("right").values())[:2] == ["Bonn", "Kiel"]


# --- R-4.5 ----------------------------------------------------------------------------------------------------------


def lagging(erp=ERP, *, known_by="version"):
    """The right system answers from a replica; what tells its states apart may be versions, times or nothing."""
    erp = erp.replace("strong_reads: true", LAGGING)
    if known_by != "version":
        erp = erp.replace("    version: version\n", "").replace("cas_write: true", "cas_write: false")
        erp = erp.replace("      version: {type: integer, read_only: true}\n", "")
    if known_by == "values":
        erp = erp.replace("    modified: changed\n", "").replace("    since: {param: since}\n", "")
    return erp


@pytest.mark.parametrize("known_by", ["version", "time", "values"])
def test_a_lagging_read_after_our_own_write_is_no_edit(make, known_by):
    """R-4.5: what we have just overwritten does not come back as if somebody had entered it."""
    world = make(erp=lagging(known_by=known_by))
    at = fill(world)["DE0"]
    old = world.right._kept[at]
    world.pass_time(1_000)
    world.left.update("1", {"city": "Bonn"})
    world.sync()
    new = world.right._kept[at]
    world.right._kept[at] = old
    for _ in range(3):
        world.sync(full=True)
    assert world.rows("left")["1"]["city"] == "Bonn"
    world.right._kept[at] = new
    world.sync()
    assert world.rows("right")[at]["ort"] == "Bonn"
    world.pass_time(100)
    world.sync()
    assert world.plan(full=True).plan.is_empty


@pytest.mark.parametrize("known_by", ["version", "time", "values"])
def test_what_still_says_so_when_no_replica_can_lag_any_more_is_believed(make, known_by):
    """A person put the old value back, or a backup came: that is news, only a little later."""
    world = make(erp=lagging(known_by=known_by))
    at = fill(world)["DE0"]
    old = world.right._kept[at]
    world.pass_time(1_000)
    world.left.update("1", {"city": "Bonn"})
    world.sync()
    world.right._kept[at] = old
    world.sync(full=True)
    world.pass_time(100)
    world.sync()
    assert world.rows("left")["1"]["city"] == "Ulm"
    assert world.look(lambda tx: tx.superseded("companies", "right", [at], 0)) != [], "the old state is the left's now"


def test_a_lagging_list_after_our_own_deletion_is_no_return(make):
    """I-6: a replica that still has what we deleted revives nobody."""
    world = make(MAPPING + "on_restore: recreate\n", erp=lagging())
    at = fill(world)["DE0"]
    old = world.right._kept[at]
    world.left.delete("1")
    world.sync(full=True)
    assert at not in world.rows("right")
    world.right._kept[at] = old
    world.sync(full=True)
    assert "DE0" not in [r["vat"] for r in world.rows("left").values()]
    del world.right._kept[at]
    world.sync(full=True)
    assert len(world.rows("left")) == len(world.rows("right")) == 5


def test_what_cannot_be_shown_any_more_is_forgotten(make):
    """The list of states that are over stays as short as the time in which a replica can lag."""
    world = make(erp=lagging())
    at = fill(world)["DE0"]
    world.left.update("1", {"city": "Bonn"})
    world.sync()
    assert world.look(lambda tx: tx.superseded("companies", "right", [at], 0))
    world.pass_time(100)
    world.sync()
    assert not world.look(lambda tx: tx.superseded("companies", "right", [at], 0))


# --- R-11.8 ---------------------------------------------------------------------------------------------------------


def counted(make, count=30):
    """A left system that lists by counting rows, ten a page; gives the world and what it is asked."""
    crm = CRM.replace("    list: {m", "    paging: {type: offset, limit: 10}\n    list: {m")
    world = make(crm=crm)
    object.__setattr__(world.pairs[0].left.can, "list_order", "offset")
    by_offset(world)
    fill(world, count)
    world.pass_time(1_000)
    return world


def each_sweep(world, work):
    """Do something after the first page of each listing of the left system; gives the listed positions."""
    transport = world.systems["crm"].transport
    answer, asked = transport.answer, []

    def edited(request):
        given = answer(request)
        if request.verb == "list":
            asked.append(request.arguments["after"])
            if request.arguments["after"] is None:
                work(asked.count(None))
        elif request.verb == "get":
            asked.append(request.arguments["record_id"])
        return given

    transport.answer = edited
    return asked


def test_a_counted_list_is_read_once_where_nothing_is_lacking(make):
    """The usual full compare costs one listing."""
    world = counted(make)
    asked = each_sweep(world, lambda _: None)
    world.left.update("3", {"city": "Bonn"})
    world.sync(full=True)
    assert asked.count(None) == 1


def test_a_row_that_was_skipped_is_not_taken_for_absent(make):
    """What was deleted while the list was read moves the others up; the second round shows who was skipped."""
    world = counted(make)
    asked = each_sweep(world, lambda round_: world.left.delete("10") if round_ == 1 else None)
    world.sync(full=True)
    assert asked.count(None) == 3, "the first and the second round differ, the third agrees"
    assert {a for a in asked if isinstance(a, str)} >= {"10"}
    assert "19" not in asked, "who was only skipped is not even looked for"
    assert len(world.rows("right")) == 29


def test_a_list_that_never_agrees_proves_nothing(make):
    """Three rounds, each another one: absence waits for a quieter hour."""
    world = counted(make)
    world.left.delete("30")
    asked = each_sweep(world, lambda round_: world.left.delete(str(round_)))
    world.sync(full=True)
    assert asked.count(None) == 3
    assert not [a for a in asked if isinstance(a, str)]
    assert len(world.rows("right")) == 30
    del world.systems["crm"].transport.answer
    for _ in range(2):
        world.pass_time(1_000)
        world.sync(full=True)
    assert len(world.rows("right")) == 26


# --- R-18, the brake ------------------------------------------------------------------------------------------------


def test_deletions_of_a_day_count_together(make):
    """I-18: many small runs delete no more in 24 hours than one may; a day later they may again."""
    world = make(MAPPING + "brakes: {delete_per_day: 4}\n")
    fill(world, 12)
    for n in range(1, 7):
        world.left.delete(str(n))
        for _ in range(2):
            world.pass_time(200)
            world.sync(full=True)
    assert len(world.rows("right")) == 12 - 4
    assert "after 4 in 24 hours" in world.plan(full=True).held[0]
    world.pass_time(90_000)
    world.sync(full=True)
    assert len(world.rows("right")) == 6


def test_deletions_on_either_side_count_apart(make):
    """The limit is per pair and side."""
    world = make(MAPPING + "brakes: {delete_per_day: 2}\n")
    at = fill(world, 12)
    for n in ("1", "2"):
        world.left.delete(n)
    for vat in ("DE10", "DE11"):
        world.right.delete(at[vat])
    for _ in range(2):
        world.pass_time(200)
        world.sync(full=True)
    assert len(world.rows("right")) == len(world.rows("left")) == 8


# --- R-4.8 ----------------------------------------------------------------------------------------------------------


def after_the_list(world, work):
    """Let somebody edit the right system when it has been listed, before anything is written to it."""
    transport = world.systems["erp"].transport
    answer, done = transport.answer, []

    def edited(request):
        given = answer(request)
        if request.verb == "list" and not done:
            done.append(request)
            work()
        return given

    transport.answer = edited


def guarded(make, cas, policy=""):
    world = make(MAPPING + policy, erp=ERP.replace("cas_write: true", f"cas_write: {cas}"))
    return world, fill(world)


@pytest.mark.parametrize("cas", ["true", "false"])
@pytest.mark.parametrize("full", [True, False])
def test_a_row_that_aged_before_it_is_written_is_not_overwritten(make, cas, full):
    """R-4.8: what was entered after the sweep stands; the write is planned anew from what is there now."""
    world, at = guarded(make, cas)
    world.pass_time(1_000)
    world.left.update("1", {"city": "Bonn"})
    after_the_list(world, lambda: world.right.update(at["DE0"], {"name1": "New name", "ort": "Kiel"}))
    world.sync(full=full)
    row = world.rows("right")[at["DE0"]]
    assert (row["name1"], row["ort"]) == ("New name", "Kiel")
    world.sync()
    assert world.rows("left")["1"]["name"] == "New name"
    assert [q.kind for q in world.queue()] == ["conflict"], "both changed the city: nobody's word is lost"


@pytest.mark.parametrize("cas", ["true", "false"])
def test_an_edit_beside_the_one_that_is_written_is_merged_by_the_next_run(make, cas):
    """R-4.8: a stale decision is no conflict; one more run brings both edits together."""
    world, at = guarded(make, cas)
    world.pass_time(1_000)
    world.left.update("1", {"city": "Bonn"})
    after_the_list(world, lambda: world.right.update(at["DE0"], {"name1": "New name"}))
    world.sync()
    world.sync()
    row, left = world.rows("right")[at["DE0"]], world.rows("left")["1"]
    assert (row["name1"], row["ort"]) == (left["name"], left["city"]) == ("New name", "Bonn")
    assert world.queue() == world.parked() == []


@pytest.mark.parametrize("cas", ["true", "false"])
def test_a_row_that_was_edited_after_the_sweep_is_not_deleted(make, cas):
    """R-4.8, R-12.2: the deletion was decided for a record that nobody had touched; now somebody has."""
    world, at = guarded(make, cas)
    world.pass_time(1_000)
    world.left.delete("1")
    after_the_list(world, lambda: world.right.update(at["DE0"], {"ort": "Kiel"}))
    for _ in range(3):
        world.sync(full=True)
        world.pass_time(200)
    assert world.rows("right")[at["DE0"]]["ort"] == "Kiel"
    assert [q.kind for q in world.queue()] == ["delete_update"]


def test_an_old_value_that_a_loss_would_explain_is_not_what_became_of_our_write(make):
    """R-4.5, I-4: a replica shows the state before our write; what the system then made of ours is no edit."""
    crm, erp = CRM.replace("city: {type: text}", "city: {type: number}"), lagging(known_by="values")
    erp = erp.replace("ort: {type: text}", "ort: {type: number}").replace(
        "returns_record: true", "returns_record: false"
    )
    world = make(crm=crm, erp=erp)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": 108})
    world.sync()
    [right] = world.rows("right")
    world.pass_time(1_000)
    transport = world.systems["erp"].transport
    answer, old = transport.answer, []

    def late_and_rounding(request):
        before = world.right._kept[right]
        if request.verb == "get" and old:
            world.right._kept[right] = old.pop()
            seen = answer(request)
            world.right._kept[right] = before
            return seen
        seen = answer(request)
        if request.verb == "update":
            old.append(before)
            now = world.right._kept[right]
            world.right._kept[right] = replace(now, row=now.row.replace(b"107.133", b"107.1"))
        return seen

    transport.answer = late_and_rounding
    world.left.update(left, {"city": 107.133})
    world.sync()
    assert old == [], "nobody read back"
    for _ in range(3):
        world.pass_time(1_000)
        world.sync(full=True)
    assert float(world.rows("right")[right]["ort"]) == 107.1
    assert float(world.rows("left")[left]["city"]) == 107.133
