"""The test kit finds what holds of systems that nobody of us wrote, and leaves them as they were."""

import json
from pathlib import Path

import pytest
from tests.systems.roundup_server import ROBOT, Roundup
from tests.systems.serving import EXAMPLES
from tests.systems.tryton_server import Tryton

from tallystick.cli import exits
from tallystick.cli.main import run_command

pytest_plugins = ["tests.systems.fixtures"]
pytestmark = pytest.mark.e2e


def settle(project: Path, example: str, name: str, *moved: tuple[str, str]) -> None:
    text = (EXAMPLES / example / "systems" / f"{name}.yaml").read_text()
    for old, new in moved:
        assert old in text
        text = text.replace(old, new)
    (project / "systems").mkdir()
    (project / "systems" / f"{name}.yaml").write_text(text)
    (project / "tally.yaml").write_text("name: trial\n")


def tell(capsys, project, *arguments):
    capsys.readouterr()
    code = run_command(("--project", str(project), "testkit", *arguments, "--json"))
    said = capsys.readouterr()
    assert said.out, said.err
    told = json.loads(said.out)
    assert "objects" in told, told
    return code, {law["law"]: (law["verdict"], law["why"]) for each in told["objects"] for law in each["laws"]}


def test_roundup_is_tried(roundup: Roundup, tmp_path, capsys, monkeypatch):
    """A tracker over HTTP: reading and writing are tried, with ETags, and no issue stays."""
    monkeypatch.setenv("ROUNDUP_USER", ROBOT[0])
    monkeypatch.setenv("ROUNDUP_PASSWORD", ROBOT[1])
    settle(
        tmp_path, "roundup-postgres", "roundup",
        ("base_url: http://localhost:8080/rest/data", f"base_url: {roundup.rest}"),
        ("Origin: http://localhost:8080", f"Origin: {roundup.address}"),
    )  # fmt: skip
    code, laws = tell(capsys, tmp_path, "roundup", "--write")
    assert code == exits.CHECK
    # A retired issue can be retired again, and a change of it is a conflict: three laws meet that.
    assert {law for law, (verdict, _) in laws.items() if verdict == "broken"} == {
        "test_a_deleted_record_is_gone",
        "test_what_is_not_there_cannot_be_updated",
        "test_flows_side_by_side_answer_in_order",
    }
    assert "retired" in laws["test_what_is_not_there_cannot_be_updated"][1]
    held = {law for law, (verdict, _) in laws.items() if verdict == "holds"}
    assert {"test_a_stale_update_or_delete_is_refused", "test_since_is_inclusive", "test_texts_survive"} <= held


def test_tryton_is_tried(tryton: Tryton, tmp_path, capsys, monkeypatch):
    """A party of an ERP over HTTP: its numbers are given once and are unique."""
    monkeypatch.setenv("TRYTON_KEY", tryton.key)
    settle(
        tmp_path, "tryton-postgres", "tryton",
        ("base_url: http://localhost:8000/tryton/rest/model", f"base_url: {tryton.rest}"),
    )  # fmt: skip
    code, laws = tell(capsys, tmp_path, "tryton", "--object", "party", "--write")
    assert code == exits.DONE, laws
    held = {law for law, (verdict, _) in laws.items() if verdict == "holds"}
    assert {"test_a_listing_has_every_record_once", "test_since_is_inclusive", "test_a_deleted_record_is_gone"} <= held
