"""What the simulation found, told once more as short stories in which nothing is left to chance.

A story marked as a defect is the engine's to repair; the mark is strict, so that it has to go with the repair.
"""

from decimal import Decimal

import pytest
from tests.simulation.stage import Stage
from tests.simulation.world import Violation


def defect(reason):
    return pytest.mark.xfail(strict=True, raises=(Violation, AssertionError), reason=reason)


# --- repaired ---


def test_a_crash_between_the_first_write_of_a_pairing_and_its_confirmation_stops_nobody():
    """The binding's number was only reserved; recovering its update must not look it up (was: KeyError, for ever)."""
    stage = Stage(fields={"name": {"initial": "left"}})
    stage.enter("left", "K1", name="v0001 Anker")
    stage.enter("right", "K1", name="v0002 Bär")
    stage.dying("before", "confirm")
    assert stage.right.lives["1"].now.fields["name"] == "v0001 Anker"
    stage.wait()
    stage.run()
    stage.settle()


def test_a_pairing_that_waits_for_an_earlier_write_does_not_stop_the_others():
    """One leg changed, the other one the same: both noted, one of them counted (was: a Bug that stops the pair)."""
    stage = Stage()
    left, right = stage.pair("K1", name="v0001 Anker", city="v0002 Ulm")
    stage.left.update(left.id, {"name": "v0003 Bär"}, None)
    stage.to_right.script.append(("update", "lost_request"))
    stage.run()
    stage.right.update(right.id, {"city": "v0004 Bonn"}, None)
    stage.right.update(right.id, {"city": "v0002 Ulm"}, None)
    assert not stage.run().failures
    stage.settle()


def test_a_record_made_by_recovery_has_no_absence_of_its_forerunner():
    """Its first 404 comes from a lagging copy and is the first, whatever was noted of the record before it (I-7)."""
    stage = Stage(left={"consistency": 60.0, "tombstones": "no"}, on_delete_update="update_wins")
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.pair("K2", name="v0002 Bär")
    stage.left.delete(left.id, None)
    stage.right.update(right.id, {"name": "v0003 Cäsar"}, None)
    stage.run()
    stage.wait()
    stage.to_left.script.append(("create", "lost_request"))
    stage.run()
    stage.wait(10.0)
    stage.to_left.lags += [("list", 1.0), ("get", 1.0), ("get", 1.0)]
    stage.run()
    assert right.now.alive
    stage.to_left.lags.clear()
    stage.settle()


def test_a_coarse_creation_time_does_not_make_our_own_record_a_strangers():
    """Created within the second in which it was sent (R-10.10): fields equal to what was sent are agreed."""
    stage = Stage(
        right={"create_idem": "search", "granularity": 60.0, "losses": {"name": "fold"}, "returns_record": False},
        fields={"name": {"initial": "ask"}},
    )
    stage.enter("left", "K1", name="v0001 Anker")
    stage.wait(7.0)
    stage.to_right.script.append(("create", "lost_answer"))
    stage.run()
    stage.wait()
    stage.run()
    stage.settle()
    assert not stage.world.state.look(lambda tx: tx.queue())


def test_a_targets_own_spelling_is_no_edit_even_where_another_field_is_parked():
    """I-4: what the target made of our value never flows back."""
    stage = Stage(left={"losses": {"name": "fold"}, "returns_record": False, "bulk": 5}, right={"limits": {"city": 12}})
    rights = [stage.enter("right", f"K{i}", name=f"v000{i} Anker", city="v0009 Ulm") for i in (1, 2)]
    stage.run()
    for life in stage.left:
        stage.left.update(life.id, {"city": "v0010 " + "x" * 40}, None)
    for right in rights:
        stage.right.update(right.id, {"name": f"v002{right.id} Bär"}, None)
    stage.run()
    stage.run()
    stage.settle()
    assert {x.now.fields["name"] for x in stage.right} == {"v0021 Bär", "v0022 Bär"}


def test_one_404_before_a_deletion_does_not_mean_that_it_is_done():
    """R-4.2: a system that takes our rights away for a moment shows nothing; the deletion is still to be done."""
    stage = Stage(right={"cas_write": False, "tombstones": "no", "consistency": 5.0})
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.enter("left", "K2", name="v0002 Bär")
    stage.run()
    stage.left.delete(left.id, None)
    stage.to_right.listeners.append(("list", lambda: stage.to_right.grow_blind(5.0)))
    stage.run()
    stage.settle()
    assert not right.now.alive


