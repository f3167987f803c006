"""What the manifest of a REST system promises of an object type: its schema and its capabilities.

What is not claimed is the weakest (R-2.1); the check list compares these promises with what the system does.
"""

from typing import Final, Literal

from tallystick.connectors.rest_object import RestObject
from tallystick.core.ports import Capabilities
from tallystick.core.schema import ObjectType
from tallystick.project.schema import object_type

_WEAKEST: Final = Capabilities()
_ORDERS: Final[dict[str, Literal["keyset", "cursor", "offset", "snapshot"]]] = {
    "none": "snapshot",
    "offset": "offset",
    "page": "offset",
    "cursor": "cursor",
    # What a link really counts is unknown, so it gets the weaker word.
    "link": "offset",
    "next_url": "offset",
}


def schema_of(kind: RestObject) -> ObjectType:
    """Describe an object type."""
    return object_type(kind.name, kind.spec)


def capabilities_of(kind: RestObject) -> Capabilities:
    """Say what can be done with an object type."""
    spec, claims, calls = kind.spec, kind.spec.claims, kind.calls
    at_once = 0.0 if claims.strong_reads else None
    bulk = [op.size for op in (spec.create_bulk, spec.update_bulk) if op is not None]
    return Capabilities(
        create="create" in calls,
        update="update" in calls,
        delete="delete" in calls,
        read_by_id="get" in calls,
        since=spec.since is not None,
        sort=spec.sort is not None,
        cas_write=claims.cas_write or bool(spec.if_match),
        create_idem="key" if claims.create_idem == "none" and claims.idempotency_header else claims.create_idem,
        searchable=tuple(spec.filters) if "list" in calls else (),
        consistency=_claimed(claims.consistency_seconds, at_once, _WEAKEST.consistency),
        late_commit=_claimed(claims.late_commit_seconds, at_once, _WEAKEST.late_commit),
        granularity=claims.granularity_seconds,
        skew=_claimed(claims.skew_seconds, None, _WEAKEST.skew),
        timeout=kind.around.timeout,
        in_flux=2 * kind.around.timeout,
        tombstones="no" if spec.deleted is None else "yes" if spec.deleted.query else "trash",
        list_order=claims.list_order or _order(kind),
        returns_record=claims.returns_record,
        version=_version(kind),
        bulk=0 if spec.actions else min(bulk, default=0),
        in_flight=kind.around.in_flight,
        omits_blank=spec.omits_blank,
        shares_key=bool(claims.idempotency_header) and spec.create_bulk is not None,
    )


def _order(kind: RestObject) -> Literal["keyset", "cursor", "offset", "snapshot"]:
    # Where only everything is read by a job, and changes by pages, the weaker word is that of the pages.
    if kind.export is not None and kind.spec.since is None:
        return "snapshot"
    return _ORDERS[kind.spec.paging.type]


def _version(kind: RestObject) -> Literal["etag", "field", "mtime", "none"]:
    if kind.version_header:
        return "etag"
    if kind.version_path:
        return "field"
    return "mtime" if kind.spec.modified else "none"


def _claimed(claim: float | None, at_once: float | None, weakest: float) -> float:
    return next(value for value in (claim, at_once, weakest) if value is not None)
