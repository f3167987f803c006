"""The part of C1.3 about records that are not there: does the system say so, or may it mean anything?

Deletions are only believed where an absence is told from a failure (R-4.1). So each object is asked for a record that
nobody has: an id like its own, with other letters and digits.
"""

from typing import Any, Final
from uuid import UUID

from tallystick.checklist.scene import Scene, Subject, Walk
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Error, RemoteError
from tallystick.core.ports import Call, Flow, NotThere
from tallystick.core.record import fingerprint

ABSENCE: Final = "absence"
_PROTOCOLS: Final = frozenset({"rest", "graphql", "soap", "rpc"})
_TURNED: Final = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyz", "5678901234nopqrstuvwxyzabcdefghijklm")
_BEYOND: Final = 1_000_003  # a number so far ahead is not given out while a check runs


def probe_absence(scene: Scene, subject: Subject, found: Walk) -> Flow[dict[str, Any] | None]:
    """Ask for a record that nobody has; give what came. ``None`` where that cannot be asked."""
    reader = scene.reader(subject)
    can = reader.capabilities(subject.object)
    if not found.alive or scene.manifest(subject).protocol not in _PROTOCOLS or not can.read_by_id:
        return None
    nobody = nobodys_id([one.id for one in found.alive])
    row: dict[str, Any] = {"object": subject.object, "asked": nobody, "told": "", "answer": "", "status": 0}
    try:
        answer = yield Call(subject.system, reader.get(subject.object, nobody))
    except Error as failure:
        status = failure.status if isinstance(failure, AccessError | RemoteError) else 0
        return row | {"told": "failed", "answer": str(failure), "status": status}
    if isinstance(answer, NotThere):
        return row | {"told": "absent", "answer": answer.evidence}
    return row | {"told": "found", "answer": f"record {answer.id}"}


def nobodys_id(ids: list[str]) -> str:
    """Make an id of the same form as these that is none of them."""
    if all(each.isdecimal() for each in ids):
        return str(max(map(int, ids)) + _BEYOND)
    for pattern in ids:
        other = _like_uuid(pattern) or pattern.translate(_TURNED)
        if other not in ids and other != pattern:
            return other
    return ids[0] + "0"


def _like_uuid(pattern: str) -> str:
    try:
        known = UUID(pattern)
    except ValueError:
        return ""
    # The form of random ones is checked by many systems: its version and variant stay.
    mixed = known.int ^ (fingerprint(pattern.encode()) & 0xFFFF_FFFF_FFFF)
    spelled = str(UUID(int=mixed))
    return spelled if "-" in pattern else spelled.replace("-", "")


def judge_absence(rows: list[Facts]) -> list[Judgement]:
    """Warn of each object whose deletions could not be told from failures."""
    judged = []
    for row in rows:
        name, about = row["object"], (f"objects.{row['object']}.get",)
        if row["told"] == "absent":
            judged.append(Judgement("pass", f"{name}: a record that is not there is told as such", about=about))
            continue
        why = f"{name}: what is not there is answered with {row['answer']}; a deletion cannot be told from that"
        sample = f"get.absent: [{row['status']}]" if row["status"] else "get.absent: [words of that answer]"
        fix = (
            f"if the system always answers so for a record that is not there, say it in the manifest: {sample}; "
            "else let deletions be listed (deleted), or decide them by hand (on_delete: ask)"
        )
        judged.append(Judgement("warn", why, (f"asked for {row['asked']}, which no listed record has",), fix))
    return judged