def test_a_living_record_is_adopted_before_one_in_the_trash():
    """What the trash holds under the same key is somebody's old record, not what we just made (R-10.10)."""
    stage = Stage(
        right={"create_idem": "search", "tombstones": "trash", "tells_created": False}, on_delete_right="restore"
    )
    _left, _right = stage.pair("K1", name="v0001 Anker")
    old = stage.enter("right", "K2", name="v0002 Bär")
    stage.right.delete(old.id, None)
    stage.enter("left", "K2", name="v0003 Cäsar")
    stage.to_right.script.append(("create", "lost_answer"))
    stage.run()
    stage.wait()
    stage.run()
    stage.settle()
    assert len(stage.all("right", "K2")) == 1


def test_a_record_whose_pairing_was_ended_is_not_doubled():
    """R-9.2: the record lives on, alone; its key is still taken, though no window shows it."""
    stage = Stage(left={"since": True}, on_delete_right="unlink", full_compare_seconds=1e9)
    _left, right = stage.pair("K1", name="v0001 Anker")
    stage.right.delete(right.id, None)
    stage.run()
    stage.pair("K2", name="v0002 Bär")
    stage.run(full=False)
    stage.wait(4000.0)
    stage.enter("right", "K1", name="v0004 Dom")
    stage.run(full=False)
    assert len(stage.all("left", "K1")) == 1


def test_a_crash_after_a_lossy_first_write_does_not_send_the_loss_back():
    """R-6.4: the pairing was never remembered, so the two records must not meet anew without a base (was: I-4)."""
    stage = Stage(right={"returns_record": False, "losses": {"city": "cut 12"}}, fields={"city": {"initial": "right"}})
    left = stage.enter("left", "K1", city="v0010 Cäsar GmbH")
    stage.enter("right", "K1")
    stage.dying("before", "confirm")
    stage.wait()
    stage.run()
    stage.settle()
    assert left.now.fields["city"] == "v0010 Cäsar GmbH"


# --- open ---


def test_an_edit_between_a_write_and_its_reading_back_reaches_the_other_side():
    stage = Stage(right={"returns_record": False})
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.left.update(left.id, {"name": "v0002 Bär"}, None)
    stage.to_right.listeners.append(
        ("update", lambda: stage.right.update(right.id, {"name": "v0003 Cäsar"}, None)),
    )
    stage.run()
    stage.settle()
    assert left.now.fields["name"] == "v0003 Cäsar"


def test_a_lagging_answer_after_a_write_does_not_turn_the_targets_loss_into_an_edit():
    stage = Stage(right={"returns_record": False, "consistency": 60.0, "losses": {"name": "fold"}})
    left, _right = stage.pair("K1", name="v0001 Anker")
    stage.wait()
    stage.left.update(left.id, {"name": "v0002 Bär"}, None)
    stage.to_right.lags += [("list", 0.0), ("get", 50.0)]
    stage.run()
    stage.to_right.lags.clear()
    stage.settle()
    assert left.now.fields["name"] == "v0002 Bär"


def test_a_copy_older_than_our_own_write_is_no_edit():
    stage = Stage(right={"consistency": 60.0})
    left, _right = stage.pair("K1", name="v0001 Anker")
    stage.wait()
    stage.left.update(left.id, {"name": "v0002 Bär"}, None)
    stage.run()
    stage.to_right.lags += [("list", 20.0)]
    stage.wait(10.0)
    stage.run()
    assert left.now.fields["name"] == "v0002 Bär"
    stage.settle()


def test_a_copy_older_than_our_own_deletion_is_no_restored_record():
    stage = Stage(right={"consistency": 60.0, "tombstones": "no"}, on_restore="recreate")
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.wait()
    stage.left.delete(left.id, None)
    stage.run()
    assert not right.now.alive
    stage.to_right.lags += [("list", 20.0)]
    stage.wait(10.0)
    stage.run()
    assert not stage.all("left", "K1")


def test_an_unreadable_record_keeps_its_key():
    stage = Stage()
    stage.enter("right", "K1", name={"no": "text"})
    stage.enter("left", "K1", name="v0001 Anker")
    stage.run()
    assert len(stage.all("right", "K1")) == 1


def test_a_record_that_waits_unpaired_is_known_to_later_runs():
    stage = Stage(right={"since": True}, on_unmatched_right="ignore")
    stage.pair("K0", name="v0000 Anker")
    stage.enter("right", "K1", name="v0001 Bär")
    stage.run()
    stage.wait(4000.0)
    stage.pair("K2", name="v0003 Dom")
    stage.run(full=False)
    stage.wait(4000.0)
    stage.enter("left", "K1", name="v0002 Cäsar")
    stage.run(full=False)
    assert len(stage.all("right", "K1")) == 1


