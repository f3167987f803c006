"""What changed in the systems' fields, in words and as JSON: for runs, for the list of problems, for the feed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tallystick.cli.field_feed import FieldNews
from tallystick.cli.moment import moment
from tallystick.cli.output import number
from tallystick.core.drift import Change
from tallystick.core.field_feed import Decision, FieldChange

CHANGES: Final[Mapping[Change, str]] = {
    "new": "new: {now}",
    "gone": "gone: {was} before",
    "retyped": "{now}, {was} before",
    "shorter": "at most {now} characters",
    "longer": "at most {now} characters",
    "fewer_options": "without the options {was}",
    "more_options": "with further options {now}",
    "required": "required now",
    "read_only": "read-only now",
    "renamed": "called '{now}' now",
}
_DECISIONS: Final[Mapping[Decision, str]] = {
    "": "waits for a word",
    "known": "there at the first look",
    "accepted": "accepted",
    "ignored": "ignored",
    "mapped": "mapped",
    "renamed": "called otherwise",
    "written": "written down",
    "over": "over",
}
_NAMED: Final = 5


def change_words(change: Change, was: str, now: str) -> str:
    """Say what changed in a field."""
    return CHANGES[change].format(was=was, now=now)


def news_lines(news: FieldNews) -> Iterator[str]:
    """Say what a run noticed: what is fresh in full, once; of what waits longer only the number."""
    for (system, name), changes in _grouped(news.fresh).items():
        for each in changes[:_NAMED]:
            yield f"{system}/{name}: {_fresh_words(each)}"
        if len(changes) > _NAMED:
            yield f"{system}/{name}: and {number(len(changes) - _NAMED, 'further change')} of fields"
        yield f"  say what becomes of it: tally drift {system}"
    for each in news.closed:
        yield from _closed_lines(each)
    paths = {c.path for c in news.fresh}
    older = sum(c.path not in paths for c in news.waiting)
    if older:
        yield f"{number(older, 'changed field')} waiting for a word: tally drift --feed"
    if news.frozen:
        yield f"{number(len(news.frozen), 'change')} of frozen fields refused until somebody says --accept or --ignore"


def _fresh_words(each: FieldChange) -> str:
    touched = f"; mapped as {each.mapped}" if each.mapped else ", not mapped"
    return f"field '{each.field}' is {change_words(each.change, each.was, each.now)}{touched}"


def _closed_lines(each: FieldChange) -> Iterator[str]:
    if each.decision == "mapped":
        yield f"{each.system}/{each.object}: the new field '{each.field}' is mapped now, as {each.mapped}"
        yield from backfill_lines(each.mapped.split(", "))
    elif each.decision == "over":
        yield f"{each.system}/{each.object}: field '{each.field}' is as it was again"


def backfill_lines(mapped: Iterable[str]) -> Iterator[str]:
    """Say how to move the values of these mapped fields (``mapping.field``), and no others."""
    for each in mapped:
        mapping, _, name = each.rpartition(".")
        yield f"  move this field alone: tally run {mapping} --field {name}"


def news_document(news: FieldNews) -> dict[str, Any]:
    """Write what a run noticed as JSON."""
    return {
        "new": [change_document(c) for c in news.fresh],
        "closed": [change_document(c) for c in news.closed],
        "waiting": [change_document(c) for c in news.waiting],
        "frozen": [c.path for c in news.frozen],
    }


def change_document(each: FieldChange) -> dict[str, Any]:
    """Write one entry of the feed as JSON; times are seconds UTC."""
    return {
        "system": each.system,
        "object": each.object,
        "field": each.field,
        "change": each.change,
        "was": each.was,
        "now": each.now,
        "mapped": each.mapped.split(", ") if each.mapped else [],
        "breaking": each.is_breaking,
        "first_seen": each.first,
        "last_seen": each.last,
        "seen_by": each.run,
        "decision": each.decision,
        "by": each.by,
        "decided": each.decided,
        "ended": each.ended,
    }


def feed_rows(changes: Sequence[FieldChange]) -> list[list[str]]:
    """Write entries of the feed as rows: when, where, what, seen by, what became of it."""
    return [[moment(c.first), c.path, change_words(c.change, c.was, c.now), c.run, _fate(c)] for c in changes]


def _fate(each: FieldChange) -> str:
    by = f" by {each.by}" if each.by else ""
    at = f", {moment(each.decided)}" if each.decided is not None and each.decision != "known" else ""
    return f"{_DECISIONS[each.decision]}{by}{at}"


def open_drift(changes: Iterable[FieldChange]) -> dict[str, Any]:
    """Count changes that wait for a word, as JSON: those ``open``, of them those ``breaking``, and which fields."""
    found = list(changes)
    return {
        "open": len(found),
        "breaking": sum(c.is_breaking for c in found),
        "fields": list(dict.fromkeys(c.path for c in found)),
    }


def open_drift_line(drift: Mapping[str, Any]) -> str:
    """Say in one line what ``open_drift`` counted; nothing where nothing waits."""
    if not drift["open"]:
        return ""
    breaking = f", {drift['breaking']:,} of them breaking" if drift["breaking"] else ""
    return f"{number(drift['open'], 'changed field')} waiting for a word{breaking}: tally drift --feed"


def problem_documents(changes: Iterable[FieldChange]) -> list[dict[str, Any]]:
    """Write what waits for a word as problems of the class ``drift``, one for each object."""
    return [
        {
            "cause": f"{system}/{name}/drift",
            "mapping": "",
            "code": "drift",
            "kind": "drift",
            "message": "; ".join(f"'{c.field}' is {change_words(c.change, c.was, c.now)}" for c in found[:_NAMED]),
            "hint": f"see tally drift {system}; then --map, --accept or --ignore",
            "audience": "owner of the system",
            "since": min(c.first for c in found),
            "count": len(found),
            "fields": [change_document(c) for c in found],
        }
        for (system, name), found in _grouped(changes).items()
    ]


def _grouped(changes: Iterable[FieldChange]) -> dict[tuple[str, str], list[FieldChange]]:
    found: dict[tuple[str, str], list[FieldChange]] = {}
    for each in changes:
        found.setdefault((each.system, each.object), []).append(each)
    return found
