"""One pair through the whole engine, on real connectors in memory and a real store."""

from world import MAPPING, World

MAPPING_WITHOUT_CITY = MAPPING.replace("  city: {left: city, right: ort}\n", "")


def companies(world, *rows):
    return [world.left.create(dict(row)) for row in rows]


def test_first_contact_creates_links_and_settles(world):
    """Only here, only there, on both: all end in step, and the second plan is empty."""
    companies(world, {"name": "Anker", "vat": "DE1"}, {"name": "Bär", "vat": "DE2"})
    world.right.create({"name1": "Bär", "vat_id": "DE 2"})
    world.right.create({"name1": "Cäsar", "vat_id": "DE3", "ort": "Ulm"})
    result = world.sync()
    assert {r["name"] for r in world.rows("left").values()} == {"Anker", "Bär", "Cäsar"}
    assert {r["name1"] for r in world.rows("right").values()} == {"Anker", "Bär", "Cäsar"}
    assert result.done["companies"]["create"] == 2
    again = world.plan()
    assert again.plan.operations == []
    assert again.plan.is_empty


def pair_of(world, **more):
    """One company in step on both sides; gives (left id, right id)."""
    left = world.left.create({"name": "Anker", "vat": "DE1", "city": "Ulm", **more})
    world.sync()
    [right] = [i for i, r in world.rows("right").items() if r["vat_id"] == "DE1"]
    return left, right


def settled(world):
    """The second run writes nothing and the second plan is empty (I-2)."""
    before = world.writes()
    world.sync()
    assert world.writes() == before
    plan = world.plan().plan
    assert plan.is_empty, plan.operations


def test_an_edit_on_either_side_reaches_the_other(world):
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    assert world.rows("right")[right]["ort"] == "Bonn"
    world.right.update(right, {"name1": "Anker AG"})
    world.sync()
    assert world.rows("left")[left]["name"] == "Anker AG"
    settled(world)


def test_edits_of_different_fields_merge(world):
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"name1": "Anker AG"})
    world.sync()
    assert (world.rows("left")[left]["name"], world.rows("left")[left]["city"]) == ("Anker AG", "Bonn")
    assert (world.rows("right")[right]["name1"], world.rows("right")[right]["ort"]) == ("Anker AG", "Bonn")
    settled(world)


def test_a_conflict_is_asked_once_and_writes_nothing(world):
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Köln"})
    world.sync()
    assert [(q.kind, q.field) for q in world.queue()] == [("conflict", "city")]
    assert world.rows("left")[left]["city"] == "Bonn"
    assert world.rows("right")[right]["ort"] == "Köln"
    settled(world)
    assert len(world.queue()) == 1


def test_a_question_that_stands_is_not_raised_again_beside_news(world):
    """R-5.5: that others change makes it no new question; its record is looked at, and nothing is said about it."""
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Köln"})
    world.sync()
    asked = world.queue()
    world.left.create({"name": "Neu", "vat": "DE77"})
    world.pass_time(600)
    result = world.sync()
    assert result.plan.lines == 1
    assert world.queue() == asked


def test_a_leg_keeps_the_version_of_our_own_write(world):
    """A record that was read as unchanged and then written in the same run is not stale for the next one."""
    left, right = pair_of(world)
    for n in range(4):
        world.left.update(left, {"city": f"Ort {n}"})
        result = world.sync(full=True)
        assert result.done["companies"] == {"update": 1}
        assert world.rows("right")[right]["ort"] == f"Ort {n}"


def test_a_question_beside_a_write_is_asked_once(world):
    """The same edit brings a conflict in one field and a write in another; afterwards nothing is new."""
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Köln", "name1": "Anker AG"})
    world.sync()
    assert world.rows("left")[left]["name"] == "Anker AG"
    plan = world.plan(full=True).plan
    assert plan.is_empty, plan.operations
    settled(world)


def test_a_conflict_ends_when_both_sides_say_the_same(world):
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Köln"})
    world.sync()
    world.right.update(right, {"ort": "Bonn"})
    world.sync()
    assert world.queue() == []
    settled(world)


def test_a_conflict_ends_when_one_side_takes_its_edit_back(world):
    """The right returns to the agreed value, so the left's edit is alone and flows."""
    left, right = pair_of(world)
    world.left.update(left, {"city": "Bonn"})
    world.right.update(right, {"ort": "Köln"})
    world.sync()
    world.right.update(right, {"ort": "Ulm"})
    world.sync()
    assert world.queue() == []
    assert world.rows("right")[right]["ort"] == "Bonn"
    settled(world)


