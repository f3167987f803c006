"""How far both systems agree, in words and as JSON. Values of records are masked unless they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallystick.checklist.sample import Sample
from tallystick.cli.complaint import error_document
from tallystick.cli.exits import CHECK, SYSTEM, code_of, worst
from tallystick.cli.moment import moment
from tallystick.cli.output import Screen, number
from tallystick.cli.reconcile_words import ADVICE, kind_words, verdict_words
from tallystick.cli.words import SideNames, side_names
from tallystick.core.agreement import RANK, Agreement, Example, Kind, Share, Verdict
from tallystick.core.error import Error
from tallystick.core.record import SIDES


@dataclass(frozen=True, slots=True)
class Comparison:
    """A finished comparison. ``reveal`` shows values as they are; ``fail_under`` is what each mapping must reach."""

    project: str
    environment: str
    at: float
    agreements: Sequence[Agreement]
    failures: Mapping[str, Error]
    fail_under: float | None = None
    reveal: bool = False

    @property
    def too_low(self) -> list[str]:
        """The mappings whose score is below what was asked for; one that could not be compared is not above it."""
        if self.fail_under is None:
            return []
        return [a.pair for a in self.agreements if a.score.agreed * 100 < self.fail_under * a.score.due]

    @property
    def code(self) -> int:
        """The exit code: mappings that could not be compared, sides not wholly read, scores too low."""
        codes = [code_of(failure) for failure in self.failures.values()]
        codes += [SYSTEM for agreement in self.agreements if agreement.problem]
        codes += [CHECK for _ in self.too_low]
        return worst(codes)


def percent(share: Share) -> str:
    """Write a share; ``-`` where nothing is due."""
    return "-" if share.percent is None else f"{share.percent:.2f} %"


def ordered(agreement: Agreement) -> list[Verdict]:
    """Give the verdicts of all differences, the gravest and then the most frequent first."""
    return sorted(agreement.differences, key=lambda v: (RANK[v.kind], -agreement.differences[v], v.reason))


def show_comparison(screen: Screen, comparison: Comparison, examples: int) -> None:
    """Show all mappings, with up to so many examples of each verdict."""
    for agreement in comparison.agreements:
        _show_agreement(screen, comparison, agreement, examples)
    for name in comparison.too_low:
        screen.say(f"{name} is below the {comparison.fail_under:g} % that were asked for")


def _show_agreement(screen: Screen, comparison: Comparison, agreement: Agreement, examples: int) -> None:
    names = side_names(agreement.left, agreement.right)
    screen.title(f"{agreement.pair}: {agreement.left} <-> {agreement.right}")
    screen.say(f"  {score_words(agreement)}")
    if agreement.problem:
        screen.say(f"  Not all could be read: {agreement.problem}")
    heads = ("", "records", *(f"in {names[s]}" for s in SIDES))
    screen.table(heads, list(record_rows(agreement, names)), indent=4)
    rows = list(field_rows(agreement))
    screen.table(("field", "in step", "of", "score"), rows, indent=4)
    for verdict in ordered(agreement):
        _show_difference(screen, comparison, agreement, verdict, examples)
    screen.say()


def _show_difference(
    screen: Screen, comparison: Comparison, agreement: Agreement, verdict: Verdict, examples: int
) -> None:
    names = side_names(agreement.left, agreement.right)
    screen.say(f"  {number(agreement.differences[verdict], 'record')} {verdict_words(verdict, names)}")
    for example in agreement.examples.get(verdict, [])[:examples]:
        screen.say(f"    {example_words(example, names, reveal=comparison.reveal)}")
    if verdict.kind in ADVICE:
        screen.say(f"    what to do: {ADVICE[verdict.kind]}")


def score_words(agreement: Agreement) -> str:
    """Say the score in one sentence."""
    share, drawn = agreement.score, ""
    if agreement.sampled is not None:
        drawn = f" ({number(agreement.sampled, 'pair')} drawn at random)"
    if share.percent is None:
        return f"Nothing to compare: there is no record that should be in step{drawn}."
    return f"{percent(share)} in step: {share.agreed:,} of {share.due:,} records that should be{drawn}."


def record_rows(agreement: Agreement, names: SideNames) -> Iterator[tuple[str, str, str, str]]:
    """Give for each kind of verdict how many pairs and lone records have it, and how many records of each side."""
    sides: dict[Kind, list[int]] = {kind: [0, 0] for kind in agreement.by_kind()}
    for at, side in enumerate(SIDES):
        for verdict, count in agreement.listed[side].items():
            sides.setdefault(verdict.kind, [0, 0])[at] += count
    totals = agreement.by_kind()
    for kind in sorted(totals, key=RANK.__getitem__, reverse=True):
        left, right = sides[kind]
        yield kind_words(kind, names), f"{totals[kind]:,}", f"{left:,}", f"{right:,}"


def field_rows(agreement: Agreement) -> Iterator[tuple[str, str, str, str]]:
    """Give for each field how many values are in step, of how many that should be."""
    for name in agreement.names:
        share = agreement.field_score(name)
        yield name, f"{share.agreed:,}", f"{share.due:,}", percent(share)


def example_words(example: Example, names: SideNames, *, reveal: bool) -> str:
    """Write one example on a line: who, which fields hold what, and what is known beside."""
    who = [f"{names[s]} {i}" for s, i in zip(SIDES, (example.left, example.right), strict=True) if i is not None]
    parts = [" <-> ".join(who)]
    parts += [
        f"{d.field}: {Sample(d.left).shown(reveal=reveal)} <-> {Sample(d.right).shown(reveal=reveal)}"
        for d in example.differences
    ]
    if example.detail:
        parts.append(example.detail)
    if example.stamp is not None:
        parts.append(f"its time stamp is {moment(example.stamp)}, and all until {moment(example.until)} had been read")
    return "; ".join(parts)


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Write the comparison as JSON."""
    return {
        "project": comparison.project,
        "environment": comparison.environment,
        "at": comparison.at,
        "fail_under": comparison.fail_under,
        "too_low": comparison.too_low,
        "mappings": [_agreement_document(a, reveal=comparison.reveal) for a in comparison.agreements],
        "failures": {name: error_document(failure) for name, failure in comparison.failures.items()},
    }


