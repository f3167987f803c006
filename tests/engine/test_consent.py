"""After a changed scope, key or deletion policy the next run only shows what may follow from it (R-12.6)."""

from world import MAPPING

ASKING = MAPPING.replace("on_delete: {left: propagate,", "on_delete: {left: ask,")
NARROW = MAPPING.replace("object: companies}", "object: companies, where: {city: Ulm}}")


def companies(world, count=20, city="Ulm"):
    for i in range(count):
        world.left.create({"name": f"{city} {i}", "vat": f"{city[:2].upper()}{i}", "city": city})


def asked(world):
    """Let a deletion stand as a question, proven and unanswered."""
    world.remap(ASKING)
    companies(world)
    world.sync()
    world.left.delete("1")
    world.sync(full=True)
    world.pass_time(200)
    world.sync(full=True)
    assert [q.kind for q in world.queue()] == ["delete"]


def held(result):
    return [(h.kind, h.side, h.ops) for p in result.plan.pairs for h in p.holds]


def test_a_changed_deletion_policy_deletes_nothing_until_it_is_released(world):
    """The question would become a deletion; it is shown and held, run after run, and everything else goes on."""
    asked(world)
    world.remap(MAPPING)
    world.left.update("2", {"city": "Bonn"})
    for _ in range(3):
        world.pass_time(200)
        assert held(world.sync(full=True)) == [("changed", "right", ("delete", "archive"))]
    assert len(world.rows("right")) == 20
    assert "Bonn" in {r["ort"] for r in world.rows("right").values()}
    world.sync(released=frozenset({"changed"}))
    assert len(world.rows("right")) == 19
    assert world.plan(full=True).plan.is_empty
    world.left.delete("2")
    world.sync(full=True)
    world.pass_time(200)
    assert held(world.sync(full=True)) == []
    assert len(world.rows("right")) == 18


def test_an_applied_plan_is_the_consent(world):
    """Who applies the plan has seen what follows; the run after it holds nothing any more."""
    asked(world)
    world.remap(MAPPING)
    world.pass_time(200)
    plan = world.plan(full=True).plan
    approved = frozenset(o.fingerprint for o in plan.operations)
    world.go("apply", approved=approved, full=True)
    assert len(world.rows("right")) == 19
    assert held(world.sync(full=True)) == []


def test_a_wider_scope_creates_nothing_until_it_is_released(world):
    """Forgetting a condition must not fill the other system."""
    world.remap(NARROW)
    companies(world)
    companies(world, city="Bonn")
    world.sync()
    assert len(world.rows("right")) == 20
    world.remap(MAPPING)
    assert held(world.sync()) == [("changed", "right", ("create", "delete", "archive"))]
    assert held(world.sync()) == [("changed", "right", ("create", "delete", "archive"))]
    assert len(world.rows("right")) == 20
    world.sync(released=frozenset({"changed"}))
    assert len(world.rows("right")) == 40


def test_a_changed_key_creates_nothing_until_it_is_released(world):
    """Under another key everybody may look new."""
    companies(world)
    world.sync()
    world.remap(MAPPING.replace("{on: vat, normalise: alphanumeric}", "{on: name}"))
    companies(world, count=1, city="Kiel")
    assert held(world.sync()) == [("changed", "right", ("create",))]
    assert len(world.rows("right")) == 20


def test_a_change_from_which_nothing_follows_needs_nobody(world):
    """Nothing was deleted and nobody is new: the next deletion is as the mapping now says."""
    world.remap(ASKING)
    companies(world)
    world.sync()
    world.remap(MAPPING)
    assert held(world.sync()) == []
    world.left.delete("1")
    world.sync(full=True)
    world.pass_time(200)
    assert held(world.sync(full=True)) == []
    assert len(world.rows("right")) == 19


def test_taking_the_change_back_ends_the_hold(world):
    """As it was accepted, so it goes on."""
    world.remap(NARROW)
    companies(world)
    companies(world, city="Bonn")
    world.sync()
    world.remap(MAPPING)
    assert held(world.sync())
    world.remap(NARROW)
    assert held(world.sync()) == []
    assert len(world.rows("right")) == 20


def test_other_settings_want_no_consent(world):
    """A new field or another conflict policy is carried out as ever."""
    world.remap(MAPPING.replace("  city: {left: city, right: ort}\n", ""))
    companies(world)
    world.sync()
    world.remap(MAPPING + "conflict: left\n")
    companies(world, count=1, city="Kiel")
    assert held(world.sync()) == []
    assert len(world.rows("right")) == 21
