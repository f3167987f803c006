"""A project between a system that is reached through a passage and another one, driven by the command line."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.e2e.other_sides import Person, Side
from tests.systems.passage import Passage
from tests.systems.serving import wait_until

from tallystick.cli.main import run_command

MAPPING = """\
left: {{system: near, object: {near}}}
right: {{system: other, object: {kind}}}
match: [{{on: mail, normalise: email}}]
fields:
  name: {{left: name, right: {name}}}
  mail: {{left: {near_mail}, right: {mail}}}
  town: {{left: {near_town}, right: {town}}}
on_unmatched: {{left: create, right: create}}
on_delete: {{left: propagate, right: propagate}}
owner: ops
"""


class Near(Protocol):
    """The system behind the passage, asked without the product."""

    def people(self) -> dict[str, Person]:
        """Show everybody by mail."""
        ...


@dataclass
class World:
    """The project, one side behind a passage, and the other one."""

    folder: Path
    near: Near
    passage: Passage
    other: Side

    def tally(self, *arguments: str) -> tuple[int, str]:
        """Run a command in this process; give its exit code and what it said."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run_command(["--project", str(self.folder), *arguments])
        assert "Traceback" not in said.getvalue(), said.getvalue()
        return code, said.getvalue()

    def succeed(self, *arguments: str) -> str:
        """Run a command that must end well."""
        code, said = self.tally(*arguments)
        assert code == 0, said
        return said

    def agree(self) -> dict[str, Person]:
        """Show what both sides hold, which must be the same."""
        left = self.near.people()
        assert left == self.other.people()
        return left

    def run_until_agreed(self, size: int) -> None:
        """Run until both hold the same people; a deletion without a tombstone is believed at a second look."""

        def is_agreed() -> bool:
            self.tally("run", "--full")
            return self.near.people() == self.other.people() and len(self.near.people()) == size

        wait_until(is_agreed, f"both sides to hold {size}", seconds=40, pause=0.5)

    def load(self, manifest: str, kind: str, mail: str, town: str) -> None:
        """Write the project and load both sides for the first time; the plan before it writes nothing."""
        for folder in ("systems", "mappings"):
            (self.folder / folder).mkdir(parents=True)
        (self.folder / "tally.yaml").write_text("name: pairs\nowners: {ops: {name: Operations}}\n")
        (self.folder / "systems" / "near.yaml").write_text(manifest)
        names = {"near": kind, "near_mail": mail, "near_town": town}
        mapping = MAPPING.format(kind=self.other.kind, **names, **self.other.fields)
        (self.folder / "mappings" / "people.yaml").write_text(mapping)
        self.other.describe(self.succeed, self.folder)
        before = self.near.people(), self.other.people()
        self.succeed("plan")
        assert (self.near.people(), self.other.people()) == before
        assert not self.passage.writes()
        self.succeed("apply")
