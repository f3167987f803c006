"""Select options: both lists beside the mapping, an answer that the mapping learns, options that are made."""

from typing import Any

import pytest
from tests.cli.conftest import CRM_MANIFEST, ERP_MANIFEST, MAPPING, World

from tallystick.cli import exits

PHONE = "  phone: {left: phone, right: telephone}\n"
CRM_LIST = """\
      phone: {type: text, options_from: {object: kinds, key: code, label: title, inactive: hidden, order: rank}}
  kinds:
    id_type: integer
    table: {name: kinds}
    fields:
      id: {type: integer, read_only: true}
      code: {type: text}
      title: {type: text}
      hidden: {type: boolean}
      rank: {type: integer}
"""
ERP_LIST = """\
      telephone: {type: text, options_from: {object: arten, key: art, label: name, where: {feld: tel}}}
  arten:
    id_type: integer
    table: {name: arten}
    fields:
      id: {type: integer, read_only: true}
      art: {type: text}
      name: {type: text}
      feld: {type: text}
"""
LISTED = """\
  # the kinds, as agreed with sales
  phone:
    left: phone
    right: telephone
    options:
      map: {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "6": "6", "44": "44"}  # kept
"""


@pytest.fixture
def lists(in_step: World) -> World:
    """Let the phone be a select whose options stand in a table on each side; two companies have a new one."""
    in_step.execute("crm", "create table kinds (id integer primary key, code text, title text, hidden bool, rank int)")
    in_step.execute("erp", "create table arten (id integer primary key, art text, name text, feld text)")
    for rank, code in enumerate(["44", "6", "5", "4", "3", "2", "1", "77"]):
        row = (code, f"Kind {code}", code == "6", rank)
        in_step.execute("crm", "insert into kinds (code, title, hidden, rank) values (?, ?, ?, ?)", *row)
    for code in ("1", "2", "3", "4", "5", "44", "99"):
        in_step.execute("erp", "insert into arten (art, name, feld) values (?, ?, 'tel')", code, f"Art {code}")
    in_step.execute("erp", "insert into arten (art, name, feld) values ('x', 'of another field', 'sonst')")
    in_step.write(
        "systems/crm.yaml", CRM_MANIFEST.replace("      phone: {type: text}\n      kind: {type: text}\n", CRM_LIST)
    )
    in_step.write("systems/erp.yaml", ERP_MANIFEST.replace("      telephone: {type: text}\n", ERP_LIST))
    learn(in_step)
    in_step.succeed("run")
    in_step.execute("crm", "update companies set phone = '77' where email in ('beta@example.com', 'left@example.com')")
    return in_step


def learn(world: World, more: str = "") -> None:
    """Write the mapping with further settings of its options."""
    world.write("mappings/companies.yaml", MAPPING.replace(PHONE, LISTED + more) + "initial: right\n")


def rows_of(world: World) -> dict[tuple[str | None, str | None], Any]:
    """Give the table by (left key, right key)."""
    [field] = world.succeed("options", "--json").document["fields"]
    return {(row["left"] and row["left"]["key"], row["right"] and row["right"]["key"]): row for row in field["options"]}


def marks(row: Any) -> set[tuple[str, str]]:
    """Give the marks of one row."""
    return {(mark["side"], mark["mark"]) for mark in row["marks"]}


def test_both_lists_are_read_live_and_laid_beside_the_mapping(lists: World) -> None:
    rows = rows_of(lists)
    assert rows["44", "44"]["left"] == {"key": "44", "label": "Kind 44", "records": 1, "within": ""}
    assert rows["44", "44"]["right"]["label"] == "Art 44"
    assert marks(rows["44", "44"]) == set()
    assert marks(rows["77", None]) == {("left", "unmapped")}
    assert rows["77", None]["left"]["records"] == 2
    assert marks(rows[None, "99"]) == {("right", "unmapped")}
    assert marks(rows["6", "6"]) == {("left", "retired"), ("right", "dead")}
    assert (None, "x") not in rows, "an option of another field"


def test_the_table_says_how_many_live_values_are_mapped(lists: World) -> None:
    told = lists.succeed("options").out
    assert "crm: 4 of 6 values mapped" in told
    assert "erp: all 5 values mapped" in told
    assert "tally options answer companies phone '77=RIGHT'" in told


def test_without_counting_no_record_is_read(lists: World) -> None:
    [field] = lists.succeed("options", "list", "--no-counts", "--json").document["fields"]
    assert field["coverage"] == {}
    assert all(row["left"] is None or row["left"]["records"] is None for row in field["options"])


def test_one_answer_is_learned_by_the_mapping_and_frees_all_that_waited(lists: World) -> None:
    """X10: one question for N records; the answer is written into the file and nothing waits any more."""
    lists.succeed("run")
    told = lists.succeed("options", "answer", "companies", "phone", "77=99", "--json").document
    assert told["waiting"] == 2
    written = (lists.folder / "mappings/companies.yaml").read_text(encoding="utf-8")
    assert '"77": "99"}' in written
    assert "# the kinds, as agreed with sales" in written
    assert "# kept" in written
    lists.succeed("run")
    assert {lists.erp()[mail][1] for mail in ("beta@example.com", "left@example.com")} == {"99"}
    assert lists.crm()["beta@example.com"][1] == "77"
    assert "unknown_option" not in lists.succeed("problems").out


