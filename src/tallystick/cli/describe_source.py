"""Where a system's description comes from, and how each kind of source is described, the first time and again."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its ``kind`` is the name of the option, without dashes; ``places`` are files, addresses or both."""

    kind: str
    places: tuple[str, ...]
    base_url: str = ""
    variables: str = ""
    schema: str = ""
    tables: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The only place, or the first."""
        return self.places[0]


def describe_source(source: Source, name: str, folder: Path, known: "Manifest | None") -> "Manifest":
    """Describe the system ``name`` from its source. ``known`` is what is written of it already, if anything.

    Raises:
        ProjectError: the source cannot be read or is something else.
        AccessError, RemoteError: it is not given.
    """
    # A description is read into millions of small parts that all live to the end: looking through them for garbage
    # again and again takes a third of the time and finds none.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _WAYS[source.kind](source, name, folder, known)
    finally:
        if was_enabled:
            gc.enable()


def _openapi(source: Source, _: str, folder: Path, known: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_openapi import describe_api

    return describe_api(source.place, source.base_url, folder, known)


def _postman(source: Source, _: str, folder: Path, __: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_postman import describe_collection

    return describe_collection(source.place, source.variables, source.base_url, folder)


def _wsdl(source: Source, _: str, folder: Path, __: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_wsdl import describe_service

    return describe_service(source.place, source.base_url, folder)


def _graphql(source: Source, _: str, folder: Path, known: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_graphql import describe_graph

    return describe_graph(source.place, source.base_url, folder, known)


def _odata(source: Source, _: str, folder: Path, known: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_odata import describe_metadata

    return describe_metadata(source.place, source.base_url, folder, known)


def _sample(source: Source, _: str, folder: Path, known: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_samples import describe_answers

    return describe_answers(source.places, source.base_url, folder, known)


def _database(source: Source, name: str, folder: Path, _: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_database import describe_base

    return describe_base(name, source.place, folder, schema=source.schema, tables=source.tables)


def _files(source: Source, name: str, folder: Path, _: "Manifest | None") -> "Manifest":
    from tallystick.cli.describe_files import describe_drop

    return describe_drop(name, source.place, folder)


def _ready(source: Source, _: str, __: Path, ___: "Manifest | None") -> "Manifest":
    from tallystick.project.ready import read_ready

    return read_ready(source.place).manifest


_WAYS: Final[Mapping[str, Callable[[Source, str, Path, "Manifest | None"], "Manifest"]]] = {
    "openapi": _openapi, "postman": _postman, "wsdl": _wsdl, "graphql": _graphql, "odata": _odata, "sample": _sample,
    "database": _database, "files": _files, "from": _ready,
}  # fmt: skip
KINDS: Final = tuple(_WAYS)
KEEPS_ACCESS: Final = frozenset({"graphql", "odata", "sample"})
"""The kinds that are asked with the credentials of a system that is described already, and keep them."""


def chosen_source(
    given: Mapping[str, tuple[str, ...]], base_url: str, schema: str, tables: tuple[str, ...]
) -> Source | None:
    """Give the one source among the options; ``None`` if there is none. ``variables`` goes with a collection.

    Raises:
        ProjectError: several sources, or variables without a collection.
    """
    kinds = [kind for kind in KINDS if any(given.get(kind, ()))]
    if len(kinds) > 1:
        raise ProjectError("a system has one source", hint=f"give one of {', '.join(f'--{kind}' for kind in KINDS)}")
    variables = next(iter(given.get("variables", ())), "")
    if variables and kinds != ["postman"]:
        raise ProjectError("--variables goes with --postman", hint="name the collection")
    return Source(kinds[0], given[kinds[0]], base_url, variables, schema, tables) if kinds else None
