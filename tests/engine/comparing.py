"""What tests of the comparison share: compare a world without changing it, and count its verdicts by name."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from world import World

from tallystick.core.agreement import Agreement
from tallystick.core.binding import Binding
from tallystick.core.record import SIDES
from tallystick.engine.compare import Comparing
from tallystick.engine.effects import drive
from tallystick.engine.run import run


@contextmanager
def unwritten(world: World) -> Iterator[None]:
    """Neither a system nor the state may change."""

    def holds() -> object:
        state = world.look(
            lambda tx: (
                tx.ledger(limit=10_000), tx.queue(), tx.quarantine(), tx.runs(100), tx.open_intents("companies"),
                tx.pair_state("companies"), [tx.cursor("companies", s) for s in SIDES],
                [tx.dirty("companies", s, 1e11, 10_000) for s in SIDES],
                tx.bindings(range(1, 500)),
            )
        )  # fmt: skip
        return world.rows("left"), world.rows("right"), state

    before = holds()
    yield
    assert holds() == before


def compare(world: World, sample: int | None = None, *, conserved: bool = True) -> Agreement:
    """Compare the world's one pair; every record that is there has exactly one verdict."""
    comparing = Comparing(sample)
    session = world.session("plan", full=True)
    with unwritten(world):
        try:
            result = drive(run(session, world.pairs, alone=True, patience=0, look=comparing.observe), world.boundary())
        finally:
            session.close()
    assert not result.failures, result.failures
    agreement = comparing.agreements["companies"]
    if sample is None and conserved:
        for side in SIDES:
            there = [r for r in world.rows(side).values() if not r.get("deleted")]
            assert sum(agreement.listed[side].values()) == len(there)
    return agreement


def named(agreement: Agreement) -> dict[str, int]:
    """Count pairs and lone records by ``kind: reason``, those in step left out."""
    counts = {f"{v.kind}: {v.reason}": n for v, n in agreement.records.items() if v.kind != "in_step"}
    return dict(Counter(counts))


def fill(world: World, count: int = 10) -> None:
    """Some companies, in step on both sides."""
    for n in range(count):
        world.left.create({"name": f"Firma {n}", "vat": f"DE{n:03}", "city": "Ulm", "ref": f"L{n}"})
    world.sync()
    world.sync()


def left_of(world: World, vat: str) -> str:
    return next(i for i, r in world.rows("left").items() if r.get("vat") == vat)


def right_of(world: World, vat: str) -> str:
    return next(i for i, r in world.rows("right").items() if r.get("vat_id") == vat)


def tamper(world: World, binding: int, **legs: object) -> None:
    """Change what our own state remembers of a binding."""

    def work(tx):
        found = tx.bindings([binding])[binding]
        for name, value in legs.items():
            side, _, attribute = name.partition("_")
            setattr(found.leg(side) if attribute else found, attribute or side, value)
        tx.update_bindings([found])

    world.store.commit(work)


def binding_of(world: World, vat: str) -> Binding:
    return world.look(lambda tx: tx.binding_of("companies", "left", left_of(world, vat)))
