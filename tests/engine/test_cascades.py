"""R-12.4: what a system deletes along with a record that we delete there, foreseen and known again."""

import contextlib

import pytest
from test_references import COMPANIES, CONTACTS, OBJECT, shelf
from world import Killed, Watch, World

HEAD = "protocol: memory\nnetwork: {timeout_seconds: 1}\nobjects:\n"
# Deletions are shown as such, so that one run is enough to prove them.
PLAIN = OBJECT.replace("    fields:\n", "    deleted: {path: deleted}\n    fields:\n      deleted: {type: boolean}\n")
TREE = COMPANIES.replace("companies", "nodes").replace(
    "fields:\n", "fields:\n  parent: {left: company, right: company, reference: nodes, on_cascade: WISH}\n"
)
SIDES = {"left": "crm", "right": "erp"}


def objects(names, *, declared, searchable):
    text = PLAIN
    if declared:
        text = text.replace("company: {type: text}", "company: {type: text, cascades: true}")
    if searchable:
        text = text.replace("    deleted: {path", "    filters: {company: {param: company}}\n    deleted: {path")
    return HEAD + "".join(f"  {name}:\n{text}" for name in names)


@pytest.fixture
def build(fast_path):
    worlds = []

    def make(wish="ask", *, declared=True, searchable=True, gone="left", contacts=CONTACTS, tree=False):
        fields = contacts.replace("reference: companies}", f"reference: companies, on_cascade: {wish}}}")
        names = ["companies", "nodes"] if tree else ["companies", "contacts"]
        falls = objects(names, declared=declared, searchable=searchable)
        stays = objects(names, declared=False, searchable=False)
        crm, erp = (stays, falls) if gone == "left" else (falls, stays)
        world = World.build(fast_path / str(len(worlds)), COMPANIES, crm, erp)
        (world.folder / "mappings" / f"{names[1]}.yaml").write_text(TREE.replace("WISH", wish) if tree else fields)
        world.store.close()
        world.open()
        worlds.append(world)
        for name in names:
            for _ in range(3):  # the other side counts its ids from elsewhere
                shelf(world, "erp", name)._new_id()
        there = "erp" if gone == "left" else "crm"
        let_fall(world, there, names[tree], names[1])
        return world

    with contextlib.ExitStack() as closing:
        closing.callback(lambda: [w.close() for w in worlds])
        yield make


def let_fall(world, system, parents, children):
    """A system that deletes the children of what is deleted, by itself, whoever deletes it."""
    parent_shelf, child_shelf = shelf(world, system, parents), shelf(world, system, children)
    transport = world.systems[system].transport
    delete, answer = parent_shelf.delete, transport.answer

    def fall(record_id):
        for row in list(child_shelf):
            if row.get("company") == record_id and not row.get("deleted"):
                child_shelf.delete(row["id"])

    def deleted(record_id, version=None):
        delete(record_id, version)
        fall(record_id)

    def answered(request):
        found = answer(request)
        if request.verb == "delete" and request.object == parents:
            fall(request.arguments["record_id"])
        return found

    parent_shelf.delete, transport.answer = deleted, answered


def alive(world, system, name="contacts"):
    return sorted(r["name"] for r in shelf(world, system, name) if not r.get("deleted"))


def one(world, system, name, who):
    [row] = [r for r in shelf(world, system, name) if r["name"] == who and not r.get("deleted")]
    return row["id"]


def settle(world, here, *contacts):
    """Anker with its contacts, in step on both sides; Zeuge stands by."""
    anker = shelf(world, here, "companies").create({"name": "Anker", "vat": "A"})
    shelf(world, here, "companies").create({"name": "Zeuge", "vat": "Z"})
    for name in contacts:
        shelf(world, here, "contacts").create({"name": name, "vat": name, "company": anker})
    world.sync()
    assert world.plan(full=True).plan.is_empty
    return anker


@pytest.fixture(params=["left", "right"])
def gone(request):
    """The side on which a person deletes; the other one cascades."""
    return request.param


def sides(gone):
    return SIDES[gone], SIDES["right" if gone == "left" else "left"]


