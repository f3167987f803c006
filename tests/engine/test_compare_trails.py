"""Values that differ although nobody moved them: what the mapping, the target or a person made of them (X8, R-7.2)."""

import pytest
from comparing import binding_of, compare, fill, left_of, named, right_of, tamper
from world import CRM, ERP, MAPPING, World

from tallystick.core.agreement import Share
from tallystick.core.record import digest, encode_fields, fingerprint
from tallystick.engine.effects import drive
from tallystick.engine.run import run
from tallystick.engine.undo import Undoing


@pytest.mark.parametrize(
    "city",
    [
        '{left: {expression: "City of {{ city }}"}, right: ort, direction: to_right}',
        "{left: city, right: ort, options: {map: {Ulm: Bonn, Bonn: Ulm}}}",
    ],
)
def test_a_changed_transform_is_named_before_the_next_run(world: World, city: str) -> None:
    """Nothing moved in either system; the mapping alone reads one side otherwise."""
    fill(world)
    world.remap(MAPPING.replace("{left: city, right: ort}", city))
    agreement = compare(world)
    # The next run would carry the new reading over to the other side; nobody edited anything.
    assert named(agreement) == {"changed_transform: reads differently": 10}
    assert agreement.score == Share(0, 10)
    assert agreement.field_score("city") == Share(0, 10)
    assert agreement.field_score("name") == Share(10, 10)


LOSSY = MAPPING.replace(
    "  name: {left: name, right: name1}\n", "  name: {left: name, right: name1, invalid: truncate}\n"
)
LONG = "A name of more than thirty characters"


def test_what_only_the_mapping_cannot_carry_is_in_step(fast_path) -> None:
    """A declared loss is no difference, also after an unrelated change of the mapping."""
    world = World.build(fast_path / "p", LOSSY)
    world.left.create({"name": LONG, "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.sync()
    agreement = compare(world)
    assert named(agreement) == {"normalised: as far as the mapping can translate it": 1}
    assert agreement.score == Share(1, 1)
    world.close()


def test_a_transform_that_both_sides_fulfil_is_no_difference(world: World) -> None:
    """Capitals are asked for on the left only: what the right holds is still the same value (R-6.3)."""
    fill(world)
    world.remap(MAPPING.replace("{left: city, right: ort}", "{left: {path: city, codec: upper}, right: ort}"))
    agreement = compare(world)
    assert agreement.score == Share(10, 10)
    assert named(agreement) == {"normalised: as far as the mapping can translate it": 10}
    world.sync()
    assert {r["ort"] for r in world.rows("right").values()} == {"Ulm"}


def test_values_written_under_an_older_mapping_stay_changed_transforms_after_a_run(fast_path) -> None:
    """The target has long been able to take the whole name; no run writes it again, so the comparison must say so."""
    world = World.build(fast_path / "p", LOSSY, CRM, ERP)
    world.left.create({"name": LONG, "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.sync()
    manifest = world.folder / "systems" / "erp.yaml"
    manifest.write_text(manifest.read_text().replace("max_length: 30", "max_length: 60"))
    world.remap(LOSSY)
    assert named(compare(world)) == {"changed_transform: writes differently": 1}
    world.sync()
    world.left.create({"name": f"{LONG} too", "vat": "DE2", "city": "Ulm"})
    world.remap(LOSSY)
    agreement = compare(world)
    assert named(agreement) == {"changed_transform: writes differently": 1, "only_left: new": 1}
    world.close()


def spelling(world: World, side: str, respell) -> None:
    """Let a system store values in its own way, whoever writes them."""
    shelf = world.left if side == "left" else world.right
    keep = shelf._keep
    shelf._keep = lambda record_id, record, version, now: keep(record_id, respell(record), version=version, now=now)


RESPELLINGS = {
    "case folded": lambda v: v.upper(),
    "truncated to 5": lambda v: v[:5],
    "punctuation changed": lambda v: v.replace(" ", ""),
    "reformatted": lambda v: f"Mr {v}",
}


# A value of no known shape that is read later is somebody's edit, so the last two must be told at once.
@pytest.mark.parametrize(
    ("reason", "tells"),
    [*((reason, True) for reason in RESPELLINGS), ("case folded", False), ("truncated to 5", False)],
)
def test_a_target_that_respells_is_in_step(fast_path, reason: str, tells: bool) -> None:  # noqa: FBT001
    """R-7.2, R-7.3: what the target makes of our own write is no difference, whether or not its answer shows it."""
    respell = RESPELLINGS[reason]
    erp = ERP if tells else ERP.replace("returns_record: true", "returns_record: false")
    world = World.build(fast_path / "p", erp=erp)
    spelling(world, "right", lambda record: {**record, "ort": respell(record["ort"])})
    for n in range(5):
        world.left.create({"name": f"Firma {n}", "vat": f"DE{n}", "city": f"Neu Ulm {n} am Wasser"})
    world.sync()
    for _ in range(2):
        agreement = compare(world)
        assert agreement.score == Share(5, 5)
        assert named(agreement) == {f"normalised: {reason}": 5}
        assert agreement.field_score("city") == Share(5, 5)
        world.sync(full=True)
    world.close()


def test_a_target_that_takes_a_value_and_keeps_nothing_is_not_in_step(fast_path) -> None:
    world = World.build(fast_path / "p")
    spelling(world, "right", lambda record: {k: v for k, v in record.items() if k != "ort"})
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.sync()
    agreement = compare(world)
    assert named(agreement) == {"dropped: by right": 1}
    assert agreement.score == Share(0, 1)
    world.close()


def test_what_an_undone_run_left_is_accepted(world: World) -> None:
    """The undone value and the newer one stand side by side until somebody changes one; a person wanted it so."""
    fill(world)
    world.left.update(left_of(world, "DE001"), {"city": "Bonn"})
    world.sync()
    session = world.session("undo", released=frozenset({"first_contact"}))
    look = Undoing(f"run-{world.runs - 1}").observe
    drive(run(session, world.pairs, alone=True, patience=0, look=look), world.boundary())
    session.close()
    assert world.rows("right")[right_of(world, "DE001")]["ort"] == "Ulm"
    agreement = compare(world)
    assert named(agreement) == {f"accepted: a run was undone by run-{world.runs - 1}": 1}
    assert agreement.score == Share(9, 9)


def test_a_difference_without_any_trail_is_unexplained(world: World) -> None:
    """Both sides are as our state has them, nobody wrote, nobody accepted: the state itself is wrong."""
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Ulm"})
    world.sync()
    world.right.update(right_of(world, "DE1"), {"ort": "Bonn"})
    binding = binding_of(world, "DE1")
    base = ("Anker", "DE1", "Bonn")
    row = fingerprint(world.right.row(right_of(world, "DE1")))
    tamper(world, binding.id, right_base=encode_fields(base), right_digest=digest(base), right_raw_hash=row)
    assert named(compare(world)) == {"unexplained: never written": 1}