def _agreement_document(agreement: Agreement, *, reveal: bool) -> dict[str, Any]:
    names = side_names(agreement.left, agreement.right)
    return {
        "mapping": agreement.pair,
        "left": agreement.left,
        "right": agreement.right,
        "sampled": agreement.sampled,
        "problem": agreement.problem,
        "score": _share(agreement.score),
        "records": [
            {
                **_named(verdict, names),
                "count": count,
                **{side: agreement.listed[side].get(verdict, 0) for side in SIDES},
            }
            for verdict, count in sorted(agreement.records.items(), key=lambda item: RANK[item[0].kind])
        ],
        "fields": [
            {
                "field": name,
                "score": _share(agreement.field_score(name)),
                "verdicts": [
                    {**_named(verdict, names), "count": count}
                    for verdict, count in agreement.fields.get(name, {}).items()
                ],
            }
            for name in agreement.names
        ],
        "differences": [
            {
                **_named(verdict, names),
                "count": agreement.differences[verdict],
                "examples": [_example_document(e, reveal=reveal) for e in agreement.examples.get(verdict, [])],
            }
            for verdict in ordered(agreement)
        ],
    }


def _share(share: Share) -> dict[str, Any]:
    return {"percent": share.percent, "in_step": share.agreed, "due": share.due}


def _named(verdict: Verdict, names: SideNames) -> dict[str, str]:
    return {"kind": verdict.kind, "reason": verdict.reason, "words": verdict_words(verdict, names)}


def _example_document(example: Example, *, reveal: bool) -> dict[str, Any]:
    return {
        "left": example.left,
        "right": example.right,
        "fields": [
            {
                "field": d.field,
                "left": Sample(d.left).shown(reveal=reveal),
                "right": Sample(d.right).shown(reveal=reveal),
            }
            for d in example.differences
        ],
        "detail": example.detail,
        "stamp": example.stamp,
        "read_until": example.until,
    }
