"""The judge of a world at rest: nobody edits, nothing fails, the engine ran until it was quiet.

Both sides agree or the difference is listed with a reason (I-1, I-8); nothing is doubled (I-5); nothing was written
more often than people asked for (I-24).
"""

from typing import Any

from tests.simulation.nature import lose
from tests.simulation.slips import STORY, slipped_in
from tests.simulation.truth import ENGINE, Life

from tallystick.core.mapping import Refs
from tallystick.core.record import SIDES, Fields, Raw, Side, Value, other, same
from tallystick.engine.pair import End, Pair

NUMBERS = range(1, 3000)


class Stillness:
    """What the engine's state says at rest: pairings, and everything that is listed as waiting."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.pair: Pair = world.pairs[0]
        self.bindings, self.queue, self.parked, self.intents = world.state.look(
            lambda tx: (tx.bindings(NUMBERS), tx.queue(), tx.quarantine(), tx.open_intents(self.pair.name))
        )
        self.waiting = {q.binding for q in self.queue} | {p.binding for p in self.parked}
        self.waiting |= {i.binding for i in self.intents}
        self.subjects = {q.subject for q in self.queue} | {f"{p.side}/{p.record}" for p in self.parked}
        self.subjects |= {f"{other(i.side)}/{i.origin}" for i in self.intents}
        # Whoever has the key of a create whose outcome is unknown waits for that create (T-60, 3).
        self.waiting_keys = {
            life.now.fields["key"] for i in self.intents if (life := self._life(other(i.side), i.origin)) is not None
        }

    def check(self) -> None:
        """Judge everything."""
        linked = [b for b in self.bindings.values() if b.state == "linked"]
        for binding in linked:
            self._check_pairing(binding)
        self._check_nobody_forgotten()
        self._check_doubles()
        self._check_writes()

    def check_windows(self) -> None:
        """Judge what windows alone must have seen: every edit of a record that is there on both sides (I-14)."""
        for binding in self.bindings.values():
            left, right = self._life("left", binding.left.id), self._life("right", binding.right.id)
            there = left is not None and right is not None and left.now.alive and right.now.alive
            if binding.state == "linked" and there and not self._is_listed(binding):
                self._compare("I-14", binding, left, right)

    def _is_listed(self, binding: Any) -> bool:
        return binding.id in self.waiting or any(f"{s}/{binding.leg(s).id}" in self.subjects for s in SIDES)

    def _life(self, side: Side, record: str | None) -> Life | None:
        found: Life | None = self.world.tables[side].lives.get(record)
        return found

    def _check_pairing(self, binding: Any) -> None:
        left, right = self._life("left", binding.left.id), self._life("right", binding.right.id)
        if self._is_listed(binding):
            return
        for side, life in (("left", left), ("right", right)):
            if life is None or not life.now.alive:
                self.world.fail("I-1", f"binding {binding.id} still counts on {side}/{binding.leg(side).id}, gone")
        if left.now.fields["key"] != right.now.fields["key"]:
            self.world.fail("I-1", f"left/{left.id} and right/{right.id} are paired but are two different things")
        self._compare("I-1", binding, left, right)

    def _compare(self, law: str, binding: Any, left: Life, right: Life) -> None:
        values = [self._read(side, life) for side, life in (("left", left), ("right", right))]
        for i, name in enumerate(self.pair.mapping.names):
            a, b = values[0][i], values[1][i]
            if self._agrees(i, a, b) or self._may_differ(name, left, right, a, b):
                continue
            natures = self.world.scenario.natures
            if slipped_in(natures["left"].can, left, name) or slipped_in(natures["right"].can, right, name):
                self.world.limits[STORY] += 1
                continue
            self.world.fail(law, f"binding {binding.id} {name}: left/{left.id} has {a!r}, right/{right.id} {b!r}")

    def _read(self, side: Side, life: Life) -> tuple[Value, ...]:
        return _readable(self.pair.end(side), dict(life.now.fields))

    def _agrees(self, i: int, a: Value, b: Value) -> bool:
        return same(a, b) or same(b, self._held("right", i, a)) or same(a, self._held("left", i, b))

    def _held(self, side: Side, i: int, value: Value) -> Value:
        """What a side really makes of a value: its codec there, its own habits, its codec back."""
        end = self.pair.end(side)
        fields = [None] * len(self.pair.mapping.names)
        fields[i] = value
        body, _ = end.codec.patch(tuple(fields), [i], Refs())
        name = self.pair.mapping.names[i]
        if name not in body:
            return value
        loss = self.world.tables[side].nature.losses.get(name)
        raw = lose(loss, body[name]) if loss else body[name]
        return _readable(end, {name: raw})[i]

    def _may_differ(self, name: str, left: Life, right: Life, a: Value, b: Value) -> bool:
        """Differences that a policy asks for: a direction, blanks that are kept."""
        policy = self.world.scenario.fields[name]
        if policy.direction != "both":
            return True
        return policy.blank == "keep" and (a is None or b is None)

    # --- nobody is forgotten ---

    def _check_nobody_forgotten(self) -> None:
        policy = self.world.scenario.policy
        known: dict[tuple[Side, str], str] = {}
        for binding in self.bindings.values():
            for side in SIDES:
                record = binding.leg(side).id
                if record is not None and known.get((side, record)) not in {"linked", "dormant"}:
                    known[side, record] = binding.state
                if binding.id in self.waiting:
                    self.subjects.add(f"{side}/{record}")
        for side, wish in (("left", policy.on_unmatched_left), ("right", policy.on_unmatched_right)):
            for life in self.world.tables[side]:
                state = known.get((side, life.id))
                if state in {"linked", "dormant", "unlinked"} or f"{side}/{life.id}" in self.subjects:
                    continue
                waits = life.now.fields["key"] in self.waiting_keys or self._is_unvouched(other(side))
                if state is None and (wish == "ignore" or waits):
                    continue
                if state == "tomb" and policy.on_restore == "ignore" and any(not s.alive for s in life.states):
                    continue
                story = f"{side}/{life.id} ({life.now.fields['key']}) is nowhere; state {state}"
                self.world.fail("I-8", story)

    def _is_unvouched(self, side: Side) -> bool:
        """Whether a side shows none of its linked records, so that nothing is made there until a person has spoken."""
        return any(q.subject.startswith(f"{side}/") and "vouches" in q.detail for q in self.queue)

    def _check_doubles(self) -> None:
        for side in SIDES:
            made: dict[Any, list[Life]] = {}
            for life in self.world.tables[side]:
                if life.by == ENGINE and not any(not s.alive for s in life.states):
                    made.setdefault(life.now.fields["key"], []).append(life)
            for key, lives in made.items():
                if key is not None and len(lives) > 1 and (side, key) not in self.world.oracle.excused:
                    self.world.fail("I-5", f"the engine made {[x.id for x in lives]} on the {side}, all of them {key}")

    def _check_writes(self) -> None:
        """No field of a side changes more often by us than people changed it on either side (I-24)."""
        oracle = self.world.oracle
        for (key, side, name), count in oracle.moved.items():
            if key is not None and count > oracle.entered[key, name]:
                asked = oracle.entered[key, name]
                self.world.fail("I-24", f"{name} of {key} was changed {count} times on the {side} after {asked} edits")


def _readable(end: End, record: Raw) -> Fields:
    """Read a record that the mapping can read."""
    [fields] = end.read([record], Refs())
    assert isinstance(fields, tuple), fields
    return fields
