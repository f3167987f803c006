"""What can be said about the files of a manifest without looking for them."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.manifest_files import MAIL_SCHEMES, FileSpec, MailSpec
from tallystick.project.text import DataPath

_Fault = tuple[DataPath, str, str]
_TABLES: Final = frozenset({"csv", "tsv", "fixed", "xlsx"})


def file_faults(manifest: Manifest) -> Iterator[_Fault]:
    """Find what is wrong with the files of a manifest: where, what, and what to do."""
    if manifest.protocol != "files":
        return
    is_mail = manifest.url.partition("://")[0].lower() in MAIL_SCHEMES
    archives = {spec.file.archive for spec in manifest.objects.values() if spec.file}
    for name, spec in manifest.objects.items():
        at: DataPath = ("objects", name)
        if spec.file is None:
            yield at, "nothing says which file the object is in", "file: {name: customers.csv, format: csv}"
            continue
        for key, message, hint in (*_of_writing(spec.file), *_of_layout(spec, spec.file), *_of_proof(spec.file)):
            yield (*at, "file", *key), message, hint
        if is_mail:
            for key, message, hint in _of_mail(spec.file, archives):
                yield (*at, "file", *key), message, hint
        elif not manifest.url.startswith("${") and spec.file.mail != MailSpec():
            yield (*at, "file", "mail"), "only files that come by mail have 'mail'", "url: imaps://host/INBOX"


def _of_mail(file: FileSpec, archives: set[str]) -> Iterator[_Fault]:
    if file.write != "never":
        yield ("write",), "what came by mail is only read", "write: never"
    if file.complete.marker:
        yield ("complete", "marker"), "a mail brings its files whole, so no marker follows", "remove 'marker'"
    if len(archives) > 1:
        hint = "one 'archive' for all objects of the mailbox, or none; another folder is a system of its own"
        yield ("archive",), "a mail is moved with all its files, so they cannot part", hint
    if not file.mail.sender.isascii() or (file.mail.sender and "@" not in file.mail.sender):
        yield ("mail", "sender"), "this is no address and no domain", "sender: reports@shop.example, or @shop.example"


def _of_writing(file: FileSpec) -> Iterator[_Fault]:
    if any(sign in file.name for sign in "/\\\0"):
        yield ("name",), "the name of a file has no separators", "put the folder into the system's 'url'"
    for part in re.findall(r"\{[^{}]*\}", file.name):
        if part not in {"{date}", "{number}"} or file.name.count(part) > 1:
            yield ("name",), f"{part} does not fit into the name of a file", "{date} and {number} do, once each, and *"
    if file.write == "never":
        return
    if file.format == "json" and file.records:
        hint = "write: never; a JSON document is written where it is nothing but the list of records"
        yield ("write",), "a list inside a JSON document is only read", hint
    if file.archive or re.search(r"\{date\}|\{number\}|\*", file.name):
        hint = "remove 'archive', and give 'name' without {date}, {number} and *"
        yield ("write",), "only one file of a fixed name can be written", hint


def _of_layout(spec: ObjectSpec, file: FileSpec) -> Iterator[_Fault]:
    if file.format == "xml" and not file.records:
        yield ("records",), "nothing says which element is a record", "records: customer"
    if file.format == "fixed" and not file.widths:
        yield ("widths",), "the widths of the columns are missing", "widths: [10, 30, 8]"
    if file.widths and file.columns and len(file.widths) != len(file.columns):
        yield ("widths",), "every column needs a name and a width", f"there are {len(file.columns)} names"
    if file.format in _TABLES and not file.header and not file.columns:
        yield ("columns",), "a file without header needs the names of its columns", "columns: [number, name, city]"
    if file.thousands == file.decimal:
        yield ("thousands",), "the fraction and the groups of digits cannot begin with the same sign", 'decimal: ","'
    if spec.since:
        yield ("name",), "a file cannot be asked for changes", "remove 'since' of the object: files are compared"
    try:
        codecs.lookup(file.encoding)
    except LookupError:
        yield ("encoding",), f"there is no encoding '{file.encoding}'", "for example utf-8, cp1252, utf-16"


def _of_proof(file: FileSpec) -> Iterator[_Fault]:
    proof = file.complete
    if proof.trailer and file.format not in {"csv", "tsv", "fixed", "jsonl"}:
        yield ("complete", "trailer"), "only files of lines have a closing line", "use 'marker' or 'renamed'"
    try:
        re.compile(proof.trailer)
    except re.error as error:
        yield ("complete", "trailer"), f"this is no regular expression: {error}", r"trailer: 'END;(?P<rows>\d+)'"
    if proof.marker and ("{name}" not in proof.marker or "/" in proof.marker):
        message = "a marker is named after its file, so that an old one does not stand for a new file"
        yield ("complete", "marker"), message, 'marker: "{name}.done"'
