"""A second walk over a listing, its pages cut at other places, and what two walks say about each other."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.checklist.survey import AGAIN, decode, walk
from tallystick.core.ports import Call, Flow, Page
from tallystick.project.manifest import ObjectSpec
from tallystick.project.manifest_paging import NoPaging, OffsetPaging

_PAGES: Final = 3  # so many pages are enough to see that they fit together
_STEADY: Final = 0.5  # two reads of one page that share fewer records than this are not the same page


def walk_again(scene: Scene, subject: Subject, first: Walk) -> Flow[tuple[Walk, int]]:
    """Walk a second time, with another page size where one can be asked for; give the walk and that size or 0."""
    size = _other_size(scene.spec(subject), first, scene.budget.pages)
    second = yield from walk(scene, subject, size or AGAIN)
    return second, size


def _other_size(spec: ObjectSpec, first: Walk, most_pages: int) -> int:
    """Give a page size that cuts one page into several and stays within the budget of pages."""
    records, usual = len(first.rows), max(first.sizes, default=0)
    if not spec.table and not _is_chosen(spec):
        return 0
    if records < _PAGES:
        return 1 if records > 1 else 0
    least = math.ceil(records / max(_PAGES, most_pages - 1))
    return max(1, least, min(usual * 3 // 5, math.ceil(records / _PAGES)))


def capped_from(spec: ObjectSpec, first: Walk) -> int:
    """Give the page size that was asked for where every page came shorter, all of one length; else 0.

    Pages of different lengths are filtered ones, and the last page may have any length; empty ones after it only say
    that it was the last.
    """
    if spec.table or not _is_chosen(spec):
        return 0
    asked = asked_size(spec)
    filled = [size for size in first.sizes if size]
    before_last = set(filled[:-1])
    return asked if len(before_last) == 1 and 0 < min(before_last) < asked and not repeated_in(first) else 0


def asked_size(spec: ObjectSpec) -> int:
    """Give the page size that the manifest asks for; 0 where it asks for none."""
    match spec.paging:
        case NoPaging():
            return 0
        case OffsetPaging(limit=size, max_limit=most):
            return min(size, most or size)
        case paging:
            return min(paging.size, getattr(paging, "max_size", None) or paging.size)


def _is_chosen(spec: ObjectSpec) -> bool:
    match spec.paging:
        case NoPaging():
            return False
        case OffsetPaging(limit_param=named):
            return bool(named)
        case paging:
            return bool(paging.size_param)


def is_steady(scene: Scene, subject: Subject, first: Walk) -> Flow[bool]:
    """Ask for the first page again: do the same records come in the same order?"""
    page: Page = yield Call(subject.system, scene.reader(subject).read(subject.object))
    sightings, _ = decode(scene, subject, page.rows)
    before, _ = decode(scene, subject, first.rows[: first.sizes[0]])
    return same_order([s.id for s in before], [s.id for s in sightings])


def same_order(before: Sequence[str], after: Sequence[str]) -> bool:
    """Tell whether two reads of a page are the same but for records that came or went in between."""
    common = set(before) & set(after)
    if len(common) < _STEADY * min(len(before), len(after)):
        return False
    return [i for i in before if i in common] == [i for i in after if i in common]


def hidden_in(first: Walk, second: Walk) -> set[str]:
    """Give the ids that one walk shows and the other passes over. Where one stopped early, only as far as both came."""
    a, b = first.ids, second.ids
    if first.ended and second.ended:
        return set(a) ^ set(b)
    common = set(a) & set(b)
    ends = [max((n for n, i in enumerate(ids) if i in common), default=-1) for ids in (a, b)]
    return set(a[: ends[0] + 1]) ^ set(b[: ends[1] + 1])


def repeated_in(found: Walk) -> list[str]:
    """Give the ids that came more than once."""
    return [i for i, times in Counter(found.ids).items() if times > 1]


def off_by(found: Walk) -> int:
    """Give how many records more (or fewer, negative) came than the system says it has; 0 where it says nothing."""
    if not found.totals or not found.ended:
        return 0
    low, high = min(found.totals), max(found.totals)
    came = len(set(found.ids))
    return came - low if came < low else max(0, came - high)


def is_whole(first: Walk, second: Walk) -> bool:
    """Tell whether two walks agree, so that a record which neither shows can be taken to be missing."""
    broken = any(w.failure is not None or repeated_in(w) for w in (first, second))
    return not broken and not hidden_in(first, second) and not (off_by(first) and off_by(second))
