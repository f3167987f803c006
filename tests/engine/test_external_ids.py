"""The field that keeps the other side's id: written on create, believed before all keys, looked up on a refusal."""

import pytest
from world import CRM, ERP, MAPPING, World

from tallystick.core.error import Duplicate

BOTH = MAPPING.replace("object: companies}", "object: companies, external_id: ref}").replace(
    "object: partners}", "object: partners, external_id: ref}"
)
RIGHT = MAPPING.replace("object: partners}", "object: partners, external_id: ref}")


def open_world(folder, mapping=BOTH, **options):
    return World.build(folder / "p", mapping, **options)


def lose_state(world):
    """Begin anew with an empty state, as after a disaster."""
    world.store.close()
    (world.folder / "state.db").unlink()
    left, right = (world.systems[name].transport for name in ("crm", "erp"))
    world.open()
    world.swap("crm", left)
    world.swap("erp", right)


def test_a_new_record_keeps_the_id_of_the_one_it_was_made_of(fast_path):
    """On both sides, where both have such a field."""
    world = open_world(fast_path)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    right = world.right.create({"name1": "Bär", "vat_id": "DE2", "ort": "Ulm"})
    world.sync()
    assert {r["vat_id"]: r.get("ref") for r in world.rows("right").values()} == {"DE1": left, "DE2": None}
    assert {r["vat"]: r.get("ref") for r in world.rows("left").values()} == {"DE1": None, "DE2": right}
    assert world.plan(full=True).plan.is_empty
    world.close()


def test_an_integer_field_gets_a_number(fast_path):
    """The id is spelled as the field wants it."""
    erp = ERP.replace("ref: {type: text, unique: true}", "ref: {type: integer, unique: true}")
    world = open_world(fast_path, RIGHT, erp=erp)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    assert [r["ref"] for r in world.rows("right").values()] == [int(left)]
    lose_state(world)
    world.sync()
    assert world.look(lambda tx: tx.count_linked("companies")) == 1
    world.close()


@pytest.mark.parametrize("limit", ["{type: text, max_length: 3}", "{type: integer}"])
def test_a_record_whose_id_cannot_be_kept_is_not_created(fast_path, limit):
    """Without its id it could not be found again; a person hears of it, and nothing is written."""
    world = open_world(fast_path, RIGHT, erp=ERP.replace("ref: {type: text, unique: true}", f"ref: {limit}"))
    world.left.create({"id": "long-id", "name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    assert world.rows("right") == {}
    [parked] = world.parked()
    assert (parked.record, parked.field, parked.code) == ("long-id", "ref", "invalid_value")
    world.close()


def test_pairs_are_found_again_by_their_ids_when_the_state_is_lost(fast_path):
    """Rule -1: stronger than all keys, also where there is no key at all."""
    world = open_world(fast_path)
    for n in range(3):
        world.left.create({"name": "Namesake", "city": f"Town {n}"})
        world.right.create({"name1": "Zwilling", "ort": f"Ort {n}"})
    world.remap(BOTH + "on_keyless: create\n")
    world.sync()
    assert [len(world.rows(s)) for s in ("left", "right")] == [6, 6]
    lose_state(world)
    world.sync(full=True)
    assert [len(world.rows(s)) for s in ("left", "right")] == [6, 6]
    assert world.look(lambda tx: tx.count_linked("companies")) == 6
    assert world.queue() == []
    world.close()


def test_a_second_record_that_names_a_paired_one_is_a_question(fast_path):
    """T-63: a copy of our counterpart must not be created back as a third record."""
    erp = ERP.replace("ref: {type: text, unique: true}", "ref: {type: text}")
    world = open_world(fast_path, RIGHT, erp=erp)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    world.pass_time(10)
    copy = world.right.create({"name1": "Anker Kopie", "vat_id": "DE7", "ort": "Ulm", "ref": left})
    world.sync()
    assert len(world.rows("left")) == 1
    assert [(q.kind, q.subject, "external id" in q.detail) for q in world.queue()] == [
        ("duplicate", f"right/{copy}", True)
    ]
    world.close()


def test_a_record_that_names_one_and_has_the_key_of_another_is_a_question(fast_path):
    """R-9.3: the external id is the stronger word, and the weaker may not overrule it."""
    world = open_world(fast_path, RIGHT)
    world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Ulm", "ref": "somebody else"})
    world.sync()
    assert {q.kind for q in world.queue()} == {"match"}
    assert [len(world.rows(s)) for s in ("left", "right")] == [1, 1]
    world.close()


class Hides:
    """Lets listings and searches by key overlook some records of the right, as filters, rights and lags do."""

    def __init__(self, world, hidden):
        self.transport, self.hidden = world.systems["erp"].transport, hidden
        self.real = self.transport.answer
        self.transport.answer = self.answer

    def answer(self, request):
        said = self.real(request)
        if request.verb == "list":
            now, total, rows, last = said
            kept = [r for r in rows if self.hidden not in r]
            return now, total - len(rows) + len(kept), kept, last
        return said


@pytest.mark.parametrize("later", [False, True])
def test_a_create_that_is_refused_for_a_record_with_its_id_pairs_the_two(fast_path, later):
    """R-10.8: it is ours from an earlier life; it is adopted, not parked, and nothing is overwritten unasked."""
    world = open_world(fast_path, RIGHT)
    world.left.create({"name": "Zeuge", "vat": "DE9", "city": "Ulm"})
    world.sync()
    world.pass_time(10)
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    right = world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Bonn" if later else "Ulm", "ref": left})
    hides = Hides(world, f'"id":"{right}"'.encode())
    result = world.sync()
    assert result.done["companies"] == {"link": 1}
    world.systems["erp"].transport.answer = hides.real
    assert world.parked() == []
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True)
    assert len(world.rows("right")) == 2
    assert world.look(lambda tx: tx.count_linked("companies")) == 2
    assert [(q.kind, q.field) for q in world.queue()] == ([("initial", "city")] if later else [])
    world.left.update(left, {"name": "Anker SE"})
    world.sync()
    assert world.rows("right")[right]["name1"] == "Anker SE"
    world.close()


def test_a_create_that_is_refused_for_a_paired_record_stays_refused(fast_path):
    """The record in the way belongs to somebody; which one is said."""
    world = open_world(fast_path, RIGHT)
    world.left.create({"name": "Zeuge", "vat": "DE9", "city": "Ulm"})
    world.sync()
    world.pass_time(10)
    [paired] = world.rows("right")
    world.left.create({"name": "Birke", "vat": "DE8", "city": "Ulm"})
    world.sync()
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.right.update(paired, {"ref": left})
    hides = Hides(world, f'"id":"{paired}"'.encode())
    world.sync()
    world.systems["erp"].transport.answer = hides.real
    [parked] = [p for p in world.parked() if p.record == left]
    assert parked.code == "duplicate"
    assert f"it is {paired}, which is paired" in parked.hint
    assert len(world.rows("right")) == 2
    world.close()


def test_what_is_refused_but_cannot_be_found_is_parked(fast_path):
    """No guess: the record that is in the way is for a person to find."""
    world = open_world(fast_path, RIGHT, crm=CRM)
    transport = world.systems["erp"].transport
    real = transport.answer

    def refuse(request):
        if request.verb == "create":
            raise Duplicate("a record with this key exists", status=409)
        return real(request)

    transport.answer = refuse
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm"})
    world.sync()
    assert [(p.record, p.code) for p in world.parked()] == [(left, "duplicate")]
    assert world.look(lambda tx: tx.open_intents("companies")) == []
    world.close()
