"""Two pairs, one pointing to the other: parents first, late parents awaited, references translated by binding."""

import contextlib

import pytest
from world import World

CRM = """
protocol: memory
network: {timeout_seconds: 1}
objects:
  companies: &c
    omits_blank: true
    modified: changed
    version: version
    created: made
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    claims: {cas_write: true, create_idem: key, strong_reads: true, returns_record: true}
    fields:
      id: {type: text, read_only: true}
      version: {type: integer, read_only: true}
      changed: {type: instant, read_only: true}
      made: {type: instant, read_only: true}
      name: {type: text}
      vat: {type: text}
      city: {type: text}
      company: {type: text}
"""
OBJECT = CRM[CRM.index("    omits_blank") :]
CRM = CRM.replace(" &c", "") + "  contacts:\n" + OBJECT
ERP = CRM
COMPANIES = """
left: {system: crm, object: companies}
right: {system: erp, object: companies}
match: [{on: vat}]
fields:
  name: {left: name, right: name}
  vat: {left: vat, right: vat}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""
CONTACTS = """
left: {system: crm, object: contacts}
right: {system: erp, object: contacts}
match: [{on: vat}]
fields:
  name: {left: name, right: name}
  vat: {left: vat, right: vat}
  company: {left: company, right: company, reference: companies}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
"""


@pytest.fixture
def world(fast_path):
    made = World.build(fast_path / "p", COMPANIES, CRM, ERP)
    (made.folder / "mappings" / "contacts.yaml").write_text(CONTACTS)
    made.store.close()
    made.open()
    with contextlib.closing(made):
        yield made


def shelf(world, system, name):
    return world.systems[system].transport.shelves[name]


def test_parents_go_first_and_references_are_translated(world):
    """The contact's company has another id on the other side; the plan knows it before anything is created."""
    shelf(world, "erp", "companies").create({"name": "Other", "vat": "X"})
    company = shelf(world, "crm", "companies").create({"name": "Anker", "vat": "A"})
    shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    plan = world.plan().plan
    assert [(o.pair, o.action, o.side) for o in plan.operations if o.pair == "contacts"] == [
        ("contacts", "create", "right")
    ]
    world.sync()
    [eva] = list(shelf(world, "erp", "contacts"))
    [anker] = [r for r in shelf(world, "erp", "companies") if r["vat"] == "A"]
    assert eva["company"] == anker["id"] != company
    assert world.plan(full=True).plan.is_empty


def test_a_late_parent_releases_its_child_by_itself(world):
    """R-13.4: the child waits, is listed, and goes on as soon as its parent is paired."""
    contact = shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": "999"})
    world.sync()
    assert len(shelf(world, "erp", "contacts")) == 0
    [parked] = world.parked()
    assert (parked.code, parked.waits_for) == ("missing_reference", "companies/left/999")
    assert world.plan(full=True).plan.is_empty
    company = shelf(world, "crm", "companies").create({"name": "Anker", "vat": "A"})
    shelf(world, "crm", "contacts").update(contact, {"company": company})
    world.sync()
    [eva] = list(shelf(world, "erp", "contacts"))
    [anker] = list(shelf(world, "erp", "companies"))
    assert eva["company"] == anker["id"]
    assert world.parked() == []


def test_a_child_waits_for_an_unmatched_parent_and_goes_when_it_is_paired(world):
    """The parent has no key at first; when somebody fills it, parent and child go in one run."""
    company = shelf(world, "crm", "companies").create({"name": "Anker"})
    shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    world.sync()
    assert [p.waits_for for p in world.parked()] == [f"companies/left/{company}"]
    shelf(world, "crm", "companies").update(company, {"vat": "A"})
    world.sync()
    [eva] = list(shelf(world, "erp", "contacts"))
    [anker] = list(shelf(world, "erp", "companies"))
    assert eva["company"] == anker["id"]
    assert world.parked() == []
    assert world.plan(full=True).plan.is_empty


def test_a_moved_child_points_to_its_new_parent(world):
    """Re-parenting: the change of a reference flows in the other side's ids."""
    one, two = (shelf(world, "crm", "companies").create({"name": n, "vat": n}) for n in ("A", "B"))
    contact = shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": one})
    world.sync()
    shelf(world, "crm", "contacts").update(contact, {"company": two})
    world.sync()
    [eva] = list(shelf(world, "erp", "contacts"))
    [b] = [r for r in shelf(world, "erp", "companies") if r["vat"] == "B"]
    assert eva["company"] == b["id"]


