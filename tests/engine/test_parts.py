"""Records of several parts: a contact on one side, a partner with its address and its bank account on the other.

Two systems in memory, as in ``world``; each part has an id and a version of its own. Laws: nothing is lost, nothing is
made twice, what was refused is named, and a second plan is empty.
"""

import contextlib

import pytest
from world import Killed, Watch, World

from tallystick.core.error import Refused, RemoteError, Unavailable

OBJECT = """
    omits_blank: true
    modified: changed
    version: version
    created: made
    since: {param: since}
    filters: {ref: {param: ref}, partner: {param: partner}}
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    claims: {cas_write: true, create_idem: IDEM, strong_reads: true, returns_record: true}
    fields:
      id: {type: text, read_only: true}
      version: {type: integer, read_only: true}
      changed: {type: instant, read_only: true}
      made: {type: instant, read_only: true}
"""
HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"


def fields(**declared):
    return "".join(f"      {name}: {spec}\n" for name, spec in declared.items())


CONTACTS = fields(
    name="{type: text, required: true}",
    vat="{type: text}",
    street="{type: text}",
    city="{type: text}",
    iban="{type: text}",
)
CRM = HEAD + "  contacts:" + OBJECT.replace("IDEM", "search").replace("filters: {", "filters: {vat: {param: v}, ")
CRM += CONTACTS

WHOLE = """
  customers:
    anchor: partners
    parts:
      address: {object: addresses, link: partner, where: {kind: billing}, ADDRESS}
      bank: {object: accounts, link: partner, BANK}
"""


def erp(address="", bank="", idem="search"):
    parts = {
        "partners": fields(name1="{type: text, required: true}", vat_id="{type: text}"),
        "addresses": fields(
            partner="{type: text}",
            kind="{type: text}",
            street="{type: text}",
            city="{type: text}",
            note="{type: text}",
        ),
        "accounts": fields(partner="{type: text}", iban="{type: text}"),
    }
    text = HEAD
    for name, more in parts.items():
        own = OBJECT.replace("IDEM", idem)
        own = own.replace("filters: {", "filters: {vat_id: {param: v}, ") if name == "partners" else own
        text += f"  {name}:{own}{more}"
    return text + WHOLE.replace("ADDRESS", address).replace("BANK", bank).replace(", }", "}")


MAPPING = """
left: {system: crm, object: contacts}
right: {system: erp, object: customers}
match: [{on: vat}]
fields:
  name: {left: name, right: name1}
  vat: {left: vat, right: vat_id}
  street: {left: street, right: address.street}
  city: {left: city, right: address.city}
  iban: {left: iban, right: bank.iban}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
brakes: {blank_count: 1000, delete_count: 1000, create_count: 1000, shrink_share: 0}
"""


@pytest.fixture
def build(fast_path):
    worlds = []

    def make(mapping=MAPPING, **options):
        world = World.build(fast_path / str(len(worlds)), mapping, CRM, erp(**options))
        worlds.append(world)
        return world

    with contextlib.ExitStack() as closing:
        closing.callback(lambda: [w.close() for w in worlds])
        yield make


def shelf(world, name):
    return world.systems["crm" if name == "contacts" else "erp"].transport.shelves[name]


def rows(world, name):
    return list(shelf(world, name))


def only(world, name):
    [found] = rows(world, name)
    return found


def add(world, where, /, **values):
    return shelf(world, where).create(values)


def anna(world, **more):
    values = {"name": "Anna", "vat": "A1", "street": "Hafen 1", "city": "Kiel", "iban": "DE1"} | more
    return add(world, "contacts", **values)


def run(world, **options):
    world.pass_time(10)
    result = world.sync(**options)
    world.pass_time(10)
    return result


def in_step(world):
    """Nothing is left to do: no plan, no question, nothing parked."""
    world.pass_time(10)
    plan = world.plan(full=True).plan
    assert plan.is_empty, plan.operations
    assert world.queue() == []
    assert world.parked() == []


