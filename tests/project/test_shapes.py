"""Objects of several parts in the project files: what is refused, where, and what mappings see of them."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tallystick.core.error import ProjectError
from tallystick.project.build import build_mappings
from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

SYSTEM = """
protocol: PROTOCOL
base_url: http://127.0.0.1:1
objects:
  partners:
    list: {method: GET, path: /partners}
    get: {method: GET, path: "/partners/{id}"}
    create: {method: POST, path: /partners}
    update: {method: PATCH, path: "/partners/{id}"}
    delete: {method: DELETE, path: "/partners/{id}"}
    since: {param: since}
    modified: changed
    fields: {id: {read_only: true}, name: {type: text, required: true}, group_id: {}, changed: {type: instant}}
  addresses:
    list: {method: GET, path: /addresses}
    get: {method: GET, path: "/addresses/{id}"}
    create: {method: POST, path: /addresses}
    update: {method: PATCH, path: "/addresses/{id}"}
    fields: {id: {read_only: true}, partner_id: {}, kind: {}, street: {type: text, required: true, max_length: 30}}
  groups:
    list: {method: GET, path: /groups}
    get: {method: GET, path: "/groups/{id}"}
    fields: {id: {}, title: {type: text}}
  customers:
    anchor: partners
    parts:
      address: {object: addresses, link: partner_id, where: {kind: billing}}
"""
MAPPING = """
left: {system: crm, object: contacts}
right: {system: erp, object: customers}
match: [{on: name}]
fields:
  name: {left: name, right: name}
  street: {left: street, right: address.street}
on_unmatched: {left: create, right: create}
on_delete: {left: ask, right: ask}
"""
CRM = """
protocol: memory
objects:
  contacts: {fields: {id: {}, name: {type: text}, street: {type: text}, title: {type: text}}}
