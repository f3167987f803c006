"""Laws of building: names resolve, policies are inherited, what cannot work is refused at its place."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import Problem, ProjectError
from tallystick.core.mapping import ObjectMapping
from tallystick.project.build import build_mappings, resolve_mappings
from tallystick.project.load import LoadedProject, load_project

Write = Callable[[Mapping[str, str]], Path]

CRM = """
protocol: memory
timezone: Europe/Berlin
objects:
  companies:
    modified: changed
    fields:
      name: {type: text}
      email: {type: text}
      number: {type: integer}
      total: {type: number, read_only: true}
      status: {type: text, options: [lead, active]}
      parent: {type: text, reference: companies}
      address.city: {type: text}
      since: {type: local_time, format: dd.MM.yyyy HH:mm}
      seen: {type: instant}
      extra: {type: object}
      tags: {type: list}
  contacts:
    fields: {name: {}, company: {reference: companies, required: true}, best: {}}
  free: {}
"""
ERP = """
protocol: memory
objects:
  partners:
    modified: changed
    fields:
      partner_name: {type: text}
      mail: {type: text}
      code: {type: text}
      kind: {type: integer, options: ["1", "2"]}
      parent_id: {type: integer, reference: partners}
      since: {type: instant}
      seen: {type: instant}
      type: {type: text}
  people:
    fields: {name: {}, partner: {}, best: {}}
  free: {}
