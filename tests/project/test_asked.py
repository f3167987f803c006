"""Systems that are asked field by field are asked for mapped fields, and no rule is lost by it."""

from tallystick.project.asked import looked_at, narrow
from tallystick.project.build import build_mappings
from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

STORE = """
    protocol: graphql
    base_url: https://store.example.com/graphql
    graphql:
      operations:
        people: {select: "nodes { {record} }"}
        person: {arguments: {id: "ID!"}}
    objects:
      people:
        list: {method: POST, path: people, record: people.nodes}
        get: {method: POST, path: person, record: person, body: {id: "{id}"}}
        fields:
          id: {type: text}
          name: {type: text}
          home.town: {type: text}
          home.street: {type: text}
          first: {type: text, read_only: true}
          last: {type: text, read_only: true}
          pay: {type: number}
"""
CRM = """
    protocol: memory
    objects:
      people: {fields: {id: {type: text}, name: {type: text}, town: {type: text}, whole: {type: text}}}
"""
MAPPING = """
    left: {system: crm, object: people}
    right: {system: store, object: people, where: {pay: 1}}
    match: [{on: name}]
    fields:
      name: {left: name, right: name}
      town: {left: town, right: home.town}
      whole: {left: whole, right: {expression: "{{ first }} {{ last }}"}, direction: to_left}
    on_unmatched: {left: ignore, right: create}
    on_delete: {left: ignore, right: ignore}
"""


def project(write, **more):
    files = {"systems/store.yaml": STORE, "systems/crm.yaml": CRM, "mappings/people.yaml": MAPPING, **more}
    return load_project(write(files))


def test_mapped_fields_conditions_and_expressions_are_looked_at(write):
    """Paths, filters of the mapping, and whatever an expression names."""
    loaded = project(write)
    manifest = narrow("store", loaded.manifests["store"], looked_at(build_mappings(loaded)))
    assert set(manifest.graphql.objects["people"].only) == {"name", "home.town", "first", "last", "pay"}


def test_an_object_that_nobody_maps_is_asked_for_whole(write):
    """Who looks at it by hand wants to see it."""
    loaded = project(write)
    assert narrow("store", loaded.manifests["store"], {}) == loaded.manifests["store"]
    assert narrow("crm", loaded.manifests["crm"], looked_at(build_mappings(loaded))) is loaded.manifests["crm"]


def test_a_path_that_is_no_operation_is_said_at_its_place(write):
    """With the names that are near."""
    loaded = project(write, **{"systems/store.yaml": STORE.replace("path: person,", "path: persn,")})
    [problem] = [each for each in lint_project(loaded) if "no entry" in each.message]
    assert "persn" in problem.message
    assert "person" in problem.hint
    assert problem.file.endswith("store.yaml")
