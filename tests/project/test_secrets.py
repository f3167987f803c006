"""Laws of secrets: found late, from where the reference says, readable by nobody else, and never in a message."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tallystick.core.error import ProjectError
from tallystick.project.load import load_project
from tallystick.project.secrets import ProjectSecrets, reference_places, references

Write = Callable[[Mapping[str, str]], Path]


def keep(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def failure(secrets: ProjectSecrets, reference: str) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        secrets.resolve(reference)
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert reference.strip() in str(caught.value) or "${" not in reference
    assert caught.value.hint
    return caught.value


def test_variables_files_and_entries_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_TEST_KEY", "from env")
    keep(tmp_path / "keys" / "a.txt", "from file\n")
    keep(tmp_path / ".tally" / "secrets.yaml", "crm.token: from entry\nother: '5'\n")
    secrets = ProjectSecrets(tmp_path)
    assert secrets.resolve("${env:TALLY_TEST_KEY}") == "from env"
    assert secrets.resolve("${file:keys/a.txt}") == "from file"
    assert secrets.resolve("${secret:crm.token}") == "from entry"
    assert secrets.resolve("postgresql://u:${secret:other}@h/${env:TALLY_TEST_KEY}") == "postgresql://u:5@h/from env"


@pytest.mark.parametrize("text", ["", "plain", "$5 {x}", "{{ name }}", "a ${ b"])
def test_text_without_references_comes_back_as_it_is(tmp_path: Path, text: str) -> None:
    assert ProjectSecrets(tmp_path).resolve(text) == text
    assert references(text) == ()


def test_a_doubled_dollar_is_no_reference(tmp_path: Path) -> None:
    assert ProjectSecrets(tmp_path).resolve("$${env:X}") == "${env:X}"
    assert references("$${env:X}") == ()


def test_what_a_secret_contains_is_not_resolved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_TEST_KEY", r"${env:OTHER} \1 \g<0>")
    assert ProjectSecrets(tmp_path).resolve("<${env:TALLY_TEST_KEY}>") == r"<${env:OTHER} \1 \g<0>>"


def test_references_are_listed_with_their_faults() -> None:
    found = references("a ${env:A_B} ${file: /x y } ${secret:c.d-e}")
    assert [(r.text, r.source, r.name, r.fault) for r in found] == [
        ("${env:A_B}", "env", "A_B", ""),
        ("${file: /x y }", "file", " /x y ", ""),
        ("${secret:c.d-e}", "secret", "c.d-e", ""),
    ]
    assert all(
        references(text)[0].fault
        for text in ("${A}", "${env:}", "${env:1}", "${vault:x}", "${file: }", "${secret:a b}", "${}")
    )


@pytest.mark.parametrize("reference", ["${HOME}", "${env:}", "${ENV:X}", "${file:}", "${secret:a/b}"])
def test_a_misspelt_reference_is_never_taken_for_text(tmp_path: Path, reference: str) -> None:
    failure(ProjectSecrets(tmp_path), reference)


def test_a_missing_or_empty_variable_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLY_TEST_KEY", raising=False)
    assert "not set" in failure(ProjectSecrets(tmp_path), "${env:TALLY_TEST_KEY}").message
    monkeypatch.setenv("TALLY_TEST_KEY", "")
    assert "empty" in failure(ProjectSecrets(tmp_path), "${env:TALLY_TEST_KEY}").message


def test_the_message_says_where_the_reference_is_used(write: Write) -> None:
    folder = write({"systems/crm.yaml": "protocol: rest\nauth: {type: bearer, token: 'x ${env:TALLY_NO_SUCH}'}\n"})
    places = reference_places(load_project(folder))
    assert places == {"${env:TALLY_NO_SUCH}": "systems/crm.yaml:2:29"}
    found = failure(ProjectSecrets(folder, places), "${env:TALLY_NO_SUCH}")
    assert found.place == "systems/crm.yaml:2:29"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_what_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    keep(tmp_path / ".tally" / "secrets.yaml", "a: hunter2\n", mode)
    keep(tmp_path / "key", "hunter2", mode)
    for reference in ("${secret:a}", "${file:key}"):
        found = failure(ProjectSecrets(tmp_path), reference)
        assert "others may" in found.message
        assert "chmod 600" in found.hint


def test_a_mounted_file_may_be_read_but_not_changed_by_others(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    keep(tmp_path / "mounted", "secret\r\n", 0o444)
    assert ProjectSecrets(project).resolve(f"${{file:{tmp_path}/mounted}}") == "secret"
    keep(tmp_path / "loose", "hunter2", 0o622)
    assert "change" in failure(ProjectSecrets(project), f"${{file:{tmp_path}/loose}}").message


def test_a_relative_file_stays_in_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    keep(tmp_path / "outside", "hunter2")
    (project / "link").symlink_to(tmp_path / "outside")
    for reference in ("${file:../outside}", "${file:link}"):
        assert "outside of the project" in failure(ProjectSecrets(project), reference).message


def test_what_is_no_small_text_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    keep(tmp_path / "large", "x" * 70_000)
    keep(tmp_path / "empty", "\n")
    (tmp_path / "latin").write_bytes(b"hunter2\xfc")
    (tmp_path / "latin").chmod(0o600)
    for name in ("pipe", "folder", "large", "empty", "latin", "missing"):
        failure(ProjectSecrets(tmp_path), f"${{file:{name}}}")


@pytest.mark.parametrize(
    "content",
    ["a: 12345\n", "a:\n", "a: [hunter2]\n", "- hunter2\n", "a: !hunter2\n", "a: 'hunter2\n", "hunter2\n", ""],
)
def test_a_damaged_secrets_file_tells_nothing_of_its_content(tmp_path: Path, content: str) -> None:
    keep(tmp_path / ".tally" / "secrets.yaml", content)
    failure(ProjectSecrets(tmp_path), "${secret:a}")


def test_a_missing_entry_or_file_says_what_to_add(tmp_path: Path) -> None:
    assert "secrets.yaml: crm: ..." in failure(ProjectSecrets(tmp_path), "${secret:crm}").hint
    keep(tmp_path / ".tally" / "secrets.yaml", "crn: hunter2\n")
    assert "'crn'" in failure(ProjectSecrets(tmp_path), "${secret:crm}").hint


def test_a_rotated_secret_counts_at_once(tmp_path: Path) -> None:
    secrets = ProjectSecrets(tmp_path)
    for value in ("one", "two"):
        keep(tmp_path / ".tally" / "secrets.yaml", f"a: {value}\n")
        assert secrets.resolve("${secret:a}") == value
