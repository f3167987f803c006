"""Stories about what a system shows: rows that shift, darkness, copies that are old, records that come back.

Each was found by a search over random worlds and is told here once more by itself.
"""

from decimal import Decimal

from tests.simulation.stage import Stage
from tests.simulation.world import START

from tallystick.core.ports import LEEWAY_SECONDS


def test_a_record_that_a_counted_listing_skipped_is_found_before_another_is_made():
    """R-11.8: a row before it moved away between two pages, so it stood on none of them."""
    stage = Stage(right={"list_order": "offset", "page": 2, "since": True, "searchable": (), "tombstones": "yes"})
    rights = [stage.enter("right", f"K{i}", name=f"v000{i} Anker") for i in range(4)]
    stage.run()
    stage.wait()
    for right in rights[:2]:
        stage.right.update(right.id, {"city": f"v001{right.id} Ulm"}, None)
    stage.wait(1.0)
    stage.enter("right", "K9", name="v0009 Bär")
    stage.wait(1.0)
    for right in rights[2:]:
        stage.right.update(right.id, {"city": f"v001{right.id} Ulm"}, None)
    stage.enter("left", "K9", name="v0019 Dom")
    stage.to_right.listeners.append(
        ("list", lambda: stage.right.update(rights[0].id, {"city": "v0020 Bonn"}, None)),
    )
    stage.run(full=False)
    assert len(stage.all("right", "K9")) == len(stage.all("left", "K9")) == 1


def test_whoever_a_listing_skipped_is_asked_for_by_its_key_where_the_system_can_be_asked():
    """R-11.8: a question costs less than another listing, and is sure."""
    stage = Stage(right={"list_order": "offset", "page": 2, "tombstones": "no"})
    rights = [stage.enter("right", f"K{i}", name=f"v000{i} Anker") for i in range(4)]
    stage.run()
    stage.enter("right", "K9", name="v0009 Bär")
    stage.enter("left", "K9", name="v0019 Dom")
    stage.to_right.listeners += [("list", lambda: None), ("list", lambda: stage.right.delete(rights[0].id, None))]
    stage.run()
    assert len(stage.all("right", "K9")) == 1


def test_an_empty_first_listing_is_not_the_end_of_what_was_there_before():
    """R-4.4: a system that had taken our rights away shows nobody, too; the next run reads everything again."""
    stage = Stage(right={"since": True}, on_unmatched_left="ask")
    stage.enter("right", "K1", name="v0001 Anker")
    stage.to_right.grow_blind(5.0)
    stage.run(full=False)
    stage.wait(4000.0)
    stage.enter("left", "K1", name="v0002 Bär")
    stage.run(full=False)
    assert len(stage.all("left", "K1")) == len(stage.all("right", "K1")) == 1
    [binding] = stage.world.state.look(lambda tx: tx.bindings([1])).values()
    assert (binding.left.id, binding.right.id) == ("1", "1")


def test_nothing_is_made_where_none_of_the_linked_records_is_shown():
    """R-4.4: in the dark nobody can tell that a record has no counterpart."""
    stage = Stage(right={"since": True})
    for i in range(4):
        stage.pair(f"K{i}", name=f"v000{i} Anker")
    stage.wait(4000.0)
    stage.enter("right", "K9", name="v0009 Bär")
    stage.enter("left", "K9", name="v0019 Dom")
    stage.to_right.grow_blind(50.0)
    stage.run(full=False)
    assert len(stage.all("right", "K9")) == 1
    stage.wait()
    stage.settle()
    assert len(stage.all("right", "K9")) == 1


def test_whoever_could_not_be_decided_is_listed_again():
    """I-14: one side hides somebody, so new records wait on both; no window may move past them."""
    stage = Stage(left={"since": True}, right={"page": 2}, on_unmatched_left="ask")
    for i in range(4):
        stage.enter("right", f"K{i}", name=f"v000{i} Anker")
    stage.run()
    stage.wait(4000.0)
    left = stage.enter("left", "K9", name="v0009 Bär")
    stage.wait(10.0)
    stage.left.update(stage.find("left", "K0").id, {"city": "v0010 Ulm"}, None)
    genuine = stage.right.page

    def short(*asked):
        rows, after, total = genuine(*asked)
        return rows, after, total + 1

    stage.right.page = short
    stage.run(full=False)
    del stage.right.page
    stage.wait(4000.0)
    stage.enter("right", "K9", name="v0019 Dom")
    stage.run(full=False)
    assert [x.id for x in stage.all("left", "K9")] == [left.id]


