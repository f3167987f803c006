"""C4: which operation on which object is allowed to our credentials?

Only reading is tried. A system that keeps a list of rights (a database) is asked what may be written, and what our
user may do beyond what is needed; of the others that stays open, because nothing is written to find out.
"""

from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.rooms.needs import DEEDS, READS, Deed, is_described, needs_of
from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.survey import walk
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Error
from tallystick.core.ports import Call, Entitled, Flow, Rights
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_auth import (
    Auth,
    ClientCredentialsAuth,
    JwtBearerAuth,
    PasswordGrantAuth,
    RefreshTokenAuth,
)

_KINDS: Final = {
    "none": "no credentials",
    "api_key": "a fixed key",
    "basic": "user name and password",
    "bearer": "a fixed token",
    "oauth2_client_credentials": "OAuth 2.0 client credentials",
    "oauth2_password": "OAuth 2.0 user name and password",
    "oauth2_refresh_token": "OAuth 2.0 refresh token",
    "oauth2_jwt_bearer": "OAuth 2.0 service account",
    "digest": "user name and password by HTTP digest",
    "hmac": "a shared key that signs each request",
    "oauth1": "secrets of a client and its token that sign each request",
    "aws_sigv4": "an AWS key that signs each request",
    "session": "a session",
}


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """List one page and read one record of each object in use; note what is needed besides."""
    manifest = scene.manifest(subject)
    matrix: list[dict[str, str]] = []
    told: dict[str, Rights | None] = {}
    for need in needs_of(scene, subject.system):
        here = Subject(subject.system, need.object)
        if not is_described(manifest, manifest.objects[need.object], need.deed):
            continue
        state, said = "not probed", ""
        if need.deed in READS:
            state, said = yield from _try(scene, here, by_id=need.deed == "get")
        elif rights := (yield from _rights(scene, here, told)):
            state, said = _entitled(rights, need.deed)
        matrix.append({"object": need.object, "operation": need.deed, "state": state, "said": said})
    return {
        "credentials": credentials_of(manifest),
        "scopes": scopes_of(manifest.auth),
        "protocol": manifest.protocol,
        "matrix": matrix,
        "excess": _excess(scene, subject.system, told),
    }


def _rights(scene: Scene, subject: Subject, told: dict[str, Rights | None]) -> Flow[Rights | None]:
    """Ask a system for its list of rights, once for each object."""
    reader = scene.reader(subject)
    if subject.object not in told and isinstance(reader, Entitled):
        try:
            told[subject.object] = yield Call(subject.system, reader.rights(subject.object))
        except Error:
            told[subject.object] = None
    return told.get(subject.object)


def _entitled(rights: Rights, deed: Deed) -> tuple[str, str]:
    if rights.is_read_only:
        return "denied", "the database is read-only: connect to the primary, not to a replica"
    return ("allowed", "") if deed in rights.granted else ("denied", "the right was not granted")


def _excess(scene: Scene, system: str, told: dict[str, Rights | None]) -> dict[str, list[str]]:
    """Give by object what our credentials may do though nothing needs it."""
    needed: dict[str, set[str]] = {}
    for need in needs_of(scene, system):
        needed.setdefault(need.object, set()).add(need.deed)
    return {
        name: [*(f"may {deed} records" for deed in DEEDS if deed in rights.granted - needed[name]), *rights.excess]
        for name, rights in told.items()
        if rights is not None
    }


def credentials_of(manifest: Manifest) -> str:
    """Say in words what our requests come with."""
    if manifest.protocol == "sql":
        return "credentials of the database user"
    if manifest.soap is not None and manifest.soap.security is not None and manifest.auth.type == "none":
        return "a WS-Security user name token"
    if manifest.rpc.login is not None and manifest.auth.type == "none":
        return "a session"
    return _KINDS[manifest.auth.type]


def scopes_of(auth: Auth) -> list[str]:
    """Give the OAuth scopes that are asked for."""
    scoped = ClientCredentialsAuth | PasswordGrantAuth | RefreshTokenAuth | JwtBearerAuth
    return list(auth.scopes) if isinstance(auth, scoped) else []


