"""Enumerates the pure decisions of the core over small, complete domains, as lines that people can read (T0).

``python golden_tables.py`` writes ``golden/*.txt`` anew; the difference is to be reviewed like code, because each line
is what somebody's records depend on.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from tallystick.core.binding import Cursor, Intent, Superseded, Window
from tallystick.core.brake import Tally, apply_brakes
from tallystick.core.contest import Around
from tallystick.core.decision import Write
from tallystick.core.error import Duplicate, InvalidValue, Refused, Unavailable
from tallystick.core.mapping import FieldMapping, MatchRule, Place
from tallystick.core.matching import Candidate, KeyMaker, id_key, link_rule, match, normalise, pack_keys, unpack_keys
from tallystick.core.merge import drifting_side, merge_field
from tallystick.core.observation import Gone, Merged, Missing, OutOfScope, Present, Unreadable
from tallystick.core.plan import changes_of, line_fingerprint, plan_fingerprint, shown
from tallystick.core.policy import Brakes, FieldPolicy, Policy
from tallystick.core.ports import Capabilities, Sighting
from tallystick.core.reconcile import Context, Pairing, reconcile
from tallystick.core.record import SIDES, UNKNOWN, Ref
from tallystick.core.resolve import (
    KEY_LIFETIME_SECONDS,
    MAX_AGE_SECONDS,
    MAX_ATTEMPTS,
    judge_adoption,
    next_step,
    proves_nothing_was_made,
)
from tallystick.core.sides import Holds, Sides
from tallystick.core.window import goes_on, is_over, judge_completeness, next_high, next_sweep

FOLDER = Path(__file__).parent / "golden"
SAFE = Policy("create", "create", "propagate", "propagate")
STATES = ("linked", "half", "parked", "dormant", "tomb", "unlinked", "erased")
DELETIONS = ("propagate", "archive", "unlink", "restore", "ask")


def told(value: Any) -> str:
    """Spell a decision with all that is not as usual."""
    if is_dataclass(value) and not isinstance(value, type):
        kept = []
        for each in fields(value):
            at = getattr(value, each.name)
            if at != each.default:
                kept.append(f"{each.name}={told(at)}")
        return f"{type(value).__name__}({', '.join(kept)})"
    if isinstance(value, tuple | list):
        return f"[{', '.join(told(v) for v in value)}]"
    return "?" if value is UNKNOWN else str(value) if isinstance(value, str | Exception) else repr(value)


def keep(value: Any) -> Any:
    return value


def cut(value: Any) -> Any:
    return value[:2] if isinstance(value, str) else value


def never(value: Any) -> Any:
    raise InvalidValue(f"no room for {value}")


def varied(usual: Any, **options: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Give a policy as usual, and then with each other choice of one setting."""
    yield "", usual
    for name, choices in options.items():
        for choice in choices:
            if choice != getattr(usual, name):
                yield f" {name}={choice}", replace(usual, **{name: choice})


