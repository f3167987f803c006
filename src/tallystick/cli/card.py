"""The capability card of a system: what can be done with each of its objects, and how sure that is."""

from typing import Any, Final, get_args

from tallystick.cli.complaint import hide_secrets
from tallystick.cli.output import Screen, number
from tallystick.project.ability import Ability, can
from tallystick.project.manifest import Manifest, ObjectSpec

_CALLS: Final[tuple[Ability, ...]] = get_args(Ability)
_LABELS: Final = ("declared", "inferred", "confirmed", "contradicted")
_MARKS: Final = {"inferred": "?", "confirmed": "!", "contradicted": "(contradicted)"}


def show_card(screen: Screen, name: str, manifest: Manifest) -> None:
    """Show the card: objects by operations, id, paging, since, sort, version, with marks for what is not declared."""
    screen.title(f"{name}: {manifest.title or manifest.protocol}")
    where = manifest.base_url or manifest.url
    if where:
        screen.say(f"  at {hide_secrets(where)}{_mark(manifest, 'base_url')}")
    screen.say(f"  signs in by {manifest.auth.type.replace('_', ' ')}{_mark(manifest, 'auth')}")
    heads = ("object", *_CALLS, "fields", "id", "paging", "changed since", "sort", "version")
    rows = [_row(manifest, title, spec) for title, spec in manifest.objects.items()]
    screen.table(heads, rows, indent=2)
    if not rows:
        screen.say("  no object was found")
    shown = {label: sum(f.label == label for f in manifest.facts.values()) for label in _LABELS}
    told = ", ".join(f"{n} {label}" for label, n in shown.items() if n)
    if told:
        screen.say(f"  {number(len(manifest.facts), 'fact')}: {told}. ? marks what was inferred; check it")
    for title, spec in manifest.objects.items():
        if tried := _tried(spec):
            screen.say(f"  {title}: a {' or '.join(tried)} can be checked without writing (tally plan --validate)")
    for note in manifest.notes:
        screen.say(f"  note: {note}")


def _tried(spec: ObjectSpec) -> list[str]:
    writes = (("create", spec.create), ("update", spec.update))
    return [name for name, call in writes if call is not None and call.validate_only is not None]


def _row(manifest: Manifest, title: str, spec: ObjectSpec) -> tuple[str, ...]:
    at = f"objects.{title}"
    return (
        title,
        *("yes" if can(manifest, spec, call) else "-" for call in _CALLS),
        str(len(spec.fields)),
        f"{spec.id}{_mark(manifest, f'{at}.id')}",
        _paging(manifest, spec) + _mark(manifest, f"{at}.paging"),
        _changes(manifest, spec, at),
        f"{spec.sort.param}{_mark(manifest, f'{at}.sort')}" if spec.sort else "-",
        f"{spec.version}{_mark(manifest, f'{at}.version')}" if spec.version else "-",
    )


def _changes(manifest: Manifest, spec: ObjectSpec, at: str) -> str:
    if spec.changes:
        return f"log {spec.changes.log}"
    return f"{spec.since.param}{_mark(manifest, f'{at}.since')}" if spec.since else "-"


def _paging(manifest: Manifest, spec: ObjectSpec) -> str:
    if manifest.protocol in {"sql", "files"}:
        return "by key"
    return spec.paging.type.replace("_", " ")


def _mark(manifest: Manifest, key: str) -> str:
    fact = manifest.facts.get(key)
    mark = _MARKS.get(fact.label, "") if fact is not None else ""
    return f" {mark}" if mark else ""


def card_document(manifest: Manifest) -> dict[str, Any]:
    """Write the card as JSON. Credentials are references in a manifest, and even these are left out."""
    return {
        "protocol": manifest.protocol,
        "title": manifest.title,
        "base_url": manifest.base_url,
        "auth": manifest.auth.type,
        "objects": {name: _object_document(manifest, spec) for name, spec in manifest.objects.items()},
        "facts": {key: fact.model_dump() for key, fact in manifest.facts.items()},
        "notes": list(manifest.notes),
    }


def _object_document(manifest: Manifest, spec: ObjectSpec) -> dict[str, Any]:
    return {
        "operations": [call for call in _CALLS if can(manifest, spec, call)],
        "fields": len(spec.fields),
        "id": spec.id,
        "paging": spec.paging.type,
        "since": spec.since.param if spec.since else None,
        "log": spec.changes.log if spec.changes else None,
        "sort": spec.sort.param if spec.sort else None,
        "version": spec.version or None,
    }