@contextlib.contextmanager
def refusing(world, name, verb, error):
    """The ERP answers a verb about one object with an error."""
    transport = world.systems["erp"].transport
    answer = transport.answer

    def answered(request):
        if request.object == name and request.verb == verb:
            raise error
        return answer(request)

    transport.answer = answered
    try:
        yield
    finally:
        del transport.answer


def test_a_contact_becomes_a_partner_with_its_parts(build):
    """13.1: anchor and satellites are created, each with the link and the constants that make it the part."""
    world = build()
    anna(world)
    run(world)
    partner, address, bank = only(world, "partners"), only(world, "addresses"), only(world, "accounts")
    assert (partner["name1"], partner["vat_id"]) == ("Anna", "A1")
    assert (address["partner"], address["kind"], address["street"]) == (partner["id"], "billing", "Hafen 1")
    assert (bank["partner"], bank["iban"]) == (partner["id"], "DE1")
    in_step(world)


def test_a_partner_with_parts_becomes_a_contact(build):
    world = build()
    partner = add(world, "partners", name1="Bert", vat_id="B1")
    add(world, "addresses", partner=partner, kind="shipping", street="Lager 9")
    add(world, "addresses", partner=partner, kind="billing", street="Weg 2", city="Ulm")
    run(world)
    contact = only(world, "contacts")
    assert (contact["name"], contact["street"], contact["city"], contact.get("iban")) == ("Bert", "Weg 2", "Ulm", None)
    in_step(world)


def test_no_part_is_made_of_nothing(build):
    world = build()
    add(world, "contacts", name="Cleo", vat="C1")
    run(world)
    assert rows(world, "addresses") == rows(world, "accounts") == []
    in_step(world)


@pytest.mark.parametrize("full", [True, False])
def test_a_change_of_a_part_flows(build, full):
    """A window finds the anchor of a changed part, as a full sweep does."""
    world = build()
    contact = anna(world)
    run(world)
    address, account = only(world, "addresses")["id"], only(world, "accounts")["id"]
    world.pass_time(500)
    anna(world, name="Newer", vat="N1")
    for _ in range(2):
        run(world)
        world.pass_time(500)
    shelf(world, "addresses").update(address, {"street": "Kai 7"})
    shelf(world, "accounts").update(account, {"iban": "DE2"})
    run(world, full=full)
    record = shelf(world, "contacts").record(contact)
    assert (record["street"], record["iban"]) == ("Kai 7", "DE2")
    in_step(world)


def test_only_the_changed_part_is_written(build):
    world = build()
    contact = anna(world)
    run(world)
    before = {name: only(world, name)["version"] for name in ("partners", "addresses", "accounts")}
    shelf(world, "contacts").update(contact, {"iban": "DE9"})
    run(world)
    after = {name: only(world, name)["version"] for name in ("partners", "addresses", "accounts")}
    assert after == before | {"accounts": before["accounts"] + 1}
    in_step(world)


def test_a_part_is_made_when_it_gets_its_first_value(build):
    world = build()
    contact = anna(world, iban=None)
    run(world)
    assert rows(world, "accounts") == []
    shelf(world, "contacts").update(contact, {"iban": "DE5"})
    run(world)
    assert only(world, "accounts")["iban"] == "DE5"
    in_step(world)


@pytest.mark.parametrize(("on_blank", "left"), [("delete", 0), ("keep", 1)])
def test_a_part_that_became_blank(build, on_blank, left):
    """It is deleted or kept by policy."""
    world = build(bank=f"on_blank: {on_blank}")
    contact = anna(world)
    run(world)
    shelf(world, "contacts").update(contact, {"iban": None})
    run(world)
    assert len(rows(world, "accounts")) == left
    assert all(not row.get("iban") for row in rows(world, "accounts"))
    in_step(world)