"""


def mapping(fields: str = "name: {left: name, right: partner_name}", **more: str) -> str:
    """Write a mapping of companies and partners; ``more`` replaces or adds top-level entries."""
    entries = {
        "left": "{system: crm, object: companies}",
        "right": "{system: erp, object: partners}",
        "fields": "\n".join(["", *("  " + line for line in fields.strip().split("\n"))]),
        "match": "{on: name}",
        "on_unmatched": "{left: create, right: create}",
        "on_delete": "{left: ask, right: ask}",
        **more,
    }
    return "".join(f"{key}: {value}\n" for key, value in entries.items())


@pytest.fixture
def load(write: Write) -> Callable[..., LoadedProject]:
    def _load(*texts: str, **named: str) -> LoadedProject:
        mappings = {f"m{n}" if n else "m": text for n, text in enumerate(texts)} | named
        files = {f"mappings/{name}.yaml": text for name, text in mappings.items()}
        return load_project(write({"systems/crm.yaml": CRM, "systems/erp.yaml": ERP, **files}))

    return _load


Load = Callable[..., LoadedProject]


def problems(loaded: LoadedProject, severity: str = "error") -> list[Problem]:
    return [p for p in resolve_mappings(loaded)[1] if p.severity == severity]


def sound(loaded: LoadedProject) -> ObjectMapping:
    assert problems(loaded) == []
    [made] = build_mappings(loaded)
    return made


def text_at(loaded: LoadedProject, problem: Problem) -> str:
    line = (loaded.folder / problem.file).read_text().split("\n")[problem.line - 1]
    return line[problem.column - 1 :]


def refused(loaded: LoadedProject, message: str, at: str, hint: str = "") -> None:
    """Expect exactly one error, at the place whose text begins with ``at``."""
    [problem] = problems(loaded)
    assert message in problem.message
    assert hint in problem.hint
    assert text_at(loaded, problem).startswith(at), text_at(loaded, problem)
    with pytest.raises(ProjectError) as caught:
        build_mappings(loaded)
    assert caught.value.problems == (problem,)


def warned(loaded: LoadedProject, message: str, at: str, hint: str = "") -> None:
    """Expect no error and exactly one warning, at the place whose text begins with ``at``."""
    assert problems(loaded) == []
    [problem] = problems(loaded, "warning")
    assert message in problem.message
    assert hint in problem.hint
    assert text_at(loaded, problem).startswith(at), text_at(loaded, problem)
    build_mappings(loaded)


def test_a_mapping_is_built_with_all_it_says(load: Load) -> None:
    text = mapping(
        "name: {left: {path: name, codec: trim}, right: partner_name, owner: erika}\n"
        "city: {left: address.city, right: {path: type, default: Bonn}}",
        left="{system: crm, object: companies, where: {status: active}, on_create: {status: active},"
        " external_id: extra.erp}",
        match="[{on: [name, city], normalise: exact, fuzzy: true}, {on: city, normalise: phone, region: DE, most: 3}]",
        brakes="{delete_count: 3}",
        full_compare_hours="2",
    )
    made = sound(load(text))
    assert made.name == "m"
    assert made.names == ("name", "city")
    assert [c.name for c in made.fields[0].left.codecs] == ["trim"]
    assert made.fields[0].owner == "erika"
    assert made.fields[0].line.startswith("mappings/m.yaml:4:")
    assert made.fields[1].left.path == ("address", "city")
    assert made.fields[1].default_right == "Bonn"
    assert made.left.where[0].values == ("active",)
    assert made.left.on_create == {"status": "active"}
    assert made.left.external_id == ("extra", "erp")
    assert [(m.fields, m.fuzzy) for m in made.match] == [(("name", "city"), True), (("city",), False)]
    assert [(m.region, m.most) for m in made.match] == [("", 0), ("DE", 3)]
    assert made.policy.brakes.delete_count == 3
    assert made.policy.full_compare_seconds == 7200
    assert made.right.schema.by_path["kind"].options[1].key == "2"


def test_one_value_may_stand_at_several_paths(load: Load) -> None:
    text = mapping(
        "name: {left: {path: name, codec: full_name},"
        " right: {spread: {first: partner_name, last: code}, codec: parts}}\n"
        "email: {left: {path: email, missing: blank, blank_as: empty},"
        " right: {path: mail, blank_means: none@acme.example}}"
    )
    name, email = sound(load(text)).fields
    record = {"partner_name": "Erika", "code": "Muster"}
    assert name.right.expression is not None
    assert name.right.expression.evaluate(record) == {"first": "Erika", "last": "Muster"}
    assert [path for path, _ in name.right.inverse] == [("partner_name",), ("code",)]
    assert (email.left.missing, email.left.blank_as, email.left.blank_means) == ("blank", "empty", None)
    assert (email.right.missing, email.right.blank_means) == ("unknown", "none@acme.example")


def test_fields_inherit_what_they_do_not_say(load: Load) -> None:
    text = mapping(
        "name: {left: name, right: partner_name}\nemail: {left: email, right: mail, conflict: left, initial: right}",
        conflict="newest",
        fallback="right",
        initial="left",
    )
    name, email = sound(load(text)).fields
    assert (name.policy.conflict, name.policy.fallback, name.policy.initial) == ("newest", "right", "left")
    assert (email.policy.conflict, email.policy.initial, email.policy.direction) == ("left", "right", "both")


@pytest.mark.parametrize(
    ("fields", "message", "at", "hint"),
    [
        ("n: {left: nmae, right: mail}", "companies has no field 'nmae'", "nmae", "'name'"),
        ("n: {left: address.citty, right: mail}", "no field 'address.citty'", "address.citty", "'address.city'"),
        ("n: {left: 'a[', right: mail}", "is not a path", "'a['", "brackets"),
        ("n: {left: {path: name, codec: trimm}, right: mail}", "no codec 'trimm'", "trimm", ""),
        ("n: {left: {path: name, codec: [trim, local_time]}, right: mail}", "needs the setting", "local_time", ""),
        ("n: {left: {}, right: mail}", "needs a path or an expression", "{}", ""),
        ("n: {left: {path: a, expression: '{{ name }}'}, right: mail}", "either a path or", "{path", ""),
        ("n: {left: name, right: {path: mail, inverse: {x: '{{ value }}'}}}", "needs no inverse", "{x", ""),
        ("n: {left: {expression: '{{ name }}'}, right: mail}", "without inverse", "{expression", "direction: to_right"),
        ("n: {left: {expression: '{{ nmae }}'}, right: mail, direction: to_right}", "'nmae'", "'{{", "'name'"),
        ("n: {left: {expression: '{% x %}'}, right: mail, direction: to_right}", "", "'{%", ""),
        (
            "n: {left: {expression: '{{ name }}', inverse: {name: '{{ vale }}'}}, right: mail}",
            "'vale'",
            "'{{ vale",
            "'value'",
        ),
        ("n: {left: {expression: '{{ name }}', inverse: {nme: '{{ value }}'}}, right: mail}", "'nme'", "nme", "'name'"),
        (
            "n: {left: total, right: {path: mail, codec: number}}",
            "'total' is read-only on the left",
            "total",
            "to_right",
        ),
        ("n: {left: name, right: {spread: {a: maiil, b: code}}}", "no field 'maiil'", "maiil", "'mail'"),
        ("n: {left: name, right: {spread: {a: mail, b: mail}}}", "is written twice", "{spread", ""),
        ("n: {left: name, right: {path: code, spread: {a: mail}}}", "either a path or", "{path", "keep one"),
        ("n: {left: parent, right: {spread: {a: mail}}, reference: m}", "a reference has one path", "{a: mail", ""),
        ("n: {left: name, right: mail, reference: mm}", "no mapping 'mm'", "mm", ""),
        ("n: {left: name, right: mail, options: {map: {}}}", "options: the map is empty", "{map: {}}}", ""),
        ("n: {left: name, right: mail, conflict: newest}", "fallback is missing", "newest", "fallback:"),
        ("n: {left: name, right: mail, conflict: newest, fallback: newest}", "own fallback", "newest}", ""),
    ],
)
def test_a_field_that_cannot_work_is_refused_at_its_place(
    load: Load, fields: str, message: str, at: str, hint: str
) -> None:
    text = mapping(fields, match="[]", left="{system: crm, object: companies, external_id: extra.erp}")
    refused(load(text), message, at, hint)


@pytest.mark.parametrize(
    ("entry", "value", "message", "at", "hint"),
    [
        ("left", "{system: crn, object: companies}", "no system 'crn'", "crn", "'crm'"),
        ("left", "{system: crm, object: company}", "crm has no object 'company'", "company", "'companies'"),
        (
            "left",
            "{system: crm, object: companies, where: {statsu: [lead]}}",
            "no field 'statsu'",
            "statsu",
            "'status'",
        ),
        ("left", "{system: crm, object: companies, on_create: {emial: x}}", "no field 'emial'", "emial", "'email'"),
        ("left", "{system: crm, object: companies, on_create: {total: 5}}", "read-only", "5", ""),
        ("left", "{system: crm, object: companies, on_create: {name: x}}", "written twice", "x}", ""),
        ("left", "{system: crm, object: companies, external_id: nmae}", "no field 'nmae'", "nmae", "'name'"),
        ("match", "[{on: name}, {on: [name, emial]}]", "no field 'emial'", "emial", "fields of this mapping: name"),
    ],
)
def test_an_end_or_a_match_rule_that_cannot_work_is_refused(
    load: Load, entry: str, value: str, message: str, at: str, hint: str
) -> None:
    found = [p for p in problems(load(mapping(**{entry: value}))) if message in p.message]
    assert len(found) == 1
    assert hint in found[0].hint


def test_two_fields_must_not_write_one_place(load: Load) -> None:
    both = "a: {left: name, right: partner_name}\nb: {left: name, right: mail, direction: %s}"
    sound(load(mapping(both % "to_right", match="{on: a}")))
    refused(
        load(mapping(both % "to_left", match="{on: a}")),
        "'name' on the left is written twice; the other is at mappings",
        "name",
    )


def test_a_place_inside_another_is_the_same_place(load: Load) -> None:
    refused(
        load(mapping("a: {left: extra, right: mail}\nb: {left: extra.b, right: type}", match="{on: a}")),
        "'extra.b' on the left is written twice",
        "extra.b",
    )


def test_objects_without_declared_fields_accept_every_path(load: Load) -> None:
    text = mapping(
        "a: {left: any.thing, right: 'x[3].y'}",
        left="{system: crm, object: free}",
        right="{system: erp, object: free}",
        match="{on: a}",
    )
    assert sound(load(text)).fields[0].right.path == ("x", 3, "y")


def test_paths_into_declared_objects_and_lists_are_known(load: Load) -> None:
    sound(
        load(
            mapping(
                "a: {left: extra.deep.er, right: mail}\nb: {left: 'tags[0]', right: type}\nc: {left: id, right: code}",
                match="{on: a}",
            )
        )
    )


def test_both_ends_of_an_option_list_get_their_codec(load: Load) -> None:
    field = sound(
        load(mapping('s: {left: status, right: kind, options: {map: {lead: "1", active: "2"}}}', match="{on: s}"))
    ).fields[0]
    assert field.left.codecs[-1].decode("lead") == "lead"
    assert field.right.codecs[-1].decode("2") == "active"
    assert str(field.right.codecs[-1].encode("active")) == "2"


def test_what_is_wrong_with_an_option_list_is_told_once(load: Load) -> None:
    loaded = load(mapping("s: {left: status, right: kind, options: {map: {}}}", match="{on: s}"))
    assert len(problems(loaded)) <= 1


def test_times_are_translated_where_both_sides_say_how_they_spell_them(load: Load) -> None:
    since, seen = sound(
        load(mapping("since: {left: since, right: since}\nseen: {left: seen, right: seen}", match="{on: since}"))
    ).fields
    assert [c.name for c in (*since.left.codecs, *since.right.codecs)] == ["local_time", "instant"]
    assert "Europe/Berlin" in repr(since.left.codecs[0])
    assert [c.name for c in (*seen.left.codecs, *seen.right.codecs)] == ["instant", "instant"]


@pytest.mark.parametrize(
    ("codec", "declared", "added"),
    [
        ("{codec: date, format: dd.MM.yyyy}", "{type: date}", "Date(format='yyyy-MM-dd'"),
        ("[instant, day]", "{type: date, format: dd/MM/yyyy}", "Date(format='dd/MM/yyyy'"),
        ("{codec: local_time, format: dd.MM.yyyy HH:mm}", "{type: instant}", "Instant("),
        ("unix_ms", "{type: local_time, format: dd.MM.yyyy HH:mm}", "LocalTime("),
        ("instant", "{type: local_time}", "WallTime("),
        ("lower", "{type: date}", ""),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_codec_on_one_side_gets_its_like_on_the_other(
    write: Write,
    codec: str,
    declared: str,
    added: str,
    mirrored: bool,  # noqa: FBT001 - a case of a test
) -> None:
    """The values of one side are days or instants then; a text on the other could neither be compared nor written."""
    ends = [f"{{path: email, codec: {codec}}}", "type"]
    left, right = reversed(ends) if mirrored else ends
    system = ERP.replace("type: {type: text}", f"type: {declared}")
    turned = {"left": "{system: erp, object: partners}", "right": "{system: crm, object: companies}"}
    text = mapping(f"d: {{left: {left}, right: {right}}}", match="{on: d}", **(turned if mirrored else {}))
    loaded = load_project(write({"systems/crm.yaml": CRM, "systems/erp.yaml": system, "mappings/m.yaml": text}))
    field = sound(loaded).fields[0]
    codecs = (field.left if mirrored else field.right).codecs
    assert repr(codecs[0]).startswith(added) if added else not codecs


def test_a_database_time_without_offset_is_read_in_its_systems_zone(write: Write) -> None:
    """A column of local time beside a time stamp needs no codec: its spelling is ISO, its zone the system's."""
    system = ERP.replace("type: {type: text}", "type: {type: local_time}") + "timezone: Europe/Berlin\n"
    text = mapping("d: {left: seen, right: type}", match="{on: d}")
    loaded = load_project(write({"systems/crm.yaml": CRM, "systems/erp.yaml": system, "mappings/m.yaml": text}))
    field = sound(loaded).fields[0]
    assert [c.name for c in (*field.left.codecs, *field.right.codecs)] == ["instant", "wall_time"]
    assert "Europe/Berlin" in repr(field.right.codecs[0])


