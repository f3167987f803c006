"""The catalogue and the test kit on the command line: copied, accepted by lint, tried against systems that run."""

import json

import pytest
import yaml
from tests.catalog.stand_in import SECRET, StandIn

from tallystick.cli import exits
from tallystick.project.ready import BECAUSE, entries_of, read_ready, ready_names
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.server import Answer


@pytest.fixture
def project(tmp_path, command):
    assert command("--project", str(tmp_path), "init").code == 0
    return tmp_path


def test_the_catalogue_lists_what_each_system_needs(command):
    """Every entry has a title, objects and the variables of its credentials."""
    told = json.loads(command("catalog", "--json").out)["systems"]
    assert [each["name"] for each in told] == list(ready_names())
    assert len(told) >= 12
    assert all(each["title"] and each["objects"] and each["variables"] for each in told)
    assert "HUBSPOT_TOKEN" in command("catalog").out


def test_an_unknown_name_gets_a_near_one(command):
    """A slip of the finger is answered with what was probably meant."""
    said = command("catalog", "hubspt")
    assert said.code == exits.WRONG
    assert "hubspot" in said.err


@pytest.mark.parametrize("name", ready_names())
def test_every_entry_is_labelled(name):
    """Nothing that is said of a system goes without a fact, and none claims to have been seen live."""
    ready = read_ready(name)
    assert set(ready.manifest.facts) == set(entries_of(ready.manifest))
    assert {(fact.label, fact.because) for fact in ready.manifest.facts.values()} == {("declared", BECAUSE)}
    assert any(line.startswith("Credentials:") for line in ready.guidance)
    assert all(variable in "".join(ready.guidance) for variable in ready.variables)


@pytest.mark.parametrize("name", ready_names())
def test_fields_that_are_named_are_described(name):
    """What id, times, filters, versions and references point to is among the fields or the objects."""
    manifest = read_ready(name).manifest
    for spec in manifest.objects.values():
        named = {spec.id, spec.modified, spec.created, spec.version, *spec.filters} - {""}
        assert named <= set(spec.fields)
        assert {field.reference for field in spec.fields.values()} - {""} <= set(manifest.objects)
        assert spec.fields[spec.id].read_only


def test_a_new_project_with_every_system_is_accepted(tmp_path, command):
    """`init --from` copies them, lint finds no error in any, and a second time nothing is overwritten."""
    wanted = [part for name in ready_names() for part in ("--from", name)]
    assert command("init", str(tmp_path), *wanted).code == 0
    said = json.loads(command("--project", str(tmp_path), "lint", "--json").out)
    assert said["errors"] == 0, said["problems"]
    # That nobody owns or maps them yet is all there is to say.
    about = {problem["message"].partition(" '")[0] for problem in said["problems"]}
    assert about <= {"the system", "nobody owns this system"}
    mine = tmp_path / "systems" / "jira.yaml"
    mine.write_text("protocol: rest\nbase_url: https://mine.example\n")
    assert command("init", str(tmp_path), "--from", "jira").code == 0
    assert "mine.example" in mine.read_text()


def test_describe_copies_one_under_a_name_of_ones_own(project, command):
    """The text is kept as it is, with its comments; a file that is there is not overwritten."""
    said = command("--project", str(project), "describe", "crm", "--from", "hubspot")
    assert said.code == 0, said.err
    kept = (project / "systems" / "crm.yaml").read_text()
    assert kept == read_ready("hubspot").text
    assert "# Credentials:" in kept
    assert command("--project", str(project), "describe", "crm", "--from", "pipedrive").code == exits.DECIDE
    assert (project / "systems" / "crm.yaml").read_text() == kept
    assert command("--project", str(project), "describe", "x", "--from", "a", "--openapi", "b").code == exits.WRONG


def test_the_names_of_the_catalogue_stand_in_the_manual(request):
    """The page about the catalogue has a row for each system."""
    page = (request.config.rootpath / "docs/howto/catalog.md").read_text()
    assert [name for name in ready_names() if f"| `{name}` |" not in page] == []


# --- the test kit ---------------------------------------------------------------------------------------------------


def tell(command, project, *arguments):
    said = command("--project", str(project), "testkit", *arguments, "--json")
    assert said.out, said.err
    return said.code, json.loads(said.out)


def laws(told, verdict):
    return {law["law"]: law["why"] for each in told["objects"] for law in each["laws"] if law["verdict"] == verdict}


@pytest.fixture
def twin(request, project, command, monkeypatch):
    """A twin that runs, described from its own document, with a few records in it."""
    system = request.param().start()
    described = project / "openapi.json"
    described.write_text(json.dumps(system.document()))
    assert command("--project", str(project), "describe", "twin", "--openapi", str(described)).code == 0
    manifest = yaml.safe_load((project / "systems" / "twin.yaml").read_text())
    monkeypatch.setenv(manifest["auth"].get("token", manifest["auth"].get("value"))[6:-1], system.token)
    yield system
    system.stop()


@pytest.mark.parametrize("twin", [CrmTwin, lambda: ErpTwin(rate_limit=None)], indirect=True, ids=["crm", "erp"])
def test_reading_changes_nothing(twin, project, command):
    """Without --write not one writing request is sent."""
    code, told = tell(command, project, "twin")
    assert code == exits.DONE, laws(told, "broken")
    assert not told["written"]
    assert {each.method for each in twin.log} <= {"GET"}


