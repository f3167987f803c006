"""Laws of loading: everything wrong is told at once, at its place, in words that help."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import Problem, ProjectError
from tallystick.project.load import load_project

Write = Callable[[Mapping[str, str]], Path]

CRM = """
protocol: rest
base_url: https://crm.example/v1
auth: {type: bearer, token: "${env:CRM_TOKEN}"}
objects:
  companies:
    paging: {type: offset, limit: 50}
    fields:
      name: {type: text, max_length: 80}
"""
MAPPING = """
left: {system: crm, object: companies}
right: {system: erp, object: partners}
fields:
  name: {left: name, right: partner_name}
on_unmatched: {left: create, right: ask}
on_delete: {left: propagate, right: ask}
"""


def failing(folder: Path, environment: str | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ProjectError) as caught:
        load_project(folder, environment=environment)
    return caught.value.problems


def only(folder: Path, environment: str | None = None) -> Problem:
    [problem] = failing(folder, environment)
    return problem


def test_a_sound_project_is_loaded_whole(write: Write) -> None:
    loaded = load_project(
        write({"systems/crm.yaml": CRM, "systems/erp.yml": "protocol: memory\n", "mappings/m.yaml": MAPPING})
    )
    assert loaded.project.name == "test"
    assert set(loaded.manifests) == {"crm", "erp"}
    assert loaded.manifests["crm"].objects["companies"].fields["name"].max_length == 80
    assert loaded.mappings["m"].fields["name"].left.path == "name"
    assert loaded.environment == ""
    assert loaded.where("system", "crm", ("objects", "companies", "paging", "limit")) == "systems/crm.yaml:6:35"
    assert loaded.where("mapping", "m", ("fields", "name", "left", "path")) == "mappings/m.yaml:4:16"


def test_secrets_stay_references(write: Write) -> None:
    loaded = load_project(write({"systems/crm.yaml": CRM}))
    assert "${env:CRM_TOKEN}" in str(loaded.manifests["crm"].auth)


def test_a_folder_without_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert "tally init" in caught.value.hint
    assert "no project" in caught.value.message


def test_problems_of_all_files_come_at_once_in_order(write: Write) -> None:
    folder = write(
        {
            "tally.yaml": "name: x\nenviroment: a\nenvironments: {s: {systems: {cmr: {}}}}\n",
            "systems/crm.yaml": CRM.replace("limit: 50", "limit: 0"),
            "systems/erp.yaml": "a: [\n",
            "mappings/m.yaml": MAPPING.replace("on_delete", "on_delet"),
        }
    )
    found = [(p.file, p.line) for p in failing(folder)]
    assert found == sorted(found)
    assert {file for file, _ in found} == {"tally.yaml", "systems/crm.yaml", "systems/erp.yaml", "mappings/m.yaml"}
    assert sum(file == "tally.yaml" for file, _ in found) == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message", "hint"),
    [
        ("protocol: rest", "protocol: rst", 1, 11, "protocol must be one of rest, soap", "'rest'"),
        ("protocol: rest", "", 1, 1, "'protocol' is missing", "protocol: rest"),
        ("base_url", "base_ulr", 2, 1, "'base_ulr' is not known here", "'base_url'"),
        ("bearer", "baerer", 3, 14, "auth.type must be one of none, api_key, basic, bearer", "'bearer'"),
        ("type: bearer, ", "", 3, 1, "auth.type is missing", "none, api_key"),
        ("token:", "tocken:", 3, 22, "'tocken' is not known here", "'token'"),
        ("token:", "tocken:", 3, 1, "'token' is missing in auth", ""),
        ('"${env:CRM_TOKEN}"', "12345", 3, 29, "auth.token must be text", "quotes"),
        ("limit: 50", "limit: 0", 6, 35, "objects.companies.paging.limit must be at least 1", ""),
        ("limit: 50", "limit: 1.5", 6, 35, "paging.limit must be a whole number", ""),
        ("limit: 50", "limt: 50", 6, 28, "'limt' is not known here", "'limit'"),
        ("{type: text, max_length: 80}", "text", 8, 13, "fields.name must be a mapping", "One field"),
        ("type: text", "type: txt", 8, 20, "fields.name.type must be one of text", "'text'"),
        ("max_length: 80", "options: {a: 1}", 8, 39, "fields.name.options.a must be text", "quotes"),
        ("max_length: 80", "options: 5", 8, 35, "fields.name.options must be a list", ""),
        ("max_length: 80", "required: maybe", 8, 36, "fields.name.required must be true or false", ""),
        ("{type: offset, limit: 50}", "[1]", 6, 13, "paging", ""),
    ],
)
def test_what_is_wrong_in_a_system_is_said_in_plain_words_at_its_place(
    write: Write, old: str, new: str, line: int, column: int, message: str, hint: str
) -> None:
    found = failing(write({"systems/crm.yaml": CRM.replace(old, new, 1)}))
    at_place = [p for p in found if (p.line, p.column) == (line, column)]
    assert any(message in p.message and hint in p.hint for p in at_place), found


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ("on_delete: {left: propagate, right: ask}", "", 1, "'on_delete' is missing", "on_delete: {left:"),
        ("right: ask}\non_delete", "}\non_delete", 5, "'right' is missing in on_unmatched", ""),
        ("left: name", "left: {pth: name}", 4, "'pth' is not known here", "'path'"),
        (
            "left: name",
            "left: {path: name, codec: pad, width: 4}",
            4,
            "'width' is not known here",
            "{codec: pad, width",
        ),
        ("left: name", "left: 5", 4, "fields.name.left must be a mapping", "just the path"),
        (
            "left: name",
            "left: {path: a, codec: [trim, {zone: x}]}",
            4,
            "'codec' is missing in fields.name.left.codec[1]",
            "",
        ),
        ("left: name", "left: {path: a, codec: 5}", 4, "fields.name.left.codec must be a mapping", ""),
        (
            "right: partner_name}",
            "right: b, direction: to_rigth}",
            4,
            "fields.name.direction must be one of",
            "'to_right'",
        ),
        ("on_delete: {left: propagate", "on_delete: {left: delete", 6, "on_delete.left must be one of propagate", ""),
        (
            "fields:\n  name: {left: name, right: partner_name}",
            "fields: {}",
            3,
            "fields must not be empty",
            "list what",
        ),
    ],
)
def test_what_is_wrong_in_a_mapping_is_said_in_plain_words_at_its_place(
    write: Write, old: str, new: str, line: int, message: str, hint: str
) -> None:
    found = failing(write({"mappings/m.yaml": MAPPING.replace(old, new, 1)}))
    assert any(message in p.message and hint in p.hint and p.line == line for p in found), found


def test_messages_use_no_word_of_the_model_library(write: Write) -> None:
    text = """
        left: 1
        right: []
        fields: {a: 1, b: {left: [], right: {codec: {}}, options: 1}}
        match: 5
        brakes: {create_count: x}
        owner: [1]
        on_delete: {left: {}}
        """
    for problem in failing(write({"mappings/m.yaml": text})):
        for jargon in ("Input", "pydantic", "valid", "instance", "dict", "tuple", "str ", "type="):
            assert jargon not in problem.message


def test_what_the_text_reader_refused_is_not_complained_about_again(write: Write) -> None:
    problem = only(
        write(
            {
                "systems/crm.yaml": "protocol: &a rest\nbase_url: https://x\nauth: {type: bearer, token: *a}\n"
                "objects: {}\n".replace("&a", "")
            }
        )
    )
    assert "aliases" in problem.message


def test_values_of_secrets_are_not_repeated(write: Write) -> None:
    folder = write(
        {
            "systems/crm.yaml": CRM.replace('"${env:CRM_TOKEN}"', "[hunter2]").replace(
                "https://crm.example/v1", "{a: hunter2}"
            )
        }
    )
    assert len(failing(folder)) == 2
    assert "hunter2" not in str(failing(folder))


def test_names_come_from_files_and_must_be_names(write: Write) -> None:
    found = failing(
        write({"systems/a b.yaml": CRM, "systems/c.yml": CRM, "systems/c.yaml": CRM, "systems/.d.yaml": "x"})
    )
    assert {(p.file, p.message) for p in found} == {
        ("systems/a b.yaml", "'a b' cannot be a name"),
        ("systems/c.yml", "'c' is there twice"),
    }


def test_a_link_out_of_the_project_is_refused(write: Write, tmp_path: Path) -> None:
    folder = write({"systems/crm.yaml": CRM})
    (tmp_path / "outside.yaml").write_text("protocol: memory\n")
    (folder / "systems" / "erp.yaml").symlink_to(tmp_path / "outside.yaml")
    assert "out of the project" in only(folder).message


def test_what_is_no_file_is_refused_without_waiting(write: Write) -> None:
    folder = write({"systems/crm.yaml": CRM})
    os.mkfifo(folder / "systems" / "pipe.yaml")
    (folder / "systems" / "folder.yaml").mkdir()
    assert {p.message for p in failing(folder)} == {"this is no regular file"}


ENVIRONMENTS = """
name: test
state: sqlite:///a.db
environments:
  staging:
    state: sqlite:///staging.db
    systems:
      crm:
        base_url: https://sandbox.example
        auth: {type: api_key, name: X-Key, value: "${env:KEY}"}
        objects: {companies: {paging: {limit: 5}, fields: {name: {max_length: null}}}}
  other: {}