def test_a_deleted_record_is_not_made_again_beside_one_with_its_key():
    stage = Stage(on_delete_update="update_wins")
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.right.delete(right.id, None)
    stage.left.update(left.id, {"name": "v0002 Bär"}, None)
    stage.enter("right", "K1", name="v0003 Cäsar")
    stage.run()
    assert len(stage.all("right", "K1")) == 1


def test_a_deleted_record_is_not_made_again_from_one_that_is_deleted_too():
    stage = Stage(left={"since": True, "tombstones": "no"}, on_delete_right="restore", full_compare_seconds=1e9)
    left, right = stage.pair("K1", name="v0001 Anker")
    stage.pair("K2", name="v0002 Bär")
    stage.wait()
    stage.left.delete(left.id, None)
    stage.right.delete(right.id, None)
    stage.run(full=False)
    assert not stage.all("right", "K1")


def test_what_a_new_record_was_never_given_does_not_blank_the_source():
    stage = Stage(
        left={"returns_record": False, "bulk": 5},
        fields={"city": {"direction": "to_right"}},
    )
    lives = [stage.enter("right", f"K{i}", name=f"v000{i} Anker", city=f"v001{i} Ulm") for i in (1, 2)]
    stage.run()
    stage.run()
    assert [x.now.fields["city"] for x in lives] == ["v0011 Ulm", "v0012 Ulm"]


def test_a_version_is_known_only_when_all_of_its_record_is_agreed():
    """Else a later run takes the old base for what the record holds, and the system lets it overwrite (I-3)."""
    stage = Stage()
    left, right = stage.pair("K1", name="v0001 Anker", note="v0003 Dom")
    stage.left.update(left.id, {"name": "v0004 Bär"}, None)
    stage.right.update(right.id, {"note": "v0005 Emil"}, None)
    stage.to_right.script.append(("update", "refused"))
    stage.run()
    assert left.now.fields["note"] == "v0005 Emil"
    [binding] = stage.world.state.look(lambda tx: tx.bindings([1])).values()
    assert binding.left.version != stage.left.version(left.now)


def test_a_worker_sends_nothing_after_its_lease():
    stage = Stage(right={"timeout": 30.0, "in_flux": 60.0, "create_idem": "search"})
    for i in range(8):
        stage.enter("left", f"K{i}", name=f"v000{i} Anker")
    stage.to_right.script += [("create", "lost_request")] * 7
    stage.begin()
    stage.wait(200.0)
    stage.begin()
    stage.world.live_while(lambda: bool(stage.game.working), 7200.0)
    assert all(len(stage.all("right", f"K{i}")) <= 1 for i in range(8))


def test_our_own_deletion_of_unknown_outcome_does_not_delete_the_restored_other_side():
    stage = Stage(on_restore="ask")
    left, _right = stage.pair("K1", name="v0001 Anker")
    stage.left.delete(left.id, None)
    stage.to_right.script.append(("delete", "lost_answer"))
    stage.run()
    stage.left.restore(left.id)
    stage.wait()
    stage.run()
    assert left.now.alive


def test_a_parked_field_does_not_make_a_deletion_an_update():
    stage = Stage(right={"limits": {"city": 12}}, on_delete_update="update_wins")
    left, right = stage.pair("K1", name="v0001 Anker", city="v0002 " + "x" * 30)
    stage.right.delete(right.id, None)
    stage.run()
    assert not left.now.alive


def test_a_loss_beside_a_codecs_is_no_edit():
    stage = Stage(
        left={"returns_record": False, "bulk": 5, "losses": {"name": "cut 12"}},
        codecs={("left", "name"): "lower"},
    )
    lives = [stage.enter("right", f"K{i}", name=f"v000{i} Anker Straße") for i in (1, 2)]
    stage.run()
    stage.run()
    assert [x.now.fields["name"] for x in lives] == ["v0001 Anker Straße", "v0002 Anker Straße"]


def test_a_standing_question_costs_no_reads():
    stage = Stage(left={"tombstones": "trash"}, on_delete_left="ask")
    left, _right = stage.pair("K1", name="v0001 Anker")
    stage.pair("K2", name="v0002 Bär")
    stage.left.delete(left.id, None)
    stage.run()
    stage.wait()
    stage.run()
    worker = stage.begin()
    stage.world.live_while(lambda: bool(stage.game.working), 7200.0)
    assert worker.reads == 0


def test_nothing_is_lost_of_a_number_that_is_rounded():
    """The plainest story of all: a loss stays where it is."""
    stage = Stage(right={"losses": {"size": "round"}})
    left, right = stage.pair("K1", size=Decimal("1.234"))
    stage.settle()
    assert (left.now.fields["size"], right.now.fields["size"]) == (Decimal("1.234"), Decimal("1.2"))
