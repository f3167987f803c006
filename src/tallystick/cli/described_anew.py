"""A system described anew, beside how it was described then and what is written of it."""

from dataclasses import dataclass

from tallystick.cli.describe_source import Source
from tallystick.cli.described_then import fingerprint_of
from tallystick.project.manifest import Manifest
from tallystick.project.spec_change import SpecChange


@dataclass(frozen=True, slots=True)
class Again:
    """A system described anew. ``then`` is ``None`` where nobody kept how it was described."""

    name: str
    source: Source
    then: Manifest | None
    written: Manifest
    now: Manifest
    changes: tuple[SpecChange, ...]
    corrections: tuple[str, ...]

    @property
    def is_breaking(self) -> bool:
        """Whether a mapping cannot go on as before."""
        return any(change.verdict == "breaking" for change in self.changes)

    @property
    def versions(self) -> tuple[str, str]:
        """The versions that the description gave itself, before and now."""
        was, now = (each.described.version if each.described else "" for each in (self.written, self.now))
        return was, now

    @property
    def is_as_before(self) -> bool:
        """Whether the description says exactly what it said."""
        return self.then is not None and fingerprint_of(self.then) == fingerprint_of(self.now)
