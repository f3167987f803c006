"""R-13.2: two that write the same field of the same record are named before anything runs."""

from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

SYSTEM = """
protocol: memory
objects:
  firms: &o
    list: {method: GET, path: /}
    get: {method: GET, path: /}
    create: {method: POST, path: /}
    update: {method: PATCH, path: /}
    delete: {method: DELETE, path: /}
    fields: {id: {type: text, read_only: true}, name: {type: text}, kind: {type: text}, owner: {type: text}}
"""
OBJECT = SYSTEM[SYSTEM.index("    list") :]
SYSTEM = SYSTEM.replace(" &o", "") + "  people:\n" + OBJECT + "  partners:\n" + OBJECT
MAPPING = """
left: {system: crm, object: firms}
right: {system: erp, object: partners}
fields:
  kind: {left: kind, right: kind, direction: match_only}
  name: {left: name, right: name, direction: to_right}
match: {on: kind}
on_unmatched: {left: ignore, right: ignore}
on_delete: {left: unlink, right: unlink}
"""


def contentions(tmp_path, **files):
    for name in ("crm", "erp", "shop"):
        path = tmp_path / "systems" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(files.pop(name, SYSTEM))
    (tmp_path / "mappings").mkdir()
    (tmp_path / "tally.yaml").write_text("name: test\n")
    for name, text in files.items():
        (tmp_path / "mappings" / f"{name}.yaml").write_text(text)
    return [p for p in lint_project(load_project(tmp_path)) if "written by two" in p.message]


def test_two_mappings_that_write_one_field_are_named_with_both_places(tmp_path):
    [problem] = contentions(tmp_path, a=MAPPING, b=MAPPING.replace("firms", "people"))
    assert (problem.file, problem.line) == ("mappings/b.yaml", 6)
    assert "'name' of erp's partners" in problem.message
    assert "mappings/a.yaml:6" in problem.message
    assert problem.severity == "warning"


def test_conditions_that_exclude_each_other_tell_the_records_apart(tmp_path):
    text = MAPPING.replace("object: partners", "object: partners, where: {owner: KIND}")
    people = text.replace("firms", "people")
    assert contentions(tmp_path, a=text.replace("KIND", "firm"), b=people.replace("KIND", "person")) == []


def test_one_that_only_reads_does_not_contend(tmp_path):
    people = MAPPING.replace("firms", "people").replace("direction: to_right", "direction: to_left")
    assert contentions(tmp_path, a=MAPPING, b=people) == []


def test_the_arms_of_a_hub_do_not_contend(tmp_path):
    """What one arm brings the other carries on, so both may write the hub."""
    text = MAPPING.replace("direction: to_right", "direction: both")
    assert contentions(tmp_path, a=text, b=text.replace("system: crm", "system: shop")) == []


def test_two_leaders_of_a_hub_contend(tmp_path):
    """Each wants its own value there, and neither takes the other's."""
    assert len(contentions(tmp_path, a=MAPPING, b=MAPPING.replace("system: crm", "system: shop"))) == 1


def test_a_part_and_a_mapping_of_its_own_contend(tmp_path):
    """What stands under a role is a record of another object; that is where two meet."""
    whole = SYSTEM + "  wholes:\n    anchor: partners\n    parts: {home: {object: people, link: owner}}\n"
    parts = MAPPING.replace("object: partners", "object: wholes").replace("right: name", "right: home.name")
    alone = MAPPING.replace("object: partners", "object: people")
    alone = alone.replace("object: firms", "object: people")
    [problem] = contentions(tmp_path, erp=whole, a=parts, b=alone)
    assert "'name' of erp's people" in problem.message