def test_a_text_that_is_declared_to_spell_a_number_is_read_as_one(write: Write) -> None:
    """Beside a number on the other side; without the declaration the author is told."""
    system = ERP.replace("type: {type: text}", "type: {type: text, format: decimal}")
    crm = CRM.replace("seen: {type: instant}", "seen: {type: number}")
    text = mapping("d: {left: seen, right: type}", match="{on: d}")
    loaded = load_project(write({"systems/crm.yaml": crm, "systems/erp.yaml": system, "mappings/m.yaml": text}))
    field = sound(loaded).fields[0]
    assert [c.name for c in (*field.left.codecs, *field.right.codecs)] == ["number"]
    plain = load_project(write({"systems/crm.yaml": crm, "systems/erp.yaml": ERP, "mappings/m.yaml": text}))
    warned(plain, "nothing says how they translate", "d:", "codec: {codec: number")


def test_a_day_that_the_other_side_keeps_as_text_is_warned_about(load: Load) -> None:
    fields = "d: {left: {path: email, codec: {codec: date, format: dd.MM.yyyy}}, right: type}"
    warned(load(mapping(fields, match="{on: d}")), "nothing says how they translate", "d:", "codec: date")


def test_the_systems_zone_is_used_where_the_author_names_none(load: Load) -> None:
    local = "{codec: local_time, format: dd.MM.yyyy HH:mm}"
    fields = f"s: {{left: {{path: email, codec: {local}}}, right: {{path: seen, codec: instant}}}}"
    assert "Europe/Berlin" in repr(sound(load(mapping(fields, match="{on: s}"))).fields[0].left.codecs)


