"""Laws of linting: what will fail or lose is said before it does, and a sound project is left in peace."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import Problem
from tallystick.project.lint import lint_project
from tallystick.project.load import load_project

Write = Callable[[Mapping[str, str]], Path]

CRM = """
protocol: rest
base_url: https://crm.example
owner: erika
auth: {type: bearer, token: "${env:CRM_TOKEN}"}
objects:
  companies:
    list: {method: GET, path: /companies}
    get: {method: GET, path: "/companies/{id}"}
    create: {method: POST, path: /companies}
    update: {method: PATCH, path: "/companies/{id}"}
    delete: {method: DELETE, path: "/companies/{id}"}
    modified: changed
    deleted: {path: gone}
    fields:
      name: {type: text, max_length: 40, required: true}
      status: {type: text, options: [lead, active]}
      since: {type: instant}
"""
ERP = """
protocol: sql
url: ${env:ERP_DB}
owner: erika
objects:
  partners:
    id: nr
    table: {name: partners}
    modified: changed
    fields:
      nr: {type: integer, read_only: true}
      name: {type: text, max_length: 40, required: true}
      state: {type: text, options: {L: Lead, A: Active}}
      tags: {type: text}
"""
MAPPING = """
left: {system: crm, object: companies}
right: {system: erp, object: partners}
owner: erika
fields:
  name: {left: name, right: name}
  status: {left: status, right: state, options: {map: {lead: L, active: A}}}
