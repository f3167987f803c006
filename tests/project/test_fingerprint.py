"""Laws of fingerprints: what means the same has the same, everywhere; what means something else has another."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.mapping import ObjectMapping
from tallystick.project.build import build_mappings
from tallystick.project.fingerprint import mapping_fingerprint, scope_fingerprint
from tallystick.project.load import load_project

Write = Callable[[Mapping[str, str]], Path]

SYSTEM = """
protocol: memory
timezone: %s
objects:
  things:
    fields: {t: {type: local_time, format: dd.MM.yyyy HH:mm}, u: {type: instant}, a: {}, b: {}}
"""
MAPPING = """
left: {system: one, object: things, where: {a: [x, y], b: z}}
right: {system: two, object: things}
fields:
  a: {left: a, right: {path: a, codec: {codec: text_list, separator: ";"}}}
  t: {left: t, right: u}
  s: {left: {path: b, codec: [trim]}, right: b, options: {map: {k: v, l: w}}}
match: {on: a}
on_unmatched: {left: ask, right: ask}
on_delete: {left: ask, right: ask}
"""


def build(write: Write, text: str = MAPPING, zone: str = "Europe/Berlin") -> ObjectMapping:
    systems = {"systems/one.yaml": SYSTEM % zone, "systems/two.yaml": SYSTEM % "UTC"}
    [made] = build_mappings(load_project(write({**systems, "mappings/m.yaml": text})))
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fields:", "# a comment\nowner: erika\nbrakes: {delete_count: 99}\nfields:"),
        ("codec: [trim]", "codec: trim"),
        ("left: a,", "left: {path: a},"),
        ('{codec: text_list, separator: ";"}', '{separator: ";", codec: text_list}'),
        ("where: {a: [x, y], b: z}", "where: {b: [z], a: [x, y]}"),
        ("left: ask, right: ask}\non_delete", "left: create, right: create}\non_delete"),
    ],
)
def test_spelling_and_other_policies_do_not_count(write: Write, old: str, new: str) -> None:
    assert old in MAPPING
    before, after = build(write), build(write, MAPPING.replace(old, new, 1))
    assert mapping_fingerprint(before) == mapping_fingerprint(after)
    assert scope_fingerprint(before) == scope_fingerprint(after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("left: a,", "left: b2,"),
        ("codec: [trim]", "codec: []"),
        ('";"', '","'),
        ("k: v", "k: x"),
        ("{k: v, l: w}", "{l: w, k: v}"),
        ("  a: {left", "  aa: {left"),
        ("right: u}", "right: u, direction: to_right}"),
        ("match: {on: a}", "match: {on: a, normalise: email}"),
    ],
)
def test_what_changes_a_value_or_who_is_who_changes_the_mapping(write: Write, old: str, new: str) -> None:
    text = MAPPING.replace("match: {on: a}", "match: {on: s}") if "aa:" in new else MAPPING
    system = SYSTEM.replace("b: {}", "b: {}, b2: {}")
    assert old in text
    folder = {"systems/one.yaml": system % "UTC", "systems/two.yaml": system % "UTC"}
    [before] = build_mappings(load_project(write({**folder, "mappings/m.yaml": text})))
    [after] = build_mappings(load_project(write({**folder, "mappings/m.yaml": text.replace(old, new, 1)})))
    assert mapping_fingerprint(before) != mapping_fingerprint(after)
    assert scope_fingerprint(before) == scope_fingerprint(after)


def test_the_zone_of_a_system_changes_the_mapping(write: Write) -> None:
    assert mapping_fingerprint(build(write)) != mapping_fingerprint(build(write, zone="Europe/London"))


@pytest.mark.parametrize(("old", "new"), [("[x, y]", "[x]"), ("b: z", 'b: "1"'), (", b: z", "")])
def test_conditions_change_the_scope_only(write: Write, old: str, new: str) -> None:
    before, after = build(write), build(write, MAPPING.replace(old, new, 1))
    assert scope_fingerprint(before) != scope_fingerprint(after)
    assert mapping_fingerprint(before) == mapping_fingerprint(after)


def test_text_and_number_are_different_conditions(write: Write) -> None:
    one, two = (build(write, MAPPING.replace("b: z", f"b: {value}")) for value in ("1", '"1"'))
    assert scope_fingerprint(one) != scope_fingerprint(two)


def test_other_processes_find_the_same(write: Write) -> None:
    made = build(write)
    program = (
        "import runpy, sys; runpy.run_path(sys.argv[2]);"
        "from pathlib import Path;"
        "from tallystick.project.load import load_project;"
        "from tallystick.project.build import build_mappings;"
        "from tallystick.project.fingerprint import *;"
        "m = build_mappings(load_project(Path(sys.argv[1])))[0];"
        "print(mapping_fingerprint(m), scope_fingerprint(m))"
    )
    folder = write({})
    conftest = str(Path(__file__).with_name("conftest.py"))
    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(folder), conftest],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.split()[-2:]
        == [str(mapping_fingerprint(made)), str(scope_fingerprint(made))]
        for seed in ("1", "2")
    }
    assert found == {True}