def test_a_proven_deletion_propagates(world):
    left, right = pair_of(world)
    companies(world, *({"name": f"C{i}", "vat": f"DE9{i}"} for i in range(5)))
    world.sync()
    world.left.delete(left)
    world.pass_time(200)
    world.sync(full=True)
    world.pass_time(200)
    world.sync(full=True)
    assert right not in world.rows("right")
    settled(world)


def test_an_edited_record_is_not_deleted(world):
    left, right = pair_of(world)
    companies(world, *({"name": f"C{i}", "vat": f"DE9{i}"} for i in range(5)))
    world.sync()
    world.left.delete(left)
    world.right.update(right, {"ort": "Köln"})
    for _ in range(3):
        world.pass_time(200)
        world.sync(full=True)
    assert world.rows("right")[right]["ort"] == "Köln"
    assert [q.kind for q in world.queue()] == ["delete_update"]
    settled(world)


def test_a_mass_deletion_is_held(world):
    """I-18: 30 of 40 gone is more than the brake lets pass; nothing is deleted."""
    ids = companies(world, *({"name": f"C{i}", "vat": f"DE{i}0"} for i in range(40)))
    world.sync()
    for record in ids[:30]:
        world.left.delete(record)
    for _ in range(3):
        world.pass_time(200)
        result = world.sync(full=True)
    assert len(world.rows("right")) == 40
    assert any("30 deletions" in text for text in result.held)


def test_a_value_that_is_too_long_parks_its_field_only(world):
    left, right = pair_of(world)
    world.left.update(left, {"name": "A" * 50, "city": "Bonn"})
    world.sync()
    assert world.rows("right")[right]["ort"] == "Bonn"
    assert world.rows("right")[right]["name1"] == "Anker"
    [parked] = world.parked()
    assert (parked.field, parked.record) == ("name", left)
    settled(world)
    world.left.update(left, {"name": "Kurz"})
    world.sync()
    assert world.parked() == []
    assert world.rows("right")[right]["name1"] == "Kurz"
    settled(world)


def test_a_record_that_cannot_be_created_is_parked_and_the_others_go_on(world):
    companies(world, {"name": "A" * 50, "vat": "DE1"}, {"name": "Bär", "vat": "DE2"})
    world.sync()
    assert [r["name1"] for r in world.rows("right").values()] == ["Bär"]
    assert [p.field for p in world.parked()] == ["name"]
    settled(world)


def test_two_of_the_same_key_are_asked_about_and_never_linked(world):
    companies(world, {"name": "Anker", "vat": "DE1"}, {"name": "Anker 2", "vat": "DE1"})
    world.right.create({"name1": "Anker", "vat_id": "DE1"})
    world.sync()
    assert len(world.rows("right")) == 1
    assert {q.kind for q in world.queue()} == {"match"}
    settled(world)


def test_a_new_record_with_the_key_of_a_paired_one_is_a_duplicate(world):
    pair_of(world)
    companies(world, {"name": "Anker again", "vat": "DE1"})
    world.sync()
    assert len(world.rows("right")) == 1
    assert [q.kind for q in world.queue()] == ["duplicate"]
    settled(world)


def test_a_double_is_found_while_the_paired_record_is_saved_unchanged(world):
    """A record that was seen and is the same keeps its keys: its double must not be created."""
    left, _ = pair_of(world)
    world.left.update(left, {"city": "Ulm"})
    companies(world, {"name": "Anker again", "vat": "DE1"})
    world.sync()
    assert len(world.rows("right")) == 1
    assert [q.kind for q in world.queue()] == ["duplicate"]
    settled(world)


def test_a_record_without_key_is_asked_about(world):
    companies(world, {"name": "Anker"})
    world.sync()
    assert [q.kind for q in world.queue()] == ["keyless"]
    assert len(world.rows("right")) == 0
    settled(world)


def test_first_contact_is_refused_without_a_seen_plan(world):
    companies(world, {"name": "Anker", "vat": "DE1"})
    result = world.go("run", released=frozenset())
    assert result.failures["companies"].code == "unsafe_plan"
    assert len(world.rows("right")) == 0


