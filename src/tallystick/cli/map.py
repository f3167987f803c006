"""``tally map``: propose mappings, and give them to people as a sheet."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.project.propose import Proposals

_NAME: Final = re.compile(r"\w[\w-]*")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    from tallystick.cli.map_export import add_export
    from tallystick.cli.map_merge import add_merge
    from tallystick.cli.map_sign import add_sign

    group = typer.Typer(rich_markup_mode=None)
    shown = examples("tally map draft crm.companies erp.partners companies")
    group.command(epilog=shown, short_help="Propose a mapping between two objects.")(draft)
    for add in (add_export, add_merge, add_sign):
        add(group)
    group.callback()(describe_group)
    app.add_typer(group, name="map", short_help="Propose mappings; edit them as a sheet.")


def describe_group() -> None:
    """Propose mappings between two described systems, edit them as a sheet, sign them off."""


def draft(
    ctx: typer.Context,
    left: Annotated[str, typer.Argument(metavar="LEFT.OBJECT", help="System and object on the left.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT.OBJECT", help="System and object on the right.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The mapping's name.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a mapping that is there.")] = False,
    as_json: Json = False,
) -> int:
    """Write mappings/NAME.yaml from what both systems declare: names that mean the same, types, options.

    It is a draft for a person to read and correct. What is sure enough stands there as a line, what is likely as a
    comment; --json gives the best candidates of every field with their scores and reasons.
    """
    from tallystick.cli.keep import keep_text
    from tallystick.core.error import ProjectError
    from tallystick.project.draft import draft_mapping
    from tallystick.project.load import load_project

    start = start_of(ctx)
    if not _NAME.fullmatch(name):
        raise ProjectError(f"'{name}' cannot be a mapping's name", hint="use letters, digits, - and _")
    loaded = load_project(start.folder, environment=start.environment)
    drafted = draft_mapping(name, *_end(left), *_end(right), loaded.manifests)
    screen = start.screen(as_json=as_json)
    kept = keep_text(start.folder / "mappings" / f"{name}.yaml", drafted.text, force=force)
    screen.document(
        {"file": str(kept.path), "written": kept.is_written, "difference": kept.difference, "text": drafted.text}
        | _proposed(drafted.proposals)
    )
    for line in kept.lines():
        screen.say(line)
    if kept.is_written:
        screen.say("Read and correct it, then: tally lint")
    return kept.code


def _proposed(proposals: "Proposals") -> dict[str, Any]:
    return {
        "ranked": {
            path: [
                {"right": c.path, "score": round(c.likeness.score, 3), "why": list(c.likeness.reasons)} for c in found
            ]
            for path, found in proposals.ranked.items()
        },
        "accepted": [
            {"left": list(p.left), "right": list(p.right), "kind": p.kind, "score": round(p.score, 3)}
            for p in proposals.sure
        ],
    }


def _end(text: str) -> tuple[str, str]:
    from tallystick.core.error import ProjectError

    system, dot, object_name = text.partition(".")
    if not dot or not system or not object_name:
        raise ProjectError(f"'{text}' names no object of a system", hint="write SYSTEM.OBJECT, as in crm.companies")
    return system, object_name
