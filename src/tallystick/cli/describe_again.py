"""``tally describe NAME --again``: what a description says otherwise than before, as far as the project uses it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tallystick.cli.describe_origin import source_again
from tallystick.cli.describe_source import describe_source
from tallystick.cli.described_anew import Again
from tallystick.cli.described_then import read_then
from tallystick.cli.exits import DECIDE, DONE
from tallystick.project.build import resolve_mappings
from tallystick.project.manifest import Manifest
from tallystick.project.spec_change import SpecChange
from tallystick.project.spec_corrections import find_corrections
from tallystick.project.spec_drift import compare_descriptions
from tallystick.project.spec_usage import find_usage

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.cli.start import Start
    from tallystick.project.load import LoadedProject

_SHOWN_CORRECTIONS = 8


def describe_again(start: "Start", loaded: "LoadedProject", name: str, given: Sequence[str]) -> Again:
    """Read the description of a system anew and compare it; nothing is written.

    Raises:
        ProjectError: it is not known where the description is, or it cannot be read.
        AccessError, RemoteError: it is not given.
    """
    written = written_manifest(loaded, name)
    source = source_again(written, given, start.folder)
    now = describe_source(source, name, start.folder, loaded.manifests[name])
    then = read_then(start.folder, name)
    usage = find_usage(resolve_mappings(loaded)[0], name, loaded.manifests[name])
    changes = tuple(compare_descriptions(then or written, written, now, usage))
    corrections = tuple(find_corrections(then, written)) if then else ()
    return Again(name, source, then, written, now, changes, corrections)


def written_manifest(loaded: "LoadedProject", name: str) -> Manifest:
    """Give a system's file as it is written, without what is worked out from it and without an environment."""
    return Manifest.model_validate(loaded.source("system", name).layers[-1].document.value)


def tell_again(start: "Start", screen: "Screen", name: str, given: Sequence[str], *, accept: bool) -> int:
    """Show what changed, write what was accepted, and give the exit code: 4 if something breaks."""
    from tallystick.cli.describe_accept import accept_changes
    from tallystick.project.load import load_project

    loaded = load_project(start.folder, environment=start.environment)
    found = describe_again(start, loaded, name, given)
    accepted = accept_changes(start.folder, loaded, found) if accept else []
    screen.document(document_of(found, accepted))
    _show(screen, found)
    for line in accepted:
        screen.say(f"written: {line}")
    return DECIDE if found.is_breaking else DONE


def document_of(found: Again, accepted: Sequence[str]) -> dict[str, Any]:
    """Write the comparison as JSON."""
    was, now = found.versions
    verdicts = [change.verdict for change in found.changes]
    return {
        "system": found.name,
        "kind": found.source.kind,
        "version": {"was": was, "now": now},
        "as_before": found.is_as_before,
        "compared_with": "then" if found.then else "written",
        "counts": {verdict: verdicts.count(verdict) for verdict in ("breaking", "risky", "harmless")},
        "changes": [change.document() for change in found.changes],
        "corrections": list(found.corrections),
        "accepted": list(accepted),
    }


def _show(screen: "Screen", found: Again) -> None:
    was, now = found.versions
    versions = f", version {was or 'unknown'} before, {now or 'unknown'} now" if was != now else ""
    screen.title(f"{found.name}, described anew by its {found.source.kind}{versions}")
    if found.then is None:
        screen.say("  how it was described before was not kept: what you corrected may look like a change")
    if not found.changes:
        screen.say("  it says what it said" if found.is_as_before else "  nothing changed that is not written already")
    rows = [
        [change.verdict, change.place.removeprefix("objects."), _words(change), ", ".join(change.users) or "-",
         change.reason]
        for change in found.changes
    ]  # fmt: skip
    screen.table(["", "where", "what", "used by", "why"], rows, indent=2)
    if found.corrections:
        shown = ", ".join(found.corrections[:_SHOWN_CORRECTIONS])
        more = " ..." if len(found.corrections) > _SHOWN_CORRECTIONS else ""
        screen.say(f"  yours, and kept: {shown}{more}")
    if any(change.is_addable for change in found.changes):
        screen.say("  --accept writes what is harmless and new into the file")


def _words(change: SpecChange) -> str:
    mine = f"; you wrote {change.written or 'nothing'}" if change.is_corrected else ""
    if change.change == "changed":
        return f"{change.what}: {change.was or 'nothing'} -> {change.now or 'nothing'}{mine}"
    told = change.now if change.change == "added" else change.was
    return f"{change.what} {change.change}{f': {told}' if told else ''}{mine}"
