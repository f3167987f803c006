"""Questions about mappings, on live rows of two databases: keys, fields, round trips, policies."""

import pytest
from town import findings, red, statuses, told

ROWS = [(f"Firma {n}", f"post{n}@firma.example") for n in range(30)]


def field(left="name", right="name", **settings):
    return {"left": left, "right": right} | settings


EMAIL = {"email": field("email", "email")}


def two_columns(databases, left_rows, right_rows, left=None, right=None):
    columns = {"name": {"type": "text"}, "email": {"type": "text"}}
    databases.system("crm", "companies", {**columns, **(left or {})}, left_rows)
    databases.system("erp", "partners", {**columns, **(right or {})}, right_rows)


# --- keys ---------------------------------------------------------------------------------------------------------


def test_duplicates_are_counted_on_their_own_side(databases):
    databases.pair([*ROWS, ("Firma 3 GmbH", "POST3@firma.example")], ROWS)
    report = databases.ask("C7.6")
    assert statuses(report) == {"C7.6": "warn"}
    said = told(report, "C7.6")
    assert "2 records of crm/companies share a key by email: 4, 31 (spelled differently, equal by 'email')" in said


def test_keys_with_wrong_check_digits_are_doubts_with_ids(databases):
    """R-9.1: they are no keys, and somebody has to look at them."""
    ids = ["DE136695976", "DE 136695975", "ATU13585627", "ATU13585628"]
    rows = [(f"Firma {n}", number) for n, number in enumerate(ids)]
    databases.pair(rows, rows, match=[{"on": "email", "normalise": "vat"}])
    report = databases.ask("C7.6")
    assert "email is no VAT number with right check digits in 2 records of crm/companies: 2, 4" in told(report, "C7.6")
    assert "placeholder" not in told(report, "C7.6")


def test_keys_that_do_not_meet_are_red(databases):
    databases.pair(ROWS, [(name, f"x{mail}") for name, mail in ROWS])
    report = databases.ask("C7.6")
    assert red(report) == ["C7.6"]
    assert "no key of one side is found on the other" in told(report, "C7.6")


def test_a_field_that_many_records_share_is_no_key(databases):
    databases.pair([(name, "same@firma.example") for name, _ in ROWS], ROWS)
    report = databases.ask("C7.6")
    assert red(report) == ["C7.6"]
    assert "email is no key in crm/companies: 100 %" in told(report, "C7.6")


def test_role_addresses_and_placeholders_are_no_keys_and_are_counted(databases):
    databases.pair([*ROWS, ("Rolle", "info@rolle.example"), ("Leer", None)], ROWS)
    report = databases.ask("C7.6")
    assert "email is a placeholder or a role in 1 record of crm/companies" in told(report, "C7.6")


def test_names_as_keys_are_called_weak(databases):
    names = [(f"{first} {last}", f"post{n}@x.example") for n, (first, last) in enumerate(
        (a, b) for a in ("Anker", "Bär", "Cäsar") for b in ("Handel", "Logistik", "Technik", "Werke"))]  # fmt: skip
    databases.pair(names, names, match=[{"on": "name"}])
    report = databases.ask("C7.6")
    assert statuses(report) == {"C7.6": "warn"}
    assert "looks like a name" in told(report, "C7.6")


def test_short_codes_are_no_names(databases):
    codes = [(code, f"{code}@x.example") for code in ("de", "en", "fr", "it", "es", "pt", "nl", "da", "sv", "fi", "pl")]
    databases.pair(codes, codes, match=[{"on": "name"}])
    assert statuses(databases.ask("C7.6")) == {"C7.6": "pass"}


def test_without_a_match_rule_everything_would_be_doubled(databases):
    databases.pair(ROWS, ROWS, match=[])
    report = databases.ask("C7.6")
    assert red(report) == ["C7.6"]


def test_two_records_that_keep_the_same_foreign_id_are_red(databases):
    two_columns(databases, ROWS, [(*row, "same" if n < 2 else str(n)) for n, row in enumerate(ROWS)],
                right={"crm_id": {"type": "text"}})  # fmt: skip
    databases.mapping(
        {"name": field(), **EMAIL}, right={"system": "erp", "object": "partners", "external_id": "crm_id"}
    )
    report = databases.ask("C7.6")
    assert red(report) == ["C7.6"]
    assert "share a value of crm_id" in told(report, "C7.6")


# --- fields -------------------------------------------------------------------------------------------------------


