"""Runs that look at one matter: undo, answers, losers brought back; and the worlds that they are tried in."""

from dataclasses import replace

from world import MAPPING

from tallystick.engine.answering import Answering
from tallystick.engine.effects import drive
from tallystick.engine.flipping import Flipping
from tallystick.engine.run import run
from tallystick.engine.undo import Undoing

ALL_BRAKES = frozenset({"deletes", "updates", "creates", "blanks"})
POLICIES = "on_unmatched: {left: create, right: create}\non_delete: {left: propagate, right: propagate}\n"


def mapping(policies: str) -> str:
    """Give the usual mapping with other policies."""
    return MAPPING.replace(POLICIES, "on_unmatched: {left: create, right: create}\n" + policies)


def do(world, mode, look, released=ALL_BRAKES):
    """Run over one matter; every mapping must come through."""
    session = world.session(mode, released=released)
    try:
        result = drive(run(session, world.pairs, alone=True, patience=60, look=look), world.boundary())
    finally:
        session.close()
    assert not result.failures, result.failures
    return result


def take(world, side, *, field=None, mode="answer", released=ALL_BRAKES):
    """Take a side in all open questions (about a field); give what was refused."""
    chosen = {q.id: side for q in world.queue() if field in {None, q.field}}
    assert chosen, "nothing is asked"
    answering = Answering(chosen, "Ada")
    do(world, mode, answering.observe, released)
    return answering.refused


def flip(world, *fields, mode="flip"):
    """Bring back what the first pairing lost; give what was refused."""
    [number] = world.look(lambda tx: [b.id for b in [tx.binding_of("companies", "left", "1")] if b])
    flipping = Flipping({"companies": [number]}, frozenset(fields))
    do(world, mode, flipping.observe)
    return {name: why for (_, name), why in flipping.refused.items()}


def undo(world, run_id, records=(), *, mode="undo"):
    """Take back a run."""
    return do(world, mode, Undoing(run_id, records).observe)


def last_run(world):
    """Name the newest run."""
    return f"run-{world.runs}"


def asked(world):
    """Give the open questions as (kind, field)."""
    return sorted((q.kind, q.field) for q in world.queue())


def in_step(world, **fields):
    """Make one linked pair; give both ids."""
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"} | fields)
    world.sync()
    [right] = world.rows("right")
    return left, right


def contested(world, **fields):
    """Let both sides change the city of one pair, and ask about it."""
    left, right = in_step(world, **fields)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Mainz"})
    world.sync()
    return left, right


def city(world):
    """Give the city of the only pair, (left, right)."""
    [left], [right] = world.rows("left").values(), world.rows("right").values()
    return left.get("city"), right.get("ort")


def is_at_rest(world):
    """Whether two full compares write nothing."""
    before = writes(world)
    world.sync(full=True)
    world.sync(full=True)
    return writes(world) == before


def writes(world):
    """Count the writes to systems so far."""
    rows = world.look(lambda tx: tx.ledger(limit=100_000))
    return len([r for r in rows if r.op in {"create", "update", "delete", "archive"}])


def hide_single_records(world, side):
    """Let a system be one that cannot give a record by its id."""

    def blinded(pair):
        end = pair.end(side)
        return replace(pair, **{side: replace(end, can=replace(end.can, read_by_id=False))})

    def refuse(*_):
        raise AssertionError("this system cannot be asked for one record")

    world.pairs = [blinded(pair) for pair in world.pairs]
    for pair in world.pairs:
        pair.end(side).connector.get = refuse
