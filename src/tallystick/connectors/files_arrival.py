"""Which file counts, and whether it is whole: late, older, half-written and repeated files must not delete anything.

Of files that match the name, the newest counts, in the folder or in the archive: so a file that was put away after a
run stays the state of the system until a newer one arrives, and an older one that comes late changes nothing.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from tallystick.connectors.files_place import Place, Seen, check_name
from tallystick.connectors.files_text import cut_off
from tallystick.core.error import ProjectError, Unavailable
from tallystick.project.manifest_files import FileSpec

_PARTS: Final = {
    "{date}": r"(?P<date>\d(?:[\d_.T:-]*\d)?)",
    "{number}": r"(?P<number>\d+)",
    "*": r".*",
}
_PUT_AWAY: Final = re.compile(r"\.\d{8}T\d{6}Z$")
_YEARS: Final = range(1970, 2200)
_Key = tuple[str, int, float]


class Arrival:
    """Chooses the file of one object. ``clock`` gives seconds UTC, ``sleep`` waits."""

    def __init__(
        self, file: FileSpec, place: Place, title: str, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._file = file
        self._place = place
        self._title = title
        self._clock = clock
        self._sleep = sleep
        self._pattern = _compile(file.name, title)
        self._is_proven = is_proven(file)
        if file.archive:
            check_name(file.archive)

    @property
    def is_proven(self) -> bool:
        """Whether something better than patience proves that a file is whole."""
        return self._is_proven

    def newest(self) -> Seen:
        """Give the file that counts. Raises ``Unavailable`` where none has arrived."""
        candidates = self._candidates(self._place.look(""), archived=False)
        if self._file.archive:
            candidates += self._candidates(self._place.look(self._file.archive), archived=True)
        if not candidates:
            what = f"no file '{self._file.name}'"
            if self._file.complete.marker:
                what += f" with its marker '{self._file.complete.marker}'"
            raise Unavailable(
                f"{what} has arrived",
                detail=f"in {self._place.title}",
                hint="nothing is concluded from that; see that the export runs, and that the name is right",
                place=self._title,
            )
        return max(candidates, key=lambda each: each[0])[1]

    def settle(self, seen: Seen) -> Seen:
        """Wait until a file has kept its size long enough. Raises ``Unavailable`` where it is still being written."""
        if self._is_proven or seen.folder:
            return seen
        patience = self._file.complete.settle_seconds
        # Only our own clock tells an age, and a time of change in the future, or none, tells nothing.
        age = self._clock() - seen.modified if self._place.shares_clock and seen.modified > 0 else 0.0
        remaining = patience - max(0.0, age)
        if remaining > 0 and not seen.is_settled:
            self._sleep(remaining)
        again = self._place.look_at(seen)
        if again is None or not again.is_as(seen):
            raise cut_off(f"{self._title}: {seen.path}", "it is still being written")
        if not seen.size:
            raise cut_off(f"{self._title}: {seen.path}", "it is empty, not even a header, and nothing proves it whole")
        return again

    def used_up(self, current: Seen) -> Sequence[tuple[Seen, str, str]]:
        """List what is to be moved after ``current`` was read: it and what is older; each with folder and new name."""
        if not self._file.archive or current.folder:
            return ()
        present = self._place.look("")
        here = self._candidates(present, archived=False)
        limit = next((key for key, seen in here if seen.is_as(current)), None)
        if limit is None:
            return ()
        moves = []
        for key, seen in here:
            if key <= limit:
                stamp = datetime.fromtimestamp(seen.modified, UTC).strftime("%Y%m%dT%H%M%SZ")
                moves.append((seen, self._file.archive, f"{seen.name}.{stamp}"))
                marker = self._marker(seen.name)
                moves += [(each, self._file.archive, f"{marker}.{stamp}") for each in present if each.name == marker]
        return moves

    def _candidates(self, files: Sequence[Seen], *, archived: bool) -> list[tuple[_Key, Seen]]:
        names = {seen.name for seen in files}
        found = []
        for seen in files:
            name = _PUT_AWAY.sub("", seen.name) if archived else seen.name
            match = self._pattern.fullmatch(name)
            if not match or (self._file.complete.marker and not archived and self._marker(name) not in names):
                continue
            groups = match.groupdict()
            key = (order_of(groups.get("date") or ""), int(groups.get("number") or 0), seen.modified)
            found.append((key, seen))
        return found

    def _marker(self, name: str) -> str:
        return self._file.complete.marker.replace("{name}", name)


def is_proven(file: FileSpec) -> bool:
    """Tell whether something better than patience proves that a file is whole."""
    return bool(file.complete.marker or file.complete.trailer or file.complete.renamed)


def order_of(text: str) -> str:
    """Spell the date in a file's name so that the newest sorts last: year, month, day, and what follows.

    Years may stand first or last (``2026-11-22``, ``22.11.2026``); a text that is no date sorts as a number.
    """
    digits = re.sub(r"\D", "", text)
    if _is_date(digits[:4], digits[4:6], digits[6:8]):
        return digits
    if _is_date(digits[4:8], digits[2:4], digits[:2]):
        return f"{digits[4:8]}{digits[2:4]}{digits[:2]}{digits[8:]}"
    return digits.zfill(20) if digits else ""


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return int(year) in _YEARS and bool(date(int(year), int(month), int(day or "1")))
    except ValueError:
        return False


def _compile(name: str, title: str) -> re.Pattern[str]:
    check_name(name)
    written = re.split(r"(\{date\}|\{number\}|\*)", name)
    for part in ("{date}", "{number}"):
        if written.count(part) > 1:
            raise ProjectError(f"{part} stands twice in the name of the file", hint="once is enough", place=title)
    if unknown := re.search(r"\{[^{}]*\}", "".join(each for each in written if each not in _PARTS)):
        raise ProjectError(
            f"{unknown[0]} is not known in the name of a file", hint="{date}, {number} and * are", place=title
        )
    return re.compile("".join(_PARTS.get(each, re.escape(each)) for each in written))
