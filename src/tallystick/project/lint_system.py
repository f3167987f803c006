"""What can be said about one system's manifest without talking to it."""

import re
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from tallystick.core.error import InvalidValue, Problem
from tallystick.core.path import parse, parse_or_none
from tallystick.project.lint_files import file_faults
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import Manifest, ObjectSpec, Operation
from tallystick.project.manifest_auth import NoAuth
from tallystick.project.manifest_paging import CursorPaging
from tallystick.project.near import suggest
from tallystick.project.shapes import plain, shape_warnings
from tallystick.project.source import Severity
from tallystick.project.spelling import open_mark
from tallystick.project.text import DataPath

_LOOPBACK: Final = re.compile(r"^http://(localhost|127\.|\[::1\])", re.IGNORECASE)


_OPEN_DROP: Final = re.compile(r"^((ftp|http)://(?!localhost|127\.|\[::1\])|imaps?://.*[?&]tls=off)", re.IGNORECASE)


class SystemView:
    """One system as the rules see it; ``whole`` has the objects of several parts as well."""

    def __init__(self, loaded: LoadedProject, name: str) -> None:
        self.loaded = loaded
        self.name = name
        self.whole: Manifest = loaded.manifests[name]
        self.manifest: Manifest = plain(self.whole)

    def problem(self, path: DataPath, message: str, hint: str = "", *, severity: Severity = "error") -> Problem:
        """Make a problem that points at ``path`` of the manifest."""
        return self.loaded.problem("system", self.name, path, message, hint, severity=severity)


def _quota(view: SystemView) -> Iterator[Problem]:
    limits = view.manifest.limits
    if view.manifest.protocol not in {"rest", "graphql", "soap", "rpc"}:
        for name in ("per_day", "reserve"):
            if getattr(limits, name):
                message = f"'limits.{name}' counts calls over HTTP; this system is not asked by such calls"
                yield view.problem(("limits", name), message, "leave it out")


