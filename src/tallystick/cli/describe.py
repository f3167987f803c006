"""``tally describe``: from a description, a database or files to ``systems/NAME.yaml``, and the capability card."""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest

_NAME: Final = re.compile(r"\w[\w-]*")
_FILE_KINDS: Final = frozenset({"json", "yaml", "yml", "wsdl", "xml", "graphql", "csv"})


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally describe crm --openapi https://crm.example.com/openapi.json",
        "tally describe erp --openapi erp.yaml --base-url https://erp.example.com/api",
        "tally describe desk --postman desk.postman_collection.json --variables live.postman_environment.json",
        "tally describe hr --wsdl 'https://hr.example.com/soap?wsdl'",
        "tally describe store --graphql https://store.example.com/graphql",
        "tally describe books --odata https://books.example.com/odata/v4",
        "tally describe desk --base-url https://desk.example.com",
        "tally describe desk --sample https://desk.example.com/api/tickets --sample https://desk.example.com/api/users",
        "tally describe shop --database '${env:SHOP_DATABASE}' --schema public",
        "tally describe drop --files exports",
        "tally describe crm --from hubspot",
        "tally describe crm",
        "tally describe crm --again",
        "tally describe crm --against crm-v2.json --accept",
    )
    app.command(epilog=shown, short_help="Describe a system; show what it can do.")(describe)


def describe(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The system's name.")],
    *,
    openapi: Annotated[
        str, typer.Option("--openapi", metavar="FILE|URL", help="The OpenAPI description of a REST system.")
    ] = "",
    postman: Annotated[
        str, typer.Option("--postman", metavar="FILE|URL", help="A Postman collection (v2) of a REST system.")
    ] = "",
    variables: Annotated[
        str, typer.Option("--variables", metavar="FILE", help="A Postman environment, for the collection's variables.")
    ] = "",
    wsdl: Annotated[str, typer.Option("--wsdl", metavar="FILE|URL", help="The WSDL of a web service (SOAP).")] = "",
    graphql: Annotated[
        str, typer.Option("--graphql", metavar="FILE|URL", help="The schema of a GraphQL system, or its address.")
    ] = "",
    odata: Annotated[
        str, typer.Option("--odata", metavar="FILE|URL", help="The metadata of an OData service, or its address.")
    ] = "",
    sample: Annotated[
        list[str] | None,
        typer.Option("--sample", metavar="URL", help="A listing of a REST system without description; repeatable."),
    ] = None,
    base_url: Annotated[
        str,
        typer.Option("--base-url", metavar="URL", help="Where the system lives. Alone: look there for a description."),
    ] = "",
    database: Annotated[
        str, typer.Option("--database", metavar="URL", help="Address of a database, or a reference: ${env:NAME}.")
    ] = "",
    schema: Annotated[str, typer.Option("--schema", metavar="S", help="The database schema to describe.")] = "",
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="T", help="Only this table; may be given several times.")
    ] = None,
    files: Annotated[
        str, typer.Option("--files", metavar="FOLDER|FILE", help="A folder of exports, or one file in it.")
    ] = "",
    ready: Annotated[
        str, typer.Option("--from", metavar="READY", help="A ready system of `tally catalog`, to be copied.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Read the description anew, and show what it says otherwise than before.")
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="FILE|URL", help="The same, by this description; repeatable for samples."),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="With --again: write what is new and harmless into systems/NAME.yaml.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite systems/NAME.yaml.")] = False,
    as_json: Json = False,
) -> int:
    """Write systems/NAME.yaml from a description, and show the system's capability card.

    Without a source the card of a system that is described already is shown. A file that is there is never
    overwritten without --force; the difference is shown instead.
    """
    from tallystick.cli.card import card_document, show_card
    from tallystick.cli.describe_again import tell_again
    from tallystick.cli.describe_origin import with_origin
    from tallystick.cli.describe_source import KEEPS_ACCESS, chosen_source, describe_source
    from tallystick.cli.described_then import keep_then
    from tallystick.cli.exits import DONE
    from tallystick.cli.keep import keep_text
    from tallystick.core.error import ProjectError

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    given = {
        "openapi": (openapi,), "postman": (postman,), "variables": (variables,), "wsdl": (wsdl,),
        "graphql": (graphql,), "odata": (odata,), "database": (database,), "files": (files,),
        "sample": tuple(sample or ()), "from": (ready,),
    }  # fmt: skip
    source = chosen_source(given, base_url, schema, tuple(table or ()))
    _refuse_place(start, name)
    if again or against or accept:
        if source is not None:
            raise ProjectError("a system that is described anew keeps its kind of source", hint="use --against")
        _known(start, name)
        return tell_again(start, screen, name, against or (), accept=accept)
    known = _described_before(start, name) if base_url or (source and source.kind in KEEPS_ACCESS) else None
    if source is None and base_url:
        from tallystick.cli.describe_look import look_around

        screen.note(f"Looking at {base_url} for what describes it ...")
        source, told = look_around(base_url, start.folder, known)
        screen.say(told)
    manifest = describe_source(source, name, start.folder, known) if source else None
    if source is None or manifest is None:
        known = _known(start, name)
        screen.document({"system": name, "card": card_document(known)})
        show_card(screen, name, known)
        return DONE
    manifest = with_origin(manifest, source, start.folder)
    kept = keep_text(start.folder / "systems" / f"{name}.yaml", _text(manifest, ready), force=force)
    if source.kind != "from" and (kept.is_written or not kept.difference):
        keep_then(start.folder, name, manifest)
    screen.document({
        "system": name,
        "file": str(kept.path),
        "written": kept.is_written,
        "difference": kept.difference,
        "card": card_document(manifest),
    })  # fmt: skip
    show_card(screen, name, manifest)
    for line in kept.lines():
        screen.say(line)
    if kept.difference and not kept.is_written:
        screen.say(f"tally describe {name} --again compares it with what was described, and keeps what you corrected")
    return kept.code


