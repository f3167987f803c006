"""Where a system was described from: written into its file, and found again to be read anew."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from tallystick.cli.describe_openapi import without_secrets
from tallystick.cli.describe_source import Source
from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest
    from tallystick.project.manifest_origin import Origin, SourceKind

_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_BY_PROTOCOL: Final = {"soap": "wsdl", "graphql": "graphql", "sql": "database", "files": "files"}
_HEAD_BYTES: Final = 20_000


def with_origin(manifest: "Manifest", source: Source, folder: Path) -> "Manifest":
    """Write down what a system was described from; a ready system has no source of its own."""
    from tallystick.cli.described_then import fingerprint_of
    from tallystick.project.manifest_origin import Origin

    if source.kind == "from":
        return manifest
    origin = Origin(
        kind=cast("SourceKind", source.kind),
        # A relative file of a database was made absolute: the next command may be started elsewhere.
        sources=(manifest.url,) if source.kind == "database" else tuple(_told(each, folder) for each in source.places),
        base_url=source.base_url,
        variables=_told(source.variables, folder) if source.variables else "",
        schema_name=source.schema,
        tables=source.tables,
        version=manifest.described.version if manifest.described else "",
        fingerprint=fingerprint_of(manifest),
    )
    return manifest.model_copy(update={"described": origin})


def _told(place: str, folder: Path) -> str:
    """Write an address without secrets, and a file as it is seen from the project."""
    if _ADDRESS.match(place):
        return without_secrets(place)
    path = Path(place)
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix() if path.exists() else place


def source_again(written: "Manifest", given: Sequence[str], folder: Path) -> Source:
    """Give the source that a system is described from anew: what is ``given``, or what its file tells.

    Raises:
        ProjectError: neither tells.
    """
    origin = written.described
    places = tuple(given) or (tuple(_found(place, folder) for place in origin.sources) if origin else ())
    places = places or tuple(filter(None, [_only_place(written, folder)]))
    if not places:
        raise ProjectError("it is not known what the system was described from", hint="name it: --against FILE|URL")
    kind = _kind(written, origin, places[0], is_given=bool(given))
    if origin is None or kind != origin.kind:
        return Source(kind, places)
    variables = _found(origin.variables, folder) if origin.variables else ""
    return Source(kind, places, origin.base_url, variables, origin.schema_name, origin.tables)


def _found(place: str, folder: Path) -> str:
    """A path is relative to the project, wherever the command is started."""
    return str(folder / place) if not _ADDRESS.match(place) and (folder / place).exists() else place


def _only_place(written: "Manifest", folder: Path) -> str:
    place = written.url if written.protocol in {"sql", "files"} else written.description
    return _found(place, folder) if place else ""


def _kind(written: "Manifest", origin: "Origin | None", place: str, *, is_given: bool) -> str:
    """Tell the kind of a source: by its content where that shows it, by what it was before, by the protocol."""
    shown = _shown(place)
    if shown and (is_given or origin is None) and written.protocol == "rest":
        return shown
    return origin.kind if origin else _BY_PROTOCOL.get(written.protocol, "openapi")


def _shown(place: str) -> str:
    """What a file shows itself to be among the descriptions of REST systems."""
    if _ADDRESS.match(place):
        return "odata" if place.partition("?")[0].endswith("$metadata") else ""
    try:
        with Path(place).open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return ""
    if b"getpostman.com/json/collection" in head or b"_postman_id" in head:
        return "postman"
    if re.search(rb"<(\w+:)?Edmx\b", head):
        return "odata"
    return "openapi" if re.search(rb"\b(openapi|swagger)\b", head) else ""
