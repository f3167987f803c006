"""``tally testkit``: try the conformance suite on a system of the project, and say what holds and what does not."""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.start import Json, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.core.record import Raw
    from tallystick.project.manifest import ObjectSpec
    from tallystick.testing.trial import Finding, Trial

_SIGNS = {"holds": "ok", "broken": "BROKEN", "skipped": "-"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally testkit crm",
        "tally --environment staging testkit crm --object companies --write",
        """tally testkit books --object contacts --write --with '{"category": {"id": 3}}'""",
    )
    app.command("testkit", epilog=shown, short_help="Try a system against the connector's contract.")(try_system)


def try_system(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A system of the project.")],
    *,
    chosen: Annotated[
        list[str] | None, typer.Option("--object", metavar="O", help="Only this object; may be given several times.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Make canary records, change them and delete them again. Not in production.")
    ] = False,
    text: Annotated[
        str, typer.Option("--text", metavar="FIELD", help="The field that takes free text. [the likeliest]")
    ] = "",
    given: Annotated[
        str, typer.Option("--with", metavar="JSON", help="What each canary gets besides: values by path.")
    ] = "",
    as_json: Json = False,
) -> int:
    """Try what every connector must keep on a real system, and report it law by law.

    Without --write nothing is changed. With it, every law makes records of its own and removes them; objects whose
    records cannot be deleted are only read.
    """
    from tallystick.cli.exits import CHECK, DONE

    screen = start_of(ctx).screen(as_json=as_json)
    body = _given(given)
    with _open(start_of(ctx), system, chosen or [], text, body) as trials:
        told = [_try(screen, trial, write=write) for trial in trials]
    broken = sum(each["broken"] for each in told)
    left = sum(len(each["left_behind"]) for each in told)
    screen.document({"system": system, "written": write, "objects": told})
    held = sum(each["holds"] for each in told)
    screen.say(f"{held} held, {broken} broken, {sum(each['skipped'] for each in told)} not tried")
    return CHECK if broken or left else DONE


def _given(text: str) -> "Raw":
    from tallystick.core.error import ProjectError

    hint = """values by path: --with '{"category.id": 3}'"""
    try:
        found = json.loads(text or "{}")
    except ValueError as cause:
        raise ProjectError(f"--with is no JSON: {cause}", hint=hint) from cause
    if not isinstance(found, dict):
        raise ProjectError("--with must be an object", hint=hint)
    return found


@contextlib.contextmanager
def _open(start: Start, system: str, chosen: Sequence[str], text: str, given: "Raw") -> "Iterator[list[Trial]]":
    from tallystick.core.error import ProjectError
    from tallystick.project.canary import text_fields
    from tallystick.project.load import load_project
    from tallystick.project.near import suggest
    from tallystick.testing.trial import Trial
    from tallystick.wiring import open_systems

    loaded = load_project(start.folder, environment=start.environment)
    if system not in loaded.manifests:
        hint = suggest(system, loaded.manifests, what="described in systems/")
        raise ProjectError(f"there is no system '{system}'", hint=hint)
    objects = loaded.manifests[system].objects
    for name in chosen:
        if name not in objects:
            hint = suggest(name, objects, what=f"in systems/{system}.yaml")
            raise ProjectError(f"'{system}' has no object '{name}'", hint=hint)
    token = f"k{secrets.token_hex(3)}"
    with contextlib.ExitStack() as closing:
        opened = open_systems(loaded, closing, [system])[system]
        yield [
            Trial(
                name,
                spec,
                opened.connector,
                opened.transport,
                text or next(iter(text_fields(spec)), ""),
                token,
                time.time,  # noqa: TID251 - this is where the clock enters
                given,
            )
            for name, spec in objects.items()
            if name in chosen or not chosen
        ]


def _try(screen: "Screen", trial: "Trial", *, write: bool) -> dict[str, Any]:
    screen.title(trial.object_name)
    findings = []
    for finding in _findings(screen, trial, write=write):
        findings.append(finding)
        screen.say(f"  {_SIGNS[finding.verdict]:<7} {finding.promise}")
        if finding.why:
            screen.say(f"          {finding.why}")
    left = sorted(trial.left_behind)
    if left:
        screen.complain(f"  left behind, delete by hand: {', '.join(left)} (canaries carry {trial.token})")
    counts = {verdict: sum(each.verdict == verdict for each in findings) for verdict in _SIGNS}
    laws = [{"law": each.law, "promise": each.promise, "verdict": each.verdict, "why": each.why} for each in findings]
    return {"object": trial.object_name, **counts, "left_behind": left, "token": trial.token, "laws": laws}


def _findings(screen: "Screen", trial: "Trial", *, write: bool) -> "Iterator[Finding]":
    yield from trial.try_reading()
    if not write:
        return
    reason = _reason_not_to_write(trial.spec, trial)
    if reason:
        screen.say(f"  nothing is written: {reason}")
        return
    yield from trial.try_writing()


def _reason_not_to_write(spec: "ObjectSpec", trial: "Trial") -> str:
    """Say why no canary may be made; empty if one may."""
    from tallystick.project.canary import lacking_fields

    claims = trial.connector.capabilities(trial.object_name)
    if not (claims.create and claims.delete and claims.read_by_id):
        return "its records cannot be created, read by id and deleted again"
    if not trial.text_field:
        return "no field takes free text; name one with --text"
    lacking = lacking_fields(spec, trial.given)
    return f"--with must give {', '.join(lacking)}" if lacking else ""
