"""Which fields records show that nobody wrote down; what belongs to the protocol is none of them."""

from tallystick.core.schema import Field, ObjectType
from tallystick.engine.seen_fields import SeenFields

WRITTEN = ObjectType("items", (Field("name", "text"), Field("at.city", "text")))


def unannounced(*records):
    seen = SeenFields()
    for record in records:
        seen.add(record)
    return {field.path for field in seen.unannounced(WRITTEN, frozenset({"id"}))}


def test_new_fields_are_told_beside_and_inside_known_ones():
    assert unannounced({"id": 1, "name": "a", "colour": "red", "at": {"city": "x", "zip": "1"}}) == {"colour", "at.zip"}


def test_links_annotations_and_deferred_parts_are_no_fields():
    record = {
        "id": 1, "name": "a", "@odata.etag": "x", "__metadata": {"uri": "u", "type": "t"},
        "_links": {"self": {"href": "u"}}, "lines": {"__deferred": {"uri": "u"}},
        "at": {"city": "x", "@odata.type": "#Place"},
    }  # fmt: skip
    assert unannounced(record) == set()


def test_an_object_with_something_of_its_own_is_still_told():
    assert unannounced({"id": 1, "maker": {"@odata.id": "u", "name": "b"}}) == {"maker.name"}
