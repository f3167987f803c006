"""The words in which a database's refusals are told, whatever its driver calls them."""

from dataclasses import dataclass
from typing import Final

from tallystick.connectors.sql_table import TableShape
from tallystick.core.error import AccessError, Duplicate, Error, Garbled, Refused, RemoteError, Unavailable

RULE_HINT: Final = "correct the value or the mapping; the database keeps this rule"
NO_ENTRY: Final = "the database does not let us in"
NO_ENTRY_HINT: Final = "check user, password and database"
CHANGED: Final = "the table is not as it was"
CHANGED_HINT: Final = "describe the database again and compare"
READ_ONLY: Final = "the database is read-only"
READ_ONLY_HINT: Final = "connect to the primary, not to a replica"
NO_RIGHT: Final = "the database user may not do this"
NO_RIGHT_HINT: Final = "grant the right on this table"
TOO_SLOW: Final = "a statement took longer than the time-out"
IN_THE_WAY: Final = "another transaction was in the way"
NO_POINT: Final = "it points to a row that does not exist, or others point to it"


class Outrun(Unavailable):
    """Another transaction was in the way, so that nothing of this one stands; the same may work in a moment."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code that starts with ``prefix`` means."""

    prefix: str
    error: type[AccessError | Unavailable | Garbled | Refused]
    message: str
    hint: str = ""


def by_rule(rules: tuple[Rule, ...], code: str, detail: str, place: str) -> Error:
    """Give the error of the first rule that fits a code."""
    for rule in rules:
        if code.startswith(rule.prefix):
            return rule.error(rule.message, detail=detail, hint=rule.hint, place=place)
    return RemoteError("the database refused a statement", detail=f"{code}: {detail}", place=place)


def refused(message: str, field: str, place: str, detail: str = "") -> Refused:
    """Give the refusal of a value."""
    return Refused(
        message or "the database refused a value",
        field=field,
        detail=detail,
        hint=RULE_HINT,
        place=place,
    )


def duplicate(columns: tuple[str, ...], place: str) -> Duplicate:
    """Give the refusal of a row that has a value of another row."""
    field = ",".join(columns)
    what = f"another row has this '{field}'" if field else "another row has this key"
    return Duplicate(what, field=field, hint="find that row and pair with it", place=place)


def ruled(rule: str, shape: TableShape | None) -> str:
    """Give the column that a rule is about, by the rule's name or text; nothing where it could be several."""
    if shape is None:
        return ""
    text = dict(shape.checks).get(rule, rule)
    words = "".join(character if character.isalnum() or character == "_" else " " for character in text).split()
    found = [name for name in shape.columns if name in words]
    return found[0] if len(found) == 1 else ""
