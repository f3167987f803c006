"""Which fields of two objects seem to be the same: ranked for each field, and those sure enough to be written down.

Sure is a pair of which each is the other's best by a margin, or a group that belongs together as a whole: a full name
and its parts, the lines of a street. Nothing is applied here; a person reads every proposal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tallystick.project.likeness import Attribute, Likeness, compare

RANKED: Final = 5
SURE: Final = 0.9
POSSIBLE: Final = 0.6
_NAMED: Final = 0.86  # so alike the names must be by themselves
_MARGIN: Final = 0.05
_NEAR: Final = 0.015  # towards the same name in another branch of the record: there only the branch can decide
_NAMES: Final = ("given_name", "family_name")
_EVERYWHERE: Final = frozenset(
    {"category", "status", "active", "custom_field", "version", "external_id", "number", "code"}
)
_STREETS: Final = ("street", "street2")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field of the other side, how alike it is, and why."""

    path: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Proposal:
    """Fields that seem to hold the same: one on each side, or several that are joined or split.

    ``kind`` is ``copy``, ``join`` (several left, one right) or ``split``; ``score`` is a likeness, 1 and above for
    names that mean the same.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    kind: str
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposals:
    """All that is proposed: ``ranked`` candidates by left field, ``sure`` pairs and groups, ``possible`` pairs."""

    ranked: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    sure: Sequence[Proposal] = ()
    possible: Sequence[Proposal] = ()


def propose(left: Sequence[Attribute], right: Sequence[Attribute]) -> Proposals:
    """Compare every field with every other; the order of the left fields is kept."""
    left, right = _read_together(left), _read_together(right)
    table = [[compare(one, two) for two in right] for one in left]
    ranked: dict[str, Sequence[Candidate]] = {}
    for one, row in zip(left, table, strict=True):
        found = [Candidate(two.path, likeness) for two, likeness in zip(right, row, strict=True) if likeness.score > 0]
        ranked[one.path] = sorted(found, key=lambda c: (-c.likeness.score, len(c.path), c.path))[:RANKED]
    groups = _groups(left, right)
    grouped = {(one, two) for g in groups for one in g.left for two in g.right}
    sure, possible = [], []
    for i, j in _assign(left, right, table):
        likeness = table[i][j]
        pair = Proposal((left[i].path,), (right[j].path,), "copy", likeness.score, likeness.reasons)
        is_free = (left[i].path, right[j].path) not in grouped
        is_sure = likeness.score >= SURE and is_free and _is_telling(left[i], right[j], likeness)
        if is_sure and _stands_out(i, j, left, right, table):
            sure.append(pair)
        elif is_free:
            possible.append(pair)
    order = {a.path: n for n, a in enumerate(left)}
    return Proposals(ranked, sorted([*sure, *groups], key=lambda p: order[p.left[0]]), possible)


def _read_together(fields: Sequence[Attribute]) -> list[Attribute]:
    """Read names by their neighbours: a ``name`` beside a family name is the given name."""
    leaves: dict[str, set[tuple[str, ...]]] = {}
    for each in fields:
        leaves.setdefault(_above(each), set()).add(each.leaf)
    return [
        replace(each, meant=("given_name",))
        if each.leaf == ("name",) and ("family_name",) in leaves[_above(each)]
        and ("given_name",) not in leaves[_above(each)]
        else each
        for each in fields
    ]  # fmt: skip


def _above(each: Attribute) -> str:
    return each.path.rpartition(".")[0]


def _assign(
    left: Sequence[Attribute], right: Sequence[Attribute], table: Sequence[Sequence[Likeness]]
) -> list[tuple[int, int]]:
    """Pair each field at most once, the most alike first; give the positions."""
    found = [
        (likeness.score, i, j)
        for i, row in enumerate(table)
        for j, likeness in enumerate(row)
        if likeness.score >= POSSIBLE and not left[i].is_branch and not right[j].is_branch
    ]
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for _, i, j in sorted(found, key=lambda f: (-f[0], f[1], f[2])):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((i, j))
    return sorted(pairs)


def _is_telling(one: Attribute, two: Attribute, likeness: Likeness) -> bool:
    """Whether the names say enough to be written down: no bare id, kind or state, which every system has its own of."""
    if likeness.name < _NAMED or not likeness.is_fit:
        return False
    for each in (one, two):
        own = tuple(c for c in each.leaf if c not in each.about and c != "id")
        if not own and "id" not in each.leaf:
            own = each.leaf  # the company of a company is its name
        if not own or (set(own) <= _EVERYWHERE and not (one.options and two.options)):
            return False
    return True


def _stands_out(
    i: int, j: int, left: Sequence[Attribute], right: Sequence[Attribute], table: Sequence[Sequence[Likeness]]
) -> bool:
    """Whether no other field on either side comes near."""
    score = table[i][j].score
    rivals = [(right[j], right[n], table[i][n].score) for n in range(len(right)) if n != j]
    rivals += [(left[i], left[n], table[n][j].score) for n in range(len(left)) if n != i]
    return all(score - other >= _distance(chosen, rival) for chosen, rival, other in rivals)


def _distance(chosen: Attribute, rival: Attribute) -> float:
    elsewhere = _above(chosen) != _above(rival) and set(chosen.leaf) == set(rival.leaf)
    return _NEAR if elsewhere else _MARGIN


def _groups(left: Sequence[Attribute], right: Sequence[Attribute]) -> list[Proposal]:
    """Propose what is one field on one side and several on the other."""
    joins = [Proposal(parts, whole, "join", SURE, (why,)) for parts, whole, why in _wholes(left, right)]
    splits = [Proposal(whole, parts, "split", SURE, (why,)) for parts, whole, why in _wholes(right, left)]
    return joins + splits


def _wholes(
    parts: Sequence[Attribute], wholes: Sequence[Attribute]
) -> list[tuple[tuple[str, ...], tuple[str, ...], str]]:
    """Give (parts, whole, what it is) for each branch of one side that has all the parts of a field of the other."""
    found = []
    for above in dict.fromkeys(_above(a) for a in parts):
        here = {a.leaf: a for a in parts if _above(a) == above}
        level = [a for a in wholes if bool(_above(a)) == bool(above)]
        names = [here[(c,)].path for c in _NAMES if (c,) in here]
        whole_names = [a.path for a in level if _is_full_name(a)]
        if len(names) == len(_NAMES) and len(whole_names) == 1 and not any(map(_is_full_name, here.values())):
            found.append((tuple(names), tuple(whole_names), "a full name and its parts"))
        streets = [here[(c,)].path for c in _STREETS if (c,) in here]
        whole_streets = [a.path for a in level if a.leaf == ("street",) and a.kind == "list"]
        if len(streets) == len(_STREETS) and len(whole_streets) == 1:
            found.append((tuple(streets), tuple(whole_streets), "the lines of a street"))
    return found


def _is_full_name(each: Attribute) -> bool:
    return ("full_name",) in {reading for reading, _ in each.readings} and not each.is_branch