def _refuse_place(start: Start, name: str) -> None:
    from tallystick.core.error import ProjectError

    if not _NAME.fullmatch(name):
        if name.rpartition(".")[2].lower() in _FILE_KINDS:
            hint = f"name the system first: tally describe NAME --openapi {name} (or --postman, --wsdl, ...)"
            raise ProjectError(f"'{name}' is a file and no system's name", hint=hint)
        raise ProjectError(f"'{name}' cannot be a system's name", hint="use letters, digits, - and _")
    if not (start.folder / "tally.yaml").is_file():
        raise ProjectError(
            f"there is no project in {start.folder}", hint="make one with `tally init`, or name it with --project"
        )


def _described_before(start: Start, name: str) -> "Manifest | None":
    """Give what is written of a system already: its credentials may be needed to ask it for its description."""
    if not (start.folder / "systems" / f"{name}.yaml").is_file():
        return None
    from tallystick.project.load import load_project

    return load_project(start.folder, environment=start.environment).manifests.get(name)


def _known(start: Start, name: str) -> "Manifest":
    from tallystick.core.error import ProjectError
    from tallystick.project.load import load_project
    from tallystick.project.near import suggest

    loaded = load_project(start.folder, environment=start.environment)
    if name not in loaded.manifests:
        hint = (
            f"{suggest(name, loaded.manifests, what='described in systems/')};"
            " or give --base-url, --openapi, --postman, --wsdl, --graphql, --odata, --sample, --database, --files"
            " or --from"
        )
        raise ProjectError(f"the system '{name}' is not described yet", hint=hint)
    return loaded.manifests[name]


def _text(manifest: "Manifest", ready: str) -> str:
    from tallystick.connectors.describe.text import manifest_yaml
    from tallystick.project.json_schema import SCHEMA_FOLDER
    from tallystick.project.ready import read_ready

    if ready:
        return read_ready(ready).text  # with its comments

    return f"# yaml-language-server: $schema=../{(SCHEMA_FOLDER / 'system.json').as_posix()}\n{manifest_yaml(manifest)}"