def _try(scene: Scene, subject: Subject, *, by_id: bool) -> Flow[tuple[str, str]]:
    found = yield from walk(scene, subject)
    if not by_id or not found.sizes:
        return _state(None if found.sizes else found.failure)
    if not found.alive:
        return "unknown", "there is no record to read"
    try:
        yield Call(subject.system, scene.reader(subject).get(subject.object, found.alive[0].id))
    except Error as failure:
        return _state(failure)
    return "allowed", ""


def _state(failure: Error | None) -> tuple[str, str]:
    if failure is None:
        return "allowed", ""
    # What a proxy or a certificate stops never came before the one who grants rights.
    is_denied = isinstance(failure, AccessError) and failure.layer == "service"
    return ("denied" if is_denied else "unknown"), str(failure)


def judge(facts: Facts) -> list[Judgement]:
    """A denied read fails. Writing is judged apart: it is not tried, so it cannot be told."""
    matrix: list[dict[str, Any]] = facts["matrix"]
    if not matrix:
        return [Judgement("not_applicable", "no mapping uses this system")]
    reads = [row for row in matrix if row["operation"] in READS]
    writes = [row for row in matrix if row["operation"] not in READS]
    judged = [_judge_reads(facts, reads), *_judge_granted(writes), *_judge_excess(facts["excess"])]
    writes = [row for row in writes if row["state"] == "not probed"]
    if writes:
        listed = ", ".join(f"{row['operation']} {row['object']}" for row in writes)
        reasons = (f"needed and not probed on this system: {listed}",)
        why = "whether our credentials may write is not known: nothing is written to find out"
        fix = "ask the system's owner to confirm these rights, or try them on a test system: tally check --canary"
        judged.append(Judgement("cannot_tell", why, reasons, fix, "writing"))
    return judged


def _judge_granted(writes: list[dict[str, Any]]) -> list[Judgement]:
    """Judge what a system's own list of rights says of writing."""
    denied = [row for row in writes if row["state"] == "denied"]
    if denied:
        listed = ", ".join(f"{row['operation']} {row['object']}" for row in denied)
        reasons = tuple(dict.fromkeys(row["said"] for row in denied))
        fix = "ask the system's owner for these rights, or for an address that takes writes"
        return [Judgement("fail", f"not granted: {listed}", reasons, fix, "writing")]
    granted = [row for row in writes if row["state"] == "allowed"]
    if not granted:
        return []
    return [Judgement("pass", f"all {len(granted)} writing operations are granted", part="writing")]


def _judge_excess(excess: dict[str, list[str]]) -> list[Judgement]:
    """Judge whether credentials may do more than is needed; silent where the system does not tell."""
    if not excess:
        return []
    reasons = tuple(f"{name}: {what}" for name, whats in excess.items() for what in whats)
    if not reasons:
        return [Judgement("pass", "the credentials may do nothing beyond what is needed", part="excess")]
    fix = "ask for a user of our own with these rights only: reading, and the writing operations that are listed here"
    return [Judgement("warn", "the credentials may do more than is needed", reasons, fix, "excess")]


def _judge_reads(facts: Facts, reads: list[dict[str, Any]]) -> Judgement:
    part = "reading"
    denied = [row for row in reads if row["state"] == "denied"]
    if denied:
        listed = ", ".join(f"{row['operation']} {row['object']}" for row in denied)
        reasons = tuple(dict.fromkeys(row["said"] for row in denied))
        fix = (
            "ask the system's owner for these rights (`tally check --letter en` writes the request), "
            "or correct the credentials under auth in the manifest"
        )
        return Judgement(
            "fail", f"not allowed: {listed}", (*reasons, f"we come with {facts['credentials']}"), fix, part
        )
    unknown = [row for row in reads if row["state"] == "unknown"]
    if unknown:
        reasons = tuple(dict.fromkeys(row["said"] for row in unknown))
        listed = ", ".join(f"{row['operation']} {row['object']}" for row in unknown)
        return Judgement("cannot_tell", f"not known: {listed}", reasons, part=part)
    scopes = f", scopes {', '.join(facts['scopes'])}" if facts["scopes"] else ""
    excess = () if facts["excess"] else ("whether the credentials may do more than is needed is not known",)
    summary = f"all {len(reads)} reading operations are allowed with {facts['credentials']}{scopes}"
    return Judgement("pass", summary, excess, part=part, about=("auth",))


ROOM = Room(
    "system", "the first page of each object, one record by id, and the list of rights where there is one", probe, judge
)