@pytest.fixture
def books(project, monkeypatch):
    """A third-party system that runs: what the catalogue says of Stripe, in a project."""
    ready = read_ready("stripe")
    system = StandIn(ready).start()
    monkeypatch.setenv("STRIPE_KEY", SECRET)
    text = ready.text.replace(ready.manifest.base_url, system.manifest.base_url)
    text = text.replace("requests_per_second: 20,", "requests_per_second: 2000,")
    (project / "systems" / "books.yaml").write_text(text)
    yield system
    system.stop()


def other_records(system, count=3):
    shelf = system.shelves["products"]
    for number in range(count):
        row = system.blank(shelf)
        system.lay(shelf, row, {"id": f"id-{900 + number}", "name": f"Theirs {number}"})
        shelf.rows[f"id-{900 + number}"] = row
        system.touch(shelf, row, is_new=True)
    return {key: dict(row) for key, row in shelf.rows.items()}


def test_canaries_leave_nothing_behind(books, project, command):
    """With --write the suite holds beside the records of others, which are untouched, and no canary stays."""
    before = other_records(books)
    code, told = tell(command, project, "books", "--object", "products", "--write")
    assert code == exits.DONE, laws(told, "broken")
    assert "test_what_is_created_can_be_read" in laws(told, "holds")
    assert books.shelves["products"].alive() == before


def test_what_does_not_hold_is_told(books, project, command):
    """A manifest that promises too much is found out, with the law and an exit code of its own."""
    other_records(books)
    file = project / "systems" / "books.yaml"
    claims = "claims: {idempotency_header: Idempotency-Key,"
    file.write_text(file.read_text().replace(claims, "claims: {create_idem: key,"))
    code, told = tell(command, project, "books", "--object", "products", "--write")
    assert code == exits.CHECK
    assert laws(told, "broken")
    said = command("--project", str(project), "testkit", "books", "--object", "products", "--write")
    assert "BROKEN" in said.out


def test_objects_that_cannot_be_cleaned_up_are_only_read(books, project, command):
    """Prices cannot be deleted, so none is made."""
    code, told = tell(command, project, "books", "--object", "prices", "--write")
    assert code == exits.DONE
    assert books.shelves["prices"].rows == {}
    assert not any(each["law"].startswith("test_what_is_created") for each in told["objects"][0]["laws"])


def test_canaries_that_cannot_be_removed_are_named(books, project, command):
    """What stays behind is listed by id, and is no success."""
    books.delete = lambda *_: Answer(403)
    code, told = tell(command, project, "books", "--object", "products", "--write")
    assert code == exits.CHECK
    assert told["objects"][0]["left_behind"]


@pytest.mark.parametrize(
    "arguments", [["nobody"], ["books", "--object", "prodcts"], ["books", "--with", "["], ["books", "--with", "[]"]]
)
def test_wrong_words_are_told(arguments, books, project, command):
    """An unknown system or object, and values that are no JSON object, are errors in words."""
    said = command("--project", str(project), "testkit", *arguments)
    assert said.code == exits.WRONG
    assert "what to do" in said.err


ERP_AS_IT_IS = {
    "version": "lfd_nr",
    "modified": "geaendert_am",
    "modified_format": "dd.MM.yyyy HH:mm:ss",
    "created": "angelegt_am",
    "since": {"param": "geaendert_seit", "format": "dd.MM.yyyy HH:mm:ss"},
    "deleted": {"path": "geloescht", "query": {"mit_geloeschten": "1"}},
    "claims": {"cas_write": True, "create_idem": "extid", "returns_record": True, "strong_reads": True},
}
TWINS = [
    (CrmTwin, "companies", {"name": "Theirs"}, {}, {}),
    (lambda: ErpTwin(rate_limit=None), "partner", {"art": "firma", "name1": "Theirs"}, {"art": "firma"}, ERP_AS_IT_IS),
]


@pytest.mark.parametrize(
    ("twin", "kind", "theirs", "given", "corrections"), TWINS, indirect=["twin"], ids=["crm", "erp"]
)
def test_the_suite_is_tried_beside_the_records_of_others(twin, kind, theirs, given, corrections, project, command):
    """What a manifest rightly says of a twin is found to hold, and what was there stays as it was."""
    before = twin.put(kind, theirs)
    file = project / "systems" / "twin.yaml"
    manifest = yaml.safe_load(file.read_text())
    manifest["objects"][kind] |= corrections
    file.write_text(yaml.safe_dump(manifest))
    code, told = tell(command, project, "twin", "--object", kind, "--write", "--with", json.dumps(given))
    assert code == exits.DONE, laws(told, "broken")
    assert "test_an_update_changes_only_the_patch" in laws(told, "holds")
    assert twin.rows(kind) == [before]


@pytest.mark.parametrize("twin", [lambda: ErpTwin(rate_limit=None)], indirect=True)
def test_a_version_that_never_comes_is_found(twin, project, command):
    """The description of this twin promises entity tags that it does not send; the law that meets it says so."""
    code, told = tell(command, project, "twin", "--object", "partner", "--write", "--with", '{"art": "firma"}')
    assert code == exits.CHECK
    assert "header:ETag" in laws(told, "broken")["test_an_update_changes_only_the_patch"]
