"""How alike two fields are, by what their names, labels, descriptions, types and values say.

A score of 0 says that nothing speaks for it, 1 that the names mean the same; what else fits adds a little. Nothing here
knows a vendor: two names are alike because they mean the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from tallystick.project.naming import concepts_of, vocabulary

_WEIGHTS: Final = {"id": 0.2, "name": 0.7, "number": 0.6, "code": 0.5, "address": 0.5, "category": 0.8, "status": 0.8,
                   "custom_field": 0.6, "line_item": 0.6, "billing": 0.35, "shipping": 0.35, "mailing": 0.15,
                   "contact": 0.7, "start": 0.6}  # fmt: skip
_SUBJECTS: Final = {
    "company": ("company", None), "customer": ("full_name", "customer_number"),
    "contact": ("full_name", "customer_number"),
    "employee": ("full_name", "employee_number"), "product": (None, "sku"), "order": (None, "order_number"),
    "invoice": (None, "invoice_number"), "supplier": ("company", None),
}  # fmt: skip
_KINDS: Final = {
    "boolean": "flag", "bool": "flag", "date": "time", "instant": "time", "local_time": "time", "datetime": "time",
    "date-time": "time", "timestamp": "time", "integer": "number", "number": "number", "float": "number",
    "decimal": "number", "double": "number", "list": "list", "array": "list", "object": "object",
}  # fmt: skip
_ABOUT: Final = {"created": "time", "modified": "time", "birth_date": "time", "hire_date": "time", "end_date": "time",
                 "due_date": "time", "order_date": "time", "invoice_date": "time", "delivery_date": "time",
                 "probation_end": "time", "deleted_at": "time", "start": "time", "track_stock": "flag",
                 "active": "flag", "visible": "flag"}  # fmt: skip
_SHAPES: Final = (
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)),
    ("url", re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)),
    ("uuid", re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)),
    ("time", re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d?[./]\d\d?[./]\d{2,4}( .*)?")),
    ("iban", re.compile(r"[A-Z]{2}\d{2}[A-Z0-9 ]{11,40}")),
    ("phone", re.compile(r"(\+|00|\()[\d ()/.-]{6,}")),
    ("flag", re.compile(r"true|false|yes|no|ja|nein", re.IGNORECASE)),
    ("number", re.compile(r"-?\d+([.,]\d+)?")),
)
_TELLING: Final = 3  # letters; shorter words of a description say nothing
_SAME: Final = 0.99
_SPELLED: Final = 4  # letters from which on two unknown words may be compared by their spelling
_NEARLY: Final = 0.8
_SOME: Final = 3  # different samples from which on it means something that they occur on both sides
_LABEL: Final = 0.97
_LITERAL: Final = 0.04
_MISFIT: Final = -0.06
_PARENT: Final = 0.45
_OTHER_CONTEXT: Final = 0.3


@dataclass(frozen=True)
class Attribute:
    """One field of an object, as far as it is known: ``path`` with ``[]`` after lists, samples as they were read."""

    path: str
    type: str = "any"
    label: str = ""
    description: str = ""
    format: str = ""
    options: tuple[str, ...] = ()
    samples: tuple[Any, ...] = ()
    subject: str = ""
    is_branch: bool = False
    meant: tuple[str, ...] = ()

    @cached_property
    def leaf(self) -> tuple[str, ...]:
        """What the last part of the path means, unless its neighbours say what is ``meant``."""
        return self.meant or concepts_of(re.sub(r"\[\d*\]", "", self.path).rpartition(".")[2])

    @cached_property
    def parents(self) -> tuple[str, ...]:
        """What the parts before it mean."""
        before = re.sub(r"\[\d*\]", "", self.path).rpartition(".")[0]
        return tuple(c for part in before.split(".") if part for c in concepts_of(part))

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """What the label means."""
        return concepts_of(self.label) if self.label else ()

    @cached_property
    def told(self) -> frozenset[str]:
        """What the description is about."""
        found = concepts_of(self.description) if self.description else ()
        return frozenset(c for c in found if len(c) >= _TELLING)

    @cached_property
    def about(self) -> frozenset[str]:
        """What records of the object are."""
        return frozenset(concepts_of(self.subject)) if self.subject else frozenset()

    @cached_property
    def kind(self) -> str:
        """The rough kind of value: flag, time, number, list, object, text or unknown."""
        return _KINDS.get(self.format) or _KINDS.get(self.type) or ("" if self.type == "any" else "text")

    @cached_property
    def shape(self) -> str:
        """What the samples look like: email, url, time, phone, number ...; empty if they differ or say nothing."""
        texts = [str(s).strip() for s in self.samples if s not in (None, "") and not isinstance(s, dict | list)]
        for shape, pattern in _SHAPES:
            if texts and all(pattern.fullmatch(t) for t in texts):
                return shape
        return ""

    @cached_property
    def readings(self) -> tuple[tuple[tuple[str, ...], float], ...]:
        """The ways in which the name can be read, with how sure each is."""
        own = tuple(c for c in self.leaf if c not in self.about) or self.leaf
        found = [(self.leaf, 1.0)]
        if own != self.leaf:
            found.append((own, 0.98))
        for subject in self.about:
            name, number = _SUBJECTS.get(subject, (None, None))
            if name and own in {("name",), (subject, "name")} and not self.parents:
                found.append(((name,), 0.93))
            if number and own in {("number",), ("code",)} and not self.parents:
                found.append(((number,), 0.93))
        if self.spoken:
            found.append((self.spoken, _LABEL))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two fields are: in all, by what the names mean alone, and the reasons.

    ``is_fit`` tells that nothing is known of the kinds of values that speaks against it.
    """

    score: float
    name: float = 0.0
    is_fit: bool = True
    reasons: tuple[str, ...] = field(default=())