def test_a_record_that_waits_and_cannot_be_read_keeps_its_key():
    """I-5: the create of its counterpart was forbidden; in the next run the record itself cannot be read."""
    stage = Stage(left={"since": True, "searchable": ()})
    other, _ = stage.pair("K0", name="v0000 Anker")
    stage.wait(4000.0)
    stage.enter("left", "K1", name="v0001 Bär")
    stage.enter("left", "K5", name="v0005 Bär")
    stage.wait(10.0)
    stage.left.update(other.id, {"name": "v0002 Dom"}, None)
    stage.to_right.script.append(("create", "forbidden"))
    stage.run(full=False)
    assert not stage.all("right", "K1")
    stage.wait(4000.0)
    stage.enter("right", "K1", name="v0003 Cäsar")
    stage.to_left.script.append(("get", "failed_before"))
    stage.run(full=False)
    assert len(stage.all("left", "K1")) == 1


def test_a_copy_that_is_older_than_an_agreed_edit_is_no_news_though_nobody_saw_it_before():
    """R-4.5: two edits in one minute, of which only the second was seen; then a copy shows the first."""
    stage = Stage(right={"consistency": 60.0, "granularity": 60.0, "version": "none", "cas_write": False})
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.wait()
    stage.wait(60.0 - stage.world.now % 60.0)
    stage.right.update(right.id, {"name": "v0002 Bär"}, None)
    stage.wait(2.0)
    stage.right.update(right.id, {"name": "v0003 Cäsar"}, None)
    stage.run()
    assert left.now.fields["name"] == "v0003 Cäsar"
    stage.to_right.lags += [("list", stage.world.now - right.states[-1].at + 1.0)]
    stage.run()
    assert left.now.fields["name"] == "v0003 Cäsar"
    stage.settle()


def test_a_copy_of_a_record_that_we_deleted_does_not_bring_it_back():
    """I-6: an edit right before our deletion was never seen; a copy that lags shows it, alive."""
    stage = Stage(
        right={"consistency": 60.0, "tombstones": "no", "cas_write": False},
        fields={"city": {"direction": "to_right"}},
        on_restore="recreate",
    )
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.wait()
    stage.left.delete(left.id, None)
    stage.to_right.lags += [("list", 0.0), *[("get", 20.0)] * 3]
    stage.to_right.listeners.append(("list", lambda: stage.right.update(right.id, {"city": "v0002 Ulm"}, None)))
    stage.to_right.weather.slow = 3.0
    stage.run()
    stage.to_right.weather.slow = 0.02
    *_, edited, deleted = right.states
    assert not deleted.alive
    stage.to_right.lags[:] = [("list", stage.world.now - (edited.at + deleted.at) / 2)]
    stage.run()
    assert not stage.all("left", "K1")


def test_what_was_agreed_with_a_forerunner_says_nothing_about_a_record_made_again():
    """R-6.1: it was never given the field whose direction forbids it, so that its blank is no edit."""
    stage = Stage(
        left={"returns_record": False, "bulk": 5},
        fields={"note": {"direction": "to_right"}},
        on_delete_left="restore",
        on_delete_update="update_wins",
    )
    pairs = [stage.pair(f"K{i}", name=f"v000{i} Anker", note=f"v001{i} Bär") for i in (1, 2)]
    for left, _ in pairs:
        stage.left.delete(left.id, None)
    stage.run()
    assert [x.now.fields["note"] for x in stage.left] == [None, None]
    stage.run()
    assert [right.now.fields["note"] for _, right in pairs] == ["v0011 Bär", "v0012 Bär"]
    for _, right in pairs:
        stage.right.delete(right.id, None)
    stage.run()
    assert not list(stage.left)