def test_a_part_that_holds_something_else_is_not_deleted(build):
    """Only what nobody mapped would be lost."""
    world = build()
    contact = anna(world)
    run(world)
    shelf(world, "addresses").update(only(world, "addresses")["id"], {"note": "ring twice"})
    shelf(world, "contacts").update(contact, {"street": None, "city": None})
    run(world)
    assert only(world, "addresses")["note"] == "ring twice"
    assert only(world, "addresses")["street"] is None
    in_step(world)


def test_an_optional_part_that_was_deleted_is_blank(build):
    """13.1: optional satellite gone means its fields became blank."""
    world = build()
    contact = anna(world)
    run(world)
    shelf(world, "accounts").delete(only(world, "accounts")["id"])
    run(world, full=True)
    assert not shelf(world, "contacts").record(contact).get("iban")
    assert rows(world, "accounts") == []
    in_step(world)


def test_a_required_part_is_made_again(build):
    """satellite_missing: recreate, the default."""
    world = build(address="required: true")
    contact = anna(world)
    run(world)
    shelf(world, "addresses").delete(only(world, "addresses")["id"])
    run(world, full=True)
    assert only(world, "addresses")["street"] == "Hafen 1"
    assert only(world, "addresses")["city"] == "Kiel"
    assert shelf(world, "contacts").record(contact)["street"] == "Hafen 1"
    in_step(world)


def test_a_cleared_required_part_is_no_missing_one(build):
    """To empty a part is an edit; only its absence is not."""
    world = build(address="required: true, on_blank: keep")
    contact = anna(world)
    run(world)
    shelf(world, "addresses").update(only(world, "addresses")["id"], {"street": None, "city": None})
    run(world, full=True)
    assert not shelf(world, "contacts").record(contact).get("street")
    in_step(world)


def test_a_person_is_asked_about_a_missing_part(build):
    """satellite_missing: ask; nothing is written to its fields, and the question goes when the part is back."""
    world = build(address="required: true, on_missing: ask")
    contact = anna(world)
    run(world)
    address = only(world, "addresses")
    shelf(world, "addresses").delete(address["id"])
    for _ in range(2):
        run(world, full=True)
        [question] = world.queue()
        assert (question.kind, question.field) == ("part", "address")
        assert shelf(world, "contacts").record(contact)["street"] == "Hafen 1"
        assert rows(world, "addresses") == []
    add(world, "addresses", partner=address["partner"], kind="billing", street="Hafen 1", city="Kiel")
    run(world, full=True)
    in_step(world)


def test_a_record_without_its_part_counts_as_deleted(build):
    """satellite_missing: treat as delete; only after a second look, and the anchor that stays is no return."""
    world = build(address="required: true, on_missing: delete")
    anna(world)
    anna(world, name="Other", vat="O1")
    run(world)
    [address] = [row["id"] for row in rows(world, "addresses") if row["partner"] == "1"]
    shelf(world, "addresses").delete(address)
    run(world, full=True)
    assert len(rows(world, "contacts")) == 2
    world.pass_time(300)
    run(world, full=True)
    assert [row["name"] for row in rows(world, "contacts")] == ["Other"]
    for _ in range(2):
        run(world, full=True)
        assert len(rows(world, "contacts")) == 1
        assert len(rows(world, "partners")) == 2
    in_step(world)


def test_a_deletion_takes_the_parts_along(build):
    world = build()
    anna(world)
    contact = anna(world, name="Bea", vat="B7")
    run(world)
    shelf(world, "contacts").delete(contact)
    for _ in range(2):
        world.pass_time(300)
        run(world, full=True)
    assert [row["name1"] for row in rows(world, "partners")] == ["Anna"]
    assert len(rows(world, "addresses")) == len(rows(world, "accounts")) == 1
    in_step(world)