"""


def test_an_environment_is_laid_over_the_systems(write: Write) -> None:
    folder = write({"tally.yaml": ENVIRONMENTS, "systems/crm.yaml": CRM})
    base, staging = load_project(folder), load_project(folder, environment="staging")
    assert base.manifests["crm"].base_url == "https://crm.example/v1"
    crm = staging.manifests["crm"]
    assert crm.base_url == "https://sandbox.example"
    # Another kind of authentication replaces the whole; the same kind of paging is merged; null gives the default.
    assert crm.auth.type == "api_key"
    assert crm.objects["companies"].paging.type == "offset"
    assert crm.objects["companies"].paging.model_dump()["limit"] == 5
    assert crm.objects["companies"].fields["name"].max_length is None
    assert (base.project.state, staging.project.state) == ("sqlite:///a.db", "sqlite:///staging.db")
    assert staging.where("system", "crm", ("base_url",)) == "tally.yaml:8:19"
    assert staging.where("system", "crm", ("protocol",)) == "systems/crm.yaml:1:11"
    assert load_project(folder, environment="other").manifests == base.manifests


def test_the_project_names_its_usual_environment(write: Write) -> None:
    folder = write({"tally.yaml": ENVIRONMENTS + "environment: staging\n", "systems/crm.yaml": CRM})
    assert load_project(folder).environment == "staging"
    assert load_project(folder, environment="").environment == ""


def test_an_unknown_environment_is_a_problem(write: Write) -> None:
    folder = write({"tally.yaml": ENVIRONMENTS, "systems/crm.yaml": CRM})
    problem = only(folder, "stagin")
    assert "no environment 'stagin'" in problem.message
    assert "'staging'" in problem.hint


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ("      crm:", "      cmr:", 7, "there is no system 'cmr'", "'crm'"),
        ("base_url:", "base_ulr:", 8, "'base_ulr' is not known here", "'base_url'"),
        ("companies:", "compnies:", 10, "no object 'compnies'", "'companies'"),
        ("limit: 5", "limit: 0", 10, "paging.limit must be at least 1", ""),
        ("https://sandbox.example", "5", 8, "base_url must be text", ""),
    ],
)
def test_what_is_wrong_in_an_overlay_is_told_there_even_if_it_is_not_used(
    write: Write, old: str, new: str, line: int, message: str, hint: str
) -> None:
    problem = only(write({"tally.yaml": ENVIRONMENTS.replace(old, new, 1), "systems/crm.yaml": CRM}))
    assert (problem.file, problem.line) == ("tally.yaml", line)
    assert message in problem.message
    assert hint in problem.hint


def test_a_manifest_that_a_machine_wrote_may_be_large_a_mapping_may_not(write: Write) -> None:
    large = "# " + "x" * 1_000_000 + "\n"
    loaded = load_project(write({"systems/crm.yaml": large + CRM}))
    assert loaded.manifests
    assert "larger than 1,000,000 bytes" in only(write({"mappings/m.yaml": large + MAPPING})).message
