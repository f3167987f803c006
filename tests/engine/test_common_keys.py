"""Keys that say nothing about who is who: too many records share them, or their check digits are wrong (R-9.2)."""

from world import MAPPING, World

RULES = "match:\n  - {on: vat, normalise: alphanumeric, most: 3}\n  - {on: name, normalise: text}\n"
TWO_RULES = MAPPING.replace("match:\n  - {on: vat, normalise: alphanumeric}\n", RULES)
CHECKED = MAPPING.replace("normalise: alphanumeric", "normalise: vat, region: DE")


def build(folder, mapping: str) -> World:
    return World.build(folder / "common", mapping)


def test_a_common_key_leaves_the_word_to_the_next_rule(fast_path):
    """Four firms with one default number are told apart by their names; none is asked about and none is doubled."""
    world = build(fast_path, TWO_RULES)
    for n in range(4):
        world.left.create({"name": f"Firma {n}", "vat": "DE999999999"})
        world.right.create({"name1": f"Firma {n}", "vat_id": "DE999999999"})
    world.sync()
    assert world.queue() == []
    assert (len(world.rows("left")), len(world.rows("right"))) == (4, 4)
    assert world.look(lambda tx: tx.count_linked("companies")) == 4
    world.close()


def test_up_to_the_limit_it_is_a_key_that_a_person_is_asked_about(fast_path):
    """R-9.2: with as many as the rule allows nobody is guessed."""
    world = build(fast_path, TWO_RULES)
    for n in range(3):
        world.left.create({"name": f"Firma {n}", "vat": "DE999999999"})
    world.sync()
    assert [q.kind for q in world.queue()] == ["match"] * 3
    assert len(world.rows("right")) == 0
    world.close()


def test_a_record_that_has_nothing_but_a_common_key_is_asked_about(fast_path):
    """It must not be created as if nobody could be its counterpart."""
    world = build(fast_path, TWO_RULES.replace("  - {on: name, normalise: text}\n", ""))
    for n in range(5):
        world.left.create({"name": f"Firma {n}", "vat": "DE999999999"})
    world.sync()
    assert {(q.kind, q.detail) for q in world.queue()} == {("keyless", "too many records share its vat")}
    assert len(world.rows("right")) == 0
    world.close()


def test_a_common_key_of_paired_records_makes_no_duplicate(fast_path):
    """T-63 is about who it is; a number that everybody has does not say that."""
    world = build(fast_path, TWO_RULES)
    for n in range(4):
        world.left.create({"name": f"Firma {n}", "vat": "DE999999999"})
        world.right.create({"name1": f"Firma {n}", "vat_id": "DE999999999"})
    world.sync()
    world.left.create({"name": "Firma 5", "vat": "DE999999999"})
    world.sync()
    assert world.queue() == []
    assert len(world.rows("right")) == 5
    world.close()


def test_a_wrong_check_digit_is_asked_about_by_its_name(fast_path):
    """A mistyped number is no key, and the question says so; the right one pairs."""
    world = build(fast_path, CHECKED)
    world.left.create({"name": "Anker", "vat": "136695976"})
    world.right.create({"name1": "Anker", "vat_id": "DE 136.695.976"})
    world.left.create({"name": "Birke", "vat": "DE136695975"})
    world.sync()
    assert [(q.kind, q.subject, q.detail) for q in world.queue() if q.kind != "initial"] == [
        ("keyless", "left/2", "its vat is no VAT number with right check digits")
    ]
    assert world.look(lambda tx: tx.count_linked("companies")) == 1
    world.close()
