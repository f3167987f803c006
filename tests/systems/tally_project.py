"""An example project at work: copied, pointed at live systems, driven by the command line as a person would."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.systems.manifest_driver import read_yaml
from tests.systems.serving import EXAMPLES, program, wait_until

# A deletion is believed after two looks that are twice the time-out apart, so a short time-out keeps the tests short.
TIMEOUT_SECONDS = 2


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class TallyProject:
    """A copy of an example and the environment that its commands run in."""

    folder: Path
    environment: Mapping[str, str]

    def tally(self, *arguments: str) -> Outcome:
        """Run one command to its end; it may report problems but never break."""
        done = subprocess.run(
            [*program("tally"), "--project", str(self.folder), *arguments],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    def succeed(self, *arguments: str) -> Outcome:
        """Run one command that must end well."""
        outcome = self.tally(*arguments)
        assert outcome.code == 0, outcome
        return outcome

    def run_until(self, reached: Callable[[], bool], what: str) -> None:
        """Compare in full until the systems are as they should be.

        A listing of what changed shows no deletion, and a deletion is believed only after a second look.
        """

        def run_once() -> bool:
            self.tally("run", "--full")
            return reached()

        wait_until(run_once, what, seconds=90, pause=1)

    def problems(self) -> str:
        """Show what waits for somebody."""
        return self.tally("problems", "--json").output


def example_project(
    example: str, folder: Path, systems: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str]
) -> TallyProject:
    """Copy an example and overlay its systems with those of the test."""
    shutil.copytree(EXAMPLES / example, folder)
    file = folder / "tally.yaml"
    project = read_yaml(file)
    project["environment"] = "test"
    project["environments"] = {"test": {"systems": {name: dict(entry) for name, entry in systems.items()}}}
    file.write_text(yaml.safe_dump(project, sort_keys=False))
    return TallyProject(folder, environment)