def test_types_that_differ_without_a_codec_are_warned_about(load: Load) -> None:
    warned(
        load(mapping("n: {left: number, right: code}", match="{on: n}")),
        "left holds integer, the right text",
        "n:",
        "integer",
    )


@pytest.mark.parametrize(
    ("whole", "part"),
    [("to_right", "both"), ("to_right", "to_left"), ("to_right", "once_to_left"), ("match_only", "both")],
)
def test_a_field_cannot_flow_where_the_mapping_does_not(load: Load, whole: str, part: str) -> None:
    text = mapping(f"name: {{left: name, right: partner_name, direction: {part}}}", direction=whole)
    refused(load(text), f"flows {part} but the mapping only {whole}", part)


@pytest.mark.parametrize(
    ("whole", "part"), [("both", "to_left"), ("to_right", "match_only"), ("to_right", "once_to_right")]
)
def test_a_field_may_flow_less_than_the_mapping(load: Load, whole: str, part: str) -> None:
    sound(load(mapping(f"name: {{left: name, right: partner_name, direction: {part}}}", direction=whole)))


def test_new_records_must_belong_to_the_mapping_that_made_them(load: Load) -> None:
    where = "{system: crm, object: companies, where: {status: [lead, active]}%s}"
    warned(
        load(mapping(left=where % "")),
        "new records on the left do not get a value of 'status'",
        "status",
        "on_create: {status: lead}",
    )
    warned(load(mapping(left=where % ", on_create: {status: old}")), "new records on the left", "old")
    for fine in (
        mapping(left=where % ", on_create: {status: lead}"),
        mapping(left=where % "", on_unmatched="{left: create, right: ask}"),
    ):
        assert problems(load(fine), "warning") == []


