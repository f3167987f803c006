"""The API description that a manifest came from, read again: does it still say the same?

OpenAPI and OData metadata are compared. What was described from answers has no description to keep to.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from tallystick.checklist.scene import Scene, Subject
from tallystick.checklist.wire import WIRE, peruse
from tallystick.core.error import Error, Garbled
from tallystick.core.ports import Call, Flow
from tallystick.project.manifest import FieldSpec, Manifest, ObjectSpec

_METADATA: Final = re.compile(rb"<(?:\w+:)?Edmx[\s>]")
_HEAD: Final = 2000
_OPERATIONS: Final = ("list", "get", "create", "update", "delete")


def compare_description(scene: Scene, subject: Subject) -> Flow[dict[str, Any]]:
    """Describe one object from the description as it is now, and compare calls and fields with the manifest's."""
    facts: dict[str, Any] = {"error": "", "differences": []}
    manifest = scene.manifest(subject)
    if manifest.protocol != "rest" or not manifest.description:
        return facts
    if is_own_answer(manifest):
        return facts | {"sampled": True}
    try:
        fresh = yield from _described(scene, subject, manifest)
    except Error as failure:
        return facts | {"error": str(failure)}
    now = fresh.objects.get(subject.object)
    if now is None:
        return facts  # the object was written or renamed by hand
    settled = {
        key.removeprefix(f"objects.{subject.object}.")
        for key, fact in manifest.facts.items()
        if fact.label in {"confirmed", "contradicted"}
    }
    facts["differences"] = [words for entry, words in _differences(scene.spec(subject), now) if entry not in settled]
    return facts


def is_own_answer(manifest: Manifest) -> bool:
    """Tell whether what describes a system is the answer of one of its listings."""
    root, where = manifest.base_url.rstrip("/"), manifest.description.partition("?")[0].rstrip("/")
    listings = [spec.list for spec in manifest.objects.values() if spec.list is not None]
    return any(where == (root + each.path.partition("?")[0]).rstrip("/") for each in listings)


def _described(scene: Scene, subject: Subject, manifest: Manifest) -> Flow[Manifest]:
    key = (subject.system, manifest.description)
    known = scene.described.get(key)
    if known is None:
        body: bytes
        if "://" in manifest.description:
            body = yield Call(subject.system, _fetch(manifest.description))
        else:
            body = yield Call(WIRE, peruse(scene.loaded.folder / manifest.description))
        known = _read_description(body, manifest)
        scene.described[key] = known
    return known


def _read_description(body: bytes, manifest: Manifest) -> Manifest:
    if _METADATA.search(body[:_HEAD]):
        from tallystick.connectors.describe.odata import describe_odata

        return describe_odata(body, source=manifest.description, base_url=manifest.base_url)
    from tallystick.connectors.describe.openapi import describe_openapi

    return describe_openapi(body, source=manifest.description, base_url=manifest.base_url)


def _fetch(url: str) -> Flow[bytes]:
    """Fetch a description over the system's own transport, so only from hosts that it may talk to."""
    from tallystick.connectors.http.message import Request, Response

    # Metadata of OData can be had as JSON too, which says less and is spelled otherwise.
    kinds = "application/xml" if "$metadata" in url else "application/json, application/yaml;q=0.9"
    accept = ("Accept", f"{kinds}, */*;q=0.5")
    response: Response = yield Request("GET", url, (accept,), place="description", repeatable=True)
    if not response.succeeded:
        raise Garbled("the description is not there", detail=f"HTTP {response.status}", place=url)
    return response.body


def _differences(written: ObjectSpec, now: ObjectSpec) -> Iterator[tuple[str, str]]:
    """Give what differs as (entry of the manifest, words). A field that people added by hand is no difference."""
    for kind in _OPERATIONS:
        had, has = getattr(written, kind), getattr(now, kind)
        if had is not None and has is None:
            yield kind, f"the call to {kind} is not described"
        elif had is not None and (had.method, had.path) != (has.method, has.path):
            yield kind, f"the call to {kind} is {had.method} {had.path} here, and described as {has.method} {has.path}"
    for name, has in now.fields.items():
        if name not in written.fields:
            yield f"fields.{name}", f"{name} is described, but not in the manifest"
            continue
        for words in _field_differences(written.fields[name], has):
            yield f"fields.{name}", f"{name} {words}"


def _field_differences(had: FieldSpec, has: FieldSpec) -> Iterator[str]:
    if had.type != has.type:
        yield f"is {had.type} here, and described as {has.type}"
    if has.max_length is not None and (had.max_length is None or has.max_length < had.max_length):
        yield f"is described as at most {has.max_length} characters long"
    if has.required and not had.required:
        yield "is described as required"
    lost = set(had.options) - set(has.options) if has.options else set()
    new = set(has.options) - set(had.options) if had.options else set()
    if lost:
        yield f"is described without the options {', '.join(sorted(lost))}"
    if new:
        yield f"is described with further options: {', '.join(sorted(new))}"
