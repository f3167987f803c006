"""Write what is harmless and new in a description into a system's file: comments stay, and what people wrote."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallystick.cli.described_then import keep_then
from tallystick.project.manifest import Manifest
from tallystick.project.rewrite import rewrite_yaml

if TYPE_CHECKING:
    from tallystick.cli.described_anew import Again
    from tallystick.project.load import LoadedProject
    from tallystick.project.spec_change import SpecChange


def accept_changes(folder: Path, loaded: "LoadedProject", found: "Again") -> list[str]:
    """Write all additions that touch nothing that is used; give the place of each.

    What is left is told again the next time, but for what a person corrected: that stays as it is written, and is told
    only when the description changes once more.

    Raises:
        ProjectError: the file cannot be changed and stay as it is otherwise.
    """
    # Where nobody knows what was corrected, a change may be a correction; an addition changes nothing that is written.
    added = [c for c in found.changes if c.is_addable and (found.then is not None or c.change == "added")]
    file = folder / loaded.source("system", found.name).layers[-1].document.file

    def change(document: Any) -> None:
        _lay(document, added)
        facts = _facts(found, added)
        if facts:
            document.setdefault("facts", {}).update(facts)
        origin = _origin(found)
        if origin:
            document["described"] = origin

    plain = deepcopy(loaded.source("system", found.name).layers[-1].document.value)
    change(plain)
    Manifest.model_validate(plain)
    rewrite_yaml(file, change, hint="write them into the file by hand")
    keep_then(folder, found.name, _settled(found, added))
    return [each.place for each in added]


def _lay(document: Any, changes: "Sequence[SpecChange]") -> None:
    for change in changes:
        here = document
        for step in change.path[:-1]:
            here = here.setdefault(step, {})
        here[change.path[-1]] = deepcopy(change.value)


def _facts(found: "Again", added: "Sequence[SpecChange]") -> dict[str, Any]:
    """Give how sure the new entries are."""
    starts = tuple(change.place for change in added)
    return {
        path: fact.model_dump(mode="json", exclude_defaults=True) | {"label": fact.label}
        for path, fact in found.now.facts.items()
        if any(path == start or path.startswith(f"{start}.") for start in starts)
    }


def _origin(found: "Again") -> dict[str, Any]:
    from tallystick.cli.described_then import fingerprint_of

    origin = found.written.described
    if origin is None:
        return {}
    now = origin.model_copy(update={"version": found.versions[1], "fingerprint": fingerprint_of(found.now)})
    return now.model_dump(mode="json", exclude_defaults=True) | {"kind": now.kind}


def _settled(found: "Again", added: "Sequence[SpecChange]") -> Manifest:
    """Give what counts as described from now on: as before, with what was written and what people hold on to."""
    base = found.then or found.written
    content = base.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"facts", "notes"})
    content["protocol"] = base.protocol
    now = found.now.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for change in [*added, *(each for each in found.changes if each.is_corrected)]:
        _copy(now, content, change.path)
    return Manifest.model_validate(content)


def _copy(source: Any, target: Any, path: tuple[str, ...]) -> None:
    """Make the entry at ``path`` the same as in ``source``; it goes where ``source`` has none."""
    for step in path[:-1]:
        source = source.get(step, {}) if isinstance(source, dict) else {}
        target = target.setdefault(step, {})
    if isinstance(source, dict) and path[-1] in source:
        target[path[-1]] = deepcopy(source[path[-1]])
    else:
        target.pop(path[-1], None)