match: {on: name}
on_unmatched: {left: create, right: create}
on_delete: {left: propagate, right: ask}
"""
PROJECT = "name: test\nowners: {erika: {name: Erika}}\n"
Replace = tuple[str, str, str]


@pytest.fixture
def lint(write: Write) -> Callable[..., list[Problem]]:
    def _lint(*changes: Replace) -> list[Problem]:
        texts = {"tally.yaml": PROJECT, "systems/crm.yaml": CRM, "systems/erp.yaml": ERP, "mappings/m.yaml": MAPPING}
        for file, old, new in changes:
            [path] = [path for path in texts if file in path]
            assert old in texts[path]
            texts[path] = texts[path].replace(old, new, 1)
        return lint_project(load_project(write(texts)))

    return _lint


Lint = Callable[..., list[Problem]]


def test_a_sound_project_is_left_in_peace(lint: Lint) -> None:
    assert lint() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "severity", "line", "message"),
    [
        # the project
        (
            "tally",
            "erika: {name: Erika}",
            "erika: {name: E}, max: {name: M}",
            "warning",
            2,
            "the owner 'max' owns nothing",
        ),
        ("mappings", "owner: erika", "owner: erica", "error", 3, "there is no owner 'erica'"),
        ("mappings", "owner: erika\n", "", "warning", 1, "nobody owns this mapping"),
        ("crm", "owner: erika\n", "", "warning", 1, "nobody owns this system"),
        # secrets
        ("crm", '"${env:CRM_TOKEN}"', "hunter2", "error", 4, "looks like a secret"),
        ("crm", "objects:", "network: {headers: {X-Api-Key: hunter2}}\nobjects:", "error", 5, "looks like a secret"),
        ("crm", "objects:", "notes: [sk_live_51H8abcdefghijklmnop]\nobjects:", "error", 5, "looks like a secret"),
        ("erp", "${env:ERP_DB}", "postgresql://u:hunter2@host/db", "error", 2, "looks like a secret"),
        ("tally", "name: test", "name: test\nstate: postgresql://u:hunter2@h/x", "error", 2, "looks like a secret"),
        ("crm", "${env:CRM_TOKEN}", "${CRM_TOKEN}", "error", 4, "${CRM_TOKEN} is no reference"),
        # systems
        ("crm", "base_url: https://crm.example\n", "", "error", 1, "the address is missing"),
        ("crm", "https://crm.example", "crm.example", "error", 2, "must begin with https://"),
        ("crm", "https://crm.example", "http://crm.example", "warning", 2, "unencrypted"),
        (
            "crm",
            "objects:",
            "network: {tunnel: me@bastion, proxy: 'http://p:1'}\nobjects:",
            "error",
            5,
            "or through a tunnel",
        ),
        ("erp", "${env:ERP_DB}", "sqlite:///a.db\nnetwork: {tunnel: bastion}", "error", 3, "with host and port"),
        ("erp", "url: ${env:ERP_DB}\n", "", "error", 1, "the address is missing"),
        ("crm", "owner: erika", "owner: erika\ntimezone: Europe/Berln", "error", 4, "no time zone 'Europe/Berln'"),
        ("crm", "modified: changed", "modified: 'a[x]'", "error", 12, "is not a path"),
        ("crm", "modified: changed", "modified: changed\n    id: ''", "error", 13, "needs an id"),
        ("crm", 'PATCH, path: "/companies/{id}"', "PATCH, path: /companies", "warning", 10, "which record"),
        ("crm", "modified: changed", "since: {param: s}", "warning", 12, "asked for by time"),
        ("crm", "modified: changed", "modified: changed\n    if_match: If-Match", "warning", 13, "conditional"),
        (
            "crm",
            "modified: changed",
            "modified: changed\n    paging: {type: cursor}",
            "warning",
            13,
            "only the first page can be read",
        ),
        (
            "crm",
            "modified: changed",
            'modified: changed\n    condition: {method: GET, path: "/c/{id}"}',
            "warning",
            13,
            "no header makes writes conditional",
        ),
        # abilities
        ("crm", "    list: {method: GET, path: /companies}\n", "", "error", 1, "has no way to list"),
        ("crm", "    create: {method: POST, path: /companies}\n", "", "error", 8, "has no way to create"),
        ("crm", '    update: {method: PATCH, path: "/companies/{id}"}\n', "", "error", 1, "has no way to update"),
        ("mappings", "right: ask}", "right: archive}", "error", 9, "to be archived on the left"),
        (
            "mappings",
            "left: propagate",
            "left: archive",
            "error",
            9,
            "to be archived on the right, but nothing says what is set then",
        ),
        # directions
        ("mappings", "right: name}", "right: name, direction: to_right, conflict: left}", "warning", 5, "no conflicts"),
        # required
        (
            "erp",
            "tags: {type: text}",
            "tags: {type: text, required: true}",
            "error",
            2,
            "demands 'tags' of a new partners",
        ),
        ("erp", "nr: {type: integer, read_only: true}", "nr: {type: text, required: true}", "error", 2, "demands 'nr'"),
        # limits and losses
        ("crm", "max_length: 40", "max_length: 80", "warning", 5, "80 characters on the left, 40 on the right"),
        ("erp", "state: {type: text,", "state: {type: text, nullable: false,", "", 0, ""),
        (
            "erp",
            "name: {type: text, max_length: 40",
            "name: {type: text, nullable: false",
            "warning",
            5,
            "may be blank",
        ),
        ("mappings", "left: name", "left: {path: name, codec: trim}", "warning", 5, "trim may lose something"),
        ("mappings", "left: name", "left: name, conflict: set_merge", "error", 5, "set_merge needs a list"),
        # deletions
        ("mappings", "match:", "delete_grace: {right: 72h}\nmatch:", "warning", 7, "no deletion waits"),
        # conflict policies and what they need
        ("mappings", "right: name}", "right: name, conflict: rank}", "error", 5, "rank cannot decide"),
        ("mappings", "right: name}", "right: name, conflict: expression}", "error", 5, "expression cannot decide"),
        ("mappings", "right: name}", "right: name, conflict: owner}", "error", 5, "owner cannot decide"),
        ("mappings", "fields:\n", "conflict: owner\nfields:\n", "error", 4, "owner cannot decide"),
        ("mappings", "right: name}", "right: name, fallback: rank}", "error", 5, "rank cannot decide"),
        ("mappings", "right: name}", "right: name, rank: [a]}", "warning", 5, "nothing uses this"),
        ("mappings", "right: name}", "right: name, resolve: left}", "warning", 5, "nothing uses this"),
        ("mappings", "right: name}", "right: name, owned_by: left}", "warning", 5, "nothing uses this"),
        ("mappings", "right: name}", "right: name, conflict: rank, rank: [a, a]}", "error", 5, "two places"),
        ("mappings", "A}}", "A}}, conflict: rank, rank: [lead, activ]", "error", 6, "'activ' is no option"),
        ("mappings", "A}}", "A}}, conflict: rank, rank: [lead]", "warning", 6, "does not list active"),
        (
            "mappings",
            "right: name}",
            "right: name, conflict: max, fallback: max}",
            "error",
            5,
            "max cannot be its own fallback",
        ),
        ("mappings", "right: name}", "right: name, conflict: max}", "error", 5, "max needs a number or a time"),
        (
            "mappings",
            "right: name}",
            'right: name, conflict: expression, resolve: "{{ lft }}"}',
            "error",
            5,
            "'lft' means nothing here",
        ),
        (
            "mappings",
            "right: name}",
            'right: name, conflict: expression, resolve: "{{ left_record.nam }}"}',
            "error",
            5,
            "'left_record.nam' is no field",
        ),
        (
            "mappings",
            "right: name}",
            'right: name, conflict: expression, resolve: "{{ left() }}"}',
            "error",
            5,
            "calls cannot be used",
        ),
        (
            "mappings",
            "right: name}",
            "right: name, conflict: owner, owned_by: {field: x, left: a, right: b}}",
            "error",
            5,
            "there is no field 'x' to tell the owner by",
        ),
        (
            "mappings",
            "right: name}",
            "right: name, conflict: owner, owned_by: {field: name, left: a, right: b}}",
            "error",
            5,
            "a field cannot tell who owns it",
        ),
        (
            "mappings",
            "right: name}",
            "right: name, conflict: owner, owned_by: {field: status, left: a}}",
            "error",
            5,
            "no value says that the right owns",
        ),
        (
            "mappings",
            "right: name}",
            "right: name, conflict: owner, owned_by: {field: status, left: a, right: a}}",
            "error",
            5,
            "'a' names both sides",
        ),
        # options
        ("mappings", "lead: L", "leat: L", "error", 6, "the left has no option 'leat'"),
        ("mappings", "lead: L", "lead: X", "error", 6, "the right has no option 'X'"),
        ("crm", "[lead, active]", "[lead, active, lost]", "warning", 6, "not mapped on the left: lost"),
        ("mappings", "active: A", "active: A, more: L", "warning", 6, "'more' and 'lead' both become 'L'"),
        (
            "mappings",
            ", options: {map: {lead: L, active: A}}",
            "",
            "warning",
            6,
            "the right does not have: active, lead",
        ),
    ],
)
def test_each_rule_says_what_is_wrong_at_its_place(
    lint: Lint, file: str, old: str, new: str, severity: str, line: int, message: str
) -> None:
    found = lint((file, old, new))
    assert "hunter2" not in str(found)
    if not message:
        assert found == []
        return
    assert [p for p in found if message in p.message and p.line == line and p.severity == severity], found


def test_what_is_allowed_is_not_warned_about(lint: Lint) -> None:
    """Each of these looks like something that is refused elsewhere."""
    for changes in (
        [("crm", "https://crm.example", "http://localhost:8080")],
        [("crm", "https://crm.example", "${env:CRM_URL}")],
        [
            ("mappings", "left: propagate", "left: archive"),
            ("mappings", "object: partners", "object: partners, archive: {state: A}"),
        ],
        [("mappings", "active: A}", "active: A}, unknown: default, default_left: lead, default_right: L")],
        [
            ("erp", "tags: {type: text}", "tags: {type: text, required: true}"),
            ("mappings", "object: partners", "object: partners, on_create: {tags: x}"),
        ],
        [("crm", "max_length: 40", "max_length: 80"), ("mappings", "right: name}", "right: name, invalid: truncate}")],
        [
            ("mappings", "left: name", "left: {path: name, codec: trim}"),
            ("mappings", "right: name}", "right: name, direction: to_right}"),
            ("mappings", "right: create", "right: ask"),
        ],
    ):
        assert lint(*changes) == []


def test_a_one_way_mapping_must_not_expect_the_other_way(lint: Lint) -> None:
    found = lint(("mappings", "match:", "direction: to_right\nmatch:"))
    assert [(p.line, p.severity) for p in found] == [(9, "warning")]
    assert "no field flows to the left, but on_unmatched of the right says create" in found[0].message


def test_newest_needs_the_time_of_the_last_change(lint: Lint) -> None:
    newest = ("mappings", "match:", "conflict: newest\nfallback: left\nmatch:")
    assert lint(newest) == []
    found = lint(newest, ("erp", "    modified: changed\n", ""))
    assert {(p.line, p.severity) for p in found} == {(7, "warning")}
    assert all("newest cannot decide" in p.message for p in found)


def test_an_unused_system_is_named(write: Write) -> None:
    found = lint_project(load_project(write({"systems/erp.yaml": ERP.replace("owner: erika\n", "owner: e\n")})))
    assert [(p.file, p.severity) for p in found] == [("systems/erp.yaml", "warning")]
    assert "in no mapping" in found[0].message


def test_secrets_in_an_environment_are_found_where_they_stand(lint: Lint) -> None:
    overlay = "environment: s\nenvironments: {s: {systems: {crm: {auth: {token: hunter2}}}}}\n"
    found = lint(("tally", "owners:", overlay + "owners:"))
    assert [(p.file, p.line) for p in found if "secret" in p.message] == [("tally.yaml", 3)]


def test_problems_of_building_are_among_those_of_linting(lint: Lint) -> None:
    assert [p.message for p in lint(("mappings", "left: name", "left: nmae")) if "nmae" in p.message]


CLOSE = """modified: changed
    actions:
      close:
        field: FIELD
        call: {method: POST, path: "/c/{id}/x"}"""


@pytest.mark.parametrize(
    ("changes", "line", "message"),
    [
        ([("modified: changed", CLOSE.replace("FIELD", "status"))], 0, ""),
        ([("modified: changed", CLOSE.replace("FIELD", "statis"))], 15, "there is no field 'statis'"),
        ([("modified: changed", CLOSE.replace("FIELD", "a[0]"))], 15, "is no path of a field"),
        (
            [("modified: changed", CLOSE.replace("FIELD", "since")), ("since: {", "since: {read_only: true, ")],
            15,
            "read_only, so nothing is ever written there and 'close' never called",
        ),
        (
            [("modified: changed", CLOSE.replace("FIELD", "status").replace("/{id}", ""))],
            16,
            "which record it is about",
        ),
        (
            [
                ("modified: changed", CLOSE.replace("FIELD", "status")),
                ('    update: {method: PATCH, path: "/companies/{id}"}\n', ""),
            ],
            13,
            "actions go with update",
        ),
    ],
)
def test_actions_that_cannot_do_what_they_should_are_told(
    lint: Lint, changes: list[tuple[str, str]], line: int, message: str
) -> None:
    found = [(p.line, p.message) for p in lint(*(("crm", *change) for change in changes))]
    assert [at for at, said in found if not message or message in said] == ([line] if line else [])


def test_only_rest_has_actions(lint: Lint) -> None:
    acts = 'modified: changed\n    actions: {a: {field: state, call: {method: POST, path: "/{id}"}}}'
    assert any(
        "only objects of REST systems have actions" in p.message for p in lint(("erp", "modified: changed", acts))
    )