def test_a_part_may_outlive_its_anchor(build):
    world = build(address="on_delete: keep")
    anna(world)
    contact = anna(world, name="Bea", vat="B7")
    run(world)
    shelf(world, "contacts").delete(contact)
    for _ in range(2):
        world.pass_time(300)
        run(world, full=True)
    assert len(rows(world, "partners")) == len(rows(world, "accounts")) == 1
    assert len(rows(world, "addresses")) == 2
    in_step(world)


def test_an_anchor_that_cannot_go_keeps_its_parts(build):
    """A refused deletion costs nothing: what went before it is put back."""
    world = build()
    anna(world)
    contact = anna(world, name="Bea", vat="B7")
    run(world)
    shelf(world, "contacts").delete(contact)
    with refusing(world, "partners", "delete", Refused("it has invoices", status=409)):
        for _ in range(2):
            world.pass_time(300)
            run(world, full=True)
    assert sorted((row["street"], row["city"]) for row in rows(world, "addresses")) == [("Hafen 1", "Kiel")] * 2
    assert len(rows(world, "accounts")) == len(rows(world, "partners")) == 2
    [parked] = world.parked()
    assert "it has invoices" in parked.message


def test_a_refused_part_is_named_and_the_rest_is_there(build):
    """R-13.1: the refusal parks the part with the system's reason; nothing is doubled, the next run is quiet."""
    world = build()
    contact = anna(world, street="a street that is far too long for it")
    transport = world.systems["erp"].transport
    answer = transport.answer

    def strict(request):
        body = request.arguments.get("body") or getattr(request.arguments.get("update"), "patch", {})
        if request.object == "addresses" and len(body.get("street") or "") > 20:
            raise Refused("street is longer than 20 characters", field="street", status=422)
        return answer(request)

    transport.answer = strict
    run(world)
    assert only(world, "partners")["name1"] == "Anna"
    assert only(world, "accounts")["iban"] == "DE1"
    for _ in range(2):
        [parked] = world.parked()
        assert (parked.record, parked.field, parked.side) == (contact, "address.street", "left")
        assert "longer than 20" in parked.message
        assert world.plan(full=True).plan.is_empty
        writes = world.writes()
        run(world, full=True)
        assert world.writes() == writes
    shelf(world, "contacts").update(contact, {"street": "short"})
    run(world)
    assert (only(world, "addresses")["street"], only(world, "addresses")["city"]) == ("short", "Kiel")
    in_step(world)


@pytest.mark.parametrize("error", [Unavailable("no answer", status=503), RemoteError("late", applied="unknown")])
@pytest.mark.parametrize("name", ["addresses", "accounts"])
def test_the_next_run_goes_on_with_the_missing_part(build, name, error):
    """A part that did not come through, or of which nobody knows, is completed; the others are left alone."""
    world = build()
    anna(world)
    with refusing(world, name, "create", error):
        world.pass_time(10)
        assert world.go("run").failures == {}
    assert len(rows(world, "partners")) == 1
    assert rows(world, name) == []
    versions = only(world, "partners")["version"]
    for _ in range(2):
        world.pass_time(300)
        run(world, full=True)
    assert {n: len(rows(world, n)) for n in ("contacts", "partners", "addresses", "accounts")} == dict.fromkeys(
        ("contacts", "partners", "addresses", "accounts"), 1
    )
    assert only(world, "partners")["version"] == versions
    in_step(world)


def test_a_part_whose_creation_arrived_unseen_is_not_made_twice(build):
    """The answer is lost after the system made the part: the intent stays open, and the part is found."""
    world = build()
    anna(world)
    transport = world.systems["erp"].transport
    answer = transport.answer

    def lose(request):
        reply = answer(request)
        if request.object == "addresses" and request.verb == "create":
            raise RemoteError("time-out", applied="unknown")
        return reply

    transport.answer = lose
    world.pass_time(10)
    assert world.go("run").failures == {}
    assert world.go("run").failures == {}
    del transport.answer
    for _ in range(2):
        world.pass_time(300)
        run(world, full=True)
    assert only(world, "addresses")["street"] == "Hafen 1"
    in_step(world)


