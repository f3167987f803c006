"""Keep a generated file without ever losing what a person wrote: overwrite only when told, and show the difference."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tallystick.cli.exits import DECIDE, DONE
from tallystick.core.error import ProjectError


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a file: written, or different from what is there (``difference``, unified), or the same."""

    path: Path
    is_written: bool
    difference: str

    @property
    def code(self) -> int:
        """The exit code: a person decides about a file that is there and different."""
        return DECIDE if self.difference and not self.is_written else DONE

    def lines(self) -> Iterator[str]:
        """Say what became of the file."""
        if self.difference:
            yield from self.difference.splitlines()
        if self.is_written:
            yield f"wrote {self.path}"
        elif self.difference:
            yield f"{self.path} is there and differs as shown; --force overwrites it"
        else:
            yield f"{self.path} is up to date"


def keep_text(path: Path, text: str, *, force: bool) -> Kept:
    """Write ``text`` if nothing is there, or if ``force`` says so.

    Raises:
        ProjectError: the file cannot be read or written.
    """
    try:
        before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
        if before == text:
            return Kept(path, is_written=False, difference="")
        difference = "" if before is None else "\n".join(_differ(path, before, text))
        if before is None or force:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProjectError(
            f"the file cannot be written: {error.strerror}", hint="check its rights", place=str(path)
        ) from error
    return Kept(path, is_written=before is None or force, difference=difference)


def _differ(path: Path, before: str, after: str) -> Iterator[str]:
    from tallystick.cli.complaint import hide_secrets

    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{path.name} (there)", path.name, lineterm=""
    )
    return map(hide_secrets, lines)
