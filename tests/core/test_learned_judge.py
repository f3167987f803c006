"""X15 on values alone: many hidden rules, one refusal each in words of several kinds, more than 900 further records."""

import re
from collections.abc import Callable
from decimal import Decimal
from random import Random  # noqa: TID251 - seeded: the same records each time
from typing import Any

import pytest

from tallystick.core.learned import Evidence, guess_rule, is_blank, rule_of
from tallystick.core.refusal_words import understand

NAMES = ("name", "code", "amount", "country", "note", "email", "phone", "flag")
Record = tuple[Any, ...]
SHAPE = "[A-Z]{2}[0-9]{3,4}"
NUMBERS = ((100, 9_999), (100, 9_999), (10_000, 99_999))
MUTE = ("is invalid", "F-4711")
BLANK = ("can't be blank", "F-4711")
RULES: dict[str, tuple[str, Callable[[Record], Any], tuple[str, ...]]] = {
    "longest": ("name", lambda r: len(r[0]) > 25, ("is too long", "must be at most 25 characters", *MUTE)),
    "shortest": ("name", lambda r: len(r[0]) < 8, ("is too short", "at least 8 characters", *MUTE)),
    "shape": ("code", lambda r: not re.fullmatch(SHAPE, r[1]), (f"must match ^{SHAPE}$", *MUTE)),
    "prefix": ("code", lambda r: r[1].startswith("QZ"), MUTE),
    "highest": ("amount", lambda r: r[2] > 8000, ("is too large", "must be less than or equal to 8000", *MUTE)),
    "lowest": ("amount", lambda r: r[2] < 0, ("must not be negative", "is too small", *MUTE)),
    "above": ("amount", lambda r: r[2] <= 50, ("must be greater than 50",)),
    "option": ("country", lambda r: r[3] in {"US", "PL"}, ("not in the list", "must be one of DE, AT, FR, IT", *MUTE)),
    "if equal": ("note", lambda r: r[3] == "DE" and not r[4], ("is required if country is DE", *BLANK)),
    "if above": ("note", lambda r: r[2] > 5000 and not r[4], ("is required when amount exceeds 5000", *BLANK)),
    "if true": ("note", lambda r: r[7] and not r[4], BLANK),
    "if given": ("note", lambda r: r[6] and not r[4], BLANK),
    "form": ("email", lambda r: r[5].endswith("@nowhere"), ("is not a valid e-mail address", *MUTE)),
    "optional": ("note", lambda r: len(r[4] or "") > 40, ("is too long", "max 40 characters", "F-4711")),
}  # fmt: skip


def record(dice: Random) -> Record:
    """Make a record; which rules it breaks is chance."""
    return (
        dice.choice(["Müller ", "Schmidt ", "Acme "]) + "".join(dice.choices("abcdefghij ", k=dice.randint(0, 30))),
        dice.choice(["AB", "XY", "QZ"]) + str(dice.randint(*dice.choice(NUMBERS))),
        Decimal(dice.randint(-100_000, 1_000_000)) / 100,
        dice.choices(["DE", "AT", "FR", "US", "PL", "IT"], [50, 20, 15, 10, 3, 2])[0],
        None if dice.random() < 0.4 else "n" * dice.randint(1, 60),
        f"u{dice.randint(1, 9_999)}@" + dice.choice(["x.example", "y.example", "nowhere"]),
        None if dice.random() < 0.5 else f"+49 {dice.randint(1_000, 9_999_999)}",
        dice.random() < 0.3,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("rule", "words"), [(name, words) for name, each in RULES.items() for words in each[2]])
def test_one_refusal_foretells_nearly_all_offenders_and_nobody_else(rule: str, words: str, seed: int) -> None:
    field, breaks, _ = RULES[rule]
    at, dice = NAMES.index(field), Random(seed)
    records = [record(dice) for _ in range(1200)]
    offenders, others = [r for r in records if breaks(r)], [r for r in records if not breaks(r)]
    complaints = tuple(understand(words, field, NAMES))
    kind = "required" if is_blank(offenders[0][at]) else complaints[0].kind
    guess = guess_rule(kind, Evidence(NAMES, at, (offenders[0],), others[:150], complaints))
    assert guess is not None
    learned = rule_of(field, guess.settings, NAMES)
    assert learned is not None

    def is_foretold(one: Record) -> bool:
        return learned.is_broken(one[at], dict(zip(NAMES, one, strict=True)))

    assert sum(map(is_foretold, offenders[1:])) >= 0.95 * len(offenders[1:])
    assert not any(map(is_foretold, others))
