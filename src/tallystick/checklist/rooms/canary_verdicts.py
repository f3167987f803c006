"""What the facts of canaries mean. Pure; one judgement for each kind of promise."""

from collections.abc import Callable
from typing import Any, Final

from tallystick.core.checks import Facts, Judgement

_LEEWAY: Final = 1.0


def judge(facts: Facts) -> list[Judgement]:
    """A write that is lost, doubled or overwritten fails, one that is changed on its way warns; the rest is told."""
    if facts["reason"] and facts["denied"]:
        return [*_rights(facts), *_traces(facts)]
    if facts["reason"]:
        verdict: Any = "not_applicable" if facts.get("unneeded") else "cannot_tell"
        return [Judgement(verdict, f"no canary was made: {facts['reason']}"), *_traces(facts)]
    judged = []
    for name, part, make in _PARTS:
        told = facts["steps"][name]
        if "error" in told:
            judged.append(Judgement("cannot_tell", "this step broke off", (told["error"],), part=part))
        else:
            judged.append(make(told, part))
    return [*judged, *_rights(facts), *_traces(facts)]


def _rights(facts: Facts) -> list[Judgement]:
    if facts["denied"]:
        listed = ", ".join(facts["denied"])
        fix = "ask the system's owner for these rights: tally check --letter en writes the request"
        reasons = tuple(facts["denied"].values())
        return [Judgement("fail", f"not allowed to our credentials: {listed}", reasons, fix, "rights", about=())]
    if any("error" in told for told in facts["steps"].values()):
        return []  # what broke off may have been a right as well
    return [Judgement("pass", "our credentials may create, change and delete", part="rights")]


def _traces(facts: Facts) -> list[Judgement]:
    judged = []
    if facts["left"]:
        fix = f"delete them by hand; they carry 'canary {facts['mark']}'"
        judged.append(Judgement("fail", "canaries could not be removed", tuple(facts["left"]), fix, "clean-up"))
    if facts["lost"]:
        why = f"{len(facts['lost'])} canaries of an earlier check are still there"
        fix = "delete them by hand, if nobody needs them to find out why"
        judged.append(Judgement("warn", why, (", ".join(facts["lost"]),), fix, "earlier canaries"))
    return judged


def _stored(told: Facts, part: str) -> Judgement:
    if told["after"] is None:
        return Judgement("fail", "a new record cannot be read by its id", part=part, about=("get",))
    if told["changed"]:
        reasons = tuple(f"{name}: {how}" for name, how in told["changed"].items())
        fix = "choose codecs that write what the system keeps, else each run would see a change"
        return Judgement("warn", "what is stored is not what was written", reasons, fix, part)
    return Judgement("pass", "a new record is stored as it was written", part=part, about=("create",))


def _shown(told: Facts, part: str) -> Judgement:
    after, allowed = told["after"], told["allowed"]
    fix = "say in the manifest how late writes show: claims.consistency_seconds"
    if after is None:
        patience = told["patience"]
        why = f"a new record was not listed within {patience:g} seconds"
        if patience < allowed:
            return Judgement("cannot_tell", f"{why}; the manifest allows {allowed:g}", part=part)
        return Judgement("fail", why, (f"the manifest allows {allowed:g}",), fix, part, about=("claims",))
    if after > allowed + _LEEWAY:
        why = f"a new record is listed after {after:g} seconds only"
        return Judgement("fail", why, (f"the manifest allows {allowed:g}",), fix, part, about=("claims",))
    return Judgement("pass", f"a new record is listed after {after:g} seconds", part=part)


def _repeated(told: Facts, part: str) -> Judgement:
    if told["claimed"] != "key":
        return Judgement("not_applicable", "the manifest claims no idempotency key", part=part)
    if told.get("doubled"):
        fix = "correct claims.create_idem and the key's header in the manifest, or create_idem: search"
        why = "a create that is repeated with its key makes a second record"
        return Judgement("fail", why, (), fix, part, about=("claims",))
    if "refused" in told:
        fix = "set claims.create_idem: search, unless a repeated create should give the first record again"
        return Judgement("warn", "a create that is repeated with its key is refused", (told["refused"],), fix, part)
    return Judgement("pass", "a create that is repeated with its key makes no second record", part=part)


def _dated(told: Facts, part: str) -> Judgement:
    if "moves" not in told:
        why = f"its time is exact to {told['grain']:g} seconds only, which was not waited for"
        return Judgement("cannot_tell", why if told["shown"] else "the record shows no time of change", part=part)
    if not told["moves"]:
        fix = "name another field under modified, or remove since: changes would be passed over"
        return Judgement("fail", "the time of change does not move with a change", (), fix, part, about=("modified",))
    if abs(told["off"]) > told["allowed"]:
        ahead = "ahead of" if told["off"] > 0 else "behind"
        why = f"records are dated {abs(told['off']):,} seconds {ahead} our clock"
        fix = (
            "correct timezone or modified_format in the manifest, or the clock; if they are right: claims.skew_seconds"
        )
        return Judgement("warn", why, (f"the manifest allows {told['allowed']:g}",), fix, part)
    return Judgement("pass", "the time of change moves with each change", part=part, about=("modified",))