def test_creating_without_knowing_who_is_who_is_warned_about(load: Load) -> None:
    warned(load(mapping(match="[]")), "nothing says who is who", "on_unmatched")
    warned(load(mapping(match="{on: name, fuzzy: true}")), "nothing says who is who", "match")
    warned(load(mapping(match="{on: name, normalise: company}")), "nothing says who is who", "match")
    assert problems(load(mapping(match="[]", on_unmatched="{left: ask, right: ask}")), "warning") == []


CONTACTS = {
    "left": "{system: crm, object: contacts}",
    "right": "{system: erp, object: people}",
}


def test_what_others_refer_to_comes_first(load: Load) -> None:
    contacts = mapping("name: {left: name, right: name}\nc: {left: company, right: partner, reference: zz}", **CONTACTS)
    loaded = load(
        aa=contacts,
        zz=mapping("name: {left: name, right: partner_name}\np: {left: parent, right: parent_id, reference: zz}"),
    )
    assert problems(loaded) == []
    made = build_mappings(loaded)
    assert [m.name for m in made] == ["zz", "aa"]
    assert made[1].references == {"zz"}
    assert made[0].fields[1].left.reference == made[0].fields[1].right.reference == "zz"


def ring(*, later: str = "", required: bool = False) -> dict[str, str]:
    link = (
        "{left: company, right: partner, reference: companies}"
        if required
        else f"{{left: best, right: best, reference: companies{later}}}"
    )
    return {
        "contacts": mapping(
            f"name: {{left: name, right: name}}\nc: {link.replace('}', later + '}') if required else link}", **CONTACTS
        ),
        "companies": mapping(
            "name: {left: name, right: partner_name}\nb: {left: extra.best, right: type, reference: contacts}"
        ),
    }


def test_a_ring_of_references_is_refused(load: Load) -> None:
    refused(load(**ring()), "companies -> contacts -> companies", "contacts", "send_without")


def test_a_reference_that_can_be_sent_later_opens_the_ring(load: Load) -> None:
    loaded = load(**ring(later=", on_missing_ref: send_without"))
    assert problems(loaded) == []
    assert [m.name for m in build_mappings(loaded)] == ["contacts", "companies"]


