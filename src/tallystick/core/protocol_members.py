"""Members of a record that belong to the protocol it came by, and not to the record: links, types, entity tags.

They change with the wording of an answer and never with the record, so nobody declares or maps them.
"""

from collections.abc import Collection
from typing import Final

_NAMES: Final = frozenset({"_links", "_embedded"})
_RESOURCE: Final = frozenset({"type", "id", "attributes"})
_RESOURCE_MEMBERS: Final = frozenset({"lid", "relationships", "links", "meta"})


def protocol_members(names: Collection[str]) -> frozenset[str]:
    """Give those of the names that stand beside each other in a record which are the protocol's own.

    Knows HAL, OData (annotations too: ``@odata.etag``, ``Photo@odata.mediaReadLink``), JSON-LD (``@id``), whatever
    begins with two underscores (``__metadata``, ``__typename``), and JSON:API, where ``links`` and ``meta`` are the
    protocol's because nothing of the record stands beside a resource's attributes.

    >>> sorted(protocol_members(["id", "name", "_links", "@odata.etag"]))
    ['@odata.etag', '_links']
    """
    own = {name for name in names if name in _NAMES or name.startswith(("@", "__")) or "@odata." in name}
    if set(names) - own <= _RESOURCE | _RESOURCE_MEMBERS and set(names) >= _RESOURCE:
        own |= {"type", "lid", "links", "meta"} & set(names)
    return frozenset(own)
