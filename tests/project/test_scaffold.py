"""Laws of a new project: it loads, it says how to go on, it overwrites nothing; and of drafts: they load too."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import ProjectError
from tallystick.project.build import resolve_mappings
from tallystick.project.draft import draft_mapping
from tallystick.project.load import load_project
from tallystick.project.scaffold import scaffold_project
from tallystick.project.text import parse_text

Write = Callable[[Mapping[str, str]], Path]


def test_a_new_project_loads(tmp_path: Path) -> None:
    folder = tmp_path / "my: project"
    written = scaffold_project(folder)
    assert [p.relative_to(folder).as_posix() for p in written] == [
        "tally.yaml",
        ".gitignore",
        ".tally/.gitignore",
        "systems/README.md",
        "mappings/README.md",
    ]
    assert load_project(folder).project.name == "my: project"
    assert (folder / ".tally").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tally.yaml").write_text("name: mine\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert tmp_path / "tally.yaml" not in scaffold_project(tmp_path, name="other")
    assert (tmp_path / "tally.yaml").read_text() == "name: mine\n"
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"
    assert (tmp_path / ".tally" / ".gitignore").read_text() == "*\n"
    assert scaffold_project(tmp_path) == ()


def test_what_is_commented_out_is_right_too(tmp_path: Path) -> None:
    scaffold_project(tmp_path, name="n")
    path = tmp_path / "tally.yaml"
    commented = re.sub(r"^# ( *\w+:.*)$", r"\1", path.read_text(), flags=re.MULTILINE)
    assert commented.count("\n  ") > 3
    path.write_text(commented)
    (tmp_path / "systems" / "crm.yaml").write_text("protocol: memory\n")
    loaded = load_project(tmp_path)
    assert loaded.environment == "staging"
    assert loaded.project.owners["sales"].name == "Erika Mustermann"


def test_the_examples_in_the_new_projects_pages_load_and_build(tmp_path: Path) -> None:
    scaffold_project(tmp_path, name="n")
    for kind, name in (("systems", "crm"), ("mappings", "companies")):
        [example] = re.findall(r"```yaml\n(.*?)```", (tmp_path / kind / "README.md").read_text(), re.DOTALL)
        (tmp_path / kind / f"{name}.yaml").write_text(example)
    (tmp_path / "systems" / "erp.yaml").write_text("protocol: memory\nobjects: {partners: {}}\n")
    made, problems = resolve_mappings(load_project(tmp_path))
    assert [m.name for m in made] == ["companies"]
    assert problems == []
    for kind, name in (("systems", "crm"), ("mappings", "companies")):
        first = (tmp_path / kind / f"{name}.yaml").read_text().split("\n")[0]
        assert (tmp_path / kind / first.partition("$schema=")[2]).resolve().is_file()


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        scaffold_project(tmp_path / "file")


SYSTEM = """
protocol: memory
objects:
  things:
    id: id
    modified: changed
    fields:
      id: {type: integer}
      changed: {type: instant}
"""


def system(*lines: str) -> str:
    return SYSTEM + "".join(f"      {line}\n" for line in lines)


def test_a_draft_loads_builds_and_says_why(write: Write) -> None:
    files = {
        "systems/one.yaml": system(
            "companyName: {type: text}",
            "email: {type: text, unique: true}",
            "status: {type: text, options: [lead, active, zzz]}",
            "total: {type: number, read_only: true}",
            "'\"odd.one\"': {type: text}",
            "'null': {type: text}",
            "street: {type: text}",
            "since: {type: date}",
        ),
        "systems/two.yaml": system(
            "company_name: {type: text}",
            "mail: {type: text}",
            "state: {type: text}",
            "zustand: {type: text, options: {L: Lead, A: active}}",
            "sum: {type: number}",
            "'null': {type: text}",
            "strasse: {type: text}",
            "since: {type: text}",
            "unlike: {type: text}",
        ),
    }
    manifests = load_project(write(files)).manifests
    text = draft_mapping("things", "one", "things", "two", "things", manifests).text
    value = parse_text(text, "draft").value
    assert value["fields"]["company_name"] == {"left": "companyName", "right": "company_name"}
    assert value["fields"]["status"]["options"] == {"map": {"lead": "L", "active": "A"}}
    assert value["fields"]["total"] == {"left": "total", "right": "sum", "direction": "to_right"}
    assert value["fields"]["null"] == {"left": "null", "right": "null"}
    assert value["match"] == [{"on": "email", "normalise": "email"}]
    assert {"id", "changed"}.isdisjoint(str(v["left"]) for v in value["fields"].values())
    assert re.search(r"\d+ % alike: the names are the same", text)
    assert "date and text: give the text side codec" in text
    assert re.search(r"not proposed, left: .*odd.one", text)
    assert re.search(r"not proposed, right: .*unlike", text)
    made, problems = resolve_mappings(load_project(write({**files, "mappings/things.yaml": text})))
    assert made
    assert [p for p in problems if p.severity == "error"] == []


def test_a_draft_deletes_and_creates_nothing_unasked(write: Write) -> None:
    manifests = load_project(
        write({"systems/one.yaml": system("a: {}"), "systems/two.yaml": system("zz: {}")})
    ).manifests
    text = draft_mapping("m", "one", "things", "two", "things", manifests).text
    value = parse_text(text, "draft").value
    assert value["on_unmatched"] == value["on_delete"] == {"left": "ask", "right": "ask"}
    loaded = load_project(write({"mappings/m.yaml": text}))
    assert loaded.mappings["m"].fields["example"].direction == "match_only"
    assert resolve_mappings(loaded)[1] == []


def test_a_draft_of_what_is_not_there_is_refused(write: Write) -> None:
    manifests = load_project(write({"systems/one.yaml": system("a: {}")})).manifests
    with pytest.raises(ProjectError) as caught:
        draft_mapping("m", "one", "thing", "one", "things", manifests)
    assert "'things'" in caught.value.hint
    with pytest.raises(ProjectError, match="no system 'two'"):
        draft_mapping("m", "one", "things", "two", "things", manifests)


def test_a_draft_lets_values_flow_only_where_they_can(write: Write) -> None:
    reading = "protocol: rest\nobjects: {things: {list: {method: GET, path: /x}, fields: {name: {type: text}}}}\n"
    manifests = load_project(
        write({"systems/one.yaml": system("name: {type: text}"), "systems/two.yaml": reading})
    ).manifests
    for left, right, way in (("one", "two", "to_left"), ("two", "one", "to_right"), ("one", "one", "both")):
        text = draft_mapping("m", left, "things", right, "things", manifests).text
        assert parse_text(text, "draft").value["direction"] == way
