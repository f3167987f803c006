"""What to do about a write whose outcome is unknown: after a crash, a time-out, a takeover (SYNC-SPEC 10.4).

    update    the version did not move     drop: it was not applied, the record is planned again
              a field is as sent           confirm that field only (an inference, so the seen value is journalled)
              nobody can see it for long   drop: what is read one day is planned from
    delete    gone                         confirm
              still there                  drop
              nobody can see it            look again; its pairing waits
    create    key                          send again at once: the system remembers
              client id, ext. id, search   wait until nothing can be in flight, look for it, adopt it or send again
              nothing                      park: only a person or a listing can know (W-3)

Pure. The rule behind all of it: never a blind retry, and nobody else waits for what stays unknown (R-10.12).
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from tallystick.core.binding import Intent
from tallystick.core.error import Duplicate, Error, Refused
from tallystick.core.ports import Capabilities

MAX_ATTEMPTS = 10
MAX_AGE_SECONDS = 24 * 3600.0
KEY_LIFETIME_SECONDS = 23 * 3600.0  # providers forget keys after a day; an hour is margin
_ABOUT_KEY = re.compile("idempoten", re.IGNORECASE)
_NOT_UNDERSTOOD = frozenset({404, 405, 410, 413, 415})  # the address or the form is wrong, not the record

Step = Literal["wait", "resend", "look", "park", "drop"]


@dataclass(frozen=True, slots=True)
class Next:
    """The next step for an open intent; ``seconds`` is how long to wait."""

    step: Step
    seconds: float = 0


def next_step(intent: Intent, now: float, can: Capabilities) -> Next:
    """Say what an open intent needs now."""
    age = now - intent.first_sent
    if intent.op == "create":
        if can.create_idem == "key" and intent.key and may_resend(intent) and age < KEY_LIFETIME_SECONDS:
            return Next("resend")
        if not can_be_looked_for(can):
            return Next("park")
    remaining = intent.sent_at + can.quiesce - now
    if remaining > 0:
        return Next("wait", remaining)
    # A deletion that was given up, and was done, would look like somebody else's and go back to where it came from.
    return Next("drop" if intent.op not in {"create", "delete"} and is_overdue(intent, now) else "look")


def can_be_looked_for(can: Capabilities) -> bool:
    """Tell whether a record that a create may have made can be found without a person."""
    if can.create_idem == "client_id" and can.read_by_id:
        return True
    return can.create_idem != "none" and bool(can.searchable)


def may_resend(intent: Intent) -> bool:
    """Tell whether a create may be sent once more; a system that swallows it every time is not asked for ever."""
    return intent.attempt < MAX_ATTEMPTS


def is_overdue(intent: Intent, now: float) -> bool:
    """Tell whether the outcome is unknown for so long that somebody must hear of it (R-10.12)."""
    return intent.attempt >= MAX_ATTEMPTS or now - intent.first_sent > MAX_AGE_SECONDS


def proves_nothing_was_made(answer: Error) -> bool:
    """Tell whether the answer to a *repeated* create proves that no attempt made anything.

    Only the system's word about the record itself does: whoever was not let in, slowed down, sent to a wrong address
    or told off for the key has learned nothing about the first attempt.
    """
    if not isinstance(answer, Refused) or isinstance(answer, Duplicate) or answer.status in _NOT_UNDERSTOOD:
        return False
    return not _ABOUT_KEY.search(f"{answer.message} {answer.detail}")


Adoption = Literal["ours", "older", "bound", "trash"]


def judge_adoption(
    intent: Intent, *, created: float | None, bound: bool, deleted: bool, skew: float, quiesce: float = math.inf
) -> Adoption:
    """Say what a record found for a create intent is to us (R-10.10, R-10.11).

    ``ours`` only if it was created at or after the first attempt and not later than the last one could take effect, so
    ``quiesce`` seconds after it; anything else, and an undated one, is linked without a base.
    """
    if bound:
        return "bound"
    if deleted:
        return "trash"
    if created is not None and intent.first_sent - skew <= created <= intent.sent_at + quiesce + skew:
        return "ours"
    return "older"
