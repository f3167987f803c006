"""An answer about options is written into the mapping's file: exactly that, however the file is written."""

import pytest

from tallystick.core.error import ProjectError
from tallystick.project.learn_options import asked_fields, learn_options
from tallystick.project.load import load_project

SYSTEM = "protocol: memory\nobjects: {things: {}}\n"
MAPPING = """\
# ours, Müller & Söhne
left: {system: a, object: things}
right: {system: b, object: things}
match: {on: nr}
fields:
    nr: {left: nr, right: nr}
    flow: {left: s, right: s, options: {map: {active: A}}}   # flow
    block:
        left: t
        right: t
        options:   # odd indent
            unknown: ask
            map:
                'active': "A"   # quoted
    bare: {left: u, right: u}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: propagate}
owner: sales
"""
KEYS = ["plain", "two words", "1", "no", "null", "a: b", "#x", "Ä", "'q'", '"', "0012", "1e3", "{", "- y", "~", "x\ty"]


@pytest.fixture
def folder(tmp_path):
    """A project with one mapping, written in several styles."""
    (tmp_path / "systems").mkdir()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "tally.yaml").write_text("name: p\nowners: {sales: {name: Sales}}\n")
    for name in ("a", "b"):
        (tmp_path / "systems" / f"{name}.yaml").write_text(SYSTEM)
    (tmp_path / "mappings" / "m.yaml").write_text(MAPPING)
    return tmp_path


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("field", ["flow", "block", "bare"])
def test_whatever_an_option_is_called_it_is_read_back_as_that(folder, field, key):
    before = load_project(folder).mappings["m"]
    learn_options(load_project(folder), "m", field, {key: f"r {key}", "twin": key})
    after = load_project(folder).mappings["m"]
    had = before.fields[field].options.map if before.fields[field].options else {}
    assert dict(after.fields[field].options.map) == {**had, key: f"r {key}", "twin": key}
    assert {n: s for n, s in after.fields.items() if n != field} == {
        n: s for n, s in before.fields.items() if n != field
    }
    text = (folder / "mappings" / "m.yaml").read_text()
    for kept in ("# ours, Müller & Söhne", "# flow", "# odd indent", "# quoted", "'active': \"A\""):
        assert kept in text


def test_what_is_known_already_changes_nothing(folder):
    file = folder / "mappings" / "m.yaml"
    assert learn_options(load_project(folder), "m", "flow", {"active": "A"}) == ("'active' is 'A' already",)
    assert file.read_text() == MAPPING


def test_a_shared_right_key_and_a_second_one_are_told(folder):
    told = learn_options(load_project(folder), "m", "flow", {"lead": "A"})
    assert told == ("'lead' is 'A', which comes back as 'active'",)
    told = learn_options(load_project(folder), "m", "flow", {"active": "AA"})
    assert told == ("'AA' is read as 'active', which is written as 'A'",)
    assert dict(load_project(folder).mappings["m"].fields["flow"].options.also) == {"AA": "active"}
    with pytest.raises(ProjectError, match="both mapped already"):
        learn_options(load_project(folder), "m", "flow", {"active": "AA", "lead": "AA"})


def test_a_file_that_cannot_be_kept_as_it_is_otherwise_is_left_alone(folder):
    file = folder / "mappings" / "m.yaml"
    broken = load_project(folder)
    file.write_text(MAPPING + "also: [")
    with pytest.raises(ProjectError, match="cannot be read"):
        learn_options(broken, "m", "flow", {"x": "X"})
    assert file.read_text() == MAPPING + "also: ["


def test_who_is_asked_is_the_owner_of_the_field_or_of_the_mapping(folder):
    assert asked_fields(load_project(folder)) == {("m", "block"): "Sales"}