def test_a_field_that_must_be_filled_cannot_be_sent_later(load: Load) -> None:
    refused(load(**ring(later=", on_missing_ref: send_without", required=True)), "wait for each other", "contacts")


def test_references_join_the_same_systems(load: Load) -> None:
    turned = mapping(
        left="{system: erp, object: partners}",
        right="{system: crm, object: companies}",
        fields="name: {left: partner_name, right: name}",
    )
    contacts = mapping("name: {left: name, right: name}\nc: {left: company, right: partner, reference: aa}", **CONTACTS)
    found = problems(load(aa=turned, zz=contacts))
    assert len(found) == 2
    assert all("'aa' has" in p.message and p.file == "mappings/zz.yaml" for p in found)


def test_a_reference_to_the_pairs_of_another_object_is_warned_about(load: Load) -> None:
    people = mapping("name: {left: name, right: name}", **CONTACTS)
    companies = mapping("name: {left: name, right: partner_name}\np: {left: parent, right: type, reference: people}")
    warned(load(people=people, companies=companies), "points to companies, but 'people' pairs contacts", "people")


def test_two_way_mappings_must_not_form_a_ring(load: Load) -> None:
    """R-13.7: three systems in a ring send every change round it."""
    third = mapping(
        "name: {left: name, right: name}", left="{system: crm, object: free}", right="{system: erp, object: free}"
    )
    closing = mapping(
        left="{system: crm, object: companies}",
        right="{system: erp, object: free}",
        fields="name: {left: name, right: name}",
    )
    last = mapping(
        left="{system: crm, object: free}",
        right="{system: erp, object: partners}",
        fields="name: {left: name, right: partner_name}",
    )
    texts = {"a": mapping(), "b": third, "c": closing, "d": last}
    [problem] = problems(load(**texts))
    assert problem.message == "two-way mappings form a ring: a, b, c, d"
    assert problem.file == "mappings/d.yaml"
    texts["d"] += "direction: to_right\n"
    assert problems(load(**texts)) == []


def test_mappings_of_the_same_objects_need_different_records(load: Load) -> None:
    left = "{system: crm, object: companies, where: {status: %s}, on_create: {status: %s}}"
    refused(load(a=mapping(), b=mapping()), "form a ring: a, b", "left")
    assert problems(load(a=mapping(left=left % ("lead", "lead")), b=mapping(left=left % ("lead", "lead")))) != []
    assert problems(load(a=mapping(left=left % ("lead", "lead")), b=mapping(left=left % ("active", "active")))) == [], (
        "they still meet on the right, but only there: two branches are no ring"
    )


def test_problems_of_all_mappings_come_at_once(load: Load) -> None:
    loaded = load(mapping("a: {left: nmae, right: mial}"), mapping("b: {left: emial, right: mail}"))
    with pytest.raises(ProjectError) as caught:
        build_mappings(loaded)
    assert {p.file for p in caught.value.problems} == {"mappings/m.yaml", "mappings/m1.yaml"}
    assert len(caught.value.problems) >= 3


def test_a_codec_that_nobody_asked_for_stops_nothing(write: Write) -> None:
    system = CRM.replace("format: dd.MM.yyyy HH:mm", "format: yyyy QQ")
    text = mapping("s: {left: since, right: since}", match="{on: s}")
    loaded = load_project(write({"systems/crm.yaml": system, "systems/erp.yaml": ERP, "mappings/m.yaml": text}))
    assert problems(loaded) == []


@pytest.mark.parametrize(
    ("written", "seconds"), [("72h", 259_200), ("90m", 5400), ("3 d", 259_200), ("1.5", 5400), ("72", 259_200)]
)
def test_a_grace_period_is_written_as_people_say_it(load: Load, written: str, seconds: float) -> None:
    policy = sound(load(mapping(delete_grace=f"{{right: {written}}}"))).policy
    assert (policy.grace_left_seconds, policy.grace_right_seconds) == (0, seconds)


@pytest.mark.parametrize("written", ["soon", "-1", "true", "h", "1w", ".inf"])
def test_what_is_no_time_span_is_refused_at_its_place(load: Load, written: str) -> None:
    with pytest.raises(ProjectError) as caught:
        load(mapping(delete_grace=f"{{left: {written}}}"))
    [problem] = caught.value.problems
    assert (problem.line, problem.column) == (8, 22)