def _trials(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        for call, operation in _operations(spec):
            if operation.validate_only is None:
                continue
            at = ("objects", name, call, "validate_only")
            if view.manifest.protocol != "rest":
                yield view.problem(at, "only writes to REST systems can be checked beforehand", "leave it out")
            elif call not in {"create", "update"}:
                yield view.problem(at, f"'{call}' is no write that can be checked", "only create and update are")


def _actions(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        at: DataPath = ("objects", name, "actions")
        if spec.actions and view.manifest.protocol != "rest":
            yield view.problem(at, "only objects of REST systems have actions", "leave them out")
        elif spec.actions and spec.update is None:
            yield view.problem(at, "actions go with update, which this object lacks", "add update for all other fields")
        for action, wanted in spec.actions.items():
            path = parse_or_none(wanted.field)
            if not path or not all(isinstance(step, str) for step in path):
                message = f"'{wanted.field}' is no path of a field"
                yield view.problem((*at, action, "field"), message, "name the field that shows what the call does")
            elif spec.fields and wanted.field not in spec.fields:
                message = f"there is no field '{wanted.field}' that would show what '{action}' does"
                yield view.problem((*at, action, "field"), message, suggest(wanted.field, spec.fields, what="fields"))
            elif spec.fields and spec.fields[wanted.field].read_only:
                message = f"'{wanted.field}' is read_only, so nothing is ever written there and '{action}' never called"
                yield view.problem((*at, action, "field"), message, "leave read_only out: the action writes it")
            if "{id}" not in f"{wanted.call.path} {wanted.call.query} {wanted.call.body} {wanted.call.beside}":
                message = "this call does not say which record it is about"
                hint = f"path: {wanted.call.path.rstrip('/')}/{{id}}"
                yield view.problem((*at, action, "call", "path"), message, hint, severity="warning")


def _quotes(view: SystemView) -> Iterator[Problem]:
    """A value in quotation marks could end there: O'Brien would be another search, or a wrong one."""
    for name, spec in view.manifest.objects.items():
        for path, wanted in spec.filters.items() if spec.quotes == "plain" else ():
            mark = open_mark(wanted.template) if isinstance(wanted.template, str) else ""
            if mark:
                at = ("objects", name, "filters", path, "template")
                message = f"a {mark} in a value would end the text that this filter searches for"
                hint = "say how the system wants it: quotes: doubled, or quotes: escaped"
                yield view.problem(at, message, hint, severity="warning")


def _address(view: SystemView) -> Iterator[Problem]:
    manifest = view.manifest
    if manifest.protocol in {"rest", "graphql", "soap", "rpc"}:
        url = manifest.base_url
        is_open = re.match(r"http://", url, re.IGNORECASE) and not _LOOPBACK.match(url)
        if not url:
            yield view.problem(("base_url",), "the address is missing", "base_url: https://api.example.com/v1")
        elif not re.match(r"(https?://|\$\{)", url, re.IGNORECASE):
            yield view.problem(("base_url",), "the address must begin with https:// or http://")
        elif is_open and not isinstance(manifest.auth, NoAuth):
            message = "credentials travel unencrypted over http://"
            yield view.problem(("base_url",), message, "use https:// if the system offers it", severity="warning")
    elif manifest.protocol == "sql" and not manifest.url:
        yield view.problem(("url",), "the address is missing", "url: ${env:DATABASE_URL}")
    elif manifest.protocol == "files" and not manifest.url:
        yield view.problem(("url",), "the folder is missing", "url: exports")
    elif manifest.protocol == "files" and _OPEN_DROP.match(manifest.url) and not isinstance(manifest.auth, NoAuth):
        message = "credentials may travel unencrypted"
        yield view.problem(("url",), message, "use sftp://, ftps://, https:// or imaps://", severity="warning")


def _tunnel(view: SystemView) -> Iterator[Problem]:
    manifest = view.manifest
    if manifest.network.tunnel is None:
        return
    if manifest.protocol in {"files", "memory"} or re.match(r"(sqlite|odbc):", manifest.url, re.IGNORECASE):
        hint = "let ssh forward a port, and name that in the address"
        yield view.problem(
            ("network", "tunnel"), "a tunnel is for web systems and for databases with host and port", hint
        )
    if manifest.network.proxy:
        yield view.problem(("network", "proxy"), "a system is reached through a proxy or through a tunnel", "keep one")


def _files(view: SystemView) -> Iterator[Problem]:
    for path, message, hint in file_faults(view.manifest):
        yield view.problem(path, message, hint)


def _zone(view: SystemView) -> Iterator[Problem]:
    try:
        ZoneInfo(view.manifest.timezone)
    except (KeyError, OSError, ValueError):
        message = f"there is no time zone '{view.manifest.timezone}'"
        yield view.problem(("timezone",), message, "for example Europe/Berlin, America/New_York, UTC")


def _paths(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        for path, text in _written_paths(spec):
            try:
                parse(text)
            except InvalidValue as error:
                yield view.problem(("objects", name, *path), error.message, f"{error.detail}; {error.hint}")
        if not spec.id:
            message = "an object needs an id, or its records cannot be told apart"
            yield view.problem(("objects", name, "id"), message, "id: path of the id in a record")


def _written_paths(spec: ObjectSpec) -> Iterator[tuple[DataPath, str]]:
    yield from (((key,), getattr(spec, key)) for key in ("id", "modified", "created"))
    if not spec.version.startswith("header:"):
        yield ("version",), spec.version
    if spec.deleted:
        yield ("deleted", "path"), spec.deleted.path
    yield from ((("fields", path), path) for path in spec.fields)
    yield from ((("filters", path), path) for path in spec.filters)
    for name, operation in _operations(spec):
        yield (name, "record"), operation.record
        yield (name, "wrap"), operation.wrap


def _operations(spec: ObjectSpec) -> Iterator[tuple[str, Operation]]:
    for name in ("list", "get", "condition", "create", "update", "delete", "create_bulk", "update_bulk"):
        operation = getattr(spec, name)
        if operation:
            yield name, operation


def _operation_ids(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        for kind, operation in _operations(spec):
            whole = f"{operation.path} {operation.query} {operation.body} {operation.beside} {operation.params}"
            if kind in {"get", "condition", "update", "delete"} and "{id}" not in whole:
                message = "this call does not say which record it is about: its path has no {id}"
                path: DataPath = ("objects", name, kind, "path")
                yield view.problem(path, message, f"path: {operation.path.rstrip('/')}/{{id}}", severity="warning")
            if operation.params is not None and view.manifest.protocol != "rpc":
                message = "only protocol rpc calls methods with params"
                yield view.problem(("objects", name, kind, "params"), message, "use query or body")


def _changes(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        if spec.changes and view.manifest.protocol != "sql":
            yield view.problem(("objects", name, "changes"), "only a database keeps a change log", "take it out")
        if spec.since and not spec.modified:
            message = "changes are asked for by time, but nothing says where a record keeps the time of its last change"
            yield view.problem(("objects", name, "since"), message, "modified: updated_at", severity="warning")
        if spec.if_match and not spec.version:
            message = "writes are to be conditional, but nothing says where a record's version is"
            path: DataPath = ("objects", name, "if_match")
            yield view.problem(path, message, "version: header:ETag", severity="warning")


def _paging(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        paging = spec.paging
        if isinstance(paging, CursorPaging) and not paging.next and not paging.from_last:
            message = "nothing says where the next cursor is, so only the first page can be read"
            hint = "paging.next: its path in the answer; or paging.from_last: the path of an id in the last record"
            yield view.problem(("objects", name, "paging"), message, hint, severity="warning")


def _conditions(view: SystemView) -> Iterator[Problem]:
    for name, spec in view.manifest.objects.items():
        if spec.condition and not spec.if_match:
            message = "a version is to be read before each write, but no header makes writes conditional on it"
            yield view.problem(("objects", name, "condition"), message, "if_match: If-Match", severity="warning")


def _graphql(view: SystemView) -> Iterator[Problem]:
    """Every path of an object names an operation, and every entry beside them an object."""
    graphql = view.manifest.graphql
    if view.manifest.protocol != "graphql" or graphql is None:
        return
    for name, spec in view.manifest.objects.items():
        for kind, operation in _operations(spec):
            key = operation.path.strip("/")
            if key not in graphql.operations:
                hint = suggest(key, graphql.operations, what="known operations")
                message = f"graphql.operations has no entry '{key}'"
                yield view.problem(("objects", name, kind, "path"), message, hint)
    for name in graphql.objects:
        if name not in view.manifest.objects:
            hint = suggest(name, view.manifest.objects, what="known objects")
            yield view.problem(("graphql", "objects", name), f"there is no object '{name}'", hint)


def _shapes(view: SystemView) -> Iterator[Problem]:
    for path, message, hint in shape_warnings(view.whole):
        yield view.problem(path, message, hint, severity="warning")


SYSTEM_RULES: Final[tuple[Callable[[SystemView], Iterator[Problem]], ...]] = (
    _address,
    _tunnel,
    _quota,
    _trials,
    _actions,
    _quotes,
    _files,
    _zone,
    _paths,
    _operation_ids,
    _changes,
    _conditions,
    _paging,
    _graphql,
    _shapes,
)