def test_a_plan_changes_nothing_and_apply_does_exactly_it(world):
    """I-29: what came after the plan is left alone; what the plan named is done."""
    companies(world, {"name": "Anker", "vat": "DE1"})
    plan = world.plan().plan
    assert len(world.rows("right")) == 0
    companies(world, {"name": "Später", "vat": "DE2"})
    approved = frozenset(o.fingerprint for o in plan.operations)
    result = world.go("apply", approved=approved)
    assert [r["name1"] for r in world.rows("right").values()] == ["Anker"]
    assert result.done["companies"] == {"stale": 1, "create": 1}


def test_a_line_whose_inputs_changed_is_stale(world):
    left = companies(world, {"name": "Anker", "vat": "DE1"})[0]
    approved = frozenset(o.fingerprint for o in world.plan().plan.operations)
    world.left.update(left, {"name": "Anker neu"})
    result = world.go("apply", approved=approved)
    assert result.done["companies"] == {"stale": 1}
    assert len(world.rows("right")) == 0


def test_a_stale_line_is_looked_at_again_by_the_next_run(world):
    left = companies(world, {"name": "Anker", "vat": "DE1"})[0]
    approved = frozenset(o.fingerprint for o in world.plan().plan.operations)
    world.left.update(left, {"name": "Anker neu"})
    world.go("apply", approved=approved)
    world.sync()
    assert [r["name1"] for r in world.rows("right").values()] == ["Anker neu"]
    settled(world)


def test_a_field_that_returns_to_the_mapping_continues_from_its_last_agreement(world):
    left, right = pair_of(world)
    world.remap(MAPPING_WITHOUT_CITY)
    world.sync()
    world.left.update(left, {"city": "Bonn"})
    world.sync()
    assert world.rows("right")[right]["ort"] == "Ulm"
    world.remap(MAPPING)
    world.sync()
    assert world.rows("right")[right]["ort"] == "Bonn"
    settled(world)


def test_a_new_field_in_the_mapping_is_merged_as_at_first_contact(tmp_path):
    """I-19: adding a field overwrites nothing; equal values agree, a blank is filled, the rest is asked about."""
    world = World.build(tmp_path / "project", MAPPING_WITHOUT_CITY)
    companies(
        world,
        {"name": "Anker", "vat": "DE1", "city": "Ulm"},
        {"name": "Bär", "vat": "DE2", "city": "Bonn"},
        {"name": "Cäsar", "vat": "DE3", "city": None},
    )
    world.right.create({"name1": "Anker", "vat_id": "DE1", "ort": "Ulm"})
    world.right.create({"name1": "Bär", "vat_id": "DE2", "ort": "Köln"})
    world.right.create({"name1": "Cäsar", "vat_id": "DE3", "ort": "Trier"})
    world.sync()
    world.remap(MAPPING)
    world.sync()
    assert [(q.kind, q.field) for q in world.queue()] == [("initial", "city")]
    assert [r.get("city") for r in world.rows("left").values()] == ["Ulm", "Bonn", "Trier"]
    assert [r["ort"] for r in world.rows("right").values()] == ["Ulm", "Köln", "Trier"]
    settled(world)
    world.close()


def test_a_side_that_changed_in_nothing_mapped_is_written_with_its_new_version(world):
    """Somebody touched the other side beside the mapping: the write is not refused as stale, one run is enough."""
    left, right = pair_of(world)
    world.right.update(right, {"ref": "noted by hand"})
    world.left.update(left, {"city": "Bonn"})
    result = world.sync()
    assert result.done["companies"] == {"update": 1}
    assert world.rows("right")[right]["ort"] == "Bonn"
    settled(world)


def test_a_changed_mapping_does_not_make_a_short_listing_the_new_measure(world):
    """The first run under it looks for nobody who is absent, so it must not forget how long the listing was."""
    for number in range(20):
        world.left.create({"name": f"C{number}", "vat": f"DE{number}"})
    world.sync()
    world.remap(MAPPING_WITHOUT_CITY)
    for record in sorted(world.rows("left"))[:8]:
        world.left.delete(record)
    world.now += 1000
    for _ in range(2):
        [plan] = world.go("run", full=True).plan.pairs
        assert "shrink" in {hold.kind for hold in plan.holds}
    assert len(world.rows("right")) == 20
