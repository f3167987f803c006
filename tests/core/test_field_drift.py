"""Fields against what was written about them: only what a system positively tells counts as changed."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.drift import find_drift
from tallystick.core.schema import Field, ObjectType, Option

FIELDS = st.builds(
    Field,
    path=st.sampled_from(["a", "b", "c.d", "c.e"]),
    type=st.sampled_from(["text", "integer", "number", "date", "any"]),
    required=st.booleans(),
    read_only=st.booleans(),
    max_length=st.none() | st.integers(1, 40),
    options=st.lists(st.sampled_from("xyz"), unique=True).map(lambda keys: tuple(Option(key) for key in keys)),
)
TYPES = st.lists(FIELDS, unique_by=lambda field: field.path).map(lambda fields: ObjectType("o", tuple(fields)))


@given(TYPES)
def test_nothing_drifts_against_itself(written):
    assert list(find_drift(written, written)) == []


@given(TYPES, TYPES)
def test_new_and_gone_are_each_others_mirror(one, two):
    def told(was, now, change):
        return {d.path for d in find_drift(was, now) if d.change == change}

    assert told(one, two, "new") == told(two, one, "gone") == set(two.by_path) - set(one.by_path)


@given(TYPES, TYPES)
def test_a_system_that_says_nothing_of_a_field_but_its_path_changes_nothing(one, two):
    silent = ObjectType("o", tuple(Field(path) for path in {**one.by_path, **two.by_path}))
    assert {d.change for d in find_drift(one, silent)} <= {"new"}


def changed(was: Field, now: Field):
    """Give the changes of one field as (change, narrowing)."""
    return [(d.change, d.is_narrowing) for d in find_drift(ObjectType("o", (was,)), ObjectType("o", (now,)))]


def test_what_lets_fewer_values_pass_is_narrowing():
    assert changed(Field("a", "text"), Field("a", "date")) == [("retyped", True)]
    assert changed(Field("a", "integer"), Field("a", "number")) == []
    assert changed(Field("a", max_length=9), Field("a", max_length=5)) == [("shorter", True)]
    assert changed(Field("a"), Field("a", max_length=5)) == [("shorter", True)]
    assert changed(Field("a", max_length=5), Field("a", max_length=9)) == [("longer", False)]
    x, y = Option("x"), Option("y")
    assert changed(Field("a", options=(x,)), Field("a", options=(y,))) == [
        ("fewer_options", True),
        ("more_options", False),
    ]
    assert changed(Field("a"), Field("a", required=True)) == [("required", True)]
    assert changed(Field("a"), Field("a", read_only=True)) == [("read_only", True)]
    assert changed(Field("a", required=True, max_length=5), Field("a")) == [], (
        "people may know more than a system tells"
    )