def test_an_update_of_unknown_outcome_is_known_again_when_its_record_comes_back():
    """10.4, R-6.4: what the target made of our value does not flow back, though the record was away meanwhile."""
    stage = Stage(
        left={"losses": {"city": "cut 12"}, "cas_write": False, "version": "none"},
        fields={"city": {"conflict": "left"}},
        on_delete_left="ask",
    )
    left, right = stage.pair("K1", name="v0001 Anker", city="v0002 Ulm")
    stage.right.update(right.id, {"city": "v0003 Cäsar GmbH"}, None)
    stage.to_left.script.append(("update", "lost_answer"))
    stage.run()
    assert left.now.fields["city"] == "v0003 Cäsar "
    stage.left.delete(left.id, None)
    stage.wait()
    stage.run()
    stage.left.restore(left.id)
    stage.wait()
    stage.run()
    assert right.now.fields["city"] == "v0003 Cäsar GmbH"
    stage.settle()


def test_a_create_that_nobody_finds_in_the_dark_is_not_sent_again():
    """R-4.4: an empty answer to a search proves nothing while no other record is shown either."""
    stage = Stage(right={"create_idem": "search", "tombstones": "no"})
    for i in range(4):
        stage.pair(f"K{i}", name=f"v000{i} Anker")
    stage.enter("left", "K9", name="v0009 Bär")
    stage.to_right.script.append(("create", "lost_answer"))
    stage.run()
    stage.wait()
    stage.to_right.grow_blind(30.0)
    stage.run()
    assert len(stage.all("right", "K9")) == 1
    stage.wait()
    stage.settle()


def test_of_two_records_with_our_key_the_one_that_holds_what_we_sent_is_ours():
    """R-10.10: the other one was entered by somebody, and keeps its own life."""
    stage = Stage(right={"create_idem": "search", "tells_created": False})
    stage.enter("left", "K1", name="v0001 Anker", size=Decimal(5))
    stage.to_right.script.append(("create", "lost_answer"))
    stage.to_right.listeners.append(("list", lambda: stage.enter("right", "K1", name="v0002 Bär")))
    stage.run()
    stage.wait()
    stage.run()
    [binding] = stage.world.state.look(lambda tx: tx.bindings(range(1, 9))).values()
    assert stage.right.lives[binding.right.id].now.fields["name"] == "v0001 Anker"


def test_a_repeated_create_says_when_it_goes_out():
    """R-16.2: who takes over waits from that moment on, however long the search before it took."""
    stage = Stage(right={"create_idem": "search", "tombstones": "no"})
    stage.pair("K0", name="v0000 Anker")
    for i in (1, 2):
        stage.enter("left", f"K{i}", name=f"v000{i} Bär")
    stage.to_right.script += [("create", "lost_request"), ("create", "lost_request")]
    stage.run()
    stage.wait()
    stage.to_right.script += [("find", "late"), ("create", "lost_answer")]
    stage.run()
    sent = max(float(line.split()[0]) for line in stage.lines if " ask " in line and "right.create(" in line)
    intents = stage.world.state.look(lambda tx: tx.open_intents("records"))
    assert max(i.sent_at for i in intents) >= START + sent - LEEWAY_SECONDS


def test_the_key_of_a_record_that_waits_is_not_forgotten_in_the_dark():
    """R-4.4: it was left alone on purpose; that it is not shown while nobody is shown does not free its key."""
    stage = Stage(left={"since": True, "tombstones": "no"}, on_unmatched_left="ignore")
    stage.enter("right", "K0", name="v0000 Anker")
    stage.enter("left", "K1", name="v0001 Bär")
    stage.run()
    stage.wait(4000.0)
    stage.left.update(stage.find("left", "K0").id, {"name": "v0002 Dom"}, None)
    stage.run(full=False)
    stage.wait(4000.0)
    stage.enter("right", "K1", name="v0003 Cäsar")
    stage.to_left.grow_blind(30.0)
    stage.run(full=False)
    stage.wait(4000.0)
    stage.run(full=False)
    assert len(stage.all("left", "K1")) == 1