def is_quiet(world):
    """Nothing more is to be done, now or later."""
    world.pass_time(3600)
    before = world.writes()
    world.sync(full=True)
    assert world.writes() == before
    assert world.plan(full=True).plan.is_empty


@pytest.mark.parametrize("searchable", [True, False])
def test_what_would_fall_is_asked_about_before_it_falls(build, gone, searchable):
    """Nobody deleted Eva; so the company that would take her along stays, and a person is asked."""
    world = build(gone=gone, searchable=searchable)
    here, there = sides(gone)
    anker = settle(world, here, "Eva", "Uwe")
    shelf(world, here, "companies").delete(anker)
    plan = world.plan().plan
    assert [o.action for o in plan.operations] == ["ask"]
    assert "would delete of contacts as well" in plan.operations[0].note
    assert plan.writes == 0
    world.sync()
    [question] = world.queue()
    assert (question.kind, question.pair) == ("cascade", "companies")
    eva = one(world, there, "contacts", "Eva")
    assert eva in question.detail
    assert f"still there on {here}" in question.detail
    assert alive(world, there) == ["Eva", "Uwe"]
    is_quiet(world)
    assert len(world.queue()) == 1


def test_the_question_ends_when_what_would_fall_has_gone(build, gone):
    """One contact moves away, the other is deleted: the company follows by itself, and last."""
    world = build(gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva", "Uwe")
    shelf(world, here, "companies").delete(anker)
    world.sync()
    zeuge = one(world, here, "companies", "Zeuge")
    shelf(world, here, "contacts").update(one(world, here, "contacts", "Eva"), {"company": zeuge})
    shelf(world, here, "contacts").delete(one(world, here, "contacts", "Uwe"))
    world.sync()
    assert world.queue() == []
    assert alive(world, there) == alive(world, here) == ["Eva"]
    assert alive(world, there, "companies") == ["Zeuge"]
    is_quiet(world)


@pytest.mark.parametrize("searchable", [True, False])
def test_where_the_mapping_says_so_the_counterparts_go_too(build, gone, searchable):
    """on_cascade: propagate. The plan shows every deletion on both sides, one run does them all."""
    world = build("propagate", gone=gone, searchable=searchable)
    here, there = sides(gone)
    anker = settle(world, here, "Eva", "Uwe")
    shelf(world, here, "contacts").create({"name": "Ida", "vat": "Ida"})
    world.sync()
    shelf(world, here, "companies").delete(anker)
    plan = world.plan().plan
    assert (
        sorted((o.pair, o.action) for o in plan.operations) == [("companies", "delete")] + [("contacts", "delete")] * 4
    )
    result = world.sync()
    assert result.done["contacts"]["delete"] == 4
    assert alive(world, here) == alive(world, there) == ["Ida"]
    assert alive(world, there, "companies") == ["Zeuge"]
    assert (world.queue(), world.parked()) == ([], [])
    lost = {e.field for n in range(1, 9) for e in world.look(lambda tx, n=n: tx.journal(n)) if "cascade" in e.reason}
    assert lost == {"name", "vat", "company"}, "every value can be given back"
    is_quiet(world)


def test_where_the_mapping_says_so_the_counterparts_are_kept(build, gone):
    """on_cascade: unlink. What falls falls, the counterpart stays and is paired with nobody, and is not made again."""
    world = build("unlink", gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    shelf(world, here, "companies").delete(anker)
    world.sync()
    assert (alive(world, here), alive(world, there)) == (["Eva"], [])
    assert (world.queue(), world.parked()) == ([], [])
    is_quiet(world)


@pytest.mark.parametrize("wish", ["propagate", "unlink"])
@pytest.mark.parametrize("editor", ["here", "there"])
def test_what_was_edited_meanwhile_is_asked_about_and_stays_asked(build, gone, wish, editor):
    """Somebody works with the record; that the edit is carried over in between is no leave to delete it."""
    world = build(wish, gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    at = here if editor == "here" else there
    shelf(world, at, "contacts").update(one(world, at, "contacts", "Eva"), {"name": "Eva B"})
    shelf(world, here, "companies").delete(anker)
    for _ in range(3):
        world.sync(full=True)
        assert [q.kind for q in world.queue()] == ["cascade"]
        assert alive(world, here) == alive(world, there) == ["Eva B"]


def test_records_that_are_paired_with_nobody_are_not_taken_along(build, gone):
    """on_unmatched: ignore leaves them alone; so does a deletion."""
    world = build(
        "propagate",
        gone=gone,
        contacts=CONTACTS.replace(
            "on_unmatched: {left: create, right: create}", "on_unmatched: {left: ignore, right: ignore}"
        ),
    )
    here, there = sides(gone)
    anker = shelf(world, here, "companies").create({"name": "Anker", "vat": "A"})
    world.sync()
    shelf(world, there, "contacts").create(
        {"name": "Ute", "vat": "U", "company": one(world, there, "companies", "Anker")}
    )
    world.sync()
    shelf(world, here, "companies").delete(anker)
    world.sync()
    [question] = world.queue()
    assert "paired with nobody" in question.detail
    assert alive(world, there) == ["Ute"]


def test_a_brake_that_holds_the_children_holds_the_parent(build, gone):
    """Twelve contacts of one company: the brake counts them, and the company does not take them along unseen."""
    world = build("propagate", gone=gone)
    here, there = sides(gone)
    names = [f"c{n:02}" for n in range(12)]
    anker = settle(world, here, *names)
    shelf(world, here, "companies").delete(anker)
    result = world.sync()
    assert any(h.startswith("contacts: 12 deletions") for h in result.held)
    assert alive(world, there) == names
    assert alive(world, there, "companies") == ["Anker", "Zeuge"]
    world.sync(released=frozenset({"deletes"}))
    assert alive(world, there) == alive(world, here) == []
    assert alive(world, there, "companies") == ["Zeuge"]
    is_quiet(world)


def test_a_child_whose_deletion_is_refused_keeps_its_parent(build, gone):
    """The deletion of the company would do what the system refused for the contact itself."""
    world = build(gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    transport = world.systems[there].transport
    answer = transport.answer
    eva = one(world, there, "contacts", "Eva")

    def refuse(request):
        from tallystick.core.error import Refused

        if request.verb == "delete" and request.arguments["record_id"] == eva:
            raise Refused("it has invoices", status=409)
        return answer(request)

    transport.answer = refuse
    shelf(world, here, "contacts").delete(one(world, here, "contacts", "Eva"))
    shelf(world, here, "companies").delete(anker)
    world.sync()
    assert alive(world, there) == ["Eva"]
    assert alive(world, there, "companies") == ["Anker", "Zeuge"]
    transport.answer = answer
    world.look(lambda tx: None)
    world.store.commit(lambda tx: tx.drop_quarantine("contacts", gone, [p.record for p in world.parked()]))
    world.sync(full=True)
    assert alive(world, there) == []
    assert alive(world, there, "companies") == ["Zeuge"]


def test_an_undeclared_cascade_is_known_again(build, gone):
    """Nobody said that the system cascades. What fell is no person's deletion: it is asked about, not carried back."""
    world = build(gone=gone, declared=False)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    shelf(world, here, "companies").delete(anker)
    world.sync()
    assert alive(world, there) == []
    world.sync(full=True)
    [question] = world.queue()
    assert (question.kind, question.pair) == ("cascade", "contacts")
    assert alive(world, here) == ["Eva"]
    is_quiet(world)


@pytest.mark.parametrize(("wish", "left"), [("propagate", []), ("unlink", ["Eva"])])
def test_an_undeclared_cascade_follows_the_mapping(build, gone, wish, left):
    """on_cascade counts for what fell unforeseen as well."""
    world = build(wish, gone=gone, declared=False)
    here, _ = sides(gone)
    anker = settle(world, here, "Eva")
    shelf(world, here, "companies").delete(anker)
    world.sync()
    world.sync(full=True)
    assert alive(world, here) == left
    assert world.queue() == []
    is_quiet(world)


def test_when_both_sides_cascade_there_is_nothing_to_ask(build, gone):
    """The person's deletion took the contact along as well, so both are gone for the same reason."""
    world = build(gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    let_fall(world, here, "companies", "contacts")
    shelf(world, here, "companies").delete(anker)
    world.sync()
    assert alive(world, here) == alive(world, there) == []
    assert (world.queue(), world.parked()) == ([], [])
    is_quiet(world)


def test_a_deletion_waits_while_its_children_cannot_be_seen(build, gone):
    """The contacts cannot be listed today; nobody knows whom the company would take along."""
    world = build("propagate", gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    transport = world.systems[there].transport
    answer = transport.answer

    def fail(request):
        from tallystick.core.error import Unavailable

        if request.object == "contacts":
            raise Unavailable("closed today")
        return answer(request)

    transport.answer = fail
    shelf(world, here, "companies").delete(anker)
    world.go("run")
    assert alive(world, there, "companies") == ["Anker", "Zeuge"]
    transport.answer = answer
    world.sync()
    assert alive(world, there, "companies") == ["Zeuge"]
    assert alive(world, here) == alive(world, there) == []


@pytest.mark.parametrize("wish", ["ask", "propagate"])
def test_a_tree_falls_as_a_whole_or_not_at_all(build, gone, wish):
    """Children of children count: the root stays for the sake of a leaf, or everything goes, leaves first."""
    world = build(wish, gone=gone, tree=True)
    here, there = sides(gone)
    parent = None
    for name in ("root", "branch", "leaf"):
        parent = shelf(world, here, "nodes").create({"name": name, "vat": name, "company": parent})
    shelf(world, here, "nodes").create({"name": "other", "vat": "other"})
    world.sync()
    shelf(world, here, "nodes").delete(one(world, here, "nodes", "root"))
    world.sync()
    if wish == "ask":
        assert [q.kind for q in world.queue()] == ["cascade"]
        assert alive(world, there, "nodes") == ["branch", "leaf", "other", "root"]
    else:
        assert alive(world, there, "nodes") == alive(world, here, "nodes") == ["other"]
        assert world.queue() == []
    is_quiet(world)


def test_a_leaf_that_must_stay_keeps_what_is_above_it(build, gone):
    """Root and branch were deleted; the leaf was not. Neither may go, because it would take the leaf along."""
    world = build(gone=gone, tree=True)
    here, there = sides(gone)
    parent = None
    for name in ("root", "branch", "leaf"):
        parent = shelf(world, here, "nodes").create({"name": name, "vat": name, "company": parent})
    world.sync()
    for name in ("root", "branch"):
        shelf(world, here, "nodes").delete(one(world, here, "nodes", name))
    world.sync()
    assert {q.kind for q in world.queue()} == {"cascade"}
    assert alive(world, there, "nodes") == ["branch", "leaf", "root"]
    is_quiet(world)


def test_a_plan_is_carried_out_as_it_was_seen(build, gone):
    """I-29: the lines that fall along are in the plan, and apply does exactly these."""
    world = build("propagate", gone=gone)
    here, there = sides(gone)
    anker = settle(world, here, "Eva")
    shelf(world, here, "companies").delete(anker)
    plan = world.plan().plan
    world.go("apply", approved=frozenset(o.fingerprint for o in plan.operations))
    assert alive(world, here) == alive(world, there) == []
    assert alive(world, there, "companies") == ["Zeuge"]
    is_quiet(world)


@pytest.mark.parametrize(("wish", "left"), [("propagate", []), ("unlink", ["Eva"])])
def test_a_run_that_is_killed_while_records_fall_is_finished_by_the_next(build, wish, left):
    """I-12: at whatever door it died, a further run leaves nothing half gone, nothing made again, nobody asked."""
    door = 0
    while True:
        door += 1
        world = build(wish)
        anker = settle(world, "crm", "Eva")
        shelf(world, "crm", "companies").delete(anker)
        watch = Watch(die_at=door, after=door % 2 == 0)
        with contextlib.suppress(Killed), watch.over(world):
            world.sync()
        world.pass_time(300)
        for _ in range(2):
            world.sync(full=True)
        assert (alive(world, "crm"), alive(world, "erp")) == (left, []), f"killed at door {door}"
        assert alive(world, "erp", "companies") == ["Zeuge"]
        assert (world.queue(), world.parked()) == ([], [])
        assert world.plan(full=True).plan.is_empty
        if watch.count < door:
            return