def test_two_candidates_for_a_part_are_nobodys_guess(build):
    """The record waits, with both named, and nothing of it is written anywhere."""
    world = build()
    contact = anna(world)
    run(world)
    second = add(world, "addresses", partner=only(world, "partners")["id"], kind="billing", street="Kai 7")
    shelf(world, "contacts").update(contact, {"name": "Anna B"})
    run(world, full=True)
    [parked] = world.parked()
    assert parked.field == "address"
    assert second in parked.message
    assert only(world, "partners")["name1"] == "Anna"
    shelf(world, "addresses").delete(second)
    run(world, full=True)
    assert only(world, "partners")["name1"] == "Anna B"
    in_step(world)


def test_both_sides_may_change_different_parts_at_once(build):
    world = build()
    contact = anna(world)
    run(world)
    shelf(world, "contacts").update(contact, {"iban": "DE7", "name": "Anne"})
    shelf(world, "addresses").update(only(world, "addresses")["id"], {"city": "Bonn"})
    run(world)
    assert shelf(world, "contacts").record(contact)["city"] == "Bonn"
    assert (only(world, "partners")["name1"], only(world, "accounts")["iban"]) == ("Anne", "DE7")
    in_step(world)


def settled(world):
    """Let what was interrupted come to rest."""
    for _ in range(4):
        world.pass_time(300)
        world.go("run", full=True)
    world.pass_time(300)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("idem", ["search", "key"])
def test_a_creation_killed_at_any_door_is_completed(build, idem, after):
    """I-12: before and after every request and commit of the run that creates the record."""
    world = build(idem=idem)
    anna(world)
    watch = Watch()
    world.pass_time(10)
    with watch.over(world):
        world.go("run")
    for door in range(1, watch.count + 1):
        world = build(idem=idem)
        anna(world)
        world.pass_time(10)
        with contextlib.suppress(Killed), Watch(die_at=door, after=after).over(world):
            world.go("run")
        settled(world)
        found = {name: len(rows(world, name)) for name in ("contacts", "partners", "addresses", "accounts")}
        assert found == dict.fromkeys(found, 1), f"killed at door {door}: {found}"
        assert shelf(world, "contacts").record("1")["street"] == "Hafen 1"
        assert only(world, "addresses")["street"] == "Hafen 1"
        assert only(world, "accounts")["iban"] == "DE1"
        in_step(world)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("deed", ["change", "delete"])
def test_a_change_killed_at_any_door_is_completed(build, deed, after):
    """I-12: a change of all parts, one of which has to be made and one to be removed; and a deletion."""

    def prepared():
        world = build()
        contact = anna(world, iban=None)
        anna(world, name="Stays", vat="S1")
        run(world)
        if deed == "delete":
            shelf(world, "contacts").delete(contact)
            world.pass_time(300)
            return world
        shelf(world, "contacts").update(contact, {"name": "Anne", "street": None, "city": None, "iban": "DE3"})
        world.pass_time(10)
        return world

    world, watch = prepared(), Watch()
    with watch.over(world):
        world.go("run", full=True)
    for door in range(1, watch.count + 1):
        world = prepared()
        with contextlib.suppress(Killed), Watch(die_at=door, after=after).over(world):
            world.go("run", full=True)
        settled(world)
        names = sorted(row["name1"] for row in rows(world, "partners"))
        assert names == (["Anne", "Stays"] if deed == "change" else ["Stays"]), f"killed at door {door}"
        assert sorted(row["name"] for row in rows(world, "contacts")) == names
        assert len(rows(world, "addresses")) == 1
        ibans = {row["iban"] for row in rows(world, "accounts")}
        assert (len(rows(world, "accounts")), ibans) == ((2, {"DE1", "DE3"}) if deed == "change" else (1, {"DE1"}))
        in_step(world)
