"""Predict the refusals of a project's systems: the engine's prediction, values that should be unique, what helps."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from tallystick.cli.predict_trips import Trips
from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.core.prediction import EXAMPLES, Effect, Example, Prediction, Refusal
from tallystick.core.record import SIDES, UNKNOWN, Fields, Side, Value, decode_fields, encode_fields, other
from tallystick.core.rule import Rule
from tallystick.core.schema import Field
from tallystick.engine.effects import drive
from tallystick.engine.learn import learn, learned_rules, with_rules
from tallystick.engine.pair import Pair
from tallystick.engine.predict import predict
from tallystick.project.near import suggest
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Help:
    """A refusal with where its field is mapped (``file:line:column``) and the YAML that would let it pass, if any."""

    refusal: Refusal
    where: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one side of a mapping will refuse; ``system`` and ``source`` are the names of both."""

    found: Prediction
    system: str
    source: str
    helps: tuple[Help, ...]
    is_sample: bool

    @property
    def refused(self) -> bool:
        """Whether anything would not be written."""
        return self.found.refused


def written_sides(pair: Pair, chosen: str) -> list[Side]:
    """Give the sides of a pair that its mapping ever writes to, of which ``chosen`` may name one.

    Raises:
        ProjectError: it names none of the two.
    """
    names = {side: (side, pair.end(side).system) for side in SIDES}
    if chosen and not any(chosen in own for own in names.values()):
        known = [name for own in names.values() for name in own]
        raise ProjectError(f"'{pair.name}' has no side '{chosen}'", hint=suggest(chosen, known, what="sides"))
    directions = {field.policy.direction for field in pair.mapping.fields}
    written = [s for s in SIDES if "both" in directions or any(d.endswith(f"to_{s}") for d in directions)]
    return [side for side in written if not chosen or chosen in names[side]]


def foresee(house: House, pair: Pair, side: Side, sample: int | None) -> Forecast:
    """Predict what one side refuses. Raises what a system answers instead of its records."""
    pair = with_rules(pair, learned_rules(drive(learn(pair, side), house.boundary())))
    rules = [rule for rule in pair.mapping.rules if rule.unique and side in rule.sides]
    trips = Trips(pair, side)
    with closing(sqlite3.connect("")) as paper:  # a file of its own that nobody sees and that goes by itself
        seen = _Seen(paper, pair, rules)

        def take(read: Sequence[tuple[str, Fields]]) -> None:
            trips.add(read)
            if rules:
                seen.add(read)

        found = drive(predict(pair, side, sample, take), house.boundary())
        for refusal in (*trips.found.refusals.values(), *seen.repeated()):
            found.refusals[refusal.field, refusal.code, refusal.message, refusal.effect] = refusal
    helps = tuple(_help(house, pair, side, refusal) for refusal in found.sorted)
    return Forecast(found, pair.end(side).system, pair.end(other(side)).system, helps, sample is not None)


class _Seen:
    """All values of the fields that should be unique, on disk."""

    def __init__(self, paper: sqlite3.Connection, pair: Pair, rules: Sequence[Rule]) -> None:
        self._paper = paper
        self._rules = [(number, pair.mapping.names.index(rule.field), rule) for number, rule in enumerate(rules)]
        paper.execute("CREATE TABLE seen (rule INTEGER, value BLOB, record TEXT)")

    def add(self, read: Sequence[tuple[str, Fields]]) -> None:
        """Note the values of some records; what is blank or unknown is like nobody's."""
        self._paper.executemany(
            "INSERT INTO seen VALUES (?, ?, ?)",
            (
                (number, encode_fields((fields[at],)), record)
                for record, fields in read
                for number, at, _ in self._rules
                if fields[at] not in (None, UNKNOWN, "")
            ),
        )

    def repeated(self) -> list[Refusal]:
        """Give a refusal for each rule that some records break together."""
        found: list[Refusal] = []
        if self._rules:
            self._paper.execute("CREATE INDEX by_value ON seen (rule, value)")
        for number, _, rule in self._rules:
            twice = "SELECT value, count(*), min(record) FROM seen WHERE rule = ? GROUP BY value HAVING count(*) > 1"
            rows = self._paper.execute(f"{twice} ORDER BY 2 DESC, 1", (number,))
            effect: Effect = "likely" if rule.is_learned else "warning"
            refusal = Refusal(rule.field, "broken_rule", rule.demand, effect, hint="merge or correct the records")
            for value, count, record in rows:
                refusal.count += count
                if len(refusal.examples) < EXAMPLES:
                    [shown] = decode_fields(value)
                    refusal.examples.append(Example(record, shown, f"{count} records have it"))
            if refusal.count:
                found.append(refusal)
        return found


def _help(house: House, pair: Pair, side: Side, refusal: Refusal) -> Help:
    names = pair.mapping.names
    if refusal.field not in names:
        return Help(refusal, house.loaded.where("mapping", pair.name), "")
    where = house.loaded.where("mapping", pair.name, ("fields", refusal.field))
    place = pair.end(side).places[names.index(refusal.field)]
    schema = pair.mapping.end(side).schema
    declared = schema.by_path.get(render(place.path)) if place.path else None
    return Help(refusal, where, _remedy(refusal, side, declared))


def _remedy(refusal: Refusal, side: Side, declared: Field | None) -> str:
    """Give the line of YAML that would let such values pass, where one does; the loss is the reader's to accept."""
    values: list[Value] = [example.value for example in refusal.examples]
    if refusal.code != "invalid_value" or declared is None or not values:
        return ""
    if all(value is None or value == "" for value in values):
        return f"{side}: {{path: {declared.path}, default: A VALUE FOR RECORDS WITHOUT ONE}}"
    longest = declared.max_length
    if longest is not None and all(isinstance(value, str) and len(value) > longest for value in values):
        return f"invalid: truncate  # to {longest} characters"
    return ""