"""


@pytest.fixture
def project(tmp_path):
    def write(system=SYSTEM, mapping=MAPPING, protocol="rest"):
        (tmp_path / "systems").mkdir(exist_ok=True)
        (tmp_path / "mappings").mkdir(exist_ok=True)
        (tmp_path / "tally.yaml").write_text("name: shapes\n")
        (tmp_path / "systems" / "erp.yaml").write_text(dedent(system).replace("PROTOCOL", protocol))
        (tmp_path / "systems" / "crm.yaml").write_text(CRM)
        (tmp_path / "mappings" / "customers.yaml").write_text(mapping)
        return tmp_path

    return write


def faults(folder):
    with pytest.raises(ProjectError) as caught:
        load_project(folder)
    return [(problem.file, problem.line, problem.message, problem.hint) for problem in caught.value.problems]


def test_mappings_see_one_object(project):
    """The fields of a part stand under its role; none is demanded, links and constants are not written."""
    loaded = load_project(project())
    [mapping] = build_mappings(loaded)
    fields = mapping.right.schema.by_path
    assert fields["name"].required
    assert (fields["address.street"].required, fields["address.street"].max_length) == (False, 30)
    assert [path for path, field in fields.items() if field.read_only] == [
        "id", "address.id", "address.partner_id", "address.kind"
    ]  # fmt: skip
    assert [part.role for part in mapping.right.schema.parts] == ["address"]
    spec = loaded.manifests["erp"].objects["customers"]
    # The weakest of all parts: addresses cannot be deleted and cannot be asked for changes.
    assert (spec.create is not None, spec.delete, spec.since) == (True, None, None)


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ("anchor: partners", "anchor: partner", 25, "there is no object 'partner'", "partners"),
        ("anchor: partners", "anchor: customers", 25, "has no records of its own", ""),
        ("object: addresses,", "object: adresses,", 27, "there is no object 'adresses'", "addresses"),
        ("link: partner_id", "link: parner_id", 27, "there is no field 'parner_id'", "partner_id"),
        ("link: partner_id, ", "", 27, "either by its own link", "link:"),
        ("link: partner_id", "link: partner_id, found_by: name", 27, "either by its own link", "link:"),
        ("where: {kind", "where: {knd", 27, "there is no field 'knd'", "kind"),
        ("where: {kind: billing}", "where: {kind: []}", 27, "no value is listed", ""),
        ("where: {kind: billing}", "on_missing: ask", 27, "only a required part", "required: true"),
        ("      address:", "      name:", 27, "has a field 'name' already", "another name"),
        ("    anchor: partners\n", "", 26, "which object the parts belong to", "anchor:"),
        (
            "    parts:\n      address: {object: addresses, link: partner_id, where: {kind: billing}}\n",
            "",
            25,
            "alone",
            "",
        ),
        ("anchor: partners", "anchor: partners\n    id: number", 26, "'id' belongs to one of the objects", "partners"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(project, old, new, line, message, hint):
    assert old in SYSTEM
    found = faults(project(SYSTEM.replace(old, new)))
    assert [(file, at) for file, at, _, _ in found][:1] == [("systems/erp.yaml", line)], found
    assert message in found[0][2]
    assert hint in found[0][3]


def test_a_shared_part_flows_away_only(project):
    """R-13.2: what several anchors share is not written through one of them."""
    shared = "      group: {object: groups, found_by: group_id}\n"
    field = "  title: {left: title, right: group.title}\n"
    mapping = MAPPING.replace("on_unmatched", field + "on_unmatched", 1)
    with pytest.raises(ProjectError) as caught:
        build_mappings(load_project(project(SYSTEM + shared, mapping)))
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("mappings/customers.yaml", 8)
    assert "'group.title' is read-only on the right" in problem.message
    one_way = mapping.replace("right: group.title}", "right: group.title, direction: to_left}")
    [built] = build_mappings(load_project(project(SYSTEM + shared, one_way)))
    assert built.fields[2].policy.direction == "to_left"


def test_what_costs_is_warned_of(project):
    """A part that cannot be asked for by its link, or for its changes, works but slowly."""
    problems = lint_project(load_project(project()))
    found = {p.message.partition(", so ")[2]: p.line for p in problems if p.severity == "warning"}
    assert found["each look at one record lists all"] == 27
    assert found["all of customers is read each time"] == 27
    quiet = SYSTEM.replace(
        "    fields: {id: {read_only: true}, partner_id", "    filters: {partner_id: {param: partner_id}}\n"
        "    since: {param: since}\n    modified: changed\n    fields: {id: {read_only: true}, changed: {}, partner_id"
    )  # fmt: skip
    assert [p for p in lint_project(load_project(project(quiet))) if p.line == 27 and "erp" in p.file] == []


def test_a_missing_call_of_a_part_is_told_for_the_mapping(project):
    """A deletion has to reach the part as well."""
    problems = lint_project(
        load_project(project(mapping=MAPPING.replace("on_delete: {left: ask", "on_delete: {left: propagate")))
    )
    assert any(p.severity == "error" and "customers has no way to delete" in p.message for p in problems)


def test_the_example_of_the_guide_is_sound(tmp_path):
    """What the guide shows can be copied."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "objects-of-several-parts.md").read_text(encoding="utf-8")
    (tmp_path / "tally.yaml").write_text("name: guide\n")
    (tmp_path / "systems").mkdir()
    (tmp_path / "mappings").mkdir()
    fields = "{id: {}, name: {}, vat: {}, street: {}, city: {}, iban: {}, segment: {}}"
    (tmp_path / "systems" / "crm.yaml").write_text(f"protocol: memory\nobjects: {{contacts: {{fields: {fields}}}}}\n")
    for text in re.findall(r"```yaml\n(.+?)```", page, re.DOTALL):
        (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(text)
    assert [p for p in lint_project(load_project(tmp_path)) if p.severity == "error" or "customers" in p.message] == []


LINES = """
protocol: memory
objects:
  orders: {id: nr, fields: {nr: {read_only: true}, name: {type: text}, lines: {type: list}}}
  lines:
    inside: {object: orders, path: lines, key: sku}
    fields: {sku: {type: text}, qty: {type: integer}}
"""


def write_lines(folder, text):
    (folder / "systems").mkdir()
    (folder / "tally.yaml").write_text("name: test\n")
    (folder / "systems" / "shop.yaml").write_text(text)
    return folder


def test_lines_show_their_holder_and_keep_their_key(tmp_path):
    """The pointer to the record that holds a line is a reference that cascades; the key is given once."""
    spec = load_project(write_lines(tmp_path, LINES)).manifests["shop"].objects["lines"]
    assert (spec.fields["holder"].reference, spec.fields["holder"].cascades) == ("orders", True)
    assert [name for name, field in spec.fields.items() if field.create_only] == ["sku", "holder"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("object: orders", "object: order", "no object 'order' whose records could hold lines"),
        ("object: orders", "object: lines", "no object 'lines' whose records could hold lines"),
        ("path: lines", "path: a..b", "'a..b' is not a path"),
        ("path: lines", "path: ''", "'' is not a path"),
        ("key: sku", "key: skuu", "there is no field 'skuu'"),
        ("key: sku", "key: sku, holder: qty", "'qty' is a field of the line, or no name"),
        ("    inside:", "    version: v\n    inside:", "'version' belongs to the object whose records hold the lines"),
    ],
)
def test_lines_that_cannot_be_are_refused_where_they_stand(tmp_path, old, new, message):
    assert old in LINES
    head, tail = LINES[: LINES.index("  lines:")], LINES[LINES.index("  lines:") :]
    with pytest.raises(ProjectError, match=re.escape(message)) as refused:
        load_project(write_lines(tmp_path, head + tail.replace(old, new, 1)))
    assert "systems/shop.yaml:" in str(refused.value)
