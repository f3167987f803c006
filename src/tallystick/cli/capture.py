"""``tally capture``: the change log of a database's table, printed as statements or made."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.connectors.sql_log_site import LogState
    from tallystick.project.load import LoadedProject


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally capture erp customers",
        "tally capture erp customers --apply --as '${env:ERP_ADMIN}'",
        "tally capture erp customers --cut 14 --apply",
        "tally capture erp customers --remove",
    )
    app.command(epilog=shown, short_help="Let a database note which rows change.")(capture)


def capture(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="A database of the project.")],
    object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="The object whose table it is.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Run the statements instead of printing them.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the triggers and the log.")] = False,
    cut: Annotated[
        int | None, typer.Option("--cut", metavar="DAYS", min=1, help="Shorten the log to so many days.")
    ] = None,
    admin: Annotated[
        str, typer.Option("--as", metavar="ADDRESS", help="Run them as another user: an address, or a reference.")
    ] = "",
    as_json: Json = False,
) -> int:
    """Print the statements that let a database note which rows of a table change, and say whether it does so now.

    Nothing is installed without --apply. Triggers write the key of each changed row to a log, in the transaction of
    the change; the manifest names the log under `changes`. From then on runs read what changed, deletions included,
    without a column for the time of change. Where the log cannot be relied on, everything is compared.
    """
    from tallystick.cli.exits import DONE, SYSTEM
    from tallystick.project.load import load_project
    from tallystick.project.secrets import ProjectSecrets

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if remove and cut is not None:
        raise typer.BadParameter("--remove and --cut exclude each other")
    loaded = load_project(start.folder, environment=start.environment)
    state = _look(loaded, system, object_name)
    statements = _statements(
        loaded, state, system, object_name, remove=remove, cut=cut, granted=not apply or bool(admin)
    )
    if apply:
        from tallystick.connectors.sql_log_site import carry_out

        manifest = loaded.manifests[system]
        url = ProjectSecrets(start.folder).resolve(admin or manifest.url)
        carry_out(system, url, statements, timeout=manifest.network.timeout_seconds)
        state = _look(loaded, system, object_name)
    is_named = loaded.manifests[system].objects[object_name].changes is not None
    screen.document({
        "system": system, "object": object_name, "log": state.site.log.name, "kept": not state.fault,
        "fault": state.fault, "named": is_named, "applied": apply, "statements": list(statements),
    })  # fmt: skip
    _show(screen, state, statements, f"systems/{system}.yaml, objects.{object_name}", named=is_named, applied=apply)
    is_bad = apply and not remove and bool(state.fault)
    return SYSTEM if is_bad else DONE


def _look(loaded: "LoadedProject", system: str, object_name: str) -> "LogState":
    from tallystick.connectors.sql_log_site import look_at_log
    from tallystick.core.error import ProjectError
    from tallystick.project.near import suggest
    from tallystick.project.secrets import ProjectSecrets

    if system not in loaded.manifests:
        hint = suggest(system, loaded.manifests, what="systems")
        raise ProjectError(f"there is no system '{system}'", hint=hint)
    manifest = loaded.manifests[system]
    if manifest.protocol != "sql":
        raise ProjectError(f"'{system}' is no database: its protocol is {manifest.protocol}")
    if object_name not in manifest.objects:
        hint = suggest(object_name, manifest.objects, what="objects")
        raise ProjectError(f"'{system}' has no object '{object_name}'", hint=hint)
    url = ProjectSecrets(loaded.folder).resolve(manifest.url)
    spec = manifest.objects[object_name]
    return look_at_log(system, url, object_name, spec, timeout=manifest.network.timeout_seconds)


def _statements(
    loaded: "LoadedProject", state: "LogState", system: str, object_name: str, *,
    remove: bool, cut: int | None, granted: bool,
) -> tuple[str, ...]:  # fmt: skip
    from dataclasses import replace

    from tallystick.connectors.sql_log_ddl import cut_log, make_log, remove_log
    from tallystick.project.manifest_changes import ChangesSpec

    if cut is not None:
        return cut_log(state.site, cut)
    if remove:
        objects = loaded.manifests[system].objects
        own = objects[object_name].changes or ChangesSpec()
        others = (spec.changes for name, spec in objects.items() if name != object_name)
        return remove_log(state.site, is_shared=own in others)
    # Nobody needs to be let to read what is their own.
    return make_log(state.site if granted else replace(state.site, reader=""))


def _show(
    screen: "Screen", state: "LogState", statements: tuple[str, ...], at: str, *, named: bool, applied: bool
) -> None:
    if not applied:
        for statement in statements:
            screen.say(f"{statement};")
        screen.say("")
        screen.say("Nothing was changed. Run these as the owner of the table, or again with --apply.")
    screen.say(f"Now: {state.fault or 'the log is kept'}.")
    if not named:
        screen.say(f"To read by it: {at}: changes: {{log: {state.site.log.name}}}")
