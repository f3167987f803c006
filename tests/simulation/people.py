"""People: they create, edit, delete and restore on both sides, at the worst moments, and now and then make a mess."""

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.simulation.nature import TEXTS
from tests.simulation.truth import Life, Table

from tallystick.core.error import Error
from tallystick.core.record import SIDES, Side, other

WORDS = ("Anker", "Bär & Söhne", "Cäsar GmbH", "Dom", "Emil Ltd.", "Ferdinand Großhandelsgesellschaft")
POISON = {"no": "text"}


class Crowd:
    """All people of a world. What a system refuses to them is none of our business."""

    def __init__(self, world: Any, dice: Any) -> None:
        self._world = world
        self._dice = dice
        self._people = world.scenario.people
        self._entered = 0
        self._keys = 0
        self._values: list[str] = []
        self._deeds: dict[str, Callable[[], None]] = {
            "edit": self._edit,
            "create": self._create,
            "both": self._edit_both,
            "delete": self._delete,
            "restore": self._restore,
            "twin": self._create_twin,
            "double": self._double,
            "clash": self._delete_and_edit,
            "poison": self._poison,
        }

    def begin(self) -> None:
        """Fill the systems as they are before anybody thinks of syncing, and go to work."""
        for _ in range(self._world.scenario.records):
            key, sides = self._new_key(), self._dice.one((("left",), ("right",), SIDES))
            for side in sides:
                self._do(lambda side=side, key=key: self._make(side, key))
        self._next()

    def _next(self) -> None:
        pace = self._people.pace
        wait = self._dice.between(0.0, 2 * pace) if self._dice.hits(0.8) else self._dice.between(0.0, 0.5)
        self._world.at(self._world.now + wait, self._act)

    def _act(self) -> None:
        if not self._world.stormy:
            return
        throw = self._dice.roll() * sum(self._people.deeds.values())
        for name, weight in self._people.deeds.items():
            throw -= weight
            if throw < 0:
                self._world.deeds[name] += 1
                self._do(self._deeds[name])
                break
        self._next()

    @staticmethod
    def _do(deed: Callable[[], Any]) -> None:
        with contextlib.suppress(Error):
            deed()

    # --- what they enter ---

    def _new_key(self) -> str:
        self._keys += 1
        return f"K{self._keys:03d}"

    def _text(self) -> str | None:
        dice, people = self._dice, self._people
        if dice.hits(people.blank):
            return None
        if self._values and dice.hits(people.reuse):
            return dice.one(self._values)
        self._entered += 1
        text = f"v{self._entered:04d} {dice.one(WORDS)}"
        if dice.hits(people.messy):
            text = dice.one((f" {text}", f"{text}  ", text.replace(" ", "   "), text.upper(), text + "x" * 60))
        self._values.append(text)
        return text

    def _size(self) -> Decimal | None:
        self._entered += 1
        return (
            None if self._dice.hits(self._people.blank) else self._entered + Decimal(self._dice.number(0, 999)) / 1000
        )

    def _fields(self) -> dict[str, Any]:
        return {**{name: self._text() for name in TEXTS}, "size": self._size()}

    def _some(self) -> dict[str, Any]:
        names = [n for n in (*TEXTS, "size") if self._dice.hits(0.35)] or [self._dice.one(TEXTS)]
        return {n: self._size() if n == "size" else self._text() for n in names}

    # --- what they do ---

    def _table(self, side: Side | None = None) -> Table:
        table: Table = self._world.tables[side or self._dice.one(SIDES)]
        return table

    def _anybody(self, table: Table) -> Life | None:
        living = list(table)
        return self._dice.one(living) if living else None

    def _stamp(self, table: Table) -> float:
        return self._dice.between(0.0, table.nature.early) if table.nature.early else 0.0

    def _make(self, side: Side, key: str | None) -> None:
        table = self._table(side)
        table.create({"key": key, **self._fields()}, None, stamp=self._stamp(table))

    def _create(self) -> None:
        key = None if self._dice.hits(0.05) else self._new_key()
        self._make(self._dice.one(SIDES), key)

    def _change(self, table: Table, life: Life) -> None:
        table.update(life.id, self._some(), None, stamp=self._stamp(table))

    def _edit(self) -> None:
        table = self._table()
        life = self._anybody(table)
        if life:
            self._change(table, life)

    def _counterpart(self, table: Table, life: Life) -> Life | None:
        key = life.now.fields.get("key")
        return next((x for x in self._world.opposite(table) if x.now.fields.get("key") == key), None)

    def _edit_both(self) -> None:
        table = self._table()
        life = self._anybody(table)
        twin = self._counterpart(table, life) if life else None
        if life and twin:
            self._do(lambda: self._change(table, life))
            self._do(lambda: self._change(self._world.opposite(table), twin))

    def _delete(self) -> None:
        table = self._table()
        life = self._anybody(table)
        if life:
            table.delete(life.id, None, stamp=self._stamp(table))

    def _delete_and_edit(self) -> None:
        table = self._table()
        life = self._anybody(table)
        twin = self._counterpart(table, life) if life else None
        if life and twin:
            table.delete(life.id, None, stamp=self._stamp(table))
            self._do(lambda: self._change(self._world.opposite(table), twin))

    def _restore(self) -> None:
        table = self._table()
        dead = [x for x in table.lives.values() if not x.now.alive]
        if dead:
            table.restore(self._dice.one(dead).id, self._stamp(table))

    def _create_twin(self) -> None:
        """The same thing entered on both sides, about at once."""
        key, side = self._new_key(), self._dice.one(SIDES)
        self._do(lambda: self._make(side, key))
        later = self._world.now + self._dice.between(0.0, 30.0)
        self._world.at(later, lambda: self._world.stormy and self._do(lambda: self._make(other(side), key)))

    def _double(self) -> None:
        """The same thing entered twice on one side."""
        table = self._table()
        life = self._anybody(table)
        if life:
            self._make(table.name, life.now.fields.get("key"))

    def _poison(self) -> None:
        """A value that cannot be read; sometimes somebody repairs it."""
        table = self._table()
        life = self._anybody(table)
        if life:
            value = "\x00" if self._dice.hits(0.3) else POISON
            table.update(life.id, {"name": value}, None, stamp=self._stamp(table))
            if self._dice.hits(0.5):
                later = self._world.now + self._dice.between(0.0, 600.0)
                self._world.at(later, lambda: self._do(lambda: self._repair(table, life)))

    def _repair(self, table: Table, life: Life) -> None:
        if life.now.alive and life.now.fields["name"] in ("\x00", POISON):
            table.update(life.id, {"name": self._text()}, None, stamp=self._stamp(table))

    def clean_up(self) -> None:
        """Repair what hides whole listings, before the world is judged at rest."""
        for table in self._world.tables.values():
            for life in list(table.lives.values()):
                if life.now.fields["name"] == "\x00":
                    self._do(lambda table=table, life=life: self._repair(table, life))
                    if not life.now.alive:
                        table.mend_trash(life.id, {"name": self._text()}, self._stamp(table))
