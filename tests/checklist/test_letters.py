"""The letter asks for what the mappings need, and for nothing else; it needs no answer of any system."""

import json

import pytest
from test_command import run
from town import Town

from tallystick.checklist.letter import write_letter
from tallystick.wiring import open_house


def letter(folder, system, language="en", **settings):
    with open_house(folder) as house:
        return write_letter(Town(house).scene(), system, language, **settings)


@pytest.mark.parametrize(
    ("language", "word", "verb"), [("en", "Dear", "read lists"), ("de", "geehrte", "Listen lesen")]
)
def test_it_names_each_call_the_way_and_the_credentials(twins, language, word, verb):
    text = letter(twins.folder, "crm", language, source="192.0.2.7")
    assert word in text
    assert f"- companies: {verb} (GET /v1/companies)" in text
    assert "POST /v1/companies" in text
    assert f"127.0.0.1, {'port' if language == 'en' else 'Port'} {twins.crm.url.rpartition(':')[2]}" in text
    assert "192.0.2.7" in text
    assert twins.crm.token not in text
    assert twins.crm.log == []


def test_a_right_that_nothing_needs_is_not_asked_for(databases):
    """Deletions that go nowhere need no right to delete, and what only flows to the right is not written left."""
    rows = [("Anker", "anker@x.example")]
    databases.pair(rows, rows, on_delete={"left": "unlink", "right": "unlink"})
    text = letter(databases.folder, "crm")
    assert "GRANT SELECT, INSERT, UPDATE ON companies TO USER;" in text
    databases.mapping(
        {
            "name": {"left": "name", "right": "name", "direction": "to_right"},
            "email": {"left": "email", "right": "email", "direction": "to_right"},
        },
        on_delete={"left": "unlink", "right": "unlink"},
        on_unmatched={"left": "create", "right": "ignore"},
    )
    assert "GRANT SELECT ON companies TO USER;" in letter(databases.folder, "crm")


def test_each_system_gets_its_letter(twins, capsys):
    assert run(twins, "--letter", "de", "--json") == 0
    letters = json.loads(capsys.readouterr().out)["letters"]
    assert letters.keys() == {"crm", "erp"}
    assert run(twins, "--letter", "en") == 0
    assert capsys.readouterr().out.count("Kind regards") == 2
