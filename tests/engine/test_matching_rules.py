"""Which records of two systems are taken for the same, with several match rules at work (SYNC-SPEC 9)."""

from world import MAPPING, World

TWO_RULES = MAPPING.replace(
    "  - {on: vat, normalise: alphanumeric}\n",
    "  - {on: vat, normalise: alphanumeric}\n  - {on: name, normalise: text}\n",
)


def test_a_weaker_key_does_not_link_what_a_stronger_one_tells_apart(tmp_path):
    """The same name but another VAT number: a question for a person, neither a link nor a copy (R-9.3)."""
    world = World.build(tmp_path, TWO_RULES)
    try:
        world.left.create({"name": "Anker", "vat": "DE1"})
        world.right.create({"name1": "Anker", "vat_id": "DE2"})
        world.sync()
        assert world.writes() == 0
        assert {q.kind for q in world.queue()} == {"match"}
    finally:
        world.close()


def test_a_weaker_key_links_where_the_stronger_one_is_missing(tmp_path):
    """One side has no VAT number, so the name decides, and the number is carried over."""
    world = World.build(tmp_path, TWO_RULES)
    try:
        world.left.create({"name": "Anker", "vat": "DE1"})
        world.right.create({"name1": "Anker", "vat_id": None})
        world.sync()
        assert [r["vat_id"] for r in world.rows("right").values()] == ["DE1"]
        assert len(world.rows("left")) == 1
    finally:
        world.close()
