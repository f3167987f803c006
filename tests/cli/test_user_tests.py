"""Tests that people write: a record in, a record out, told with file and line where it is not so."""

from tests.cli.conftest import MAPPING, World

from tallystick.cli import exits

GOOD = """\
mapping: companies
cases:
  an umlaut stays:
    record: {name: Müller GmbH, email: M@example.com}
    gives: {partner_name: Müller GmbH, mail: M@example.com}
    back: true
  a long name waits:
    record: {name: A name that the other side can never hold}
    refuses: [name]
  the other way round:
    side: right
    record: {partner_name: Beta, telephone: "7"}
    gives: {name: Beta, phone: "7"}
"""


def test_what_people_expect_is_run_without_any_system(world: World) -> None:
    world.write("tests/companies.yaml", GOOD)
    (world.folder / "crm.db").unlink()
    assert "3 tests, 0 failures" in world.succeed("test").out
    assert world.tally("lint").code == exits.DONE


def test_each_difference_is_told_at_its_line(world: World) -> None:
    wrong = GOOD.replace("gives: {partner_name: Müller GmbH,", "gives: {partner_name: Mueller GmbH,")
    wrong = wrong.replace("refuses: [name]", "refuses: [phone]")
    world.write("tests/companies.yaml", wrong)
    outcome = world.tally("test")
    assert outcome.code == exits.CHECK
    assert "tests/companies.yaml:5:" in outcome.out
    assert "partner_name is 'Müller GmbH', expected 'Mueller GmbH'" in outcome.out
    assert "phone is not refused, but written" in outcome.out
    assert "name is refused: partner_name is too long (at most 20 characters, 41 came)" in outcome.out
    document = world.tally("test", "--json").document
    assert [(t["test"], len(t["faults"])) for t in document["tests"]] == [
        ("an umlaut stays", 1), ("a long name waits", 2), ("the other way round", 0),
    ]  # fmt: skip


def test_a_value_that_does_not_come_back_is_told(world: World) -> None:
    upper = "right: {path: telephone, codec: upper}"
    world.write("mappings/companies.yaml", MAPPING.replace("right: telephone", upper))
    world.write(
        "tests/companies.yaml",
        "mapping: companies\ncases:\n  phone:\n    record: {name: Beta, phone: abc}\n    back: true\n",
    )
    outcome = world.tally("test", "companies")
    assert outcome.code == exits.CHECK
    assert "phone comes back as" in outcome.out


def test_numbers_are_compared_as_numbers_and_missing_fields_are_told(world: World) -> None:
    world.write(
        "tests/companies.yaml",
        "mapping: companies\ncases:\n  phone:\n    record: {name: Beta}\n    gives: {telephone: 1, nowhere: x}\n",
    )
    told = world.tally("test").out
    assert "expected 1" in told
    assert "nowhere is not there, expected 'x'" in told


def test_a_file_that_is_no_test_is_told_at_its_line(world: World) -> None:
    world.write("tests/a.yaml", "mapping: compnies\ncases: {}\n")
    world.write("tests/b.yaml", "mapping: companies\ncases:\n  x: {recrod: {}}\n")
    outcome = world.tally("test")
    assert outcome.code == exits.WRONG
    assert "no mapping is called 'compnies'" in outcome.out
    assert "tests/b.yaml:3" in outcome.out


def test_a_project_without_tests_says_so(world: World) -> None:
    assert "there are no tests" in world.succeed("test").out