DAY = 86_400


def test_after_a_day_of_waiting_a_question_says_why_and_ends_by_itself(world):
    """R-13.4: the child is parked at once, asked about after a day, and free as soon as its parent is paired."""
    company = shelf(world, "crm", "companies").create({"name": "Anker"})
    shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    world.sync()
    world.pass_time(DAY - 60)
    world.sync()
    assert [q.kind for q in world.queue()] == ["keyless"]
    for _ in range(3):
        world.pass_time(60)
        world.sync(full=True)
        asked = {q.kind: q for q in world.queue()}
        assert asked.keys() == {"keyless", "reference"}
    assert (asked["reference"].pair, asked["reference"].field) == ("contacts", "company")
    assert f"companies {company} on the left: a question about it is open (keyless)" in asked["reference"].detail
    assert world.plan(full=True).plan.is_empty
    shelf(world, "crm", "companies").update(company, {"vat": "A"})
    world.sync()
    assert (world.queue(), world.parked()) == ([], [])
    assert len(shelf(world, "erp", "contacts")) == 1


def test_the_question_about_a_paired_record_survives_looking_at_it(world):
    """An edit of another field flows on while the pointer waits; the question stands until the pointer is known."""
    contact = shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E"})
    world.sync()
    shelf(world, "crm", "contacts").update(contact, {"company": "4711"})
    world.sync()
    world.pass_time(DAY)
    world.sync()
    [before] = world.queue()
    assert "is not there" in before.detail
    shelf(world, "crm", "contacts").update(contact, {"name": "Eva B"})
    world.sync(full=True)
    assert [r["name"] for r in shelf(world, "erp", "contacts")] == ["Eva B"]
    assert world.queue() == [before]
    shelf(world, "crm", "contacts").update(contact, {"company": None})
    world.sync()
    assert (world.queue(), world.parked()) == ([], [])


def test_a_reference_that_is_an_error_is_asked_about_at_once(world):
    """on_missing_ref: error does not wait a day before it tells people."""
    text = CONTACTS.replace("reference: companies}", "reference: companies, on_missing_ref: error}")
    (world.folder / "mappings" / "contacts.yaml").write_text(text)
    world.store.close()
    world.open()
    shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": "4711"})
    world.sync()
    assert [q.kind for q in world.queue()] == ["reference"]


def test_what_points_to_a_deleted_record_is_not_edited_by_that(world):
    """Both contacts outlive their company. Their pointers mean the same as before, so there is nothing to write."""
    company = shelf(world, "crm", "companies").create({"name": "Anker", "vat": "A"})
    contact = shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    shelf(world, "crm", "companies").create({"name": "Zeuge", "vat": "Z"})
    world.sync()
    shelf(world, "crm", "companies").delete(company)
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True, released=frozenset({"shrink"}))
    assert len(shelf(world, "erp", "companies")) == 1
    shelf(world, "crm", "contacts").update(contact, {"name": "Eva B"})
    world.sync()
    assert [r["name"] for r in shelf(world, "erp", "contacts")] == ["Eva B"]
    assert (world.queue(), world.parked()) == ([], [])


def test_a_new_record_of_a_deleted_parent_waits_until_that_is_back(world):
    """The parent's pairing is known and over; when it lives again, the child goes on by itself."""
    (world.folder / "mappings" / "companies.yaml").write_text(COMPANIES + "on_restore: recreate\n")
    world.store.close()
    world.open()
    company = shelf(world, "crm", "companies").create({"name": "Anker", "vat": "A"})
    shelf(world, "crm", "companies").create({"name": "Zeuge", "vat": "Z"})
    world.sync()
    row = shelf(world, "crm", "companies").record(company)
    shelf(world, "crm", "companies").delete(company)
    for _ in range(2):
        world.pass_time(300)
        world.sync(full=True, released=frozenset({"shrink"}))
    shelf(world, "crm", "contacts").create({"name": "Eva", "vat": "E", "company": company})
    world.sync()
    assert [p.code for p in world.parked()] == ["missing_reference"]
    shelf(world, "crm", "companies").create({"id": company, "name": row["name"], "vat": row["vat"]})
    world.pass_time(300)
    world.sync(full=True)
    world.sync()
    [eva] = list(shelf(world, "erp", "contacts"))
    assert eva["company"] in {r["id"] for r in shelf(world, "erp", "companies") if r["name"] == "Anker"}
    assert (world.queue(), world.parked()) == ([], [])