def test_a_second_right_option_is_read_as_the_left_one_and_never_written(lists: World) -> None:
    lists.succeed("options", "answer", "companies", "phone", "77=44")
    told = lists.succeed("options", "answer", "companies", "phone", "1=99").out
    assert "'99' is read as '1', which is written as '1'" in told
    lists.execute("erp", "update partners set telephone = '99' where mail = 'differs@example.com'")
    lists.succeed("run")
    assert lists.crm()["differs@example.com"][1] == "1"
    assert lists.erp()["differs@example.com"][1] == "99", "R-6.4: its own spelling stays where nobody edited"
    assert not lists.succeed("options", "--json").document["fields"][0]["injective"]


@pytest.mark.parametrize("pair", ["77", "=1", "77="])
def test_what_names_no_two_options_is_refused(lists: World, pair: str) -> None:
    before = (lists.folder / "mappings/companies.yaml").read_text(encoding="utf-8")
    assert lists.tally("options", "answer", "companies", "phone", pair).code == exits.WRONG
    assert (lists.folder / "mappings/companies.yaml").read_text(encoding="utf-8") == before


def test_an_answer_for_no_field_or_against_the_mapping_is_refused(lists: World) -> None:
    assert "did you mean 'phone'" in lists.tally("options", "answer", "companies", "phon", "77=99").err
    outcome = lists.tally("options", "answer", "companies", "phone", "1=2")
    assert outcome.code == exits.WRONG
    assert "both mapped already" in outcome.err


def test_an_option_is_made_on_the_other_side_once_under_its_label(lists: World) -> None:
    lists.succeed("run")
    lists.succeed("options", "create", "companies", "phone", "77")
    made = lists.execute("erp", "select art, name, feld from arten where art = '77'")
    assert made == [("77", "Kind 77", "tel")]
    lists.succeed("run")
    assert lists.erp()["beta@example.com"][1] == "77"
    learn(lists)  # as if the answer had been lost
    lists.succeed("options", "create", "companies", "phone", "77")
    assert len(lists.execute("erp", "select 1 from arten where art = '77'")) == 1, "what is there is found, not doubled"


def test_with_create_a_run_makes_the_option_and_the_values_pass(lists: World) -> None:
    learn(lists, "      unknown: create\n")
    assert "unknown option" in lists.succeed("run").out
    told = lists.succeed("run").out
    assert "option created for phone: '77' is '77'" in told
    assert lists.erp()["beta@example.com"][1] == "77"
    assert "unknown_option" not in lists.succeed("problems").out
    assert "option created" not in lists.succeed("run").out


def test_what_cannot_be_created_is_told_and_waits(lists: World) -> None:
    learn(lists, "      unknown: create\n")
    lists.write("systems/erp.yaml", ERP_MANIFEST)
    lists.succeed("run")
    told = lists.succeed("run").out
    assert "option '77' of phone cannot be created in erp: nothing says how" in told
    assert "unknown_option" in lists.succeed("problems").out


def test_with_ask_it_is_one_question_to_the_owner(lists: World) -> None:
    learn(lists, "      unknown: ask\n")
    lists.succeed("run")
    [cause] = [c for c in lists.succeed("problems", "--json").document["problems"] if c["code"] == "unknown_option"]
    assert (cause["kind"], cause["audience"], cause["count"]) == ("question", "Operations", 2)
    assert "question about 2 records" in lists.succeed("problems").out


def test_with_error_the_whole_record_waits(lists: World) -> None:
    learn(lists, "      unknown: error\n")
    lists.execute(
        "crm", "update companies set name = 'Gamma' where email in ('beta@example.com', 'mueller@example.com')"
    )
    lists.succeed("run")
    assert lists.erp()["mueller@example.com"][0] == "Gamma"
    assert lists.erp()["beta@example.com"][0] == "Beta"
    lists.succeed("options", "answer", "companies", "phone", "77=99")
    lists.succeed("run")
    assert lists.erp()["beta@example.com"] == ("Gamma", "99")


def test_options_of_an_object_that_is_not_there_are_a_fault_of_the_file(lists: World) -> None:
    lists.write(
        "systems/erp.yaml",
        ERP_MANIFEST.replace("      telephone: {type: text}\n", ERP_LIST).replace("object: arten", "object: artn"),
    )
    outcome = lists.tally("lint")
    assert outcome.code == exits.WRONG
    assert "there is no object 'artn'" in outcome.err + outcome.out
    assert "did you mean 'arten'" in outcome.err + outcome.out


def test_a_field_that_holds_anything_but_keys_floods_nobody_and_shows_no_texts(lists: World) -> None:
    lists.execute("crm", "update companies set phone = ? where email = 'beta@example.com'", "secret " * 20)
    for n in range(250):
        lists.execute(
            "crm", "insert into companies (name, email, phone) values ('x', ?, ?)", f"x{n}@example.com", f"v{n}"
        )
    told = lists.succeed("options").out
    assert "(140 characters)" in told
    assert "secret" not in told
    assert "more; --json has them all" in told
    assert len(told.splitlines()) < 220
    assert ("v249", None) in rows_of(lists)