def compare(one: Attribute, two: Attribute) -> Likeness:
    """Compare two fields by all that is known of them."""
    name = max(
        sure * other_sure * _named(mine, one.parents, its, two.parents)
        for mine, sure in one.readings
        for its, other_sure in two.readings
    )
    score, reasons = name, []
    if name > 0:
        reasons.append("the names are the same" if name >= _SAME else "the names mean about the same")
    if one.told and two.told:
        shared = len(one.told & two.told) / min(len(one.told), len(two.told))
        score += 0.08 * shared
    described = max(_described(one, two), _described(two, one))
    if described > 0:
        score += 0.1 * described
    fit = _fit(one, two, reasons) + _values(one, two, reasons)
    return Likeness(max(0.0, score + fit + _LITERAL * _spelled(one, two)), name, fit > _MISFIT, tuple(reasons))


def _spelled(one: Attribute, two: Attribute) -> float:
    """How alike the bare spellings are; it decides between names that mean the same."""
    from rapidfuzz import fuzz

    mine, its = (re.sub(r"[\W_]+", "", a.path.rpartition(".")[2]).casefold() for a in (one, two))
    return fuzz.ratio(mine, its) / 100


def _weight(unit: str) -> float:
    if unit.isdigit() or len(unit) == 1:
        return 0.25
    if unit in vocabulary().qualifiers and unit not in _WEIGHTS:
        return 0.3
    return _WEIGHTS.get(unit, 1.0)


def _unit_likeness(one: str, two: str) -> float:
    if one == two:
        return 1.0
    related = vocabulary().related.get(frozenset((one, two)))
    if related is not None:
        return related
    if min(len(one), len(two)) < _SPELLED or "_" in one or "_" in two:
        return 0.0
    from rapidfuzz import fuzz

    ratio = fuzz.ratio(one, two) / 100
    return 0.9 * ratio if ratio >= _NEARLY else 0.0


def overlap(one: Sequence[tuple[str, float]], two: Sequence[tuple[str, float]]) -> float:
    """Say how far two lists of weighted units cover each other; each unit counts once."""
    total = sum(w for _, w in one) + sum(w for _, w in two)
    pairs = sorted(
        ((_unit_likeness(a, b), i, j) for i, (a, _) in enumerate(one) for j, (b, _) in enumerate(two)), reverse=True
    )
    used: tuple[set[int], set[int]] = (set(), set())
    shared = 0.0
    for likeness, i, j in pairs:
        if likeness > 0 and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            shared += likeness * (one[i][1] + two[j][1])
    return shared / total if total else 0.0


def _named(mine: Sequence[str], above: Sequence[str], its: Sequence[str], its_above: Sequence[str]) -> float:
    leaf = overlap([(u, _weight(u)) for u in mine], [(u, _weight(u)) for u in its])
    whole = overlap(
        [(u, _weight(u)) for u in mine] + [(u, _PARENT * _weight(u)) for u in above],
        [(u, _weight(u)) for u in its] + [(u, _PARENT * _weight(u)) for u in its_above],
    )
    return max((1 - _OTHER_CONTEXT) * leaf + _OTHER_CONTEXT * whole, 0.95 * whole)


def _described(one: Attribute, two: Attribute) -> float:
    """How much of the one's name the other's description speaks of."""
    weights = [(u, _weight(u)) for u in one.leaf]
    total = sum(w for _, w in weights)
    return sum(w for u, w in weights if u in two.told) / total if total and two.told else 0.0


def _fit(one: Attribute, two: Attribute, reasons: list[str]) -> float:
    """What the kinds of values and the options add or take."""
    mine, its = _meant_kind(one), _meant_kind(two)
    change = _clash(frozenset({mine, its}) - {""}) - (0.1 if one.is_branch != two.is_branch else 0)
    if mine == its and mine not in {"", "text"}:
        change += 0.03
        if mine == "time":
            reasons.append("both hold times")
    if one.options and two.options:
        here, there = ({o.casefold() for o in a.options} for a in (one, two))
        shared = len(here & there) / min(len(here), len(there))
        change += 0.15 * shared
        if shared:
            reasons.append(f"{round(100 * shared)} % of the options are the same")
    return change


def _clash(kinds: frozenset[str]) -> float:
    """What it takes that two kinds of values are known not to be the same."""
    if len(kinds) <= 1:
        return 0.0
    if "time" in kinds:
        return -0.25 if kinds & {"flag", "list", "object"} else -0.15
    if "flag" in kinds:
        return -0.1
    return -0.06 if kinds & {"list", "object"} else 0.0


def _meant_kind(attribute: Attribute) -> str:
    if attribute.kind in {"text", "", "number"}:
        named = next((k for u in attribute.leaf if (k := _ABOUT.get(u))), "")
        return named or ("time" if attribute.shape == "time" else attribute.kind)
    return attribute.kind


def _values(one: Attribute, two: Attribute, reasons: list[str]) -> float:
    """What samples of both sides add or take."""
    change = 0.0
    if one.shape and two.shape:
        if one.shape == two.shape and one.shape not in {"number", "flag"}:
            change += 0.05
            reasons.append(f"the samples look alike: {one.shape}")
        elif one.shape != two.shape and "number" not in {one.shape, two.shape}:
            change -= 0.15
    mine, its = ({str(s).strip().casefold() for s in a.samples if s not in (None, "")} for a in (one, two))
    if min(len(mine), len(its)) >= _SOME:
        shared = len(mine & its) / min(len(mine), len(its))
        if shared:
            change += 0.3 * shared
            reasons.append(f"{round(100 * shared)} % of the sampled values occur on both sides")
    return change
