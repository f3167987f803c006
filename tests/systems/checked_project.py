"""A project made for checking one system: that system on the left, and on the right a table with the same records."""

import contextlib
import io
import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tallystick.cli.main import run_command

SUBJECT = "subject"
"""What the system under examination is called."""


@dataclass
class CheckedProject:
    """A project whose left system is examined.

    ``work_meanwhile`` lets people change records while it is asked, ``change_one`` changes the last one once.
    """

    folder: Path
    work_meanwhile: Callable[[], None] = lambda: None
    change_one: Callable[[], None] = lambda: None

    def tally(self, *arguments: str) -> tuple[int, str]:
        """Run one command in this process; give its exit code and what it printed."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(["--project", str(self.folder), *arguments])
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return code, out.getvalue() + err.getvalue()

    def check(self, *arguments: str) -> list[dict[str, Any]]:
        """Ask the whole list, or what the arguments say, and give the findings with the question that each is about."""
        code, said = self.tally("check", "--json", *arguments)
        assert code in {0, 5}, said
        return json.loads(said)["questions"]

    def describe(self, *arguments: str) -> None:
        """Let the command line describe the system."""
        code, said = self.tally("describe", SUBJECT, *arguments)
        assert code == 0, said

    @property
    def manifest(self) -> dict[str, Any]:
        """The system as it is described."""
        return yaml.safe_load((self.folder / "systems" / f"{SUBJECT}.yaml").read_text())

    def write(self, manifest: Mapping[str, Any]) -> None:
        """Describe the system anew."""
        _write(self.folder / "systems" / f"{SUBJECT}.yaml", {"owner": "ops", **manifest})

    def amend(self, name: str, **settings: Any) -> None:
        """Add to the description of an object what no description tells and a person knows."""
        manifest = self.manifest
        manifest["objects"][name] |= settings
        self.write(manifest)

    @property
    def port(self) -> int:
        """The port of this machine that the system is asked at."""
        return int(re.search(r"127\.0\.0\.1:(\d+)", self.manifest["base_url"])[1])

    def lead_through(self, port: int) -> None:
        """Let all that is asked of the system go to another port of this machine."""
        self.write(json.loads(json.dumps(self.manifest).replace(f"127.0.0.1:{self.port}", f"127.0.0.1:{port}")))

    def shrink(self, size: int) -> None:
        """Ask for pages of this size, so that there are several."""
        manifest = self.manifest
        for spec in manifest["objects"].values():
            paging = spec.get("paging", {"type": "none"})
            if paging["type"] in {"offset", "cursor", "page"}:
                paging["limit" if paging["type"] == "offset" else "size"] = size
        self.write(manifest)

    def stage(self) -> None:
        """Make the system one that is for tests: what is written in systems/ leads somewhere else."""
        manifest = self.manifest
        system = {"base_url": manifest["base_url"]}
        project = yaml.safe_load((self.folder / "tally.yaml").read_text())
        project |= {"environment": "test", "environments": {"test": {"kind": "staging", "systems": {SUBJECT: system}}}}
        _write(self.folder / "tally.yaml", project)
        self.write(manifest | {"base_url": "http://127.0.0.1:9"})


def make_project(folder: Path) -> CheckedProject:
    """Make an empty project."""
    for name in ("systems", "mappings"):
        (folder / name).mkdir(parents=True)
    (folder / "tally.yaml").write_text("name: checked\nowners: {ops: {name: Olga, email: olga@checked.example}}\n")
    return CheckedProject(folder)


def pair_up(project: CheckedProject, name: str, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Map an object of the system, matched by its first field, to a table that has ``rows``."""
    columns = [re.sub(r"\W", "_", field).lower() for field in fields]
    with contextlib.closing(sqlite3.connect(project.folder / "table.db")) as database, database:
        database.execute(f"create table mirror (nr integer primary key, {', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        database.executemany(f"insert into mirror ({', '.join(columns)}) values ({marks})", rows)
    kinds = {int: "integer", float: "number", bool: "boolean"}
    typed = {
        column: {"type": next((kinds[type(row[n])] for row in rows if type(row[n]) in kinds), "text")}
        for n, column in enumerate(columns)
    }
    table = {"id": "nr", "id_type": "integer", "table": {"name": "mirror"}}
    table["fields"] = {"nr": {"type": "integer", "read_only": True}} | typed
    url = f"sqlite:///{project.folder}/table.db"
    ours = {"protocol": "sql", "url": url, "owner": "ops", "objects": {"mirror": table}}
    _write(project.folder / "systems" / "ours.yaml", ours)
    project.write(project.manifest)
    deletes = project.manifest["objects"][name].keys() & {"delete", "table"}
    mapping = {
        "left": {"system": SUBJECT, "object": name},
        "right": {"system": "ours", "object": "mirror"},
        "match": [{"on": columns[0], "normalise": "exact"}],
        "fields": {column: {"left": field, "right": column} for column, field in zip(columns, fields, strict=True)},
        "on_unmatched": {"left": "create", "right": "create"},
        "on_delete": {"left": "propagate", "right": "propagate" if deletes else "ignore"},
        "owner": "ops",
    }
    _write(project.folder / "mappings" / "mirror.yaml", mapping)


def _write(file: Path, document: Mapping[str, Any]) -> None:
    # JSON is YAML, and never has the anchors that projects refuse.
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False))