def test_a_required_field_that_nothing_fills_is_red(databases):
    two_columns(databases, ROWS, [(*row, "DE") for row in ROWS], right={"country": {"type": "text", "required": True}})
    databases.mapping({"name": field(), **EMAIL})
    report = databases.ask("C7.4")
    assert red(report) == ["C7.4"]
    assert "a new record needs 'country'" in told(report, "C7.4")


def test_a_value_for_all_new_records_fills_a_required_field(databases):
    two_columns(databases, ROWS, [(*row, "DE") for row in ROWS], right={"country": {"type": "text", "required": True}})
    right = {"system": "erp", "object": "partners", "on_create": {"country": "DE"}}
    databases.mapping({"name": field(), **EMAIL}, right=right)
    assert statuses(databases.ask("C7.4")) == {"C7.4": "pass"}


def test_values_that_are_too_long_for_the_other_side_are_counted(databases):
    long = ("Ein sehr langer Firmenname", "lang@x.example")
    databases.system("crm", "companies", {"name": {"type": "text"}, "email": {"type": "text"}}, [*ROWS, long])
    databases.system("erp", "partners", {"name": {"type": "text", "max_length": 12}, "email": {"type": "text"}}, ROWS)
    databases.mapping({"name": field(), **EMAIL})
    report = databases.ask("C7.4", "C7.11d")
    assert statuses(report) == {"C7.4": "warn", "C7.11d": "warn"}
    assert "1 x name is too long (at most 12 characters)" in told(report, "C7.4")
    assert "langer" not in told(report, "C7.4")


def test_a_codec_that_fits_no_value_is_red(databases):
    """Nearly all values break the row, so the row is wrong, not the data."""
    two_columns(databases, [(*row, "31.01.2025") for row in ROWS], [(*row, "2025-01-31") for row in ROWS],
                {"since": {"type": "text"}}, {"since": {"type": "text"}})  # fmt: skip
    wrong = {"path": "since", "codec": {"codec": "date", "format": "MM/dd/yyyy"}}
    databases.mapping({"name": field(), **EMAIL, "since": field(wrong, "since")})
    report = databases.ask("C7.4")
    assert red(report) == ["C7.4"]
    assert "most values of 'since' cannot be read" in told(report, "C7.4")


def test_options_in_use_that_are_not_mapped_are_listed_with_their_counts(databases):
    left = [(*row, "new" if n else "weird") for n, row in enumerate(ROWS)]
    two_columns(
        databases, left, [(*row, "Neu") for row in ROWS], {"stage": {"type": "text"}}, {"stage": {"type": "text"}}
    )
    databases.mapping({"name": field(), **EMAIL, "stage": field("stage", "stage", options={"map": {"new": "Neu"}})})
    report = databases.ask("C7.4")
    assert statuses(report) == {"C7.4": "warn"}
    assert "'stage' has options that are not mapped: 1 x weird" in told(report, "C7.4")


def test_a_row_without_any_value_and_a_filled_field_without_a_row_are_named(databases):
    extra = {"fax": {"type": "text"}, "phone": {"type": "text"}}
    two_columns(databases, [(*row, None, "1234") for row in ROWS], [(*row, None, None) for row in ROWS], extra, extra)
    databases.mapping({"name": field(), **EMAIL, "fax": field("fax", "fax")})
    report = databases.ask("C7.4")
    assert "'fax' has no value in any record" in told(report, "C7.4")
    assert "not mapped though filled: phone (100 %)" in told(report, "C7.4")


# --- round trips --------------------------------------------------------------------------------------------------


def with_note(databases, values, left="note", right="note", **settings):
    rows = [(*row, value) for row, value in zip(ROWS, values, strict=False)]
    kind = settings.pop("kind", {"type": "text"})
    two_columns(databases, rows, [(*row[:2], None) for row in rows], {"note": kind}, {"note": kind})
    databases.mapping({"name": field(), **EMAIL, "note": field(left, right, **settings)})


def test_values_that_come_back_as_they_went_pass(databases):
    with_note(databases, ["1.234,50", "7,00", "-0,10"],
              {"path": "note", "codec": {"codec": "number", "decimal": ",", "group": ".", "scale": 2}},
              {"path": "note", "codec": {"codec": "number", "decimal": ".", "scale": 2}})  # fmt: skip
    report = databases.ask("C7.11b")
    assert statuses(report) == {"C7.11b": "pass"}
    assert "all 3 live values" in told(report, "C7.11b")