def _outdated(told: Facts, part: str) -> Judgement:
    if not told["taken"]:
        return Judgement("fail", "a change was accepted and not stored", part=part, about=("update",))
    if not told["claimed"]:
        why = "changes are stored; the manifest claims no condition on a version"
        return Judgement("pass", why, part=part, about=("update",))
    if "honoured" not in told:
        return Judgement("cannot_tell", "changes are stored, but the record shows no version", part=part)
    if told["honoured"]:
        return Judgement("pass", "a change on condition of an old version is refused", part=part, about=("if_match",))
    did = "overwrites what others wrote" if told["overwritten"] else "is accepted"
    fix = "correct version and if_match in the manifest; if they are right, the system does not keep its word"
    return Judgement("fail", f"a change on condition of an old version {did}", (), fix, part, about=("if_match",))


def _blank(told: Facts, part: str) -> Judgement:
    if not told["field"]:
        return Judgement("cannot_tell", "no field could be blanked without harm", part=part)
    name, cleared, emptied = told["field"], told["cleared"], told["emptied"]
    if cleared == "a value":
        fix = "set clear: empty in the manifest if the system wants an empty text, else map it one way"
        return Judgement("fail", f"{name} cannot be cleared: it keeps its value", (), fix, part, about=("clear",))
    said = "is refused" if emptied == "refused" else f"becomes {emptied}"
    return Judgement("pass", f"{name}, cleared, becomes {cleared}; an empty text {said}", part=part, about=("clear",))


def _length(told: Facts, part: str) -> Judgement:
    name, longest = told["field"], told["longest"]
    entry = (f"fields.{name}",)
    if "full" not in told:
        return Judgement("cannot_tell", f"no limit is declared for {name}, so none was tried", part=part)
    if told["full"] != "stored":
        why = f"{name} is declared with {longest} characters, and so many are {_met(told['full'])}"
        return Judgement(
            "fail", why, (told.get("full_said", ""),), "correct max_length in the manifest", part, about=entry
        )
    if told["over"] == "refused":
        return Judgement("pass", f"{name} takes {longest} characters and refuses one more", part=part, about=entry)
    if told["over"] == "stored":
        why = f"{name} takes more than the {longest} characters that are declared"
        return Judgement("warn", why, (), "correct max_length in the manifest", part)
    why = f"{name} takes {longest} characters and changes a longer text without a word: {told['over']}"
    return Judgement("warn", why, (), "keep max_length in the manifest: only it stops such texts", part, about=entry)


def _met(what: str) -> str:
    return "refused" if what == "refused" else f"not kept: {what}"


def _option(told: Facts, part: str) -> Judgement:
    if not told["field"]:
        return Judgement("not_applicable", "no field with options can be written", part=part)
    name, became = told["field"], told["became"]
    if became == "refused":
        return Judgement("pass", f"{name} refuses what is none of its options", part=part, about=(f"fields.{name}",))
    how = {"stored": "stores", "kept": "passes over"}.get(became, f"turns into {became}")
    fix = "see that the mapping names every option: this system does not refuse wrong ones"
    return Judgement("warn", f"{name} {how} what is none of its options", (), fix, part)


def _deleted(told: Facts, part: str) -> Judgement:
    patience = told["patience"]
    if told["by_id"] is None:
        why = f"a deleted record can still be read by its id after {patience:g} seconds"
        return Judgement("fail", why, (), "say in the manifest how deleted records are marked: deleted", part)
    if told["unlisted"] is None:
        why = f"a deleted record is still listed after {patience:g} seconds"
        return Judgement("fail", why, (), "say in the manifest how deleted records are marked: deleted", part)
    by_id, unlisted = told["by_id"], told["unlisted"]
    why = f"a deleted record is gone by its id after {by_id:g} seconds, and {unlisted:g} later from the listing"
    return Judgement("pass", why, part=part, about=("delete",))


_PARTS: Final[tuple[tuple[str, str, Callable[[Facts, str], Judgement]], ...]] = (
    ("stored", "read back", _stored),
    ("shown", "write lag", _shown),
    ("repeated", "repeated creates", _repeated),
    ("dated", "time of change", _dated),
    ("outdated", "outdated changes", _outdated),
    ("blank", "blanks", _blank),
    ("length", "lengths", _length),
    ("option", "options", _option),
    ("deleted", "deletion", _deleted),
)
