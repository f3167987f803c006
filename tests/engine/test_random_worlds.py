"""Random worlds: people create, edit and delete on both sides while runs come and go, some of them killed.

Whatever happened, in the end both sides agree or the difference is listed with a reason (I-1, I-8), nothing is doubled
(I-5), nothing that lives on one side was deleted on the other (I-7), and the engine has nothing left to do (I-2).
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import ERP, FAST, Killed, Watch, World

from tallystick.core.error import Error

NAMES = st.sampled_from(["Anker", "Bär", "Cäsar", "D" * 40, " Emil ", ""])
CITIES = st.sampled_from(["Ulm", "Bonn", "Köln", None])
KEYS = st.sampled_from([f"DE{n}" for n in range(8)] + [None])
SIDES = st.sampled_from(["left", "right"])

STEP = st.one_of(
    st.tuples(st.just("create"), SIDES, KEYS, NAMES, CITIES),
    st.tuples(st.just("edit"), SIDES, st.integers(0, 9), NAMES, CITIES),
    st.tuples(st.just("city"), SIDES, st.integers(0, 9), st.none(), CITIES),
    st.tuples(st.just("delete"), SIDES, st.integers(0, 9), st.none(), st.none()),
    st.tuples(st.just("run"), st.none(), st.none(), st.none(), st.none()),
    st.tuples(st.just("kill"), st.none(), st.integers(1, 25), st.booleans(), st.none()),
)
MAPPING = """
left: {system: crm, object: companies, external_id: ref}
right: {system: erp, object: partners, external_id: ref}
match:
  - {on: vat, normalise: alphanumeric}
fields:
  name: {left: name, right: name1}
  vat: {left: vat, right: vat_id}
  city: {left: city, right: ort, conflict: CITY_CONFLICT}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
on_delete_update: UPDATE_OR_DELETE
brakes: {delete_count: 1000, update_from: 1000, create_count: 1000, shrink_share: 0, empty_side_from: 1000}
"""


def people_do(world, step):
    """Carry out one step; what a system refuses to a person is none of our business."""
    kind, side, which, name, city = step
    shelf = world.left if side == "left" else world.right
    fields = ("name", "vat", "city") if side == "left" else ("name1", "vat_id", "ort")
    rows = sorted(r["id"] for r in shelf)
    try:
        if kind == "create":
            shelf.create(dict(zip(fields, (name, which, city), strict=True)))
        elif rows and kind == "edit":
            shelf.update(rows[which % len(rows)], {fields[0]: name, fields[2]: city})
        elif rows and kind == "city":
            shelf.update(rows[which % len(rows)], {fields[2]: city})
        elif rows and kind == "delete":
            shelf.delete(rows[which % len(rows)])
    except Error:
        pass


def play(world, steps):
    for step in steps:
        world.pass_time(60)
        if step[0] == "run":
            world.sync()
        elif step[0] == "kill":
            try:
                with Watch(die_at=step[2], after=step[3]).over(world):
                    world.go("run", full=True)
            except Killed:
                pass
        else:
            people_do(world, step)


def settle(world):
    for _ in range(5):
        world.pass_time(300)
        world.sync(full=True)


def check(world):
    plan = world.plan(full=True)
    assert plan.plan.is_empty, plan.plan.operations
    before = world.writes()
    world.sync(full=True)
    assert world.writes() == before
    lefts, rights = world.rows("left"), world.rows("right")
    bindings = world.look(lambda tx: tx.bindings(range(1, 500)))
    linked = [b for b in bindings.values() if b.state == "linked"]
    listed = {(q.pair, q.subject) for q in world.queue()}
    parked = {(p.side, p.record) for p in world.parked()}
    open_bindings = {q.binding for q in world.queue()} | {p.binding for p in world.parked()}
    assert len({b.left.id for b in linked}) == len({b.right.id for b in linked}) == len(linked)
    for b in linked:
        left, right = lefts.get(b.left.id), rights.get(b.right.id)
        if b.id in open_bindings:
            continue
        assert left is not None, b
        assert right is not None, b
        assert ((left.get("name") or None), left.get("vat"), left.get("city")) == (
            (right.get("name1") or None), right.get("vat_id"), right.get("ort")
        )  # fmt: skip
    bound = {("left", b.left.id) for b in linked} | {("right", b.right.id) for b in linked}
    for side, rows in (("left", lefts), ("right", rights)):
        for record in rows:
            known = (side, record) in bound or (side, record) in parked or ("companies", f"{side}/{record}") in listed
            assert known, f"{side}/{record} is nowhere"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(STEP, max_size=25),
    st.sampled_from(["manual", "left", "newest"]),
    st.sampled_from(["ask", "update_wins", "delete_wins"]),
    st.sampled_from(["key", "extid", "search"]),
)
def test_every_world_settles(steps, conflict, deletion, idem):
    """I-1, I-2, I-5, I-8 on random histories with random kills."""
    folder = Path(tempfile.mkdtemp(dir=FAST))
    try:
        text = MAPPING.replace("CITY_CONFLICT", conflict).replace("UPDATE_OR_DELETE", deletion)
        text = text.replace("conflict: newest", "conflict: newest, fallback: left")
        world = World.build(folder / "p", text, erp=ERP, idem=idem)
        try:
            play(world, steps)
            settle(world)
            check(world)
        finally:
            world.close()
    finally:
        shutil.rmtree(folder)
