"""Three-way merge of long texts by lines: what either side changed is in, and what both changed is nobody's to decide.

Edits that touch the same line, or lines next to each other, overlap; two insertions at one place do, too. The very
same edit on both sides counts once. Pure, and bounded: texts of more than ``MAX_LINES`` lines are not merged.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MAX_LINES: Final = 2000
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class Overlap(Exception):
    """The texts cannot be merged by machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The lines ``start`` to ``stop`` of what was agreed (without ``stop``) became ``lines``."""

    start: int
    stop: int
    lines: tuple[str, ...]

    def touches(self, later: "Edit") -> bool:
        """Tell whether two edits share a line or are next to each other."""
        return self.start <= later.stop and later.start <= self.stop


def merge_lines(left: str, right: str, was_left: str, was_right: str, agreed: str) -> str:
    """Put both sides' edits into ``agreed``, the fuller of ``was_left`` and ``was_right``.

    Each side's edits are those since its own last agreed text, so a side that trims or cuts lines edits only what
    somebody edited there. Raises ``Overlap`` where a person must decide.
    """
    lines = _lines(agreed)
    edits: list[list[Edit]] = []
    for now, was in ((left, was_left), (right, was_right)):
        before = _lines(was)
        if len(before) != len(lines):
            raise Overlap("one side keeps the text in other lines than the other")
        found = edits_between(before, _lines(now))
        if any(before[e.start : e.stop] != lines[e.start : e.stop] for e in found):
            raise Overlap("a line was edited on a side that cannot hold all of it")
        edits.append(found)
    apply = _combine(*edits)
    is_windows = all("\r\n" in text for text in (left, right))
    return ("\r\n" if is_windows else "\n").join(_applied(lines, apply))


def same_lines(a: str, b: str) -> bool:
    """Tell whether two texts differ in nothing but how their lines end."""
    return _lines(a) == _lines(b)


def edits_between(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """Name what became of a text, from its beginning to its end. Raises ``Overlap`` if a text is too long."""
    if max(len(before), len(after)) > MAX_LINES:
        raise Overlap(f"the text has more than {MAX_LINES} lines")
    codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [Edit(i1, i2, tuple(after[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _lines(text: str) -> list[str]:
    return _LINE_END.split(text)


def _combine(ours: Sequence[Edit], theirs: Sequence[Edit]) -> list[Edit]:
    mine = [edit for edit in ours if edit not in theirs]
    if any(a.touches(b) for a in mine for b in theirs):
        raise Overlap("both sides edited the same lines")
    return sorted((*mine, *theirs), key=lambda edit: (edit.start, edit.stop))


def _applied(lines: Sequence[str], edits: Iterable[Edit]) -> list[str]:
    made: list[str] = []
    at = 0
    for edit in edits:
        made += [*lines[at : edit.start], *edit.lines]
        at = edit.stop
    return [*made, *lines[at:]]