def test_rounding_on_one_side_shrinks_with_an_example_and_a_rule(databases):
    with_note(databases, ["1.234", "7.000"], {"path": "note", "codec": {"codec": "number", "scale": 3}},
              {"path": "note", "codec": [{"codec": "number"}, {"codec": "round", "scale": 1}]})  # fmt: skip
    report = databases.ask("C7.11b")
    assert statuses(report) == {"C7.11b": "warn"}
    assert "1 of 2 values lose something: 1 x rounded to 1, such as *.2** -> *.*" in told(report, "C7.11b")
    assert "invalid: truncate" in told(report, "C7.11b")


def test_a_translation_that_never_rests_is_a_loop_and_red(databases):
    """Each crossing adds a character, so every run would write for ever."""
    growing = {"expression": "{{ note }}", "inverse": {"note": "{{ value }}x"}}
    with_note(databases, ["a", "b"], growing, "note")
    report = databases.ask("C7.11d")
    assert red(report) == ["C7.11d"]
    assert "note of crm: 2 of 2 values never come to rest" in told(report, "C7.11d")


def test_a_spelling_that_the_other_side_changes_drifts_and_is_red(databases):
    with_note(databases, ["Anker", "Bär"], "note",
              {"expression": "{{ note }}", "inverse": {"note": "{{ value | replace('e', '3') }}"}})  # fmt: skip
    report = databases.ask("C7.11d")
    assert red(report) == ["C7.11d"]
    assert "note of crm: 1 of 2 values come back different, such as A***r -> A***r" in told(report, "C7.11d")


def test_what_flows_one_way_may_lose_something(databases):
    with_note(databases, ["Anker", "Bär"], "note", {"path": "note", "codec": "upper"}, direction="to_right")
    assert red(databases.ask("C7.11d")) == []


def test_questions_about_times_amounts_and_options_share_the_fields_out(databases):
    kinds = {"due": {"type": "instant"}, "total": {"type": "number"}, "stage": {"type": "text", "options": ["a", "b"]}}
    rows = [(*row, "2025-01-31T09:00:00Z", 12.5, "a") for row in ROWS]
    two_columns(databases, rows, rows, kinds, kinds)
    databases.mapping({"name": field(), **EMAIL, **{k: field(k, k) for k in kinds}})
    report = databases.ask("C7.11")
    found = [f for q in ("C7.11a", "C7.11b", "C7.11c", "C7.11d") for f in findings(report, q)]
    asked = {f.question: {one["name"] for one in f.evidence.facts["fields"]} for f in found}
    assert asked == {"C7.11a": {"due"}, "C7.11b": {"total"}, "C7.11c": {"stage"}, "C7.11d": {"name", "email"}}


# --- policies -----------------------------------------------------------------------------------------------------


def test_the_table_of_creates_changes_and_deletions_is_spelled_out(databases):
    databases.pair(ROWS, ROWS, on_unmatched={"left": "create", "right": "ask"},
                   on_delete={"left": "unlink", "right": "propagate"})  # fmt: skip
    words = told(databases.ask("C9"), "C9")
    for line in (
        "new in crm: is created in erp",
        "new in erp: waits for a person",
        "changed in erp: 2 fields flow to crm",
        "deleted in crm: the two go separate ways",
        "deleted in erp: its partner is deleted in crm",
    ):
        assert line in words


def test_a_wish_that_a_system_cannot_grant_is_red(twins):
    manifest = twins.folder / "systems" / "crm.yaml"
    text = manifest.read_text()
    at = text.index("    delete:")
    manifest.write_text(text[:at] + text[text.index("    paging:", at) :])
    report = twins.ask("C9", "C1.3")
    assert red(report) == ["C1.3", "C9"]
    assert "crm shall delete, and its manifest describes no way to delete" in told(report, "C9")
    assert "delete companies" in told(report, "C1.3")


@pytest.mark.parametrize(("claims", "gaps"), [({}, "W-3"), ({"create_idem": "extid"}, "")])
def test_guarantees_follow_from_what_is_claimed(databases, claims, gaps):
    databases.pair(ROWS, ROWS)
    for file in (databases.folder / "systems").iterdir():
        text = file.read_text()
        file.write_text(text.replace("    id_type: integer", f"    claims: {claims}\n    id_type: integer"))
    words = told(databases.ask("C9"), "C9")
    assert ("W-3" in words) == bool(gaps)
    assert "W-8" in words


def test_a_subject_without_an_owner_says_so(databases):
    databases.pair(ROWS, ROWS, match=[], owner="")
    [finding] = findings(databases.ask("C7.6"), "C7.6")
    assert finding.owner == ""
    assert finding.reproduce == "tally check --only C7.6"
