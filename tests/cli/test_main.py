"""The entry point: exit codes, one JSON document and nothing else, quick start, no trace, no secret."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.conftest import Outcome, World

from tallystick.cli import exits
from tallystick.cli.main import build_app
from tallystick.core.error import (
    AccessError,
    Bug,
    DataError,
    Error,
    Garbled,
    ProjectError,
    StoreError,
    Throttled,
    Unavailable,
    UnsafePlan,
)

HEAVY = ("babel", "jinja2", "msgspec", "pycurl", "pydantic", "rapidfuzz", "rich", "sqlalchemy", "whenever", "yaml")
TALLY = [sys.executable, "-m", "tallystick.cli"]


def commands(command: Any, title: str) -> list[tuple[str, Any]]:
    """Give every command with its children."""
    found = [(title, command)]
    for name, child in getattr(command, "commands", {}).items():
        found += commands(child, f"{title} {name}")
    return found


VERBS = commands(typer.main.get_command(build_app()), "tally")[1:]


def test_nothing_heavy_is_imported_for_help() -> None:
    script = (
        "import sys; from tallystick.cli.main import run_command; run_command(['--help']);"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.strip() == "[]"
    assert "Exit codes" in done.stdout


def test_a_run_loads_only_what_its_project_speaks(world: World) -> None:
    """Two SQLite databases and no expression: no other database, no HTTP, no Jinja, no upgrade of the state."""
    unspoken = ("sqlalchemy.dialects.postgresql", "psycopg", "pycurl", "jinja2", "babel", "alembic")
    script = (
        f"import sys; from tallystick.cli.main import run_command; run_command(['-p', {str(world.folder)!r}, 'plan']);"
        f"print([m for m in {unspoken} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "[]"
    assert "companies" in done.stdout


def test_the_bare_command_is_its_help(command: Callable[..., Outcome]) -> None:
    assert command().out == command("--help").out
    assert command().code == exits.DONE


@pytest.mark.parametrize(("title", "verb"), VERBS, ids=[title for title, _ in VERBS])
def test_every_verb_has_help_and_an_example(title: str, verb: Any) -> None:
    assert verb.help
    if not hasattr(verb, "commands"):
        assert "tally " in f"{verb.epilog} {verb.help}"
        assert all(p.help for p in verb.params)


@pytest.mark.parametrize(("title", "verb"), VERBS, ids=[title for title, _ in VERBS])
def test_every_verb_that_gives_a_result_gives_it_as_json(title: str, verb: Any) -> None:
    if not hasattr(verb, "commands") and title != "tally demo":
        assert any("--json" in p.opts for p in verb.params)


def test_the_version_is_told(command: Callable[..., Outcome]) -> None:
    assert command("--version").out.startswith("tally ")


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("plan", "--nonsense"), ("plan", "--limit", "x"), ("plan", "--limit", "-1"), ("map",), ("why",)],
)
def test_wrong_usage_gives_code_2_in_words_and_as_json(
    command: Callable[..., Outcome], arguments: tuple[str, ...]
) -> None:
    outcome = command(*arguments)
    assert outcome.code == exits.WRONG
    assert outcome.out == ""
    assert "--help" in outcome.err
    said = command(*arguments, "--json")
    assert said.code == exits.WRONG
    assert said.document["error"]["code"] == "usage"
    assert said.err == ""


def test_without_a_project_it_says_how_to_make_one(
    command: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in ("plan", "apply", "run", "status", "problems", "lint", "describe"):
        outcome = command(verb, *(["crm", "--database", "sqlite:///x.db"] if verb == "describe" else []))
        assert outcome.code == exits.WRONG, verb
        assert "tally init" in outcome.err


def test_the_nearest_project_above_is_taken(
    world: World, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder / "systems")
    assert command("status", "--json").document["project"] == "shop"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProjectError("x"), 2),
        (AccessError("x"), 3),
        (Unavailable("x"), 3),
        (Garbled("x"), 3),
        (Throttled("x", wait_seconds=1), 3),
        (UnsafePlan("x"), 4),
        (StoreError("x"), 1),
        (DataError("x"), 1),
        (Bug("x"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: Error, code: int) -> None:
    assert exits.code_of(error) == code


def test_the_lowest_code_stands_for_several() -> None:
    assert exits.worst([0, 4, 3]) == 3
    assert exits.worst([0, 0]) == 0
    assert exits.worst([]) == 0


def test_an_unexpected_failure_shows_neither_a_trace_nor_its_text(
    world: World, command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=geheim")

    monkeypatch.setattr("tallystick.wiring.open_state", break_down)
    outcome = world.tally("status")
    assert outcome.code == exits.FAILED
    assert "RuntimeError" in outcome.err
    assert "geheim" not in outcome.err
    assert "Traceback" not in outcome.err
    assert world.tally("status", "--json").document["error"]["code"] == "bug"
    assert "Traceback" in command("--debug", "--project", str(world.folder), "status").err


def test_only_one_process_writes_at_a_time(in_step: World) -> None:
    with (in_step.folder / ".tally" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcome = in_step.tally("run")
        assert outcome.code == exits.FAILED
        assert "another process" in outcome.err
        in_step.succeed("plan")
    in_step.succeed("run")


def test_a_damaged_state_is_no_code_of_a_system(in_step: World) -> None:
    for file in (in_step.folder / ".tally").glob("state.db*"):
        file.unlink()
    (in_step.folder / ".tally" / "state.db").write_bytes(b"not a database" * 1000)
    outcome = in_step.tally("plan")
    assert outcome.code == exits.FAILED
    assert "code: store" in outcome.err


def test_an_unknown_environment_is_a_fault_of_the_project(world: World, command: Callable[..., Outcome]) -> None:
    assert command("--environment", "moon", "--project", str(world.folder), "plan").code == exits.WRONG


def test_json_is_the_only_thing_on_stdout(world: World) -> None:
    done = subprocess.run(
        [*TALLY, "-p", str(world.folder), "run", "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == exits.DECIDE
    assert [m["mapping"] for m in json.loads(done.stdout)["mappings"]] == ["companies"]
    assert "Traceback" not in done.stderr


def test_quiet_leaves_only_results(in_step: World, command: Callable[..., Outcome]) -> None:
    outcome = command("--quiet", "--project", str(in_step.folder), "status")
    assert outcome.err == ""
    assert "linked pairs" in outcome.out


def test_a_reader_that_goes_away_is_no_trouble(world: World) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run(
            [*TALLY, "-p", str(world.folder), "plan"], stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.stderr == b""


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
"""


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(world: World) -> None:
    world.succeed("plan")
    # The write lock of another user of the ERP makes the run wait in the middle of its work.
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(world.folder / "erp.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        with subprocess.Popen(
            [*TALLY, "-p", str(world.folder), "apply"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            _wait_until(lambda: _intents(world) > 0)
            running.send_signal(signal.SIGINT)
            holder.stdin.close()
            said = running.communicate(timeout=60)
    assert running.returncode == exits.STOPPED, said
    assert "run again" in said[1]
    world.succeed("run", "--first-contact")
    [causes] = [c for c in world.succeed("problems", "--json").document["problems"] if c["code"] == "uncertain"]
    assert "left/3" in causes["records"], "whether the ERP took it is for a person to see: it cannot be searched"


def _intents(world: World) -> int:
    [mapping] = world.succeed("status", "--json").document["mappings"]
    return int(mapping["unknown_writes"])


def _wait_until(reached: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came to that"
