"""`tally describe NAME --postman`: from a file to systems/NAME.yaml."""

import json

import pytest
from tests.connectors.describe.test_postman import FOLDER


@pytest.fixture
def describe(tmp_path, command, monkeypatch):
    """An empty project, with the collections beside it; describing in it."""
    assert command("--project", str(tmp_path), "init").code == 0
    for each in FOLDER.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    monkeypatch.chdir(tmp_path)
    return lambda *words: command("describe", *words)


def test_a_collection_with_its_environment(describe, tmp_path):
    """The file is written, and reads back as a system of the project."""
    environment = "freight.postman_environment.json"
    said = describe("freight", "--postman", "freight.json", "--variables", environment, "--json")
    written = (tmp_path / "systems/freight.yaml").read_text()
    assert (said.code, json.loads(said.out)["written"]) == (0, True)
    assert "https://freight.example:8443" in written
    assert "hunter2" not in written
    assert describe("freight").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [(["shop", "--openapi", "clinic.json"], "--postman"),
     (["shop", "--postman", "freight.postman_environment.json"], "--variables"),
     (["shop", "--variables", "freight.postman_environment.json"], "--postman"),
     (["shop", "--postman", "a", "--openapi", "b"], "one source"),
     (["clinic.json"], "name the system first")],
)  # fmt: skip
def test_what_was_meant_is_told(describe, words, told):
    """A file given in the wrong place says where it belongs."""
    said = describe(*words)
    assert said.code != 0
    assert told in said.err