def only_different(cases: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    """Give a line for each case as usual, and one for each policy that makes it come out otherwise."""
    usual: dict[str, str] = {}
    for case, policy, outcome in cases:
        if not policy:
            usual[case] = outcome
        if not policy or usual[case] != outcome:
            yield f"{case}{policy}: {outcome}"


def keep_at(_index: int, value: Any) -> Any:
    return value


def never_at(_index: int, value: Any) -> Any:
    return never(value)


def reconciled() -> Iterator[str]:
    """Every state, and what both sides say, with every policy."""
    base = ("a", "x")

    def seen(letter: str, side: str) -> Any:
        others = {"A": None, "D": Gone("d"), "M": Missing(), "S": OutOfScope("s7"), "G": Merged("g")}
        if letter in others:
            return others[letter]
        if letter == "X":
            return Unreadable(Unavailable("down"))
        new = {"U": base, "C": (f"{side}1", "x"), "E": (f"{side}1", f"{side}2"), "?": ("a", UNKNOWN)}[letter]
        return Present("1", new, f"{side}7", 100.0 if side == "left" else 900.0)

    mapped = [
        FieldMapping("f", Place(), Place(), FieldPolicy()),
        FieldMapping("g", Place(), Place(), FieldPolicy(conflict="newest")),
    ]
    policies = list(
        varied(
            SAFE, on_delete_left=DELETIONS, on_delete_right=DELETIONS,
            on_delete_update=("update_wins", "delete_wins", "ask"), on_restore=("recreate", "ignore", "ask"),
            on_scope_exit=("freeze", "unlink", "archive", "delete"), on_merge=("follow", "unlink", "ask"),
            delete_out_of_scope=(True, False),
        )
    )  # fmt: skip
    worlds = {"": Context(), " rescoped": Context(rescoped=True), " rivalled": Context(rivalled=True)}
    never_left = Pairing(mapped, SAFE, never_at, keep_at)

    def cases() -> Iterator[tuple[str, str, str]]:
        for state, left, right in _cells():
            both = (seen(left, "left"), seen(right, "right"))
            for name, policy in policies:
                made = reconcile(state, (base, base), both, Pairing(mapped, policy, keep_at, keep_at))
                yield f"{state} {left} {right}", name, told(made)
            for name, context in list(worlds.items())[1:]:
                made = reconcile(state, (base, base), both, Pairing(mapped, SAFE, keep_at, keep_at), context)
                yield f"{state} {left} {right}", name, told(made)
            for name, context in list(worlds.items())[1:]:
                gone = Pairing(mapped, replace(SAFE, on_scope_exit="delete", on_restore="recreate",
                                               on_delete_update="update_wins"), keep_at, keep_at)  # fmt: skip
                made = reconcile(state, (base, base), both, gone, context)
                yield f"{state} {left} {right}", f"{name} strict", told(made)
            yield f"{state} {left} {right}", " full", told(reconcile(state, (base, base), both, never_left))
            bare = Pairing(mapped, replace(SAFE, on_delete_update="update_wins"), never_at, keep_at)
            yield f"{state} {left} {right}", " no room", told(reconcile(state, (base, None), both, bare))
            both_ways = reconcile(state, (None, None), both, Pairing(mapped, SAFE, keep_at, keep_at))
            yield f"{state} {left} {right}", " no base", told(both_ways)

    yield from only_different(cases())


def _cells() -> Iterator[tuple[Any, str, str]]:
    for state in STATES:
        for left, right in product("AUCE?DMSXG", repeat=2):
            yield state, left, right


def merged() -> Iterator[str]:
    """Two values and two bases, with every setting of a field."""
    policies = list(
        varied(
            FieldPolicy(),
            direction=("both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left"),
            conflict=("left", "right", "newest", "prefer_nonblank", "set_merge", "manual"),
            initial=("left", "right", "newest", "ask"), blank=("propagate", "keep", "ask"),
            drift=("report", "revert", "ignore"),
        )
    )  # fmt: skip
    led = FieldPolicy(direction="to_right", drift="revert")
    policies += [(" led revert", led), (" led left revert", replace(led, direction="to_left"))]
    policies += [(" led ignore", replace(led, drift="ignore"))]
    policies += [(f" newest, else {f}", FieldPolicy(conflict="newest", fallback=f)) for f in ("left", "newest")]
    policies += [(" blank, else right", FieldPolicy(conflict="prefer_nonblank", fallback="right"))]
    values = (UNKNOWN, None, "aaa", "aa", "b")
    rooms = {"": Holds(keep, keep), " cut right": Holds(keep, cut), " cut left": Holds(cut, keep)}
    rooms |= {" full right": Holds(keep, never), " full left": Holds(never, keep)}

    def cases() -> Iterator[tuple[str, str, str]]:
        for left, right, was_left, was_right in product(values, repeat=4):
            now, base = Sides(left, right), Sides(was_left, was_right)
            for name, policy in policies:
                case = told((left, right, was_left, was_right))
                yield (
                    case,
                    name,
                    told(merge_field(now, base, policy, rooms[""], Around("right" if "newest" in name else None))),
                )
                if name and was_left == was_right == "b":
                    yield case, f"{name} left newer", told(merge_field(now, base, policy, rooms[""], Around("left")))
            for name, holds in rooms.items():
                yield case, name, told(merge_field(now, base, FieldPolicy(), holds))

    yield from only_different(cases())
    sets = [frozenset(), frozenset("a"), frozenset("ab"), frozenset("bc")]
    for left, right, was_left, was_right in product(sets, repeat=4):
        now, base = Sides(left, right), Sides(was_left, was_right)
        made = merge_field(now, base, FieldPolicy(conflict="set_merge"), rooms[""])
        spelled = [(side, "".join(sorted(value))) for side, value in made.writes]
        case = "|".join("".join(sorted(each)) for each in (left, right, was_left, was_right))
        yield f"{case}: {made.rule} {made.kind} {spelled}"
    for mixed in product((frozenset("a"), None, "b"), repeat=4):
        now, base = Sides(mixed[0], mixed[1]), Sides(mixed[2], mixed[3])
        made = merge_field(now, base, FieldPolicy(conflict="set_merge"), rooms[""])
        yield f"{[v if not isinstance(v, frozenset) else 'set' for v in mixed]}: {made.rule} {made.kind}"
    for direction in ("both", "to_right", "to_left", "match_only", "once_to_right", "once_to_left"):
        yield f"{direction} drifts: {drifting_side(FieldPolicy(direction=direction))}"
    waits = Ref("firms", None, "firms/left/7")
    for left, right, was in product((waits, Ref("firms", 3), None), repeat=3):
        yield (
            told((left, right, was))
            + ": "
            + told(merge_field(Sides(left, right), Sides(was, was), FieldPolicy(), rooms[""]))
        )


def braked() -> Iterator[str]:
    """Numbers at every limit and one beyond it, for either side, alone and with what else counts."""
    limits = Brakes()
    tallies = [Tally(linked=100, writes={(s, op): n}) for s in SIDES for op, ns in _AT.items() for n in ns]
    tallies += [replace(t, first_contact=True) for t in tallies] + [replace(t, linked=1000) for t in tallies]
    for s in SIDES:
        tallies += [Tally(linked=5000, writes={(s, "delete"): 10}, deleted_today={s: n}) for n in (489, 490, 491)]
        tallies += [Tally(linked=100, deleted_today={s: 900}), Tally(linked=100_000, writes={(s, "delete"): 500})]
        tallies += [Tally(linked=9, duplicates={s: 11})]
        tallies += [Tally(linked=n, listed={s: 0}) for n in (9, 10, 11)]
        tallies += [Tally(linked=n, listed={s: n}, listed_before={s: 100}) for n in (1, 79, 80, 81)]
        tallies += [Tally(linked=n, blanked={(s, "city"): c}) for n in (100, 1000) for c in (10, 11, 20, 21)]
        tallies += [
            Tally(linked=9, unmatched={s: new}, duplicates={s: doubles}, first_contact=first)
            for new in (0, 1, 1000, 1089, 1100, 2000) for doubles in (0, 1, 10, 11, 20) for first in (False, True)
        ]  # fmt: skip
    for tally in tallies:
        yield f"{told(tally)}: {told(apply_brakes(tally, limits))}"
    strict = replace(limits, delete_count=0, duplicate_share=0.0)
    for tally in (Tally(linked=9, unmatched={"left": 5}), Tally(linked=9, duplicates={"left": 1})):
        yield f"strict {told(tally)}: {told(apply_brakes(tally, strict))}"


_AT: dict[Any, tuple[int, ...]] = {
    "delete": (0, 1, 10, 11, 50, 51, 500, 501), "archive": (10, 11), "create": (100, 101, 200, 201),
    "update": (30, 31, 49, 50, 51, 300, 301),
}  # fmt: skip


def resolved() -> Iterator[str]:
    """An open write of each kind at each moment, for each way to find a create again."""
    marks = (0, 1, 124.0, 125.0, 126.0, KEY_LIFETIME_SECONDS - 1, KEY_LIFETIME_SECONDS, MAX_AGE_SECONDS + 1)
    idems = ("key", "extid", "search", "client_id", "none")
    for op, idem, find, by_id in product(("create", "update", "delete"), idems, ((), ("x",)), (True, False)):
        can = Capabilities(create_idem=idem, searchable=find, read_by_id=by_id)
        for age, attempt, key in product(marks, (0, MAX_ATTEMPTS), ("k", "")):
            sent = Intent("i", 1, "p", "right", op, b"{}", key, first_sent=500.0, sent_at=500.0, attempt=attempt)
            case = f"{op} {idem} {find} {by_id} {age} {attempt} {key!r}"
            yield f"{case}: {told(next_step(sent, 500.0 + age, can))}"
    for error in (
        Refused("no", status=422), Refused("no", status=404), Refused("no", status=405), Refused("no", status=410),
        Refused("no", status=413), Refused("no", status=415), Duplicate("there", status=409), Unavailable("down"),
        Refused("Idempotency key in use", status=422), Refused("no", detail="IDEMPOTENCE", status=400),
    ):  # fmt: skip
        about = f"{type(error).__name__} {error} {getattr(error, 'status', '')} {error.detail}"
        yield f"{about}: {proves_nothing_was_made(error)}"
    at = Intent("i", 1, "p", "right", "create", b"{}", "k", first_sent=500.0, sent_at=500.0)
    for created, bound, deleted in product((None, 494.0, 495.0, 496.0), (True, False), (True, False)):
        found = judge_adoption(at, created=created, bound=bound, deleted=deleted, skew=5)
        yield f"{created} {bound} {deleted}: {found}"


def swept() -> Iterator[str]:
    """Which part is read, how far a cursor moves, what absence is worth, and which reads lag."""
    known = product((None, 900.0, 1300.0, 1301.0), (None, 500.0))
    cursors = [None, *(Cursor("p", "left", high, full, 5) for high, full in known)]
    for cursor, since, anew, asked in product(cursors, (True, False), (True, False), (True, False)):
        can = Capabilities(since=since, skew=300)
        for every in (499.0, 500.0, 501.0):
            sweep = next_sweep(cursor, can, 1000.0, every, configured_anew=anew, asked=asked)
            yield f"{told(cursor)} {since} {anew} {asked} {every}: {told(sweep)}"
    for cursor, newest, snow0 in product(cursors, (None, 800.0, 950.0, 2000.0), (None, 850.0, 960.0)):
        high = next_high(cursor, newest, snow0, started=1000.0, skew=300.0)
        yield f"{told(cursor)} {newest} {snow0}: {high}"
    for ended, order, listed, total, bad, whole in product(
        (True, False), ("offset", "keyset"), (4, 5), (None, 4, 5), (0, 1), (True, False)
    ):
        worth = judge_completeness(
            ended=ended, order=order, listed=listed, distinct=5, total=total, undecodable=bad, in_one_go=whole
        )
        yield f"{ended} {order} {listed} {total} {bad} {whole}: {worth}"
    for version, modified, was, then in product((None, "1", "2"), (None, 5.0, 6.0), ("", "1"), (None, 5.0, 6.0)):
        for digest in (7, 8):
            over = [Superseded("p", "left", "1", was, 7, then, 0.0)]
            lags = is_over(Sighting("1", {}, version, modified), digest, over)
            yield f"{version} {modified} {was!r} {then} {digest}: {lags}"
    window = Window("p", "left", True, None, "place", None, None, pages=2, marked=2, mapping=9)
    can, whole = Capabilities(read_by_id=True), next_sweep(None, Capabilities(), 0, 0, configured_anew=False)
    shapes = [replace(window, **c) for c in ({}, {"position": None}, {"marked": 3}, {"marked": 3, "restarts": 1},
              {"marked": 3, "restarts": 2}, {"full": False}, {"mapping": 8})]  # fmt: skip
    for shape, by_id, asked in product([None, *shapes], (True, False), (True, False)):
        on = goes_on(shape, whole, replace(can, read_by_id=by_id), 9, asked=asked)
        yield f"{told(shape)} {by_id} {asked}: {on}"


def matched() -> Iterator[str]:
    """Keys, crowds on both sides, and values that are no keys."""
    rules = [MatchRule(("vat",), "alphanumeric"), MatchRule(("name",), "text", fuzzy=True), MatchRule(("nr",), "exact")]
    crowds: list[list[Candidate]] = [[]]
    crowds += [[Candidate("a", {0: 1})], [Candidate("a", {0: 1}, binding=7)], [Candidate("a", {0: 1}, is_barred=True)]]
    crowds += [[Candidate("a", {0: 1}), Candidate("b", {0: 1})], [Candidate("a", {0: 2, 2: 3})]]
    crowds += [[Candidate("a", {1: 1})], [Candidate("a", {-1: 4, 0: 9})], [Candidate("a", {-2: 4, 0: 1})]]
    crowds += [[Candidate("a", {-1: 4, -2: 7})]]
    crowds += [[Candidate("a", {0: 1}), Candidate("b", {0: 1}, binding=3)], [Candidate("a", {-1: 5, 2: 3})]]
    keys = [
        {},
        {0: 1},
        {1: 1},
        {2: 3},
        {0: 1, 2: 3},
        {-1: 4},
        {-1: 4, 0: 1},
        {-1: 4, -2: 6},
        {-2: 4, 0: 1},
        {-2: 5, 0: 1},
    ]
    for own, twins, others in product(keys, crowds, crowds):
        yield f"{own} {told(twins)} {told(others)}: {told(match(rules, own, twins, others))}"
    yield f"no rules: {told(match([], {}, [], []))} {link_rule('left')} {link_rule('right')}"
    values = (None, UNKNOWN, "", " ", "n/a", "N.A.", "none", "null", "unknown", "unbekannt", "test", "tbd", "keine",
              "x", "XX", "xxx",
              "0", "000", "00-0", "007", "Ä b", " A  B ", "\ufb01rm", "DE 12-3", "\uff24\uff25\uff11", "info@x.de",
              " Eva@Ex.De ", "a@b@c.de", "info@b@c.de", "@x", "a@", "eva", Ref("f", None), Ref("f", 3), 12)  # fmt: skip
    for value, how in product(values, ("exact", "text", "email", "digits", "alphanumeric")):
        yield f"{value!r} {how}: {normalise(value, how)!r}"
    maker = KeyMaker(((0, (0,), "text", ""), (2, (0, 1), "exact", "")))
    for record in product((None, "a", "B"), repeat=2):
        yield f"{record}: {maker.keys(record)}"
    for value in (7, "7", "", None, True, 7.5, "x", Decimal(7), Decimal("7.00"), Decimal("7.5")):
        yield f"{value!r}: {id_key(value)}"
    for packed in ({}, {0: 5, -1: 7}):
        yield f"{packed}: {pack_keys(packed)!r} {unpack_keys(pack_keys(packed))} {unpack_keys(None)}"


def planned() -> Iterator[str]:
    """What a plan shows of a write, and which lines are the same line."""
    names, values = ("f", "g", "h"), ("a", None, UNKNOWN)
    for op, seen in product(("create", "update", "delete", "archive"), (("x", "y", "z"), (None, UNKNOWN, "z"), ())):
        if op != "update" or seen:
            write = Write("right", op, values, (0, 1), ("F-2", "F-5"))
            yield f"{op} {told(seen)}: {told(changes_of(names, write, seen))}"
    same_now = Write("right", "update", ("a", "b", "c"), (0, 1), ("F-2", "F-5"))
    yield f"as it is: {told(changes_of(names, same_now, ('a', 'x', 'c')))}"
    line = {"pair": "p", "action": "update", "side": "left", "ids": ("1", None), "values": ("a",), "reason": "r"}
    others = ({}, {"pair": "q"}, {"action": "x"}, {"side": "right"}, {"ids": ("1", "2")}, {"values": (None,)},
              {"reason": "s"}, {"ids": ("", None)}, {"ids": (None, "1")})  # fmt: skip
    for other_line in others:
        yield f"{other_line}: {line_fingerprint(**(line | other_line))}"
    yield f"plan: {plan_fingerprint([3, 1, 2])} {plan_fingerprint([1, 2, 3])} {plan_fingerprint([])}"
    for value in (
        UNKNOWN,
        None,
        "a",
        7,
        True,
        Ref("f", None, id="9"),
        Ref("f", 3),
        frozenset("a"),
        {"a": 1},
        [1],
        1.5,
    ):
        yield f"{told(value)}: {shown(value)!r}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "reconcile": reconciled, "merge": merged, "brakes": braked, "resolve": resolved, "window": swept,
    "matching": matched, "plan": planned,
}  # fmt: skip


def main() -> None:
    """Write all tables."""
    FOLDER.mkdir(exist_ok=True)
    for name, lines in TABLES.items():
        (FOLDER / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines()))


if __name__ == "__main__":
    main()
