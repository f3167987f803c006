"""What to do about a write whose outcome is unknown: after a crash, a time-out, a takeover (SYNC-SPEC 10.4).

    update    the version did not move     drop: it was not applied, the record is planned again
              a field is as sent           confirm that field only (an inference, so the seen value is journalled)
    delete    gone                         confirm
              still there                  drop
    create    key                          send again at once: the system remembers
              client id, ext. id, search   wait until nothing can be in flight, look for it, adopt it or send again
              nothing                      park: only a person can know (W-3)

Pure. The rule behind all of it: never a blind retry.
"""

from dataclasses import dataclass
from typing import Literal

from tallystick.core.binding import Intent
from tallystick.core.ports import Capabilities

MAX_ATTEMPTS = 10
MAX_AGE_SECONDS = 24 * 3600.0
KEY_LIFETIME_SECONDS = 23 * 3600.0  # providers forget keys after a day; an hour is margin

Step = Literal["wait", "resend", "look", "park"]


@dataclass(frozen=True, slots=True)
class Next:
    """The next step for an open intent; ``seconds`` is how long to wait."""

    step: Step
    seconds: float = 0


def next_step(intent: Intent, now: float, can: Capabilities) -> Next:
    """Say what an open intent needs now."""
    age = now - intent.first_sent
    if intent.op == "create":
        if can.create_idem == "key" and age < KEY_LIFETIME_SECONDS:
            return Next("resend")
        if can.create_idem == "none" or (can.create_idem == "key" and not can.searchable):
            return Next("park")
        if intent.attempt >= MAX_ATTEMPTS or age > MAX_AGE_SECONDS:
            return Next("park")
    remaining = intent.sent_at + can.quiesce - now
    return Next("wait", remaining) if remaining > 0 else Next("look")


Adoption = Literal["ours", "older", "bound", "trash"]


def judge_adoption(intent: Intent, *, created: float | None, bound: bool, deleted: bool, skew: float) -> Adoption:
    """Say what a record found for a create intent is to us (R-10.10, R-10.11).

    ``ours`` only if it was created at or after the first attempt; an older or undated one is linked without a base.
    """
    if bound:
        return "bound"
    if deleted:
        return "trash"
    if created is not None and created >= intent.first_sent - skew:
        return "ours"
    return "older"
